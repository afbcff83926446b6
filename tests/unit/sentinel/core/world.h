// A small world in virtual time for the sentinel core: sentinels that are the real machines, data
// nodes that know just the commands a sentinel sends, and a network whose messages take a
// millisecond and can be cut. Every Step is followed by CheckInvariants; every event goes into the
// transcript.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "sentinel/core/sentinel.h"
#include "shared/base/random.h"

namespace quorate::sentinel::core::test {

using base::Duration;
using base::Endpoint;
using base::Instant;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A data node. Offsets are set by the tests; a replica whose link is up has what its primary has,
// `lag` bytes behind.
struct FakeServer {
  Endpoint address;
  bool alive = true;
  bool frozen = false;  // accepts and reads, answers nothing
  std::optional<Endpoint> follows;
  std::optional<Endpoint> refuses;  // whom it would follow without taking what that one has
  int64_t offset = 1000;
  int64_t lag = 0;
  uint32_t priority = 100;
  std::string pause_error;         // what CLIENT PAUSE ... WRITE is answered with, if not OK
  bool refuses_promotion = false;  // EXEC fails
  bool loading = false;            // and says so to pings
  base::RunId run_id;
  base::ReplicationId replication_id;
  Instant writes_paused_until{};
  // Of ours: it knows what fencing.h says to it, and has no clock to check it by.
  bool fencible = false;
  Duration primary_lease{};
  uint64_t epoch = 0;
  bool word_primary = false;             // what it is said to be in that epoch
  uint64_t fence = 0;                    // 0 = none
  uint64_t electorate = 0;               // of the last heartbeat
  std::map<std::string, Instant> heard;  // last heartbeat as a primary with a stamp, by sentinel
  std::vector<std::string> log;          // commands that change something
  int published = 0;
  std::string rollback_record;  // "<id> <commands> <bytes>", as INFO tells of the newest
};

struct FakeSentinel {
  Endpoint address;
  std::unique_ptr<Sentinel> core;
  DurableState disk;
  DurableState observed;  // durable image at the last step, for CheckSuccession
  bool alive = true;
  bool frozen = false;
  bool stock = false;           // so it says
  bool withholds_myid = false;  // does not answer SENTINEL MYID, but everything else
  bool disk_works = true;
  Duration disk_delay = milliseconds(2);
  std::vector<Input> missed;                 // while frozen
  std::map<uint64_t, CommandReply> replies;  // to commands of the test
  // Scripts that were asked whether they veto, and what they say; absent: nothing, ever.
  std::vector<AskVeto> vetoes;
  std::optional<Verdict> verdict;
  std::vector<FailoverRecord> history;  // everything that was recorded, in order
  std::vector<RecordDiscarded> discarded;
};

// A process that answers SENTINEL MYID, and nothing else: for sentinels that a test makes up.
struct FakeStranger {
  std::optional<WireReply> answer;  // absent: none
  int asked = 0;
};

class World {
 public:
  // `sentinels` sentinels watch group "mymaster": server 0 is its primary, the others follow it.
  World(int sentinels, int servers, GroupOptions options = {}, uint64_t seed = 1);

  void RunFor(Duration time);
  // Runs until the condition holds; false if it does not within `limit`.
  bool RunUntil(const std::function<bool()>& condition, Duration limit);

  FakeServer& server(int i) { return servers_[i]; }
  FakeSentinel& sentinel(int i) { return sentinels_[i]; }
  const Group& group(int i) { return sentinels_[i].core->state().groups.at("mymaster"); }
  Endpoint PrimaryOf(int i) { return group(i).primary.address; }

  void KillServer(int i);
  void StartServer(int i);
  void FreezeServer(int i, bool frozen) { servers_[i].frozen = frozen; }
  void KillSentinel(int i);
  void StartSentinel(int i);  // from its disk
  void FreezeSentinel(int i, bool frozen);
  // Messages and connections between the two hosts get lost, in both directions.
  void Cut(const Endpoint& a, const Endpoint& b);
  void Heal() { cuts_.clear(); }

  // The sentinel hears a hello line of a sentinel that is made up: who lives at its address, unless
  // a sentinel of this world does, is as the line says.
  void Hear(int sentinel, const std::string& line);
  std::map<Endpoint, FakeStranger> strangers;

  // A command of a client; the reply, once there is one.
  void Command(int sentinel, uint64_t client, Input input);
  const CommandReply* ReplyTo(int sentinel, uint64_t client);

  // Host names, and the addresses they resolve to.
  std::map<std::string, std::string> dns;
  std::vector<std::string> other_ips;  // that every name resolves to as well, before that one

  Instant now() const { return now_; }
  const std::vector<std::string>& transcript() const { return transcript_; }
  // "s1 +sdown master mymaster ..." in order, of the given events only ("+sdown" and so on); empty:
  // all.
  std::vector<std::string> Events(const std::set<std::string>& names) const;
  // The transcript with times in ms since `since`, one event a line: for people.
  std::string Story(Instant since = {}) const;
  bool Happened(const std::string& text) const;
  // When an event line containing `text` first came after `since`.
  std::optional<Instant> When(const std::string& text, Instant since = {}) const;
  using GroupEpoch = std::pair<std::string, uint64_t>;
  // Who claimed to be elected, over the whole run.
  const std::map<GroupEpoch, std::set<int>>& leaders() const { return leaders_; }

 private:
  struct Wire {
    int sentinel;
    LinkId link;
    Endpoint to;
    LinkKind kind;
    bool up = false;
    bool in_multi = false;
    std::vector<std::vector<std::string>> queued;
    std::deque<std::pair<RequestId, std::vector<std::string>>> requests;  // on their way there
    std::deque<std::pair<RequestId, WireReply>> replies;                  // on their way back
  };
  using WireKey = std::pair<int, uint64_t>;

  void At(Instant when, std::function<void()> task);
  void After(Duration delay, std::function<void()> task) { At(now_ + delay, std::move(task)); }
  void StepSentinel(int i, const Input& input);
  void CarryOut(int i, Actions actions);
  void ArmTimer(int i);
  void DoOpen(int i, const OpenLink& open);
  void DoSend(int i, const Send& send);
  void DoPersist(int i, uint64_t version);
  void DeliverOne(const WireKey& key);
  void DeliverReply(const WireKey& key);
  void Answer(const WireKey& key, RequestId request, WireReply reply);
  void StrangerGets(const WireKey& key, FakeStranger& stranger, RequestId request,
                    const std::vector<std::string>& argv);
  void ServerGets(Wire& wire, FakeServer& server, RequestId request,
                  const std::vector<std::string>& argv);
  WireReply Follow(FakeServer& server, const std::string& host, const std::string& port);
  WireReply ExecuteFencing(FakeServer& server, const std::vector<std::string>& argv);
  WireReply Execute(FakeServer& server, const std::vector<std::string>& argv);
  void SentinelGets(const WireKey& key, int peer, RequestId request,
                    const std::vector<std::string>& argv);
  std::string Info(const FakeServer& server);
  bool LinkWorks(const FakeServer& replica);
  bool IsCut(const Endpoint& a, const Endpoint& b) const;
  void BreakWires(const Endpoint& to, LinkFailure failure);
  Endpoint Real(const Endpoint& address);
  FakeServer* FindServer(const Endpoint& address);
  int FindSentinel(const Endpoint& address);
  Wire* FindWire(const WireKey& key);
  Duration Latency();

  Instant now_{seconds(1000)};
  uint64_t sequence_ = 0;
  std::map<std::pair<Instant, uint64_t>, std::function<void()>> queue_;
  base::Random random_;
  std::vector<FakeServer> servers_;
  std::vector<FakeSentinel> sentinels_;
  std::map<WireKey, Wire> wires_;
  std::set<std::pair<std::string, std::string>> cuts_;
  std::vector<std::string> transcript_;
  std::vector<std::pair<Instant, std::string>> lines_;
  std::map<GroupEpoch, std::set<int>> leaders_;
  std::map<GroupEpoch, Endpoint> configs_;
  uint64_t next_client_ = 1000000;
  std::map<uint64_t, std::pair<WireKey, RequestId>> peer_queries_;
  std::vector<uint64_t> timer_generation_;
};

}  // namespace quorate::sentinel::core::test
