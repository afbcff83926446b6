#include "tests/simulation/deployment/difference.h"

#include <doctest/doctest.h>

using namespace quorate::server::store;
using quorate::base::Random;
using quorate::base::WallTime;
using quorate::simulation::FindDifference;

namespace {

// Two datasets, as two servers hold them: their tables are laid out differently.
struct Pair {
  Pair() {
    for (Databases* databases : {&one, &other})
      for (int i = 0; i < 1000; ++i) Set((*databases)[i % 3], "key" + std::to_string(i), "value");
  }
  static void Set(Keyspace& keyspace, std::string_view key, std::string_view value,
                  ExpiryChange expiry = ExpiryChange::Clear()) {
    keyspace.SetString(keyspace.Prepare(key), value, expiry);
  }
  // The same from either side.
  void DifferBy(const std::string& what) const {
    CHECK(FindDifference(one, other) == what);
    CHECK(FindDifference(other, one) == what);
  }

  const Hasher one_hasher{Random(1)};
  const Hasher other_hasher{Random(2)};
  Databases one{one_hasher};
  Databases other{other_hasher};
};

}  // namespace

TEST_CASE("difference: none between equal data in different tables") {
  const Pair pair;
  CHECK_FALSE(FindDifference(pair.one, pair.other).has_value());
}

TEST_CASE("difference: an integer is the same however it is held") {
  Pair pair;
  Pair::Set(pair.one[0], "n", "12345");
  pair.other[0].SetInteger(pair.other[0].Prepare("n"), 12345, ExpiryChange::Clear());
  CHECK_FALSE(FindDifference(pair.one, pair.other).has_value());
}

TEST_CASE("difference: a key that only one has is named, whichever it is") {
  Pair pair;
  Pair::Set(pair.other[15], "extra", "");
  pair.DifferBy("only one has extra in database 15");
}

TEST_CASE("difference: another value is named") {
  Pair pair;
  Pair::Set(pair.one[1], "key1", "Value");
  pair.DifferBy("key1 has not the same value in database 1");
}

TEST_CASE("difference: another time of expiry is named") {
  Pair pair;
  Pair::Set(pair.one[2], "key2", "value", ExpiryChange::At(WallTime{4102444800000}));
  pair.DifferBy("key2 does not expire at the same time in database 2");
  Pair::Set(pair.other[2], "key2", "value", ExpiryChange::At(WallTime{4102444800001}));
  pair.DifferBy("key2 does not expire at the same time in database 2");
}
