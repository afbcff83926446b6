#include "sentinel/config/history_file.h"

#include "tests/unit/sentinel/config/samples.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::config {
namespace {

HistoryEntry Led() {
  HistoryEntry entry;
  entry.at.ms = 1'700'000'000'123;
  entry.attempts = 3;
  entry.failover = {"cache \"1\"",
                    base::Epoch(7),
                    true,
                    core::Cause::kDeath,
                    "done",
                    Id('a'),
                    {"10.0.0.1", 6379},
                    base::Endpoint{"fe80::1", 6380},
                    {"connection broken", "seen down by \xff"},
                    {Id('a'), Id('b')},
                    2,
                    {{"election", std::chrono::microseconds(1500)}, {"commit", {}}},
                    std::chrono::milliseconds(12),
                    40};
  entry.discarded = {{{"10.0.0.1", 6379}, "abc-1-2", 3, 99}};
  return entry;
}

HistoryEntry Observed() {
  HistoryEntry entry;
  entry.failover.group = "store";
  entry.failover.outcome = "observed";
  entry.failover.from = {"h", 1};
  return entry;
}

TEST_CASE("history file: what is written is read again") {
  HistoryEntry led = Led();
  const History read = ReadHistory(WriteHistory({led, Observed()}));
  CHECK(read.damaged_lines == 0);
  REQUIRE(read.entries.size() == 2);
  led.failover.evidence[1] = "seen down by \xEF\xBF\xBD";  // it is text for people: bytes go
  CHECK(read.entries[0] == led);
  CHECK(read.entries[1] == Observed());
}

TEST_CASE("history file: damaged lines are skipped and counted, whatever they hold") {
  const std::string good = WriteHistory({Led()});
  for (const std::string& bad :
       {std::string("{"), std::string("[]"), std::string("\0\0", 2), std::string("{\"at\":1}"),
        good.substr(0, good.size() / 2), std::string("{\"at\":\"x\"}")}) {
    const History read = ReadHistory(bad + "\n" + good + bad);
    CHECK(read.damaged_lines == 2);
    CHECK(read.entries.size() == 1);
  }
  for (size_t i = 0; i < good.size(); ++i) {
    std::string flipped = good;
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    ReadHistory(flipped);
  }
  CHECK(ReadHistory("").entries.empty());
}

}  // namespace
}  // namespace quorate::sentinel::config
