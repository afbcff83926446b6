#include "sentinel/runtime/script_queue.h"

#include <signal.h>

#include "tests/unit/sentinel/runtime/fake_io.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::runtime {
namespace {

struct Fixture {
  FakeIo io;
  core::Timings timings;
  std::vector<std::string> news;
  ScriptQueue queue{io, [this]() -> const core::Timings& { return timings; },
                    [this](ScriptNews kind, std::string_view name, std::string payload) {
                      if (kind == ScriptNews::kFailed || kind == ScriptNews::kTimedOut)
                        news.push_back(std::string(name) + " " + payload);
                    }};

  void Add(std::vector<std::string> argv) {
    queue.Add(std::move(argv));
    io.Advance({});
  }
};

TEST_CASE("scripts: run with their arguments, and leave the queue when they succeed") {
  Fixture f;
  f.Add({"/x", "+sdown", "master a"});
  REQUIRE(f.io.children.size() == 1);
  CHECK(f.io.children[0]->argv == std::vector<std::string>{"/x", "+sdown", "master a"});
  REQUIRE(f.queue.View().size() == 1);
  CHECK(f.queue.View()[0].running);
  f.io.End(0, {.exit_code = 0, .signal = 0});
  CHECK(f.queue.View().empty());
  CHECK(f.news.empty());
}

TEST_CASE("scripts: exit 1 is run again after a delay that doubles, ten times at most") {
  Fixture f;
  f.Add({"/x"});
  base::Duration delay = std::chrono::seconds(30);
  for (size_t run = 0; run < 10; ++run) {
    REQUIRE(f.io.children.size() == run + 1);
    f.io.End(run, {.exit_code = 1, .signal = 0});
    if (run == 9) break;
    f.io.Advance(delay - std::chrono::milliseconds(1));
    CHECK(f.io.children.size() == run + 1);
    f.io.Advance(std::chrono::milliseconds(1));
    delay *= 2;
  }
  CHECK(f.queue.View().empty());
  CHECK(f.news == std::vector<std::string>{"-script-error /x 0 1"});
}

TEST_CASE("scripts: exit 2 and more, and what cannot be run, is dropped at once") {
  Fixture f;
  f.Add({"/x"});
  f.io.End(0, {.exit_code = 3, .signal = 0});
  f.io.can_spawn = false;
  f.Add({"/y"});
  CHECK(f.queue.View().empty());
  CHECK(f.news == std::vector<std::string>{"-script-error /x 0 3", "-script-error /y 0 2"});
}

TEST_CASE("scripts: sixteen run at a time, in order") {
  Fixture f;
  for (int i = 0; i < 20; ++i) f.Add({"/x", std::to_string(i)});
  CHECK(f.io.children.size() == 16);
  f.io.End(3, {.exit_code = 0, .signal = 0});
  REQUIRE(f.io.children.size() == 17);
  CHECK(f.io.children[16]->argv[1] == "16");
}

TEST_CASE("scripts: a full queue drops the oldest that waits") {
  Fixture f;
  for (size_t i = 0; i < kMaxQueuedScripts + 1; ++i) f.Add({"/x", std::to_string(i)});
  const auto view = f.queue.View();
  CHECK(view.size() == kMaxQueuedScripts);
  CHECK(view[15].argv[1] == "15");  // runs
  CHECK(view[16].argv[1] == "17");
}

TEST_CASE("scripts: one that takes too long is killed, and run again") {
  Fixture f;
  f.Add({"/x"});
  f.io.Advance(std::chrono::seconds(59));
  CHECK(f.io.children[0]->killed_by == 0);
  f.io.Advance(std::chrono::seconds(1));
  CHECK(f.io.children[0]->killed_by == SIGKILL);
  CHECK(f.news == std::vector<std::string>{"-script-timeout /x 101"});
  f.io.End(0, {.exit_code = 0, .signal = SIGKILL});
  CHECK_FALSE(f.queue.View()[0].running);
  f.io.Advance(std::chrono::seconds(30));
  CHECK(f.io.children.size() == 2);
}

}  // namespace
}  // namespace quorate::sentinel::runtime
