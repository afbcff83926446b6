#include "sentinel/core/deadlines.h"

#include <doctest/doctest.h>

#include <chrono>
#include <vector>

using quorate::base::Instant;
using quorate::sentinel::core::Deadlines;

namespace {

Instant At(int ms) { return Instant(std::chrono::milliseconds(ms)); }

std::vector<std::string> Due(const Deadlines& deadlines, int ms) {
  std::vector<std::string> due;
  deadlines.VisitDue(At(ms), [&](const std::string& group) { due.push_back(group); });
  return due;
}

}  // namespace

TEST_CASE("deadlines: without groups there is nothing to wait for") {
  const Deadlines deadlines;
  CHECK(deadlines.earliest() == Instant::max());
  CHECK(Due(deadlines, 1000).empty());
}

TEST_CASE("deadlines: the earliest comes first, whatever the order of setting") {
  Deadlines deadlines;
  deadlines.Set("a", At(30));
  deadlines.Set("b", At(10));
  deadlines.Set("c", At(20));
  CHECK(deadlines.earliest() == At(10));
  CHECK(Due(deadlines, 9).empty());
  CHECK(Due(deadlines, 20) == std::vector<std::string>{"b", "c"});
}

TEST_CASE("deadlines: a group has one, the last that was set") {
  Deadlines deadlines;
  deadlines.Set("a", At(10));
  deadlines.Set("a", At(30));
  CHECK(deadlines.earliest() == At(30));
  CHECK(Due(deadlines, 29).empty());
  deadlines.Set("a", At(5));
  CHECK(Due(deadlines, 100) == std::vector<std::string>{"a"});
  deadlines.Set("a", Instant::max());
  CHECK(deadlines.earliest() == Instant::max());
}

TEST_CASE("deadlines: groups at the same time are told apart, and one that is forgotten is gone") {
  Deadlines deadlines;
  deadlines.Set("a", At(10));
  deadlines.Set("b", At(10));
  CHECK(Due(deadlines, 10).size() == 2);
  deadlines.Forget("a");
  deadlines.Forget("a");
  CHECK(Due(deadlines, 10) == std::vector<std::string>{"b"});
  deadlines.Forget("b");
  CHECK(deadlines.earliest() == Instant::max());
}
