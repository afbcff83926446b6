// What many tests of this folder begin with, and ask of the small world.
#pragma once

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "tests/unit/sentinel/core/world.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::core::test {

inline GroupOptions FastOptions() {
  GroupOptions options;
  options.quorum = 2;
  options.down_after = milliseconds(1000);
  options.failover_timeout = seconds(10);
  return options;
}

// Until all sentinels know each other and the replicas, and their failovers would begin at once.
inline void Settle(World& world, int sentinels, size_t replicas) {
  const auto all_know_each_other = [&] {
    for (int i = 0; i < sentinels; ++i)
      if (!world.sentinel(i).core || world.group(i).peers.size() + 1 != size_t(sentinels) ||
          world.group(i).replicas.size() != replicas)
        return false;
    return true;
  };
  REQUIRE(world.RunUntil(all_know_each_other, seconds(10)));
  world.RunFor(seconds(3));
}

inline bool AllSee(World& world, int sentinels, const Endpoint& primary) {
  for (int i = 0; i < sentinels; ++i)
    if (world.sentinel(i).alive && world.PrimaryOf(i) != primary) return false;
  return true;
}

inline int64_t MsBetween(Instant a, Instant b) { return base::ToMs(b - a); }

inline void ExpectOneLeaderPerEpoch(const World& world) {
  for (const auto& [epoch, leaders] : world.leaders()) CHECK(leaders.size() == 1);
}

// Commands and their answers as texts.
struct Operator {
  explicit Operator(int sentinels = 1) : world(sentinels, 2) { world.RunFor(seconds(5)); }

  std::string Ask(Input input, int sentinel = 0) {
    world.Command(sentinel, 9, std::move(input));
    world.RunFor(milliseconds(5));
    const CommandReply* reply = world.ReplyTo(sentinel, 9);
    if (!reply) return "(none)";
    if (const auto* error = std::get_if<ErrorReply>(reply)) return error->text;
    if (const auto* integer = std::get_if<IntegerReply>(reply))
      return std::to_string(integer->value);
    if (const auto* down = std::get_if<MasterDownReply>(reply))
      return std::to_string(down->down) + " " + down->leader + " " +
             std::to_string(down->leader_epoch);
    return "OK";
  }
  std::string Monitor(const std::string& name, const std::string& host, const std::string& port,
                      const std::string& quorum) {
    return Ask(MonitorRequested{ClientId{}, name, host, port, quorum});
  }
  std::string Set(std::vector<std::string> arguments, const std::string& group = "mymaster") {
    return Ask(SetRequested{ClientId{}, group, std::move(arguments)});
  }
  std::string AskVote(uint64_t epoch, const std::string& candidate) {
    return Ask(MasterDownQuery{ClientId{}, world.server(0).address, epoch, candidate,
                               Candidacy::kOrdered});
  }
  const GroupOptions& options() { return world.group(0).options; }
  World world;
};

// Ids of sentinels that are made up.
inline const std::string kOne(40, '1');
inline const std::string kTwo(40, '2');

}  // namespace quorate::sentinel::core::test
