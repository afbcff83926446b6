#include "shared/link/link.h"

#include "shared/resp/request_parser.h"
#include "tests/simulation/world/world.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace std::chrono_literals;
using simulation::Host;
using simulation::Process;
using simulation::World;
using Kind = io::CloseReason::Kind;

namespace {

std::string Join(std::span<const std::string_view> args) {
  std::string line;
  for (const std::string_view arg : args) line += (line.empty() ? "" : " ") + std::string(arg);
  return line;
}

// A RESP server of the simulated world: records requests and answers as told.
class Peer : io::StreamObserver {
 public:
  Peer(io::Io& io, const base::Endpoint& endpoint) {
    listener_ =
        std::move(io.Listen({.endpoint = endpoint}, [this](std::unique_ptr<io::Stream> stream) {
          ++connections;
          parser_.Reset();
          stream_ = std::move(stream);
          stream_->SetObserver(*this);
        })).value();
  }
  void Send(std::string_view raw) { stream_->TryWrite(raw); }
  void Drop() { stream_.reset(); }

  int connections = 0;
  std::vector<std::string> requests;
  std::function<std::string(const std::string&)> answer = [](const std::string& request) {
    return request == "PING" ? "+PONG\r\n" : "+" + request + "\r\n";
  };

 private:
  void OnBytes(std::string_view bytes) override {
    in_ += bytes;
    while (parser_.Next(in_) == resp::RequestParser::Outcome::kRequest) {
      const std::string request = Join(parser_.args());
      in_.erase(0, parser_.consumed());
      requests.push_back(request);
      Send(answer(request));
    }
  }
  void OnClosed(const io::CloseReason&) override { stream_.reset(); }

  resp::RequestParser parser_;
  std::string in_;
  std::unique_ptr<io::Stream> stream_;
  std::unique_ptr<io::Listener> listener_;
};

// A link on one host to a peer on another, and what the link reports.
struct Bench {
  explicit Bench(link::LinkOptions options = {}) {
    peer = std::make_unique<Peer>(server->io(), endpoint);
    options.endpoint = endpoint;
    link = std::make_unique<link::Link>(client->io(), base::Random(1), std::move(options),
                                        Callbacks());
  }
  link::LinkCallbacks Callbacks() {
    return {
        .on_up = [this] { ++ups; },
        .on_down = [this](const link::LinkDown& down) { downs.push_back(down); },
        .on_push = [this](const resp::Value& value) { pushes.push_back(value.items.back().text); }};
  }
  void Start() {
    link->Start();
    world.RunUntil([this] { return link->up(); }, 1s);
    world.RunFor(1ms);  // the peer accepts after we are connected
  }
  base::Instant In(base::Duration time) { return client->io().Now() + time; }
  // Sends a request whose outcome is appended to `log`.
  bool Ask(std::initializer_list<std::string_view> args, base::Duration limit = 1s) {
    const std::string name(*args.begin());
    return link->Send(args, In(limit), [this, name](base::Result<resp::Value> reply) {
      log.push_back(name + "=" + (reply ? reply->text : "!" + reply.error().message));
    });
  }

  World world{1};
  Process* server = &world.AddHost("10.0.0.1").StartProcess("server");
  Process* client = &world.AddHost("10.0.0.2").StartProcess("client");
  const base::Endpoint endpoint{"10.0.0.1", 6379};
  std::unique_ptr<Peer> peer;
  std::unique_ptr<link::Link> link;
  int ups = 0;
  std::vector<link::LinkDown> downs;
  std::vector<std::string> pushes;
  std::vector<std::string> log;
};

using Log = std::vector<std::string>;

}  // namespace

TEST_CASE(
    "link: requests made before it is up wait, and replies come to their own callbacks in order") {
  Bench b;
  CHECK_FALSE(b.Ask({"EARLY"}));  // not started
  b.link->Start();
  CHECK(b.Ask({"A", "1"}));
  CHECK(b.Ask({"B"}));
  CHECK(b.link->pending() == 2);
  CHECK(b.log.empty());
  CHECK(b.world.RunUntil([&] { return b.log.size() == 2; }, 1s));
  CHECK(b.log == Log{"A=A 1", "B=B"});
  CHECK(b.ups == 1);
  CHECK(b.link->pending() == 0);
  CHECK(b.link->local_host() == "10.0.0.2");
}

TEST_CASE("link: set-up commands go first on every connection") {
  link::LinkOptions options;
  std::string hello;
  options.setup = {{.args = {"HELLO", "3"},
                    .required = true,
                    .on_reply = [&](const resp::Value& v) { hello = v.text; }},
                   {.args = {"CLIENT", "SETNAME", "x"}}};
  Bench b(options);
  b.Start();
  CHECK(b.Ask({"PING"}));
  b.world.RunFor(10ms);
  CHECK(b.peer->requests == Log{"HELLO 3", "CLIENT SETNAME x", "PING"});
  CHECK(hello == "HELLO 3");
  b.peer->Drop();
  CHECK(b.world.RunUntil([&] { return b.ups == 2; }, 3s));
  b.world.RunFor(10ms);
  CHECK(b.peer->requests.size() == 5);
  CHECK(b.log == Log{"PING=PONG"});
}

TEST_CASE("link: without required set-up it is up at once, even if the peer never answers") {
  link::LinkOptions options;
  options.setup = {{.args = {"CLIENT", "SETNAME", "x"}}};
  Bench b(options);
  b.server->Pause();
  b.Start();
  CHECK(b.link->up());
  CHECK(b.link->pending() == 0);
  CHECK_FALSE(b.link->oldest_unanswered().has_value());
  CHECK(b.Ask({"PING"}, 10s));
  b.world.RunFor(100ms);
  CHECK(b.link->oldest_unanswered().has_value());
  CHECK(b.log.empty());
}

TEST_CASE("link: a refused or silent required set-up is a failed attempt") {
  link::LinkOptions options;
  options.connect_timeout = 500ms;
  options.setup = {{.args = {"AUTH", "wrong"}, .required = true}};
  Bench b(options);
  b.peer->answer = [](const std::string&) { return "-WRONGPASS invalid\r\n"; };
  b.link->Start();
  CHECK(b.world.RunUntil([&] { return b.downs.size() == 1; }, 1s));
  CHECK(b.downs[0].reason.message == "set-up refused: WRONGPASS invalid");
  CHECK_FALSE(b.downs[0].was_up);
  b.peer->answer = [](const std::string&) { return ""; };
  CHECK(b.world.RunUntil([&] { return b.downs.size() == 2; }, 3s));
  CHECK(b.downs[1].reason.kind == Kind::kTimedOut);
  CHECK(b.ups == 0);
}

TEST_CASE(
    "link: a passed deadline fails its request only, and the late reply goes to nobody else") {
  Bench b;
  b.Start();
  b.server->Pause();
  CHECK(b.Ask({"SLOW"}, 50ms));
  CHECK(b.Ask({"PATIENT"}, 10s));
  b.world.RunFor(100ms);
  CHECK(b.log == Log{"SLOW=!deadline passed"});
  CHECK(b.link->pending() == 2);
  b.server->Resume();
  CHECK(b.world.RunUntil([&] { return b.log.size() == 2; }, 1s));
  CHECK(b.log[1] == "PATIENT=PATIENT");
  CHECK(b.link->pending() == 0);
  CHECK(b.link->up());
}

TEST_CASE("link: a deadline passes also while the link is down") {
  Bench b;
  b.server->Kill();
  b.link->Start();
  CHECK(b.Ask({"PING"}, 300ms));
  CHECK(b.world.RunUntil([&] { return !b.log.empty(); }, 1s));
  CHECK(b.log == Log{"PING=!deadline passed"});
  CHECK(b.link->pending() == 0);
}

TEST_CASE("link: death fails what was sent, keeps what was not, and reports the kind of evidence") {
  Bench b;
  b.Start();
  b.server->Pause();
  CHECK(b.Ask({"SENT"}, 10s));
  b.world.RunFor(10ms);
  b.server->Resume();
  b.server->Kill();
  b.peer.reset();
  CHECK(b.world.RunUntil([&] { return b.downs.size() == 1; }, 1s));
  CHECK(b.downs[0].was_up);
  const bool died =
      b.downs[0].reason.kind == Kind::kReset || b.downs[0].reason.kind == Kind::kEndOfFile;
  CHECK(died);
  CHECK(b.log.size() == 1);
  CHECK(b.log[0].starts_with("SENT=!connection lost: "));
  CHECK(b.Ask({"LATER"}, 60s));
  CHECK(b.world.RunUntil([&] { return b.downs.size() == 3; }, 5s));
  CHECK(b.downs[2].reason.kind == Kind::kRefused);
  CHECK_FALSE(b.downs[2].was_up);
  Process& again = b.server->host().StartProcess("server");
  Peer next(again.io(), b.endpoint);
  CHECK(b.world.RunUntil([&] { return b.log.size() == 2; }, 5s));
  CHECK(b.log[1] == "LATER=LATER");
  CHECK(next.requests == Log{"LATER"});
}

TEST_CASE("link: retries wait for the delay and a share of the jitter") {
  link::LinkOptions options;
  options.backoff = {.delay = 100ms, .jitter = 50ms};
  Bench b(options);
  b.server->Kill();
  std::vector<base::Instant> attempts;
  b.link->Start();
  while (b.downs.size() < 10) {
    const size_t before = b.downs.size();
    CHECK(b.world.RunUntil([&] { return b.downs.size() > before; }, 1s));
    attempts.push_back(b.world.Now());
  }
  base::Duration shortest = 1h, longest{};
  for (size_t i = 1; i < attempts.size(); ++i) {
    shortest = std::min(shortest, attempts[i] - attempts[i - 1]);
    longest = std::max(longest, attempts[i] - attempts[i - 1]);
  }
  CHECK(shortest >= 100ms);
  CHECK(longest <= 152ms);
  CHECK(longest - shortest > 5ms);
}

TEST_CASE("link: pushes and messages go to their callback, acknowledgements to the request") {
  Bench b;
  b.Start();
  b.peer->answer = [](const std::string& request) -> std::string {
    if (request.starts_with("SUBSCRIBE")) {
      return "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\nb\r\n:2\r\n"
             "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\nhello\r\n";
    }
    return "*2\r\n$4\r\npong\r\n$0\r\n\r\n";
  };
  CHECK(b.Ask({"SUBSCRIBE", "a", "b"}));
  CHECK(b.Ask({"PING"}));
  CHECK(b.world.RunUntil([&] { return b.log.size() == 2; }, 1s));
  CHECK(b.pushes == Log{"hello"});
  b.peer->Send(">3\r\n$7\r\nmessage\r\n$1\r\nb\r\n$5\r\nthree\r\n");
  CHECK(b.world.RunUntil([&] { return b.pushes.size() == 2; }, 1s));
  CHECK(b.pushes[1] == "three");
  CHECK(b.link->pending() == 0);
}

TEST_CASE(
    "link: an array that begins with 'message' is an ordinary reply where nothing was subscribed") {
  Bench b;
  b.Start();
  b.peer->answer = [](const std::string&) { return "*2\r\n$7\r\nmessage\r\n$1\r\nx\r\n"; };
  CHECK(b.Ask({"LRANGE"}));
  CHECK(b.world.RunUntil([&] { return b.log.size() == 1; }, 1s));
  CHECK(b.pushes.empty());
}

TEST_CASE("link: rubbish and a reply that nobody asked for end the connection, not the link") {
  for (const char* rubbish : {"what?\r\n", "+UNASKED\r\n", "$99999999999\r\n"}) {
    CAPTURE(rubbish);
    Bench b;
    b.Start();
    b.peer->Send(rubbish);
    CHECK(b.world.RunUntil([&] { return b.downs.size() == 1; }, 1s));
    CHECK(b.downs[0].reason.message.starts_with("protocol error"));
    CHECK(b.world.RunUntil([&] { return b.ups == 2; }, 3s));
  }
}

TEST_CASE("link: limits refuse, without calling back") {
  link::LinkOptions options;
  options.max_pending = 3;
  options.max_output_bytes = 1000;
  Bench b(options);
  b.link->Start();
  CHECK_FALSE(b.Ask({std::string(1001, 'x')}));
  for (int i = 0; i < 3; ++i) CHECK(b.Ask({"PING"}));
  CHECK_FALSE(b.Ask({"PING"}));
  CHECK(b.world.RunUntil([&] { return b.log.size() == 3; }, 1s));
  CHECK(b.Ask({"PING"}));
}

TEST_CASE(
    "link: Reconnect takes a new endpoint at once, fails what is in flight and reports no death") {
  Bench b;
  Process& other = b.server->host().StartProcess("other");
  Peer heir(other.io(), {"10.0.0.1", 6380});
  b.Start();
  b.server->Pause();
  CHECK(b.Ask({"PING"}, 10s));
  b.world.RunFor(10ms);
  b.link->SetEndpoint({"10.0.0.1", 6380});
  b.link->Reconnect("address changed");
  CHECK(b.log == Log{"PING=!address changed"});
  CHECK(b.world.RunUntil([&] { return b.link->up(); }, 10ms));
  b.world.RunFor(1ms);
  CHECK(heir.connections == 1);
  CHECK(b.downs.empty());
}

TEST_CASE("link: Stop fails everything and stays stopped until Start") {
  Bench b;
  b.Start();
  b.server->Pause();
  CHECK(b.Ask({"PING"}, 10s));
  b.link->Stop();
  CHECK(b.log == Log{"PING=!link stopped"});
  CHECK_FALSE(b.Ask({"PING"}));
  b.world.RunFor(5s);
  CHECK(b.downs.empty());
  b.server->Resume();
  b.Start();
  CHECK(b.link->up());
  CHECK(b.ups == 2);
}

TEST_CASE("link: Release hands over the connection with what followed the last reply") {
  struct Raw : io::StreamObserver {
    void OnBytes(std::string_view bytes) override { text += bytes; }
    void OnClosed(const io::CloseReason&) override { closed = true; }
    std::string text;
    bool closed = false;
  } raw;
  Bench b;
  b.Start();
  b.peer->answer = [](const std::string&) { return "+CONTINUE\r\nraw stream"; };
  std::optional<link::Link::Released> released;
  CHECK(b.link->Send({"PSYNC", "?", "-1"}, b.In(1s), [&](base::Result<resp::Value> reply) {
    CHECK(reply->text == "CONTINUE");
    released = b.link->Release();
    released->stream->SetObserver(raw);
    raw.text = released->unread;
  }));
  CHECK(b.world.RunUntil([&] { return raw.text == "raw stream"; }, 1s));
  b.peer->Send(", more");
  CHECK(b.world.RunUntil([&] { return raw.text == "raw stream, more"; }, 1s));
  CHECK(std::holds_alternative<link::Stopped>(b.link->state()));
  CHECK(b.peer->connections == 1);
}

TEST_CASE("link: it may be destroyed inside any of its callbacks") {
  for (const std::string where : {"up", "down", "push", "reply", "failure", "setup"}) {
    CAPTURE(where);
    World world(1);
    Process& server = world.AddHost("10.0.0.1").StartProcess("server");
    Process& client = world.AddHost("10.0.0.2").StartProcess("client");
    Peer peer(server.io(), {"10.0.0.1", 1});
    std::unique_ptr<link::Link> link;
    const auto destroy_if = [&](const std::string& here) {
      if (here == where) link.reset();
    };
    link::LinkOptions options;
    options.endpoint = {"10.0.0.1", 1};
    options.setup = {{.args = {"HELLO"}, .required = true, .on_reply = [&](const auto&) {
                        destroy_if("setup");
                      }}};
    link = std::make_unique<link::Link>(
        client.io(), base::Random(1), options,
        link::LinkCallbacks{.on_up = [&] { destroy_if("up"); },
                            .on_down = [&](const auto&) { destroy_if("down"); },
                            .on_push = [&](const auto&) { destroy_if("push"); }});
    link->Start();
    const auto callback = [&](const base::Result<resp::Value>& r) {
      destroy_if(r ? "reply" : "failure");
    };
    for (int i = 0; i < 2; ++i) CHECK(link->Send({"PING"}, base::Instant::max(), callback));
    world.RunFor(100ms);
    if (link) peer.Send(">2\r\n$1\r\na\r\n$1\r\nb\r\n");
    world.RunFor(100ms);
    server.Pause();
    if (link) CHECK(link->Send({"PING"}, base::Instant::max(), callback));
    if (link) CHECK(link->Send({"PING"}, base::Instant::max(), callback));
    world.RunFor(100ms);
    server.Resume();
    peer.answer = [](const std::string&) { return "?"; };
    world.RunFor(5s);
    CHECK(link == nullptr);
  }
}
