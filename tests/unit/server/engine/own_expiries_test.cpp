#include "server/engine/own_expiries.h"

#include <string>

#include <doctest/doctest.h>

using quorate::base::WallTime;
using quorate::server::engine::OwnExpiries;

namespace {

std::string Due(OwnExpiries& keys, int64_t now, size_t limit = 100) {
  std::string out;
  keys.TakeDue(WallTime{now}, limit, [&](int db, const std::string& key) {
    out += std::to_string(db) + ":" + key + " ";
  });
  return out;
}

}  // namespace

TEST_CASE("own expiries: due ones come once, earliest first, within the limit") {
  OwnExpiries keys;
  keys.Remember(0, "c", 30);
  keys.Remember(1, "a", 10);
  keys.Remember(0, "b", 20);
  CHECK(Due(keys, 10) == "");
  CHECK(Due(keys, 25) == "1:a 0:b ");
  CHECK(Due(keys, 25) == "");
  keys.Remember(2, "d", 5);
  CHECK(Due(keys, 100, 1) == "2:d ");
  CHECK(Due(keys, 100, 1) == "0:c ");
  CHECK(keys.size() == 0);
}

TEST_CASE("own expiries: a new time replaces the old one") {
  OwnExpiries keys;
  keys.Remember(0, "k", 10);
  keys.Remember(0, "k", 50);
  CHECK(Due(keys, 20) == "");
  keys.Remember(0, "k", 5);
  CHECK(keys.size() == 1);
  CHECK(Due(keys, 20) == "0:k ");
  keys.Remember(0, "k", 5);
  keys.Clear();
  CHECK(Due(keys, 20) == "");
}
