#include "sentinel/core/replica_selection.h"

#include <string>
#include <vector>

#include "sentinel/core/links.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core {
namespace {

using base::Endpoint;
using base::Instant;
using std::chrono::milliseconds;
using std::chrono::seconds;

const Instant kNow{seconds(1000)};

// A group whose primary went down a second ago, and three replicas that are fit to be chosen.
class Fixture {
 public:
  Fixture() {
    group.name = "mymaster";
    group.options.down_after = seconds(1);
    group.primary = NewDataNode({"10.0.0.1", 6379}, Instant{});
    group.primary.sdown_since = kNow - seconds(1);
    group.primary.command.has_answered = true;
    group.primary.replication_id = base::ReplicationId::Parse(std::string(40, 'a'));
    for (int i = 2; i <= 4; ++i) {
      Replica replica;
      static_cast<DataNode&>(replica) =
          NewDataNode({"10.0.0." + std::to_string(i), 6379}, Instant{});
      replica.reported_role = Role::kReplica;
      replica.primary = group.primary.address;
      replica.command.phase = LinkPhase::kUp;
      replica.command.last_valid_reply = kNow - milliseconds(10);
      replica.info_at = kNow - milliseconds(10);
      replica.replication_id = group.primary.replication_id;
      replica.offset = base::Offset(100);
      replica.run_id = base::RunId::Parse(std::string(40, static_cast<char>('0' + i)));
      group.replicas.emplace(replica.address, replica);
    }
  }
  Replica& replica(int i) { return group.replicas.at({"10.0.0." + std::to_string(i), 6379}); }
  int Heir(Occasion occasion = Occasion::kPrimaryLost) {
    const auto heir = SelectHeir(group, Timings{}, kNow, occasion);
    return heir ? heir->host.back() - '0' : 0;
  }
  Eligibility Judgement(int i, Occasion occasion = Occasion::kPrimaryLost) {
    for (const Candidate& c : RankReplicas(group, Timings{}, kNow, occasion))
      if (c.address == replica(i).address) return c.eligibility;
    return Eligibility::kDown;
  }
  Group group;
};

TEST_CASE("selection: all equal, the smallest run id; a missing one is the last") {
  Fixture f;
  CHECK(f.Heir() == 2);
  f.replica(2).run_id.reset();
  CHECK(f.Heir() == 3);
}

TEST_CASE("selection: the most data, then the lower priority") {
  Fixture f;
  f.replica(4).priority = 1;
  CHECK(f.Heir() == 4);
  f.replica(3).offset = base::Offset(101);
  CHECK(f.Heir() == 3);
}

TEST_CASE("selection: when planned, the priority first") {
  Fixture f;
  f.replica(4).priority = 1;
  f.replica(3).offset = base::Offset(101);
  CHECK(f.Heir(Occasion::kSwitchover) == 4);
  f.replica(4).priority = 100;
  CHECK(f.Heir(Occasion::kSwitchover) == 3);
}

TEST_CASE("selection: a higher offset of another history does not count") {
  Fixture f;
  f.replica(4).offset = base::Offset(1000000);
  f.replica(4).replication_id = base::ReplicationId::Parse(std::string(40, 'b'));
  CHECK(f.Heir() == 2);
  // Nobody shares the primary's: then they are compared with each other.
  f.replica(2).replication_id = f.replica(3).replication_id = f.replica(4).replication_id;
  CHECK(f.Heir() == 4);
}

TEST_CASE("selection: in a switchover another history, or another primary, is not eligible") {
  Fixture f;
  const auto other = base::ReplicationId::Parse(std::string(40, 'b'));
  f.replica(2).replication_id = other;
  f.replica(2).second_replication_id = f.group.primary.replication_id;
  f.replica(3).primary = Endpoint{"10.0.0.2", 6379};
  CHECK(f.Judgement(2, Occasion::kSwitchover) == Eligibility::kOtherHistory);
  CHECK(f.Judgement(3, Occasion::kSwitchover) == Eligibility::kFollowsAnother);
  CHECK(f.Heir(Occasion::kSwitchover) == 4);
  f.replica(4).replication_id.reset();
  CHECK(f.Heir(Occasion::kSwitchover) == 0);
  CHECK(f.Heir() == 2);
  // Servers before Redis 4 tell no replication id.
  f.group.primary.replication_id.reset();
  CHECK(f.Heir(Occasion::kSwitchover) == 4);
}

TEST_CASE("selection: a history that continues the primary's is the same") {
  Fixture f;
  f.replica(4).offset = base::Offset(200);
  f.replica(4).replication_id = base::ReplicationId::Parse(std::string(40, 'b'));
  f.replica(4).second_replication_id = f.group.primary.replication_id;
  CHECK(f.Heir() == 4);
}

TEST_CASE("selection: who is not eligible, and why") {
  struct Row {
    Eligibility why;
    void (*spoil)(Replica&);
  };
  const Row rows[] = {
      {Eligibility::kDown, [](Replica& r) { r.sdown_since = kNow; }},
      {Eligibility::kDisconnected, [](Replica& r) { r.command.phase = LinkPhase::kConnecting; }},
      {Eligibility::kNotAnswering,
       [](Replica& r) { r.command.last_valid_reply = kNow - milliseconds(5001); }},
      {Eligibility::kPriorityZero, [](Replica& r) { r.priority = 0; }},
      {Eligibility::kStaleInfo, [](Replica& r) { r.info_at = kNow - milliseconds(5001); }},
      {Eligibility::kStaleInfo, [](Replica& r) { r.info_at.reset(); }},
      {Eligibility::kStaleData, [](Replica& r) { r.primary_link_down = seconds(12); }},
      {Eligibility::kSyncing, [](Replica& r) { r.sync_in_progress = true; }},
      {Eligibility::kNotAReplica, [](Replica& r) { r.reported_role = Role::kPrimary; }},
  };
  for (const Row& row : rows) {
    Fixture f;
    CAPTURE(EligibilityName(row.why));
    f.replica(2).offset = base::Offset(1000);
    row.spoil(f.replica(2));
    CHECK(f.Judgement(2) == row.why);
    CHECK(f.Heir() == 3);
  }
}

TEST_CASE(
    "selection: a sentinel that never saw the primary up takes the replicas' word for its death") {
  Fixture f;
  for (int i = 2; i <= 4; ++i) f.replica(i).primary_link_down = seconds(60);
  CHECK(f.Heir() == 0);  // we saw it a second ago: they have missed a minute
  f.group.primary.command.has_answered = false;
  CHECK(f.Heir() == 2);
  // One that lost its link ten down-after periods before the last of them is behind.
  f.replica(2).primary_link_down = seconds(71);
  CHECK(f.Judgement(2) == Eligibility::kStaleData);
  CHECK(f.Heir() == 3);
  // One that never had a link (Redis prints -1) or follows another says nothing of the primary.
  f.replica(3).primary_link_down = seconds(0);
  f.replica(3).offset = base::Offset(0);
  f.replica(4).primary = Endpoint{"10.0.0.9", 6379};
  f.replica(4).primary_link_up = true;
  f.replica(4).primary_link_down = seconds(0);
  CHECK(f.Judgement(2) == Eligibility::kEligible);
}

TEST_CASE("selection: with max-lag-on-failover, who lacks too much is no heir of a lost primary") {
  Fixture f;
  f.group.primary.primary_offset = base::Offset(1000);
  f.replica(3).offset = base::Offset(900);
  CHECK(f.Heir() == 3);
  f.group.options.max_lag_on_failover = 100;
  CHECK(f.Judgement(2) == Eligibility::kLagging);
  CHECK(f.Heir() == 3);
  SUBCASE("a byte more is too much") {
    f.group.primary.primary_offset = base::Offset(1001);
    CHECK(f.Heir() == 0);
  }
  SUBCASE("another replica may tell, be it eligible or not") {
    f.replica(4).offset = base::Offset(1001);
    f.replica(4).priority = 0;
    CHECK(f.Heir() == 0);
  }
  SUBCASE("an offset of another history says nothing") {
    f.replica(4).offset = base::Offset(5000);
    f.replica(4).replication_id = base::ReplicationId::Parse(std::string(40, 'b'));
    f.replica(4).priority = 0;
    CHECK(f.Heir() == 3);
  }
  SUBCASE("and one of another history is known to have nothing of this one") {
    f.replica(4).offset = base::Offset(5000);
    f.replica(4).replication_id = base::ReplicationId::Parse(std::string(40, 'b'));
    CHECK(f.Judgement(4) == Eligibility::kLagging);
  }
  SUBCASE("in a switchover the data will be equal") {
    CHECK(f.Judgement(2, Occasion::kSwitchover) == Eligibility::kEligible);
  }
  SUBCASE("what the primary has lost is not held against who has it") {
    f.replica(2).sync_refused = true;
    CHECK(f.Heir() == 2);
  }
}

TEST_CASE("selection: with the primary up, INFO may be half a minute old") {
  Fixture f;
  f.group.primary.sdown_since.reset();
  f.replica(2).info_at = kNow - seconds(30);
  CHECK(f.Judgement(2) == Eligibility::kEligible);
  f.replica(2).info_at = kNow - milliseconds(30001);
  CHECK(f.Judgement(2) == Eligibility::kStaleInfo);
}

TEST_CASE("selection: nobody eligible, nobody chosen") {
  Fixture f;
  for (int i = 2; i <= 4; ++i) f.replica(i).priority = 0;
  CHECK(f.Heir() == 0);
  CHECK(RankReplicas(f.group, Timings{}, kNow, Occasion::kPrimaryLost).size() == 3);
  f.group.replicas.clear();
  CHECK(f.Heir() == 0);
}

TEST_CASE("selection: a node that reports primary is no heir, unless the primary follows it") {
  Fixture f;
  f.replica(2).reported_role = Role::kPrimary;
  CHECK(f.Judgement(2) == Eligibility::kNotAReplica);
  f.group.primary.primary = f.replica(2).address;  // of old, while it was a replica itself
  CHECK(f.Judgement(2) == Eligibility::kNotAReplica);
  f.group.primary.reported_role = Role::kReplica;
  CHECK(f.Judgement(2) == Eligibility::kEligible);
  f.group.primary.primary = f.replica(3).address;
  CHECK(f.Judgement(2) == Eligibility::kNotAReplica);
}

}  // namespace
}  // namespace quorate::sentinel::core
