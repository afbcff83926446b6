#include "scripts/ops/writer.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "shared/base/buffer.h"
#include "shared/resp/request_parser.h"
#include "tests/simulation/world/world.h"

#include <doctest/doctest.h>

namespace quorate::ops {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::string>;

// A peer that answers each request with what its script says; an empty answer is silence.
class Peer {
 public:
  using Script = std::function<std::string(const Words&)>;

  Peer(simulation::World& world, const std::string& ip, uint16_t port, Script script)
      : endpoint_{ip, port},
        process_(world.AddHost(ip).StartProcess("peer")),
        script_(std::move(script)) {
    io::ListenOptions options;
    options.endpoint = endpoint_;
    auto listener = process_.io().Listen(options, [this](std::unique_ptr<io::Stream> stream) {
      conversations_.push_back(std::make_unique<Conversation>(*this, std::move(stream)));
    });
    REQUIRE(listener.ok());
    listener_ = std::move(*listener);
  }

  const base::Endpoint& endpoint() const { return endpoint_; }
  void SetScript(Script script) { script_ = std::move(script); }
  void Kill() { process_.Kill(); }
  int requests() const { return requests_; }

 private:
  struct Conversation : io::StreamObserver {
    Conversation(Peer& owner, std::unique_ptr<io::Stream> accepted)
        : peer(owner), stream(std::move(accepted)) {
      stream->SetObserver(*this);
    }
    void OnBytes(std::string_view bytes) override {
      in.Append(bytes);
      while (parser.Next(in.view()) == resp::RequestParser::Outcome::kRequest) {
        ++peer.requests_;
        const std::string answer = peer.script_(Words(parser.args().begin(), parser.args().end()));
        in.Consume(parser.consumed());
        if (!answer.empty()) stream->TryWrite(answer);
      }
    }
    void OnClosed(const io::CloseReason&) override {}

    Peer& peer;
    std::unique_ptr<io::Stream> stream;
    base::Buffer in;
    resp::RequestParser parser;
  };

  base::Endpoint endpoint_;
  simulation::Process& process_;
  Script script_;
  int requests_ = 0;
  std::unique_ptr<io::Listener> listener_;
  std::vector<std::unique_ptr<Conversation>> conversations_;
};

std::string Names(const std::string& ip, uint16_t port) {
  const std::string number = std::to_string(port);
  return "*2\r\n$" + std::to_string(ip.size()) + "\r\n" + ip + "\r\n$" +
         std::to_string(number.size()) + "\r\n" + number + "\r\n";
}

// What a primary answers: +OK to SET, 7 to INCR.
std::string Primary(const Words& words) {
  if (words[0] == "ROLE") return "*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";
  return words[0] == "INCR" ? ":7\r\n" : "+OK\r\n";
}

// Two sentinels, two servers and a writer.
struct Scene {
  simulation::World world{1};
  Peer first{world, "10.0.0.1", 6379, Primary};
  Peer second{world, "10.0.0.2", 6379, Primary};
  Peer sentinel_a{world, "10.0.1.1", 26379, [](const Words&) { return Names("10.0.0.1", 6379); }};
  Peer sentinel_b{world, "10.0.1.2", 26379, [](const Words&) { return Names("10.0.0.1", 6379); }};
  History history;
  std::unique_ptr<Writer> writer;

  explicit Scene(int replicas = 0) {
    WriterOptions options;
    options.replicas = replicas;
    options.sentinels = {sentinel_a.endpoint(), sentinel_b.endpoint()};
    options.group = "g";
    writer = std::make_unique<Writer>(world.AddHost("10.0.2.1").StartProcess("writer").io(), 0,
                                      options, history);
    writer->Start();
  }
  size_t Count(WriteOutcome outcome) const { return history.Count(outcome); }
  void NameSecond() {
    for (Peer* sentinel : {&sentinel_a, &sentinel_b}) {
      sentinel->SetScript([](const Words&) { return Names("10.0.0.2", 6379); });
    }
  }
};

}  // namespace

TEST_CASE("writer: writes at its pace to the primary that a sentinel names") {
  Scene scene;
  scene.world.RunFor(100ms);
  CHECK(scene.Count(WriteOutcome::kOk) > 80);
  CHECK(scene.Count(WriteOutcome::kOk) <= 100);
  CHECK(scene.Count(WriteOutcome::kFailed) == 0);
  CHECK(scene.history.writes()[3].kind == WriteKind::kIncrement);
  CHECK(scene.history.writes()[3].counter == 7);
  CHECK(scene.second.requests() == 0);
}

TEST_CASE(
    "writer: a lost connection leaves one unknown write, and the next primary gets new ones") {
  Scene scene;
  scene.first.SetScript(
      [](const Words& words) { return words[0] == "ROLE" ? Primary(words) : std::string(); });
  scene.world.RunFor(20ms);
  CHECK(scene.Count(WriteOutcome::kPending) == 1);
  scene.first.Kill();
  scene.NameSecond();
  scene.world.RunFor(50ms);
  CHECK(scene.Count(WriteOutcome::kUnknown) == 1);
  CHECK(scene.Count(WriteOutcome::kOk) > 10);
  for (size_t i = 1; i < scene.history.writes().size(); ++i) {
    CHECK(scene.history.writes()[i].sequence == static_cast<int64_t>(i));
  }
}

TEST_CASE("writer: a silent primary is left after the timeout, its write unknown") {
  Scene scene;
  scene.first.SetScript(
      [](const Words& words) { return words[0] == "ROLE" ? Primary(words) : std::string(); });
  scene.NameSecond();
  scene.sentinel_a.SetScript([](const Words&) { return Names("10.0.0.1", 6379); });
  scene.world.RunFor(190ms);
  CHECK(scene.Count(WriteOutcome::kUnknown) == 0);
  scene.world.RunFor(60ms);
  CHECK(scene.Count(WriteOutcome::kUnknown) == 1);
  CHECK(scene.Count(WriteOutcome::kOk) > 10);
}

TEST_CASE("writer: a refusal is a failed write, and the sentinels are asked again") {
  Scene scene;
  scene.world.RunFor(20ms);
  scene.first.SetScript([](const Words& words) {
    return words[0] == "ROLE" ? Primary(words) : "-READONLY You can't write\r\n";
  });
  scene.NameSecond();
  scene.world.RunFor(50ms);
  CHECK(scene.Count(WriteOutcome::kFailed) == 1);
  CHECK(scene.second.requests() > 10);
}

TEST_CASE("writer: with replicas, a write is acknowledged when WAIT says that they have it") {
  Scene scene(2);
  const auto confirmed_by = [](const char* replicas) {
    return [replicas](const Words& words) {
      if (words[0] != "WAIT") return Primary(words);
      CHECK(words == Words{"WAIT", "2", "100"});
      return std::string(":") + replicas + "\r\n";
    };
  };
  scene.first.SetScript(confirmed_by("2"));
  scene.world.RunFor(50ms);
  CHECK(scene.Count(WriteOutcome::kOk) > 10);
  CHECK(scene.history.writes()[3].counter == 7);
  CHECK(scene.Count(WriteOutcome::kUnknown) == 0);
  const size_t before = scene.Count(WriteOutcome::kOk);
  scene.first.SetScript(confirmed_by("1"));
  scene.world.RunFor(50ms);
  CHECK(scene.Count(WriteOutcome::kOk) <= before + 1);
  CHECK(scene.Count(WriteOutcome::kUnknown) > 0);
}

TEST_CASE("writer: a server that is no primary gets no write") {
  Scene scene;
  scene.first.SetScript([](const Words& words) {
    return words[0] == "ROLE" ? std::string("*1\r\n$5\r\nslave\r\n") : Primary(words);
  });
  scene.world.RunFor(50ms);
  CHECK(scene.history.writes().empty());
  CHECK(scene.sentinel_a.requests() > 0);
  CHECK(scene.sentinel_b.requests() > 0);
}

TEST_CASE("writer: after Stop no write begins, and the one in flight gets its outcome") {
  Scene scene;
  scene.first.SetScript(
      [](const Words& words) { return words[0] == "ROLE" ? Primary(words) : std::string(); });
  scene.world.RunFor(20ms);
  scene.writer->Stop();
  CHECK_FALSE(scene.writer->Idle());
  scene.world.RunFor(300ms);
  CHECK(scene.writer->Idle());
  CHECK(scene.Count(WriteOutcome::kUnknown) == 1);
  CHECK(scene.history.writes().size() == 1);
}

}  // namespace quorate::ops
