#include "shared/uv/linger.h"

#include <doctest/doctest.h>

namespace quorate::uv {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

int SleepsUntilNextLinger(Linger& linger) {
  int sleeps = 0;
  while (!linger.Begin()) {
    ++sleeps;
    linger.Woken(microseconds(5));
  }
  return sleeps;
}

TEST_CASE("linger: an idle loop sleeps at once") {
  Linger linger;
  CHECK_FALSE(linger.Begin());
  linger.Woken(milliseconds(3));
  CHECK_FALSE(linger.Begin());
  linger.Woken(Linger::kBusySleep);
  CHECK_FALSE(linger.Begin());
}

TEST_CASE("linger: after a short sleep the loop lingers until a sleep was long") {
  Linger linger;
  linger.Woken(microseconds(8));
  CHECK(linger.Begin());
  linger.End(true);
  CHECK(linger.Begin());
  linger.Woken(milliseconds(1));
  CHECK_FALSE(linger.Begin());
}

TEST_CASE("linger: fruitless waiting is tried ever more rarely, and forgotten by one that helped") {
  Linger linger;
  linger.Woken(microseconds(8));
  REQUIRE(linger.Begin());
  linger.End(false);
  for (int expected = 1; expected <= Linger::kMostSkipped; expected *= 2) {
    CHECK(SleepsUntilNextLinger(linger) == expected);
    linger.End(false);
  }
  CHECK(SleepsUntilNextLinger(linger) == Linger::kMostSkipped);
  linger.End(true);
  CHECK(SleepsUntilNextLinger(linger) == 0);
  linger.End(false);
  CHECK(SleepsUntilNextLinger(linger) == 1);
}

TEST_CASE(
    "linger: gathers after a short turn of a crowd, not for one client or after a long turn") {
  CHECK(Linger::Gathers(Linger::kCrowd, microseconds(10)));
  CHECK_FALSE(Linger::Gathers(Linger::kCrowd - 1, microseconds(10)));
  CHECK_FALSE(Linger::Gathers(50, Linger::kGather));
}

}  // namespace
}  // namespace quorate::uv
