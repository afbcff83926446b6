// What a sentinel makes of the hellos of others.
#include <string>

#include "sentinel/core/election.h"
#include "tests/unit/sentinel/core/support.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {
namespace {

std::string HelloLine(const std::string& id, const std::string& host, uint64_t epoch,
                      const std::string& primary, uint64_t config_epoch) {
  return host + ",26379," + id + "," + std::to_string(epoch) + ",mymaster," + primary + ",6379," +
         std::to_string(config_epoch);
}

TEST_CASE("hello: a newer configuration is adopted, once it is durable") {
  Operator o;
  o.world.Hear(0, HelloLine(kOne, "10.0.9.1", 4, "10.0.0.2", 4));
  CHECK(o.world.PrimaryOf(0) == o.world.server(1).address);
  CHECK(o.world.Happened("s0 +new-epoch 4"));
  CHECK(o.world.Happened("s0 +config-update-from sentinel " + kOne + " 10.0.9.1 26379 @ mymaster"));
  CHECK(o.world.Happened("s0 +switch-master mymaster 10.0.0.1 6379 10.0.0.2 6379"));
  // Older, or of the same epoch: not adopted.
  o.world.Hear(0, HelloLine(kOne, "10.0.9.1", 4, "10.0.0.1", 4));
  o.world.Hear(0, HelloLine(kOne, "10.0.9.1", 4, "10.0.0.1", 3));
  CHECK(o.world.PrimaryOf(0) == o.world.server(1).address);
}

TEST_CASE("hello: absurd epochs, unknown groups and rubbish change nothing") {
  Operator o;
  const DurableState before = o.world.sentinel(0).core->Durable();
  for (const std::string& line :
       {std::string("x"), HelloLine(kOne, "10.0.9.1", kMaxEpoch, "10.0.0.2", 4),
        HelloLine(kOne, "10.0.9.1", 3, "10.0.0.2", 4),
        std::string("10.0.9.1,26379,") + kOne + ",4,other,10.0.0.2,6379,4"})
    CHECK(o.Ask(HelloPublished{ClientId{}, line}) == "1");
  CHECK(o.world.sentinel(0).core->Durable() == before);
}

TEST_CASE("hello: a sentinel that moved, and one that was replaced at its address") {
  Operator o;
  o.world.Hear(0, HelloLine(kOne, "10.0.9.1", 0, "10.0.0.1", 0));
  CHECK(o.world.Happened("s0 +sentinel sentinel " + kOne + " 10.0.9.1 26379"));
  o.world.Hear(0, HelloLine(kOne, "10.0.9.2", 0, "10.0.0.1", 0));
  CHECK(o.world.Happened(
      "s0 +sentinel-address-switch master mymaster 10.0.0.1 6379 ip 10.0.9.2 port 26379 for " +
      kOne));
  CHECK(o.world.group(0).peers.size() == 1);
  o.world.RunFor(kDialBackPause);
  o.world.Hear(0, HelloLine(kTwo, "10.0.9.2", 0, "10.0.0.1", 0));
  CHECK(o.world.Happened("s0 +sentinel-invalid-addr sentinel " + kOne + " 10.0.9.2 26379"));
  CHECK(o.world.group(0).peers.size() == 1);
  CHECK(o.world.group(0).peers.begin()->first.ToString() == kTwo);
}

TEST_CASE("hello: a sentinel that moved is found at its new address in every group") {
  Operator o;
  CHECK(o.Monitor("other", "10.0.0.2", "6379", "2") == "OK");
  const auto hello = [](const std::string& host, const std::string& group,
                        const std::string& primary) {
    return host + ",26379," + kOne + ",0," + group + "," + primary + ",6379,0";
  };
  o.world.Hear(0, hello("10.0.9.1", "mymaster", "10.0.0.1"));
  o.world.Hear(0, hello("10.0.9.1", "other", "10.0.0.2"));
  o.world.Hear(0, hello("10.0.9.2", "mymaster", "10.0.0.1"));
  CHECK(
      o.world.Happened("s0 +sentinel-address-update sentinel " + kOne +
                       " 10.0.9.2 26379 @ mymaster 10.0.0.1 6379 1 additional matching instances"));
  const auto& groups = o.world.sentinel(0).core->state().groups;
  CHECK(groups.at("other").peers.begin()->second.address.host == "10.0.9.2");
}

TEST_CASE("hello: members are bounded") {
  Operator o;
  for (int i = 0; i < 2 * static_cast<int>(kMaxPeersPerGroup); ++i) {
    std::string id = std::to_string(i);
    id.insert(0, 40 - id.size(), 'a');
    o.world.Hear(0, HelloLine(id, "10.8.0." + std::to_string(i), 0, "10.0.0.1", 0));
  }
  CHECK(o.world.group(0).peers.size() == kMaxPeersPerGroup);
}

TEST_CASE("hello: our own id from another address is reported, once") {
  Operator o;
  const std::string myid = o.world.sentinel(0).core->state().myid.ToString();
  const std::string line = "10.0.9.9,26999," + myid + ",0,mymaster,10.0.0.1,6379,0";
  o.world.Hear(0, line);
  o.world.Hear(0, line);
  CHECK(o.world.Events({"+duplicate-myid"}).size() == 1);
  CHECK(o.world.group(0).peers.empty());
}

TEST_CASE("hello: our own id from another address keeps us from elections until it is quiet") {
  Operator o;
  const std::string myid = o.world.sentinel(0).core->state().myid.ToString();
  const std::string line = "10.0.9.9,26999," + myid + ",0,mymaster,10.0.0.1,6379,0";
  o.world.Hear(0, line);
  o.world.RunFor(seconds(10));
  o.world.Hear(0, line);
  o.world.RunFor(seconds(10));
  CHECK_FALSE(MayTakePart(o.world.sentinel(0).core->state()));
  CHECK_FALSE(o.world.Happened("s0 -duplicate-myid sentinel " + myid));
  o.world.RunFor(seconds(6));
  CHECK(MayTakePart(o.world.sentinel(0).core->state()));
  CHECK(o.world.Happened("s0 -duplicate-myid sentinel " + myid));
  o.world.Hear(0, line);
  CHECK(o.world.Events({"+duplicate-myid"}).size() == 2);
}

}  // namespace
}  // namespace quorate::sentinel::core::test
