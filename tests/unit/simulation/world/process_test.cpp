#include "tests/unit/simulation/world/world_fixture.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace quorate::simulation;
using namespace std::chrono_literals;

TEST_CASE(
    "world process: a turn runs sockets, timers, deferred tasks and the hook in the loop's order") {
  World world(1);
  io::Io& io = world.AddHost("10.0.0.1").StartProcess("p").io();
  std::string order;
  io.SetEndOfTurn([&] {
    if (!order.empty() && order.back() != 'H') order += 'H';
  });
  const auto timer = io.CreateTimer([&] {
    io.Defer([&] {
      order += 'd';
      io.Defer([&] { order += 'e'; });
    });
    order += 't';
  });
  timer->StartAt(io.Now() + 1ms);
  world.RunFor(2ms);
  CHECK(order == "tdHeH");
}

TEST_CASE("world process: timers fire at their instant by the host's clock, however skewed") {
  World world(2);
  Host& host = world.AddHost("10.0.0.1");
  io::Io& io = host.StartProcess("p").io();
  host.SetClockRate(-500'000);
  base::Instant fired{};
  const base::Instant due = io.Now() + 1s;
  const auto timer = io.CreateTimer([&] { fired = io.Now(); });
  timer->StartAt(due);
  world.RunFor(1900ms);
  CHECK(fired == base::Instant{});
  host.SetClockRate(0);
  world.RunFor(51ms);
  CHECK(fired >= due);
  CHECK(fired < due + 1ms);
}

TEST_CASE(
    "world process: while paused nothing turns, but the kernel accepts; then all of it happens") {
  Couple c(3);
  int fired = 0;
  const auto timer = c.server_process->io().CreateTimer([&] { ++fired; });
  timer->StartAt(c.server_process->io().Now() + 10ms);
  c.server_process->Pause();
  CHECK(c.client->stream->TryWrite("held") == 4);
  Client late(c.client_process->io(), c.endpoint);
  c.world.RunFor(10s);
  CHECK(fired == 0);
  CHECK(c.at_server().received.empty());
  CHECK(late.seen.connected);
  CHECK(c.server->connections.size() == 1);
  c.server_process->Resume();
  c.world.RunFor(10ms);
  CHECK(fired == 1);
  CHECK(c.server->connections.size() == 2);
  CHECK(c.server->connections.front().seen->received == "held");
}

TEST_CASE("world process: a stall is a pause that ends by itself") {
  Couple c(4);
  c.server_process->Stall(2s);
  c.client->stream->TryWrite("x");
  c.world.RunFor(1900ms);
  CHECK(c.at_server().received.empty());
  c.world.RunFor(200ms);
  CHECK(c.at_server().received == "x");
}

TEST_CASE("world process: after a kill nothing planned happens, and its objects are harmless") {
  Couple c(5);
  io::Io& io = c.server_process->io();
  int happened = 0;
  const auto timer = io.CreateTimer([&] { ++happened; });
  timer->StartAt(io.Now() + 1ms);
  io.Defer([&] { ++happened; });
  io.Offload([&] { ++happened; }, [&] { ++happened; });
  io.Resolve("10.0.0.9", [&](auto) { ++happened; });
  io.files().ReplaceAsync("state", "x", 0600, [&](auto) { ++happened; });
  c.server_process->Kill();
  CHECK_FALSE(c.server_process->alive());
  timer->StartAt(io.Now());
  CHECK(c.of_server().TryWrite("ghost") == 0);
  CHECK_FALSE(io.files().Replace("state", "ghost", 0600).ok());
  CHECK_FALSE(io.Listen({.endpoint = {"10.0.0.1", 9}}, [](std::unique_ptr<io::Stream>) {}).ok());
  Client ghost(io, c.endpoint);
  c.world.RunFor(10s);
  CHECK(happened == 0);
  CHECK_FALSE(ghost.seen.closed());
  CHECK_FALSE(c.a.disk().Peek("/server/state").has_value());
  c.server.reset();
}

TEST_CASE("world process: offloaded work takes virtual time and is reported in a turn") {
  World world(6);
  io::Io& io = world.AddHost("10.0.0.1").StartProcess("p").io();
  bool worked = false, done = false;
  io.Offload([&] { worked = true; },
             [&] {
               CHECK(worked);
               done = true;
             });
  CHECK_FALSE(done);
  CHECK(world.RunUntil([&] { return done; }, 1s));
}

TEST_CASE("world process: spawned programs are recorded and end as the harness says") {
  World world(7);
  Process& process = world.AddHost("10.0.0.1").StartProcess("p");
  std::optional<io::ChildExit> first, second;
  process.SetSpawnHandler([](const std::vector<std::string>& argv) {
    return SpawnOutcome{.exit_code = argv.size() > 1 ? 3 : 0, .after = 20ms};
  });
  const auto child = process.io().Spawn({"notify", "now"}, [&](io::ChildExit e) { first = e; });
  const auto killed = process.io().Spawn({"slow"}, [&](io::ChildExit e) { second = e; });
  (*killed)->Kill(9);
  CHECK(world.RunUntil([&] { return first && second; }, 1s));
  CHECK(first->exit_code == 3);
  CHECK(second->signal == 9);
  CHECK(process.spawned().front() == std::vector<std::string>{"notify", "now"});
}

TEST_CASE("world process: the wall clock jumps without moving the monotonic one") {
  World world(8);
  Host& host = world.AddHost("10.0.0.1");
  io::Io& io = host.StartProcess("p").io();
  const base::Instant before = io.Now();
  const int64_t wall = io.WallNow().ms;
  host.JumpWallClock(-24h);
  CHECK(io.Now() == before);
  CHECK(io.WallNow().ms == wall - 24 * 3'600'000);
}
