#include "scripts/ops/process.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <string>

#include <doctest/doctest.h>

namespace quorate::ops {

TEST_CASE("process: a pid file is read back, and rubbish is not") {
  const ProcessId id{4711, 123456, "boot"};
  const auto parsed = ParseProcessId(FormatProcessId(id));
  REQUIRE(parsed.has_value());
  CHECK(*parsed == id);
  CHECK_FALSE(ParseProcessId("").has_value());
  CHECK_FALSE(ParseProcessId("4711").has_value());
  CHECK_FALSE(ParseProcessId("-1 5 boot").has_value());
  CHECK_FALSE(ParseProcessId("1 5 boot").has_value());
  CHECK_FALSE(ParseProcessId("4711 5 boot more").has_value());
}

TEST_CASE("process: only the process with the remembered start time counts as ours") {
  const auto started = StartDetached({"sleep", "1000"}, "/dev/null");
  REQUIRE(started.ok());
  CHECK(IsAlive(*started));
  ProcessId other_start = *started;
  ++other_start.start_ticks;
  CHECK_FALSE(IsAlive(other_start));
  CHECK_FALSE(SignalProcess(other_start, SIGKILL).ok());
  ProcessId other_boot = *started;
  other_boot.boot = "another";
  CHECK_FALSE(SignalProcess(other_boot, SIGKILL).ok());
  CHECK(IsAlive(*started));
  CHECK(StopProcess(*started).ok());
  CHECK_FALSE(IsAlive(*started));
  CHECK_FALSE(SignalProcess(*started, SIGTERM).ok());
}

TEST_CASE("process: a stopped process is ended too") {
  const auto started = StartDetached({"sleep", "1000"}, "/dev/null");
  REQUIRE(started.ok());
  REQUIRE(SignalProcess(*started, SIGSTOP).ok());
  CHECK(StopProcess(*started).ok());
  CHECK(WaitForDeath(*started, 0));
}

TEST_CASE("process: a program that is not there is an error with its name") {
  const auto started = StartDetached({"/no/such/program"}, "/dev/null");
  REQUIRE_FALSE(started.ok());
  CHECK(started.error().message ==
        "/no/such/program: cannot be started: No such file or directory");
}

}  // namespace quorate::ops
