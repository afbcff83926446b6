// A primary under hostile replicas: whatever a connection says, before it is a replica link and
// after, the invariants hold and an honest replica beside it has the same data at the end.
//
// Input: steps, each after a '~'; the first byte of a step says what it is.
//   b<bytes>  say these bytes (%I, %P, %O: tests/support/stranger.h)   c  a new connection
//   k         hang up                                                  n  the next of three callers
//   w         half a second passes; W: five do                          s  a write; t: a transaction
//   r         the primary becomes a replica of nobody reachable        p  a primary again
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "shared/base/check.h"
#include "tests/support/stranger.h"

namespace {

using namespace quorate;
using namespace std::chrono_literals;
using namespace replication::runtime::fake;

constexpr size_t kMostSteps = 64;

// Silence is noticed soon: less time has to pass.
replication::core::Options Hasty() {
  replication::core::Options options;
  options.timeout = 4s;
  options.ping_period = 1s;
  return options;
}

struct Bench {
  Bench() {
    honest.Follow(primary);
    primary.Set(0, "a", "1");
    world.Run(1s);
    primary.SetTwo(3, "b", "2");
    world.Run(1s);
    CHECK(honest.data == primary.data);
    for (Stranger& stranger : strangers) stranger.Call(primary);
  }

  void Step(char what, std::string_view rest) {
    switch (what) {
      case 'b':
        return strangers[at].Say(Filled(rest, primary.replication.history()));
      case 'c':
        return strangers[at].Call(primary);
      case 'k':
        return strangers[at].HangUp();
      case 'n':
        at = (at + 1) % strangers.size();
        return;
      case 'w':
        return world.Run(500ms);
      case 'W':
        return world.Run(5s);
      case 's':
        if (!primary.replication.is_replica()) primary.Set(1, "k", std::string(rest));
        return;
      case 't':
        if (!primary.replication.is_replica()) primary.SetTwo(2, "t", std::string(rest));
        return;
      case 'r':
        primary.replication.ReplicaOf({"127.0.0.1", 9});
        return;
      case 'p':
        if (primary.replication.is_replica()) primary.replication.Promote();
        return;
      default:
        return;
    }
  }

  World world{1};
  std::map<uint16_t, Node*> nodes;
  Node primary{world, nodes, 1, Hasty()};
  Node honest{world, nodes, 2, Hasty()};
  std::array<Stranger, 3> strangers{Stranger(world), Stranger(world), Stranger(world)};
  size_t at = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  Bench bench;
  for (size_t i = 0; i < kMostSteps && !input.empty(); ++i) {
    const size_t begin = input.find('~');
    if (begin == std::string_view::npos) break;
    input.remove_prefix(begin + 1);
    const std::string_view step = input.substr(0, input.find('~'));
    if (!step.empty()) bench.Step(step[0], step.substr(1));
    bench.world.Run(1ms);
  }
  bench.world.Run(1s);
  for (Stranger& stranger : bench.strangers) stranger.HangUp();
  if (bench.primary.replication.is_replica()) bench.primary.replication.Promote();
  bench.primary.Set(0, "last", "1");
  bench.world.Run(15s);
  // A PING may be on its way.
  for (int i = 0; i < 50 && bench.honest.replication.offset() != bench.primary.replication.offset();
       ++i)
    bench.world.Run(10ms);
  CHECK(bench.honest.replication.primary_link_up());
  CHECK(bench.honest.replication.offset() == bench.primary.replication.offset());
  CHECK(bench.honest.data == bench.primary.data);
  CHECK(bench.primary.replication.Replicas().size() == 1);
  return 0;
}
