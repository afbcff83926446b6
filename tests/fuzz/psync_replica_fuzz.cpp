// A replica under a hostile primary: whatever it says - in the handshake, as a snapshot, as the
// stream - the invariants hold; the data stay until a whole snapshot was taken over or a command of
// the stream has run; and what a sub-replica is fed leads it to the same data.
//
// Input: a byte whose bits say how the replica begins (1: in sync with an honest primary before,
// with data and a history; 2: followed by a sub-replica); then steps, each after a '~'.
//   b<bytes>  say these bytes on the present connection, or on the next if there is none (%I, %P, %O:
//             tests/support/stranger.h)
//   k         hang up            w  half a second passes; W: five do
//   p         it is promoted     f  it follows the stranger again
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
constexpr uint16_t kStrangersPort = 66;

struct Bench {
  explicit Bench(uint8_t beginning) {
    if ((beginning & 1) != 0) {
      replica.Follow(honest);
      honest.Set(0, "a", "1");
      world.Run(1s);
      honest.SetTwo(3, "b", "2");
      world.Run(1s);
      CHECK(replica.data == honest.data);
    }
    if ((beginning & 2) != 0) {
      sub.Follow(replica);
      world.Run(1s);
    }
    world.strangers[kStrangersPort] = [this](std::unique_ptr<Pipe> pipe) {
      stranger.Take(std::move(pipe));
      there = true;
      stranger.Say(std::exchange(unsaid, {}));
    };
    Follow();
  }
  void Follow() { replica.replication.ReplicaOf({"127.0.0.1", kStrangersPort}); }

  void Step(char what, std::string_view rest) {
    switch (what) {
      case 'b': {
        const std::string bytes = Filled(rest, replica.replication.history());
        if (there) return stranger.Say(bytes);
        unsaid += bytes;
        return;
      }
      case 'k':
        there = false;
        return stranger.HangUp();
      case 'w':
        return world.Run(500ms);
      case 'W':
        return world.Run(5s);
      case 'p':
        if (replica.replication.is_replica()) replica.replication.Promote();
        return;
      case 'f':
        return Follow();
      default:
        return;
    }
  }

  World world{1};
  std::map<uint16_t, Node*> nodes;
  Node honest{world, nodes, 1, Hasty()};
  Node replica{world, nodes, 2, Hasty()};
  Node sub{world, nodes, 3, Hasty()};
  Stranger stranger{world};
  bool there = false;  // on the line
  std::string unsaid;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  Bench bench(data[0]);
  const Data before = bench.replica.data;
  const uint64_t applied = bench.replica.applied;
  const int commits = bench.replica.commits;
  for (size_t i = 0; i < kMostSteps && !input.empty(); ++i) {
    const size_t begin = input.find('~');
    if (begin == std::string_view::npos) break;
    input.remove_prefix(begin + 1);
    const std::string_view step = input.substr(0, input.find('~'));
    if (!step.empty()) bench.Step(step[0], step.substr(1));
    bench.world.Run(1ms);
  }
  bench.world.Run(1s);
  if (bench.replica.applied == applied && bench.replica.commits == commits)
    CHECK(bench.replica.data == before);

  // What was passed on was passed on whole.
  bench.stranger.HangUp();
  bench.world.strangers.clear();
  if (bench.replica.replication.is_replica()) bench.replica.replication.Promote();
  bench.sub.Follow(bench.replica);
  bench.replica.Set(0, "last", "1");
  bench.world.Run(15s);
  // A PING may be on its way.
  for (int i = 0; i < 50 && bench.sub.replication.offset() != bench.replica.replication.offset();
       ++i)
    bench.world.Run(10ms);
  CHECK(bench.sub.replication.primary_link_up());
  CHECK(bench.sub.replication.offset() == bench.replica.replication.offset());
  CHECK(bench.sub.data == bench.replica.data);
  return 0;
}
