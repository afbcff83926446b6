#include "shared/base/ids.h"

#include <doctest/doctest.h>

#include "shared/base/random.h"

using namespace quorate::base;

TEST_CASE("ids: 40 hexadecimal digits, lowered, nothing else") {
  Random random(1);
  const RunId id = RunId::Generate(random);
  CHECK(RunId::Parse(id.view()) == id);
  CHECK_FALSE(RunId::Parse("abc").has_value());
  CHECK_FALSE(RunId::Parse(std::string(39, 'a') + "g").has_value());
  CHECK(RunId::Parse(std::string(40, 'A'))->view() == std::string(40, 'a'));
  CHECK(ReplicationId().IsZero());
}

TEST_CASE("ids: an endpoint prints IPv6 in brackets") {
  CHECK(Endpoint{"127.0.0.1", 6379}.ToString() == "127.0.0.1:6379");
  CHECK(Endpoint{"::1", 6379}.ToString() == "[::1]:6379");
}

TEST_CASE("ids: epochs saturate") { CHECK(Epoch(UINT64_MAX).Next() == Epoch(UINT64_MAX)); }
