#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include "tests/unit/shared/uv/uv_fixture.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace std::chrono_literals;
using io::CloseReason;
using uv::kTestLimit;
using uv::Pair;
using uv::RecordingObserver;

namespace {

// Writes all of `bytes`, waiting for room as an owner does.
struct Writer {
  Writer(io::Stream& to, RecordingObserver& observer, std::string text)
      : stream(to), bytes(std::move(text)) {
    observer.on_writable = [this] { Push(); };
    Push();
  }
  void Push() {
    sent += stream.TryWrite(std::string_view(bytes).substr(sent));
    if (sent < bytes.size()) stream.NotifyWritable();
  }
  io::Stream& stream;
  std::string bytes;
  size_t sent = 0;
};

// A plain socket of a peer that this process does not run on the loop.
struct RawPeer {
  explicit RawPeer(uint16_t port) : fd(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected = connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  }
  ~RawPeer() { Close(); }
  void Close() {
    if (fd >= 0) close(fd);
    fd = -1;
  }
  void Reset() {
    const linger now{1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    Close();
  }
  int fd;
  bool connected = false;
};

}  // namespace

TEST_CASE("uv stream: bytes travel both ways and addresses match") {
  uv::LoopIo io;
  Pair pair(io);
  CHECK(pair.client->local() == pair.server->peer());
  CHECK(pair.client->peer() == pair.server->local());
  CHECK_FALSE(pair.server->is_unix());
  CHECK(pair.client->TryWrite("ping") == 4);
  CHECK(pair.server->TryWrite("pong") == 4);
  CHECK(io.RunUntil([&] { return pair.server_seen.received == "ping"; }, kTestLimit));
  CHECK(io.RunUntil([&] { return pair.client_seen.received == "pong"; }, kTestLimit));
}

TEST_CASE("uv stream: slices leave in order, empty ones and more than one call's worth included") {
  uv::LoopIo io;
  Pair pair(io);
  std::vector<std::string> parts;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    parts.push_back(i % 7 == 0 ? "" : std::to_string(i) + ",");
    expected += parts.back();
  }
  const std::vector<std::string_view> slices(parts.begin(), parts.end());
  CHECK(pair.client->TryWrite(slices) == expected.size());
  CHECK(
      io.RunUntil([&] { return pair.server_seen.received.size() == expected.size(); }, kTestLimit));
  CHECK(pair.server_seen.received == expected);
}

TEST_CASE("uv stream: a full kernel buffer takes a part, and OnWritable comes once per request") {
  uv::LoopIo io;
  Pair pair(io);
  pair.server->PauseReading();
  const std::string block(1 << 20, 'x');
  size_t sent = 0;
  size_t last;
  do {
    last = pair.client->TryWrite(block);
    sent += last;
  } while (last == block.size());
  CHECK(pair.client->TryWrite(block) == 0);
  pair.client->NotifyWritable();
  pair.client->NotifyWritable();
  CHECK_FALSE(io.RunUntil([&] { return pair.client_seen.writable > 0; }, 5ms));
  pair.server->ResumeReading();
  CHECK(io.RunUntil([&] { return pair.server_seen.received.size() == sent; }, kTestLimit));
  CHECK(pair.client_seen.writable == 1);
}

TEST_CASE("uv stream: large transfers arrive whole in both directions at once") {
  uv::LoopIo io;
  Pair pair(io);
  std::string up(8 << 20, 'u'), down(8 << 20, 'd');
  for (size_t i = 0; i < up.size(); i += 997) up[i] = static_cast<char>('0' + i % 10);
  const Writer a(*pair.client, pair.client_seen, up);
  const Writer b(*pair.server, pair.server_seen, down);
  CHECK(io.RunUntil(
      [&] {
        return pair.server_seen.received.size() == up.size() &&
               pair.client_seen.received.size() == down.size();
      },
      kTestLimit));
  CHECK((pair.server_seen.received == up));
  CHECK((pair.client_seen.received == down));
}

TEST_CASE("uv stream: paused reading delivers nothing until it is resumed") {
  uv::LoopIo io;
  Pair pair(io);
  pair.server->PauseReading();
  pair.client->TryWrite("later");
  CHECK_FALSE(io.RunUntil([&] { return !pair.server_seen.received.empty(); }, 5ms));
  pair.server->ResumeReading();
  CHECK(io.RunUntil([&] { return pair.server_seen.received == "later"; }, kTestLimit));
}

TEST_CASE(
    "uv stream: what was accepted is still sent when the stream is destroyed, then the peer sees "
    "the end") {
  uv::LoopIo io;
  Pair pair(io);
  pair.client->TryWrite("last words");
  pair.client.reset();
  CHECK(io.RunUntil([&] { return pair.server_seen.closed(); }, kTestLimit));
  CHECK(pair.server_seen.received == "last words");
  CHECK(pair.server_seen.reason->kind == CloseReason::Kind::kEndOfFile);
  CHECK(pair.server_seen.closed_calls == 1);
  CHECK(pair.client_seen.closed_calls == 0);
  CHECK(pair.server->TryWrite("too late") == 0);
}

TEST_CASE("uv stream: a reset by the peer is reported as one, after the bytes before it") {
  uv::LoopIo io;
  RecordingObserver seen;
  std::unique_ptr<io::Stream> stream;
  auto listener = io.Listen({.endpoint = {"127.0.0.1", 0}}, [&](std::unique_ptr<io::Stream> s) {
    stream = std::move(s);
    stream->SetObserver(seen);
  });
  RawPeer peer((*listener)->endpoint().port);
  CHECK(peer.connected);
  CHECK(io.RunUntil([&] { return stream != nullptr; }, kTestLimit));
  peer.Reset();
  CHECK(io.RunUntil([&] { return seen.closed(); }, kTestLimit));
  CHECK(seen.reason->kind == CloseReason::Kind::kReset);
}

TEST_CASE(
    "uv stream: writing to a peer that has gone reports death once, from the loop, even while "
    "paused") {
  uv::LoopIo io;
  RecordingObserver seen;
  std::unique_ptr<io::Stream> stream;
  auto listener = io.Listen({.endpoint = {"127.0.0.1", 0}}, [&](std::unique_ptr<io::Stream> s) {
    stream = std::move(s);
    stream->SetObserver(seen);
    stream->PauseReading();
  });
  RawPeer peer((*listener)->endpoint().port);
  CHECK(io.RunUntil([&] { return stream != nullptr; }, kTestLimit));
  peer.Reset();
  CHECK(stream->TryWrite("a") == 0);
  CHECK_FALSE(seen.closed());
  CHECK(stream->TryWrite("b") == 0);
  CHECK(io.RunUntil([&] { return seen.closed(); }, kTestLimit));
  CHECK(seen.reason->kind == CloseReason::Kind::kReset);
  CHECK_FALSE(io.RunUntil([&] { return seen.closed_calls > 1; }, 5ms));
}

TEST_CASE("uv stream: destroying the stream inside any of its callbacks is safe and silent") {
  uv::LoopIo io;
  for (const std::string where : {"connected", "bytes", "writable", "closed"}) {
    CAPTURE(where);
    Pair pair(io);
    bool destroyed = false;
    const auto destroy = [&] {
      pair.server.reset();
      destroyed = true;
    };
    if (where == "connected") {
      std::unique_ptr<io::Stream> second;
      RecordingObserver seen;
      seen.on_connected = [&] {
        second.reset();
        destroyed = true;
      };
      second = io.Connect({.endpoint = pair.listener->endpoint()}, seen);
      CHECK(io.RunUntil([&] { return destroyed; }, kTestLimit));
      continue;
    }
    if (where == "bytes") pair.server_seen.on_bytes = destroy;
    if (where == "writable") pair.server_seen.on_writable = destroy;
    if (where == "closed") pair.server_seen.on_closed = destroy;
    if (where == "writable") pair.server->NotifyWritable();
    pair.client->TryWrite("x");
    if (where == "closed") pair.client.reset();
    CHECK(io.RunUntil([&] { return destroyed; }, kTestLimit));
    CHECK(pair.server_seen.closed_calls == (where == "closed" ? 1 : 0));
  }
}

TEST_CASE("uv stream: another observer may take a connected stream over inside a callback") {
  uv::LoopIo io;
  Pair pair(io);
  RecordingObserver heir;
  pair.client_seen.on_bytes = [&] { pair.client->SetObserver(heir); };
  pair.server->TryWrite("first");
  CHECK(io.RunUntil([&] { return pair.client_seen.received == "first"; }, kTestLimit));
  pair.server->TryWrite("second");
  CHECK(io.RunUntil([&] { return heir.received == "second"; }, kTestLimit));
  CHECK(pair.client_seen.received == "first");
}

TEST_CASE("uv connect: refused when nobody listens, and never from inside the call") {
  uv::LoopIo io;
  uint16_t port;
  {
    auto listener = io.Listen({.endpoint = {"127.0.0.1", 0}}, [](std::unique_ptr<io::Stream>) {});
    port = (*listener)->endpoint().port;
  }
  RecordingObserver seen;
  const auto stream = io.Connect({.endpoint = {"127.0.0.1", port}}, seen);
  CHECK_FALSE(seen.closed());
  CHECK(io.RunUntil([&] { return seen.closed(); }, kTestLimit));
  CHECK(seen.reason->kind == CloseReason::Kind::kRefused);
  CHECK_FALSE(seen.connected);
}

TEST_CASE("uv connect: a peer whose queue is full times out") {
  uv::LoopIo io;
  // A listener that never accepts and has room for next to nobody.
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  CHECK(listen(fd, 0) == 0);
  socklen_t length = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  const uint16_t port = ntohs(address.sin_port);
  std::array<RecordingObserver, 4> seen;
  std::vector<std::unique_ptr<io::Stream>> streams;
  for (auto& observer : seen) {
    streams.push_back(io.Connect({.endpoint = {"127.0.0.1", port}, .timeout = 50ms}, observer));
  }
  CHECK(io.RunUntil([&] { return seen.back().closed(); }, kTestLimit));
  CHECK(seen.back().reason->kind == CloseReason::Kind::kTimedOut);
  CHECK(seen.back().reason->message == "connection timed out");
  close(fd);
}

TEST_CASE("uv connect: a name is resolved, its addresses tried in order; a bad one fails") {
  uv::LoopIo io;
  Pair pair(io);
  RecordingObserver good, bad;
  const auto a = io.Connect({.endpoint = {"localhost", pair.listener->endpoint().port}}, good);
  CHECK(io.RunUntil([&] { return good.connected || good.closed(); }, kTestLimit));
  CHECK(good.connected);
  const auto b = io.Connect({.endpoint = {"no such host!", 1}}, bad);
  CHECK(io.RunUntil([&] { return bad.closed(); }, kTestLimit));
  CHECK(bad.reason->kind == CloseReason::Kind::kResolveFailed);
}

TEST_CASE("uv connect: destroyed while connecting, nothing follows") {
  uv::LoopIo io;
  Pair pair(io);
  RecordingObserver seen;
  auto by_address = io.Connect({.endpoint = pair.listener->endpoint()}, seen);
  auto by_name = io.Connect({.endpoint = {"localhost", pair.listener->endpoint().port}}, seen);
  by_address.reset();
  by_name.reset();
  CHECK_FALSE(io.RunUntil([&] { return seen.connected || seen.closed(); }, 5ms));
}

TEST_CASE("uv connect: the source address is used, and one of another family fails") {
  uv::LoopIo io;
  Pair pair(io);
  RecordingObserver seen, mixed;
  const auto stream =
      io.Connect({.endpoint = pair.listener->endpoint(), .source_address = "127.0.0.2"}, seen);
  CHECK(io.RunUntil([&] { return seen.connected || seen.closed(); }, kTestLimit));
  CHECK(stream->local().host == "127.0.0.2");
  const auto other =
      io.Connect({.endpoint = pair.listener->endpoint(), .source_address = "::1"}, mixed);
  CHECK(io.RunUntil([&] { return mixed.closed(); }, kTestLimit));
}

TEST_CASE("uv resolve: literals come back as they are, names as literals") {
  uv::LoopIo io;
  std::vector<std::string> literal, named;
  std::string error;
  io.Resolve("127.0.0.1", [&](auto found) { literal = *found; });
  io.Resolve("localhost", [&](auto found) { named = *found; });
  io.Resolve("no such host!", [&](auto found) { error = found.error().message; });
  CHECK(literal.empty());
  CHECK(io.RunUntil([&] { return !literal.empty() && !named.empty() && !error.empty(); },
                    kTestLimit));
  CHECK(literal == std::vector<std::string>{"127.0.0.1"});
  CHECK(error.find("no such host!") != std::string::npos);
}
