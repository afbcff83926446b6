#include <csignal>
#include <thread>

#include "tests/unit/shared/uv/uv_fixture.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace std::chrono_literals;
using uv::kTestLimit;

TEST_CASE("uv loop: a timer never fires before its instant and fires once per start") {
  uv::LoopIo io;
  for (const auto delay : {0us, 300us, 1500us, 7000us}) {
    int fired = 0;
    base::Instant fired_at{};
    const auto timer = io.CreateTimer([&] {
      ++fired;
      fired_at = io.Now();
    });
    const base::Instant when = io.Now() + delay;
    timer->StartAt(when);
    CHECK(timer->armed());
    CHECK(io.RunUntil([&] { return fired > 0; }, kTestLimit));
    CHECK(fired_at >= when);
    CHECK(io.Now() - when < 5s);  // nothing else woke the loop
    CHECK_FALSE(timer->armed());
    CHECK_FALSE(io.RunUntil([&] { return fired > 1; }, 3ms));
  }
}

TEST_CASE("uv loop: timers fire in the order of their instants, then of their arming") {
  uv::LoopIo io;
  std::string order;
  const auto a = io.CreateTimer([&] { order += 'a'; });
  const auto b = io.CreateTimer([&] { order += 'b'; });
  const auto c = io.CreateTimer([&] { order += 'c'; });
  const base::Instant when = io.Now() + 2ms;
  b->StartAt(when);
  a->StartAt(when + 1ms);
  c->StartAt(when);
  CHECK(io.RunUntil([&] { return order.size() == 3; }, kTestLimit));
  CHECK(order == "bca");
}

TEST_CASE(
    "uv loop: a timer may be stopped, restarted and destroyed, also by itself and by its "
    "neighbour") {
  uv::LoopIo io;
  int fired = 0;
  std::unique_ptr<io::Timer> self, victim;
  self = io.CreateTimer([&] {
    ++fired;
    victim.reset();
    self.reset();
  });
  victim = io.CreateTimer([&] { fired += 100; });
  const base::Instant when = io.Now();
  self->StartAt(when);
  victim->StartAt(when);
  CHECK(io.RunUntil([&] { return fired > 0; }, kTestLimit));
  const auto stopped = io.CreateTimer([&] { fired += 1000; });
  stopped->StartAt(io.Now());
  stopped->Stop();
  io.RunUntil([] { return false; }, 3ms);
  CHECK(fired == 1);
}

TEST_CASE("uv loop: a timer that restarts itself for the past does not starve the loop") {
  uv::LoopIo io;
  int fired = 0;
  std::unique_ptr<io::Timer> timer = io.CreateTimer([&] {
    ++fired;
    timer->StartAt(base::Instant{});
  });
  timer->StartAt(base::Instant{});
  bool deferred_ran = false;
  io.Defer([&] { deferred_ran = true; });
  CHECK(io.RunUntil([&] { return deferred_ran && fired > 5; }, kTestLimit));
}

TEST_CASE(
    "uv loop: deferred tasks run after the callback that deferred them, the hook ends the turn") {
  uv::LoopIo io;
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
  timer->StartAt(io.Now());
  CHECK(io.RunUntil([&] { return order.find('e') != std::string::npos && order.back() == 'H'; },
                    kTestLimit));
  CHECK(order == "tdHeH");
  io.SetEndOfTurn({});
}

TEST_CASE("uv loop: with a pace, turns are that far apart at least") {
  uv::LoopIo io;
  int turns = 0;
  io.SetEndOfTurn([&] { ++turns; });
  int fired = 0;
  std::unique_ptr<io::Timer> timer;
  timer = io.CreateTimer([&] {
    ++fired;
    timer->StartAt(io.Now() + 100us);
  });
  timer->StartAt(io.Now());
  io.SetPace(5ms);
  const base::Instant began = io.Now();
  CHECK(io.RunUntil([&] { return fired >= 20; }, kTestLimit));
  CHECK(io.Now() - began >= 18 * 5ms);
  CHECK(turns >= 20);
  io.SetEndOfTurn({});
}

TEST_CASE("uv loop: offloaded work runs on another thread and reports on the loop") {
  uv::LoopIo io;
  const auto loop_thread = std::this_thread::get_id();
  std::thread::id work_thread, done_thread;
  io.Offload([&] { work_thread = std::this_thread::get_id(); },
             [&] { done_thread = std::this_thread::get_id(); });
  CHECK(io.RunUntil([&] { return done_thread != std::thread::id(); }, kTestLimit));
  CHECK(done_thread == loop_thread);
  CHECK(work_thread != loop_thread);
}

TEST_CASE("uv loop: work in flight at destruction is waited for and not reported") {
  bool worked = false, reported = false;
  {
    uv::LoopIo io;
    io.Offload([&] { worked = true; }, [&] { reported = true; });
  }
  CHECK(worked);
  CHECK_FALSE(reported);
}

TEST_CASE("uv loop: Stop ends Run after the turn is finished, and Run can be called again") {
  uv::LoopIo io;
  int hooks = 0;
  io.SetEndOfTurn([&] { ++hooks; });
  for (int round = 0; round < 2; ++round) {
    const auto timer = io.CreateTimer([&] { io.Stop(); });
    timer->StartAt(io.Now() + 1ms);
    const int before = hooks;
    io.Run();
    CHECK(hooks > before);
  }
}

TEST_CASE("uv loop: a watched signal calls back instead of killing") {
  uv::LoopIo io;
  int caught = 0;
  io.WatchSignal(SIGTERM, [&] { ++caught; });
  std::raise(SIGTERM);
  CHECK(io.RunUntil([&] { return caught == 1; }, kTestLimit));
  io.WatchSignal(SIGTERM, [&] { caught += 10; });
  std::raise(SIGTERM);
  CHECK(io.RunUntil([&] { return caught == 11; }, kTestLimit));
}

TEST_CASE("uv loop: seeds differ and wall time is this century's") {
  uv::LoopIo io;
  CHECK(io.RandomSeed() != io.RandomSeed());
  CHECK(io.WallNow().ms > 1'600'000'000'000);
}
