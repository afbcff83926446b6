#include "server/store/expiry.h"

#include <string>

#include <doctest/doctest.h>

using namespace quorate::server::store;
using quorate::base::Random;
using quorate::base::WallTime;

namespace {

void Fill(Keyspace& keyspace, int keys, int64_t expire_at_ms) {
  for (int i = 0; i < keys; ++i)
    keyspace.SetInteger(keyspace.Prepare(std::to_string(expire_at_ms) + ":" + std::to_string(i)), i,
                        expire_at_ms == kNoExpiry ? ExpiryChange::Clear()
                                                  : ExpiryChange::At(WallTime{expire_at_ms}));
}

}  // namespace

TEST_CASE("expiry: calls repeated while it pays leave only a few expired keys, and no others go") {
  const Hasher hasher(Random(1));
  Databases databases(hasher);
  for (const size_t database : {0, 7, 15}) {
    Fill(databases[database], 4000, 1000);
    Fill(databases[database], 4000, 9000);
    Fill(databases[database], 1000, kNoExpiry);
  }
  ExpiryCycle cycle;
  const WallTime now{5000};
  size_t reported = 0;
  const auto expire = [&](size_t database, Record* record) {
    REQUIRE(record->ExpiredAt(now));
    REQUIRE(databases[database].Delete(databases[database].Prepare(record->key())));
    ++reported;
  };
  size_t expired = 0;
  for (int i = 0; i < 1000; ++i) expired += cycle.Run(databases, now, 200, expire).expired;
  CHECK(expired == reported);
  CHECK(expired == 12000);
  CHECK(databases.TotalKeys() == 15000);
  CHECK(databases.TotalExpires() == 12000);
  databases[7].keys().CheckInvariants();
  // Alive keys have 4 s to go.
  CHECK(databases[7].average_ttl_ms() == doctest::Approx(4000).epsilon(0.05));
}

TEST_CASE("expiry: a call keeps to its budget and says whether another pays") {
  const Hasher hasher(Random(2));
  Databases databases(hasher);
  Fill(databases[3], 10000, 1000);
  ExpiryCycle cycle;
  const auto expire = [&](size_t database, Record* record) {
    databases[database].Delete(databases[database].Prepare(record->key()));
  };
  const ExpirySummary first = cycle.Run(databases, {2000}, 100, expire);
  CHECK(first.sampled >= 100);
  CHECK(first.sampled < 100 + 2 * Table::Group::kMax);
  CHECK(first.expired == first.sampled);
  CHECK(first.more);
  CHECK_FALSE(cycle.Run(databases, {2000}, 1000000, expire).more);
  CHECK(databases.TotalKeys() == 0);
  CHECK_FALSE(cycle.Run(databases, {2000}, 100, expire).more);
}

TEST_CASE("expiry: nothing is reported while nothing is expired, at little cost") {
  const Hasher hasher(Random(3));
  Databases databases(hasher);
  Fill(databases[0], 10000, 1000);
  ExpiryCycle cycle;
  const ExpirySummary summary =
      cycle.Run(databases, {1000}, 100000, [](size_t, Record*) { FAIL("none is expired"); });
  CHECK(summary.sampled >= ExpiryCycle::kKeysPerRound);
  CHECK(summary.sampled < ExpiryCycle::kKeysPerRound + Table::Group::kMax);
  CHECK_FALSE(summary.more);
}

TEST_CASE("expiry: no database starves another") {
  const Hasher hasher(Random(4));
  Databases databases(hasher);
  Fill(databases[0], 50000, 1000);
  Fill(databases[1], 100, 1000);
  ExpiryCycle cycle;
  for (int i = 0; i < 40; ++i)
    cycle.Run(databases, {2000}, 50, [&](size_t database, Record* record) {
      databases[database].Delete(databases[database].Prepare(record->key()));
    });
  CHECK(databases[0].size() != 0);
  CHECK(databases[1].size() == 0);
}
