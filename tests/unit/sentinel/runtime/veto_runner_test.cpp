#include "sentinel/runtime/veto_runner.h"

#include <signal.h>

#include "tests/unit/sentinel/runtime/fake_io.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::runtime {
namespace {

using core::Verdict;
using std::chrono::milliseconds;

struct Fixture {
  FakeIo io;
  std::vector<core::VetoAnswered> answers;
  VetoRunner runner{io, [this](core::VetoAnswered answered) { answers.push_back(answered); }};

  void Ask(uint64_t question) {
    runner.Ask({question, {"/ask", "g"}, milliseconds(500)});
    io.Advance({});
  }
};

TEST_CASE("veto: exit 0 goes on, anything else is a veto, a signal is no verdict") {
  Fixture f;
  f.Ask(1);
  f.Ask(2);
  f.Ask(3);
  REQUIRE(f.io.children.size() == 3);
  CHECK(f.io.children[0]->argv == std::vector<std::string>{"/ask", "g"});
  f.io.End(1, {.exit_code = 3, .signal = 0});
  f.io.End(0, {.exit_code = 0, .signal = 0});
  f.io.End(2, {.exit_code = 0, .signal = SIGTERM});
  REQUIRE(f.answers.size() == 3);
  CHECK(f.answers[0].question == 2);
  CHECK(f.answers[0].verdict == Verdict::kVeto);
  CHECK(f.answers[0].detail == "exit code 3");
  CHECK(f.answers[1].verdict == Verdict::kProceed);
  CHECK(f.answers[2].verdict == Verdict::kNone);
  CHECK(f.answers[2].detail == "killed by signal 15");
}

TEST_CASE("veto: a shell that does not find its tool (127) has not allowed anything") {
  Fixture f;
  f.Ask(1);
  f.io.End(0, {.exit_code = 127, .signal = 0});
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0].verdict == Verdict::kVeto);
  CHECK(f.answers[0].detail == "exit code 127");
}

TEST_CASE("veto: out of time it is killed and gives no verdict, once") {
  Fixture f;
  f.Ask(1);
  f.io.Advance(milliseconds(499));
  CHECK(f.answers.empty());
  f.io.Advance(milliseconds(1));
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0].verdict == Verdict::kNone);
  CHECK(f.answers[0].detail == "timed out");
  CHECK(f.io.children[0]->killed_by == SIGKILL);
  f.io.End(0, {.exit_code = 0, .signal = SIGKILL});
  CHECK(f.answers.size() == 1);
}

TEST_CASE("veto: what cannot be run gives no verdict") {
  Fixture f;
  f.io.can_spawn = false;
  f.Ask(1);
  REQUIRE(f.answers.size() == 1);
  CHECK(f.answers[0].verdict == Verdict::kNone);
  CHECK(f.answers[0].detail == "not runnable");
}

TEST_CASE("veto: a few run at once, the others wait for a place; their time begins when they run") {
  Fixture f;
  for (uint64_t question = 1; question <= kMaxRunningVetoes + 2; ++question) f.Ask(question);
  CHECK(f.io.children.size() == kMaxRunningVetoes);
  f.io.Advance(milliseconds(400));
  f.io.End(0, {.exit_code = 0, .signal = 0});
  CHECK(f.io.children.size() == kMaxRunningVetoes + 1);
  f.io.Advance(milliseconds(100));
  CHECK(f.answers.size() == kMaxRunningVetoes);
  f.io.End(1, {.exit_code = 0, .signal = SIGKILL});
  CHECK(f.io.children.size() == kMaxRunningVetoes + 2);
  f.io.Advance(milliseconds(500));
  CHECK(f.answers.size() == kMaxRunningVetoes + 2);
}

}  // namespace
}  // namespace quorate::sentinel::runtime
