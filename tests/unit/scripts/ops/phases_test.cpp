#include "scripts/ops/phases.h"

#include <doctest/doctest.h>

namespace quorate::ops {
namespace {

using std::chrono::milliseconds;

base::Instant At(int ms) { return base::Instant(milliseconds(ms)); }

// A recorded failover, out of order on purpose.
std::vector<SentinelEvent> KilledPrimary() {
  return {
      {At(50), "s1", "+sdown", "master g 127.0.0.1 6379"},  // before the fault
      {At(1105), "s2", "+sdown", "master g 127.0.0.1 6379"},
      {At(1101), "s1", "+sdown", "master g 127.0.0.1 6379"},
      {At(1102), "s1", "+sdown", "slave 127.0.0.1:6380 127.0.0.1 6380 @ g 127.0.0.1 6379"},
      {At(1120), "s1", "+odown", "master g 127.0.0.1 6379 #quorum 2/2"},
      {At(1121), "s1", "+odown", "master other 127.0.0.1 6379 #quorum 2/2"},
      {At(1130), "s1", "+elected-leader", "master g 127.0.0.1 6379"},
      {At(1160), "s1", "+promoted-slave", "slave 127.0.0.1:6380 127.0.0.1 6380 @ g 127.0.0.1 6379"},
      {At(1200), "s1", "+switch-master", "g 127.0.0.1 6379 127.0.0.1 6380"},
      {At(1180), "s2", "+switch-master", "g 127.0.0.1 6379 127.0.0.1 6380"},
      {At(1190), "s2", "+switch-master", "other 127.0.0.1 6379 127.0.0.1 9999"},
      {At(1210), "s3", "+switch-master", "g 127.0.0.1 6379 127.0.0.1 6380"}};
}

}  // namespace

TEST_CASE("phases: each is measured from the fault to its first event") {
  const Phases phases = MeasurePhases(KilledPrimary(), "g", At(100), 3);
  CHECK(phases.detection == milliseconds(1001));
  CHECK(phases.agreement == milliseconds(1020));
  CHECK(phases.election == milliseconds(1030));
  CHECK(phases.promotion == milliseconds(1060));
  CHECK(phases.new_primary == base::Endpoint{"127.0.0.1", 6380});
}

TEST_CASE("phases: publication ends with the last sentinel, and is open while one is missing") {
  CHECK(MeasurePhases(KilledPrimary(), "g", At(100), 3).publication == milliseconds(1110));
  const Phases open = MeasurePhases(KilledPrimary(), "g", At(100), 4);
  CHECK_FALSE(open.publication.has_value());
  CHECK(open.switched == 3);
}

TEST_CASE("phases: nothing is measured where nothing happened, and rubbish is passed over") {
  const std::vector<SentinelEvent> rubbish = {{At(200), "s1", "+switch-master", "g a b c notaport"},
                                              {At(200), "s1", "+switch-master", ""},
                                              {At(200), "s1", "+odown", "master"}};
  const Phases phases = MeasurePhases(rubbish, "g", At(100), 1);
  CHECK_FALSE(phases.agreement.has_value());
  CHECK_FALSE(phases.new_primary.has_value());
  CHECK(phases.switched == 0);
}

}  // namespace quorate::ops
