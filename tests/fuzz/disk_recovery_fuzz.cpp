// A server's start from an on-disk backlog of hostile files, with the real reading and writing:
// what the index says is there can be read; the replay ends at a place that it holds; and the
// writing that goes on from any place of it is found again after a power cut. Input: a byte that
// says where to go on, then the segments, each after a little-endian u16 of its size.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "replication/runtime/disk_replay.h"
#include "shared/base/check.h"
#include "tests/unit/replication/runtime/disk_node.h"

namespace {

using namespace quorate;
using namespace std::chrono_literals;
using namespace replication::runtime;
using replication::runtime::testing::DiskNode;
using replication::runtime::testing::Recovered;

constexpr size_t kMostSegments = 12;
constexpr int kDatabases = 16;
// Offsets up to here are gone on from: the test keeps every byte of a history.
constexpr int64_t kNear = 1 << 20;

// Runs nothing.
class Applier final : public StreamApplier {
 public:
  void BeginBytes() override {}
  size_t LookAhead(std::string_view) override { return 1; }
  base::Status Apply(std::span<const std::string_view> args) override {
    return args[0] == "unknown" ? base::Status(base::Error{"ERR unknown command"}) : base::Status();
  }
  void SelectDb(int db) override { CHECK((db >= 0 && db < kDatabases)); }
  void AbortTransaction() override {}
  void EndStream() override {}
};

void PutSegments(std::string_view input, simulation::Disk& disk) {
  for (size_t number = 1; number <= kMostSegments && input.size() >= 2; ++number) {
    const size_t wanted = static_cast<unsigned char>(input[0]) |
                          static_cast<size_t>(static_cast<unsigned char>(input[1])) << 8;
    const std::string_view file = input.substr(2, wanted);
    input.remove_prefix(2 + file.size());
    disk.Put(SegmentPath("/server/", number), file);
  }
}

void Replay(simulation::World& world, DiskNode& node, const Recovered& found) {
  Applier applier;
  bool done = false;
  const DiskReplay::Position from{found.index.start(), found.index.first_db()};
  DiskReplay replay(node.disk(), applier, from, kDatabases,
                    [&](const DiskReplay::Outcome& outcome) {
                      done = true;
                      CHECK(outcome.end >= found.index.start());
                      CHECK(outcome.end <= found.index.end());
                    });
  replay.Start();
  CHECK(world.RunUntil([&] { return done; }, 1min));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  simulation::World world(1);
  simulation::Host& host = world.AddHost("10.0.0.1");
  PutSegments({reinterpret_cast<const char*>(data) + 1, size - 1}, host.disk());
  DiskNode node(world, host);
  const Recovered found = node.Recover();
  CHECK(found.error.empty());
  CHECK(static_cast<int64_t>(found.bytes.size()) == found.end() - found.start());
  if (found.index.empty()) return 0;
  Replay(world, node, found);
  if (found.end() > kNear) return 0;

  std::string& known = node.written[found.index.latest().id.ToString()];
  known = std::string(static_cast<size_t>(found.start()), '?') + found.bytes;
  const int64_t kept = found.start() + data[0] % (static_cast<int64_t>(found.bytes.size()) + 1);
  node.Resume(kept);
  node.Append("and more");
  world.RunFor(5s);
  node.PowerOff();
  const Recovered again = node.Recover();
  CHECK(again.error.empty());
  CHECK(again.start() == found.start());
  CHECK(again.bytes ==
        found.bytes.substr(0, static_cast<size_t>(kept - found.start())) + "and more");
  return 0;
}
