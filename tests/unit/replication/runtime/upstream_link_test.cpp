#include "replication/runtime/upstream_link.h"

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "replication/snapshot/writer.h"
#include "tests/unit/replication/runtime/fake_nodes.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace quorate::replication;
using namespace std::chrono_literals;
using runtime::UpstreamLink;
using runtime::fake::Node;
using runtime::fake::Pipe;
using runtime::fake::World;

namespace {

constexpr uint16_t kPort = 7100;
const std::string kGetAck = "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n";

// A primary of few words: it gives whoever comes an empty snapshot, and then says what the test
// wants.
class Stranger final : public io::StreamObserver {
 public:
  explicit Stranger(World& world) {
    world.strangers[kPort] = [this](std::unique_ptr<Pipe> pipe) {
      ++links;
      greeted_ = false;
      pipe_ = std::move(pipe);
      pipe_->SetObserver(*this);
    };
  }
  void OnBytes(std::string_view bytes) override {
    heard += bytes.size();
    if (!std::exchange(greeted_, true))
      Say("+PONG\r\n+OK\r\n+OK\r\n+FULLRESYNC " + std::string(40, 'a') + " 0\r\n" + Snapshot());
  }
  void OnWritable() override {}
  void OnClosed(const io::CloseReason&) override {}

  void Say(const std::string& bytes) { pipe_->TryWrite(std::array<std::string_view, 1>{bytes}); }
  void StopReading() { pipe_->PauseReading(); }

  int links = 0;
  size_t heard = 0;

 private:
  static std::string Snapshot() {
    snapshot::Writer writer({}, {});
    writer.End();
    base::Buffer bytes;
    writer.Take(bytes);
    return "$" + std::to_string(bytes.size()) + "\r\n" + std::string(bytes.view());
  }

  bool greeted_ = false;
  std::unique_ptr<Pipe> pipe_;
};

// A node that follows the stranger.
struct Subject {
  Subject() {
    world.window = 64 * 1024;
    node.replication.ReplicaOf({"127.0.0.1", kPort});
    world.Run(1s);
    REQUIRE(node.replication.primary_link_up());
  }
  // The primary asks for acknowledgements of `bytes` in all, as fast as they are answered, or until
  // the link is gone.
  void Ask(size_t bytes) {
    std::string questions;
    for (int i = 0; i < 500; ++i) questions += kGetAck;
    for (size_t asked = 0; asked < bytes && primary.links == 1; asked += questions.size()) {
      primary.Say(questions);
      world.Run(50ms);
    }
  }

  World world{1};
  std::map<uint16_t, Node*> nodes;
  Stranger primary{world};
  Node node{world, nodes, 7001};
};

}  // namespace

TEST_CASE("upstream link: a primary that asks and never reads is left") {
  Subject s;
  s.primary.StopReading();
  s.Ask(UpstreamLink::kMaxUnsentBytes / 2);
  CHECK(s.node.replication.primary_link_up());
  s.Ask(2 * UpstreamLink::kMaxUnsentBytes);
  CHECK(s.primary.links == 2);
  s.world.Run(5s);
  CHECK(s.node.replication.primary_link_up());  // the new link is as good as any
}

TEST_CASE("upstream link: a primary that reads may ask as often as it likes") {
  Subject s;
  s.Ask(3 * UpstreamLink::kMaxUnsentBytes);
  CHECK(s.primary.links == 1);
  CHECK(s.node.replication.primary_link_up());
  CHECK(s.primary.heard > 3 * UpstreamLink::kMaxUnsentBytes);
}
