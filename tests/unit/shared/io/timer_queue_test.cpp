#include "shared/io/timer_queue.h"

#include <string>

#include <doctest/doctest.h>

using namespace quorate;
using namespace std::chrono_literals;

TEST_CASE("timer queue: fires what is due, in order of instants and then of arming, once") {
  io::TimerQueue queue;
  std::string order;
  const auto a = queue.Create([&] { order += 'a'; });
  const auto b = queue.Create([&] { order += 'b'; });
  const auto c = queue.Create([&] { order += 'c'; });
  const base::Instant t = base::Instant(1s);
  a->StartAt(t + 2ms);
  b->StartAt(t + 1ms);
  c->StartAt(t + 1ms);
  CHECK(queue.Next() == t + 1ms);
  queue.FireDue(t);
  CHECK(order.empty());
  queue.FireDue(t + 1ms);
  CHECK(order == "bc");
  CHECK_FALSE(b->armed());
  CHECK(a->armed());
  queue.FireDue(t + 1h);
  queue.FireDue(t + 2h);
  CHECK(order == "bca");
  CHECK_FALSE(queue.Next().has_value());
}

TEST_CASE("timer queue: starting again moves a timer, stopping and destroying forget it") {
  io::TimerQueue queue;
  int fired = 0;
  const auto moved = queue.Create([&] { ++fired; });
  const auto stopped = queue.Create([&] { fired += 100; });
  auto destroyed = queue.Create([&] { fired += 100; });
  for (io::Timer* timer : {moved.get(), stopped.get(), destroyed.get()})
    timer->StartAt(base::Instant(1s));
  moved->StartAt(base::Instant(2s));
  stopped->Stop();
  destroyed.reset();
  queue.FireDue(base::Instant(1s));
  CHECK(fired == 0);
  queue.FireDue(base::Instant(2s));
  CHECK(fired == 1);
}

TEST_CASE(
    "timer queue: a timer armed during a pass waits for the next; one stopped during it does not "
    "fire") {
  io::TimerQueue queue;
  int fired = 0;
  std::unique_ptr<io::Timer> again, victim;
  again = queue.Create([&] {
    ++fired;
    again->StartAt(base::Instant{});
    victim->Stop();
  });
  victim = queue.Create([&] { fired += 100; });
  again->StartAt(base::Instant(1s));
  victim->StartAt(base::Instant(1s));
  queue.FireDue(base::Instant(1s));
  CHECK(fired == 1);
  queue.FireDue(base::Instant(1s));
  CHECK(fired == 2);
}

TEST_CASE("timer queue: a timer may destroy itself while it fires") {
  io::TimerQueue queue;
  std::unique_ptr<io::Timer> timer;
  std::string text(100, 'x');
  std::string seen;
  timer = queue.Create([&timer, &seen, text] {
    timer.reset();
    seen = text;  // the callback's own state is still there
  });
  timer->StartAt(base::Instant(1s));
  queue.FireDue(base::Instant(1s));
  CHECK(seen == text);
}
