#include "server/store/eviction.h"

#include <set>
#include <string>

#include <doctest/doctest.h>

using namespace quorate::server::store;
using quorate::base::Random;
using quorate::base::WallTime;

namespace {

constexpr WallTime kNow{1'000'000'000};

struct World {
  Hasher hasher{Random(1)};
  Databases databases{hasher, 4};
  Random random{2};
  Evictor evictor;
  EvictionSettings settings;

  explicit World(EvictionPolicy policy) { settings.policy = policy; }
  Record* Add(size_t database, int n, ExpiryChange expiry = ExpiryChange::Clear()) {
    Keyspace& keyspace = databases[database];
    return keyspace.SetInteger(keyspace.Prepare("k" + std::to_string(n)), n, expiry);
  }
  std::optional<Victim> Pick() { return evictor.PickVictim(databases, settings, kNow, random); }
  // Evicts `count` keys and returns their numbers' mean.
  double EvictMean(int count) {
    double sum = 0;
    for (int i = 0; i < count; ++i) {
      const auto victim = Pick();
      REQUIRE(victim.has_value());
      sum += static_cast<double>(victim->record->integer());
      Keyspace& keyspace = databases[victim->database];
      REQUIRE(keyspace.Delete(keyspace.Prepare(victim->record->key())));
    }
    return sum / count;
  }
};

}  // namespace

TEST_CASE("eviction: policies by name") {
  for (const auto& [name, policy] : kEvictionPolicies)
    CHECK(PolicyName(policy) == std::string(name));
}

TEST_CASE("eviction: noeviction takes nothing") {
  World world(EvictionPolicy::kNoEviction);
  world.Add(0, 1);
  CHECK_FALSE(world.Pick().has_value());
}

TEST_CASE("eviction: volatile policies take nothing without an expiry, the others anything") {
  for (const EvictionPolicy policy :
       {EvictionPolicy::kVolatileLru, EvictionPolicy::kVolatileLfu, EvictionPolicy::kVolatileRandom,
        EvictionPolicy::kVolatileTtl}) {
    World world(policy);
    CAPTURE(PolicyName(policy));
    CHECK_FALSE(world.Pick().has_value());
    for (int i = 0; i < 100; ++i) world.Add(1, i);
    CHECK_FALSE(world.Pick().has_value());
    Record* only = world.Add(2, 1000, ExpiryChange::At({kNow.ms + 5000}));
    REQUIRE(world.Pick().has_value());
    const auto victim = world.Pick();
    REQUIRE(victim.has_value());
    CHECK(victim->record == only);
    CHECK(victim->database == 2);
  }
  for (const EvictionPolicy policy :
       {EvictionPolicy::kAllKeysLru, EvictionPolicy::kAllKeysLfu, EvictionPolicy::kAllKeysRandom}) {
    World world(policy);
    CHECK_FALSE(world.Pick().has_value());
    world.Add(3, 5);
    CHECK(world.Pick().has_value());
    CHECK(world.EvictMean(1) == 5);
    CHECK_FALSE(world.Pick().has_value());
  }
}

TEST_CASE("eviction: LRU takes old keys, LFU rare ones, TTL those that end soon, random any") {
  constexpr int kKeys = 4000;
  const auto mean_of_evicted = [](EvictionPolicy policy) {
    World world(policy);
    for (int i = 0; i < kKeys; ++i) {
      const size_t database = static_cast<size_t>(i % 3);
      // The higher the number, the younger, the more used, the longer to live.
      Record* record = world.Add(database, i, ExpiryChange::At({kNow.ms + i * 1000}));
      record->set_access(UsesLfu(policy) ? (LfuInitialBits(kNow) & ~0xffu) |
                                               static_cast<uint32_t>(i * 255 / kKeys)
                                         : LruBits({kNow.ms - (kKeys - i) * 1000}));
    }
    return world.EvictMean(kKeys / 4);
  };
  // A perfect choice of the lowest quarter has the mean 500, a blind one 2000.
  for (const EvictionPolicy policy :
       {EvictionPolicy::kAllKeysLru, EvictionPolicy::kVolatileLru, EvictionPolicy::kAllKeysLfu,
        EvictionPolicy::kVolatileLfu, EvictionPolicy::kVolatileTtl}) {
    CAPTURE(PolicyName(policy));
    CHECK(mean_of_evicted(policy) < 800);
  }
  for (const EvictionPolicy policy :
       {EvictionPolicy::kAllKeysRandom, EvictionPolicy::kVolatileRandom}) {
    CAPTURE(PolicyName(policy));
    CHECK(mean_of_evicted(policy) == doctest::Approx(2000).epsilon(0.05));
  }
}

TEST_CASE("eviction: candidates that have gone meanwhile are not chosen") {
  World world(EvictionPolicy::kAllKeysLru);
  for (int i = 0; i < 200; ++i) world.Add(0, i)->set_access(LruBits({kNow.ms - 1000000}));
  REQUIRE(world.Pick().has_value());  // fills the pool
  CHECK(world.databases.Clear().size() == 1);
  CHECK_FALSE(world.Pick().has_value());
  Record* fresh = world.Add(0, 1000);
  const auto victim = world.Pick();
  REQUIRE(victim.has_value());
  CHECK(victim->record == fresh);
}
