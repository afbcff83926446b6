#include "server/engine/latency_monitor.h"

#include <doctest/doctest.h>

using quorate::server::engine::LatencyMonitor;

TEST_CASE("latency monitor: records from the threshold on, the largest of a second") {
  LatencyMonitor monitor;
  monitor.Record("command", {5000}, 9, 10);
  CHECK(monitor.events().empty());
  monitor.Record("command", {5000}, 10, 10);
  monitor.Record("command", {5900}, 30, 10);
  monitor.Record("command", {6000}, 20, 10);
  const auto& event = monitor.events().at("command");
  CHECK(event.max_milliseconds == 30);
  CHECK(event.samples.size() == 2);
  CHECK(event.samples[0].milliseconds == 30);
  CHECK(event.samples[1].unix_seconds == 6);
}

TEST_CASE("latency monitor: a zero threshold records nothing; reset forgets") {
  LatencyMonitor monitor;
  monitor.Record("command", {5000}, 1000, 0);
  CHECK(monitor.events().empty());
  for (int second = 0; second < 500; ++second) monitor.Record("fork", {second * 1000}, 1, 1);
  CHECK(monitor.events().at("fork").samples.size() == LatencyMonitor::kHistory);
  CHECK(monitor.Reset("fork"));
  CHECK_FALSE(monitor.Reset("fork"));
}
