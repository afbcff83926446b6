#include "tests/simulation/world/network.h"

#include "tests/unit/simulation/world/world_fixture.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace quorate::simulation;
using namespace std::chrono_literals;
using Kind = io::CloseReason::Kind;

namespace {

std::string Pattern(size_t size) {
  std::string text(size, ' ');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * 7 % 26);
  return text;
}

}  // namespace

TEST_CASE("world network: bytes arrive whole, in order, in pieces and after the latency") {
  WorldOptions options;
  options.network.split_percent = 60;
  Couple c(1, options);
  const std::string text = Pattern(50'000);
  CHECK(c.client->stream->TryWrite(text) == text.size());
  c.world.RunFor(140us);
  CHECK(c.at_server().received.empty());
  CHECK(c.world.RunUntil([&] { return c.at_server().received.size() == text.size(); }, 1s));
  CHECK((c.at_server().received == text));
  CHECK(c.at_server().pieces > 1);
  CHECK(c.client->stream->peer() == c.endpoint);
  CHECK(c.client->stream->local() == c.of_server().peer());
}

TEST_CASE("world network: a window takes a part, and OnWritable follows the reading") {
  Couple c(2);
  c.of_server().PauseReading();
  const std::string text = Pattern(1'000'000);
  size_t sent = 0;
  const auto push = [&] {
    sent += c.client->stream->TryWrite(std::string_view(text).substr(sent));
  };
  push();
  CHECK(sent == NetworkOptions{}.send_window);
  CHECK(c.client->stream->TryWrite("x") == 0);
  c.world.RunFor(1s);
  push();
  c.world.RunFor(1s);
  push();
  const size_t most = NetworkOptions{}.send_window + NetworkOptions{}.receive_window +
                      NetworkOptions{}.largest_segment;
  CHECK(sent <= most);
  c.client->stream->NotifyWritable();
  c.world.RunFor(1s);
  CHECK(c.client->seen.writable == 0);
  c.of_server().ResumeReading();
  CHECK(c.world.RunUntil([&] { return c.client->seen.writable == 1; }, 1s));
  CHECK(c.world.RunUntil(
      [&] {
        push();
        return c.at_server().received.size() == text.size();
      },
      10s));
  CHECK((c.at_server().received == text));
}

TEST_CASE("world network: refused where nobody listens, timed out where nobody is") {
  Couple c(3);
  Client refused(c.client_process->io(), {"10.0.0.1", 1});
  Client nowhere(c.client_process->io(), {"10.9.9.9", 1}, 800ms);
  CHECK(c.world.RunUntil([&] { return refused.seen.closed() && nowhere.seen.closed(); }, 1s));
  CHECK(refused.seen.reason->kind == Kind::kRefused);
  CHECK(nowhere.seen.reason->kind == Kind::kTimedOut);
  c.a.PowerOff();
  Client dark(c.client_process->io(), c.endpoint, 1s);
  CHECK(c.world.RunUntil([&] { return dark.seen.closed(); }, 2s));
  CHECK(dark.seen.reason->kind == Kind::kTimedOut);
}

TEST_CASE("world network: names are resolved, unknown ones fail") {
  Couple c(4);
  c.world.SetName("alpha", "10.0.0.1");
  Client named(c.client_process->io(), {"alpha", 6379});
  Client unknown(c.client_process->io(), {"omega", 6379});
  CHECK(c.world.RunUntil([&] { return named.seen.connected && unknown.seen.closed(); }, 1s));
  CHECK(unknown.seen.reason->kind == Kind::kResolveFailed);
}

TEST_CASE(
    "world network: an orderly close is an end after the bytes, unread bytes make it a reset") {
  Couple orderly(5);
  orderly.client->stream->TryWrite("bye");
  orderly.client->stream.reset();
  CHECK(orderly.world.RunUntil([&] { return orderly.at_server().closed(); }, 1s));
  CHECK(orderly.at_server().received == "bye");
  CHECK(orderly.at_server().reason->kind == Kind::kEndOfFile);

  Couple rude(6);
  rude.client->stream->PauseReading();
  rude.of_server().TryWrite("unread");
  rude.world.RunFor(10ms);
  rude.client->stream.reset();
  CHECK(rude.world.RunUntil([&] { return rude.at_server().closed(); }, 1s));
  CHECK(rude.at_server().reason->kind == Kind::kReset);
}

TEST_CASE(
    "world network: a kill closes with an end or a reset as chance has it, and listens no more") {
  for (const uint64_t percent : {0, 100}) {
    WorldOptions options;
    options.network.kill_resets_percent = percent;
    Couple c(7, options);
    c.server_process->Kill();
    c.server.reset();
    Client late(c.client_process->io(), c.endpoint);
    CHECK(c.world.RunUntil([&] { return c.client->seen.closed() && late.seen.closed(); }, 1s));
    CHECK(c.client->seen.reason->kind == (percent == 100 ? Kind::kReset : Kind::kEndOfFile));
    CHECK(late.seen.reason->kind == Kind::kRefused);
  }
}

TEST_CASE("world network: writing to a peer that has closed draws a reset") {
  Couple c(8);
  c.client->stream->PauseReading();
  c.of_server().TryWrite("x");
  c.world.RunFor(5ms);
  c.server->connections.back().stream.reset();
  c.world.RunFor(5ms);
  CHECK_FALSE(c.client->seen.closed());  // paused: unnoticed
  CHECK(c.client->stream->TryWrite("y") == 1);
  c.world.RunFor(5ms);
  c.client->stream->ResumeReading();
  CHECK(c.world.RunUntil([&] { return c.client->seen.closed(); }, 1s));
  CHECK(c.client->seen.received == "x");
}

TEST_CASE("world network: a cut connection is silent, and its bytes flow after healing") {
  Couple c(9);
  c.world.Cut(c.a, c.b);
  c.client->stream->TryWrite("across");
  c.of_server().TryWrite("back");
  c.world.RunFor(60s);
  CHECK(c.at_server().received.empty());
  CHECK(c.client->seen.received.empty());
  CHECK_FALSE(c.client->seen.closed());
  c.world.Heal(c.a, c.b);
  CHECK(c.world.RunUntil(
      [&] { return c.at_server().received == "across" && c.client->seen.received == "back"; }, 3s));
}

TEST_CASE(
    "world network: a one-way cut stops one direction only, and fills the sender's window for want "
    "of news") {
  Couple c(10);
  c.world.CutOneWay(c.a, c.b);
  CHECK(c.client->stream->TryWrite("there") == 5);
  c.of_server().TryWrite("never");
  CHECK(c.world.RunUntil([&] { return c.at_server().received == "there"; }, 1s));
  const std::string block = Pattern(NetworkOptions{}.send_window);
  CHECK(c.client->stream->TryWrite(block) == block.size() - 5);
  c.world.RunFor(1s);
  CHECK(c.client->stream->TryWrite("full") == 0);
  CHECK(c.client->seen.received.empty());
  Client unheard(c.client_process->io(), c.endpoint, 500ms);
  CHECK(c.world.RunUntil([&] { return unheard.seen.closed(); }, 1s));
  CHECK(unheard.seen.reason->kind == Kind::kTimedOut);
  c.client->stream->NotifyWritable();
  c.world.HealOneWay(c.a, c.b);
  CHECK(c.world.RunUntil(
      [&] { return c.client->seen.received == "never" && c.client->seen.writable == 1; }, 3s));
}

TEST_CASE("world network: behind a cut a kill leaves the peer half-open until healing tells it") {
  Couple c(11);
  c.world.Cut(c.a, c.b);
  c.server_process->Kill();
  c.server.reset();
  c.world.RunFor(30s);
  CHECK_FALSE(c.client->seen.closed());
  c.world.Heal(c.a, c.b);
  CHECK(c.world.RunUntil([&] { return c.client->seen.closed(); }, 3s));
}

TEST_CASE(
    "world network: a host that lost power says nothing; back again, it resets what it does not "
    "know") {
  Couple c(12);
  c.a.PowerOff();
  c.server.reset();
  c.client->stream->TryWrite("anyone?");
  c.world.RunFor(30s);
  CHECK_FALSE(c.client->seen.closed());
  c.a.PowerOn();
  CHECK(c.world.RunUntil([&] { return c.client->seen.closed(); }, 5s));
  CHECK(c.client->seen.reason->kind == Kind::kReset);
}

TEST_CASE("world network: keepalive finds a silent peer dead, and a living one alive") {
  Couple c(13);
  c.client->stream->SetKeepAlive(30s);
  c.world.RunFor(300s);
  CHECK_FALSE(c.client->seen.closed());
  c.world.Cut(c.a, c.b);
  CHECK(c.world.RunUntil([&] { return c.client->seen.closed(); }, 61s));
  CHECK(c.client->seen.reason->kind == Kind::kTimedOut);
}

TEST_CASE("world network: with a stall limit a cut connection dies in the end") {
  WorldOptions options;
  options.network.stall_limit = 10s;
  Couple c(14, options);
  c.world.Cut(c.a, c.b);
  c.client->stream->TryWrite("lost");
  c.world.RunFor(9s);
  CHECK_FALSE(c.client->seen.closed());
  CHECK(c.world.RunUntil([&] { return c.client->seen.closed(); }, 2s));
  CHECK(c.client->seen.reason->kind == Kind::kTimedOut);
}

TEST_CASE("world network: a connection request is repeated until the way is free") {
  Couple c(15);
  c.world.Cut(c.a, c.b);
  Client patient(c.client_process->io(), c.endpoint, 20s);
  c.world.RunFor(2s);
  c.world.Heal(c.a, c.b);
  CHECK(c.world.RunUntil([&] { return patient.seen.connected; }, 10s));
}

TEST_CASE(
    "world network: busy addresses and foreign ones cannot be listened on; a killed owner frees "
    "them") {
  Couple c(16);
  io::Io& io = c.server_process->io();
  const auto ignore = [](std::unique_ptr<io::Stream>) {};
  const auto busy = io.Listen({.endpoint = c.endpoint}, ignore);
  CHECK_FALSE(busy.ok());
  CHECK(busy.error().message == "10.0.0.1:6379: bind: Address already in use");
  CHECK_FALSE(io.Listen({.endpoint = {"0.0.0.0", 6379}}, ignore).ok());
  CHECK_FALSE(io.Listen({.endpoint = {"10.0.0.2", 1}}, ignore).ok());
  const auto any = io.Listen({.endpoint = {"127.0.0.1", 0}}, ignore);
  CHECK((*any)->endpoint().port != 0);
  c.server_process->Kill();
  Process& next = c.a.StartProcess("server");
  CHECK(next.io().Listen({.endpoint = {"0.0.0.0", 6379}}, ignore).ok());
}

TEST_CASE("world network: loopback and unix sockets stay on their host") {
  Couple c(17);
  Process& local = c.a.StartProcess("local");
  const Server loopback(c.server_process->io(), {"127.0.0.1", 7000});
  std::unique_ptr<io::Stream> accepted;
  const auto unix_listener = c.server_process->io().Listen(
      {.unix_path = "server.sock"},
      [&](std::unique_ptr<io::Stream> stream) { accepted = std::move(stream); });
  Client near(local.io(), {"127.0.0.1", 7000}), path(local.io(), {"/server/server.sock", 0});
  Client far(c.client_process->io(), {"10.0.0.1", 7000});
  CHECK(c.world.RunUntil(
      [&] {
        return near.seen.connected && path.seen.connected && far.seen.closed() &&
               accepted != nullptr;
      },
      1s));
  CHECK(far.seen.reason->kind == Kind::kRefused);
  CHECK(accepted->is_unix());
  CHECK(accepted->peer() == base::Endpoint{"/server/server.sock", 0});
}

TEST_CASE("world network: the backlog of a listener that does not accept is finite") {
  Couple c(18);
  const auto deaf = c.server_process->io().Listen({.endpoint = {"10.0.0.1", 7001}, .backlog = 2},
                                                  [](std::unique_ptr<io::Stream>) {});
  c.server_process->Pause();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(
        std::make_unique<Client>(c.client_process->io(), base::Endpoint{"10.0.0.1", 7001}, 3s));
  }
  c.world.RunFor(4s);
  int connected = 0;
  for (const auto& client : clients) connected += client->seen.connected ? 1 : 0;
  CHECK(connected == 2);
}
