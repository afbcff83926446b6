#include "sentinel/core/events.h"

#include <set>
#include <string>

#include <doctest/doctest.h>

namespace quorate::sentinel::core {
namespace {

TEST_CASE("events: names are distinct and begin with + or -") {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(EventType::kDuplicateMyidGone); ++i) {
    const EventRow& row = Row(static_cast<EventType>(i));
    CHECK((row.name[0] == '+' || row.name[0] == '-'));
    CHECK(names.insert(row.name).second);
  }
}

TEST_CASE("events: instances are described as Redis does") {
  const base::Endpoint primary{"10.0.0.1", 6379};
  const auto id = *base::RunId::Parse(std::string(40, 'c'));
  CHECK(DescribePrimary("m", primary) == "master m 10.0.0.1 6379");
  CHECK(DescribeReplica({"::1", 6380}, "m", primary) ==
        "slave [::1]:6380 ::1 6380 @ m 10.0.0.1 6379");
  CHECK(DescribePeer(id, {"10.0.0.9", 26379}, "m", primary) ==
        "sentinel " + id.ToString() + " 10.0.0.9 26379 @ m 10.0.0.1 6379");
  CHECK(DescribeSwitch("m", primary, {"10.0.0.2", 6380}) == "m 10.0.0.1 6379 10.0.0.2 6380");
}

TEST_CASE("events: levels are Redis'") {
  CHECK(Row(EventType::kSwitchMaster).level == EventLevel::kWarning);
  CHECK(Row(EventType::kSlave).level == EventLevel::kNotice);
  CHECK(Row(EventType::kRoleChange).level == EventLevel::kVerbose);
  CHECK(Row(EventType::kCommandLinkReconnection).level == EventLevel::kDebug);
}

}  // namespace
}  // namespace quorate::sentinel::core
