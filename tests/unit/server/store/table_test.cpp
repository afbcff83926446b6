#include "server/store/table.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include <doctest/doctest.h>

using namespace quorate::server::store;
using quorate::base::Random;

namespace {

// A table that owns its records.
struct OwnedTable {
  Hasher hasher;
  Table table;

  explicit OwnedTable(uint64_t seed) : hasher(Random(seed)), table(hasher) {}
  ~OwnedTable() {
    table.ForEach([](Record* record) { RecordFactory::Free(record); });
  }
  Lookup Of(std::string_view key) const { return {key, hasher.Hash(key)}; }
  void Add(const std::string& key, int64_t value = 0) {
    table.Insert(RecordFactory::NewInteger(key, value, kNoExpiry), hasher.Hash(key));
  }
  bool Remove(const std::string& key) {
    const Lookup lookup = Of(key);
    const Table::Slot slot = table.Locate(lookup);
    if (!slot) return false;
    RecordFactory::Free(table.Erase(slot, lookup.hash));
    return true;
  }
};

std::string KeyOf(uint64_t n) { return "key:" + std::to_string(n); }

}  // namespace

TEST_CASE("table: an empty one finds nothing and scans nothing") {
  OwnedTable owned(1);
  CHECK(owned.table.Find(owned.Of("a")) == nullptr);
  Table::Group group;
  CHECK(owned.table.Visit(0, group) == 0);
  CHECK(group.size == 0);
  Random random(1);
  CHECK(owned.table.RandomRecord(random) == nullptr);
  CHECK(owned.table.size() == 0);
  owned.table.CheckInvariants();
}

TEST_CASE("table: equals a model under random inserts and erases, through splits and merges") {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    OwnedTable owned(seed);
    std::unordered_map<std::string, int64_t> model;
    // Tides of growth and shrinking over a key range that needs dozens of segments.
    for (int step = 0; step < 120000; ++step) {
      const bool growing = step / 30000 % 2 == 0;
      const std::string key = KeyOf(random.Below(30000));
      const Record* record = owned.table.Find(owned.Of(key));
      const auto expected = model.find(key);
      REQUIRE((record != nullptr) == (expected != model.end()));
      if (record != nullptr) {
        REQUIRE(record->key() == key);
        REQUIRE(record->integer() == expected->second);
      }
      if (random.Chance(growing ? 9 : 1, 10)) {
        if (record != nullptr) continue;
        owned.Add(key, step);
        model.emplace(key, step);
      } else {
        REQUIRE(owned.Remove(key) == (model.erase(key) == 1));
      }
      if (step % 10000 == 0) owned.table.CheckInvariants();
    }
    owned.table.CheckInvariants();
    CHECK(owned.table.size() == model.size());
    size_t seen = 0;
    owned.table.ForEach([&](const Record* record) {
      ++seen;
      REQUIRE(model.count(std::string(record->key())) == 1);
    });
    CHECK(seen == model.size());
  }
}

TEST_CASE("table: gives its segments back when it empties") {
  OwnedTable owned(3);
  for (uint64_t i = 0; i < 50000; ++i) owned.Add(KeyOf(i));
  const size_t full = owned.table.MemoryBytes();
  for (uint64_t i = 0; i < 50000; ++i) REQUIRE(owned.Remove(KeyOf(i)));
  owned.table.CheckInvariants();
  CHECK(owned.table.MemoryBytes() < full / 10);
  for (uint64_t i = 0; i < 5000; ++i) owned.Add(KeyOf(i));
  owned.table.CheckInvariants();
}

TEST_CASE("table: fills its segments well before it splits them") {
  OwnedTable owned(4);
  double worst = 1;
  size_t segments = 1;
  for (uint64_t i = 0; i < 400000; ++i) {
    owned.Add(KeyOf(i));
    const size_t now = owned.table.Capacity() / kSlotsPerSegment;
    // The first segments of each generation to split are the unlucky ones; look at the whole table
    // at that moment.
    if (now != segments && now > 16 && std::has_single_bit(now - 1))
      worst = std::min(worst,
                       static_cast<double>(i) / static_cast<double>(segments * kSlotsPerSegment));
    segments = now;
  }
  MESSAGE("worst load when a generation begins to split: ", worst);
  CHECK(worst > 0.75);
  CHECK(worst < 1);
}

TEST_CASE("table: a scan returns every key that was there throughout, whatever happens meanwhile") {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    OwnedTable owned(seed * 7919);
    // Sizes from a few keys to many segments; a third of the runs mostly grow, a third mostly
    // shrink.
    const uint64_t stable = 1 + random.Below(seed % 4 == 0 ? 20000 : 3000);
    const uint64_t initial_volatile = random.Below(seed % 3 == 1 ? 30000 : 2000);
    const uint64_t insert_odds = seed % 3 == 0 ? 9 : seed % 3 == 1 ? 1 : 5;
    for (uint64_t i = 0; i < stable; ++i) owned.Add("s" + std::to_string(i));
    std::vector<std::string> changing;
    uint64_t next = 0;
    const auto add = [&] {
      changing.push_back("v" + std::to_string(next++));
      owned.Add(changing.back());
    };
    for (uint64_t i = 0; i < initial_volatile; ++i) add();

    std::set<std::string> returned;
    uint64_t cursor = 0;
    Table::Group group;
    do {
      const uint64_t previous = cursor;
      cursor = owned.table.Visit(cursor, group);
      REQUIRE((cursor == 0 || cursor > previous));
      for (const Record* record : group.view())
        if (record->key()[0] == 's') returned.insert(std::string(record->key()));
      for (uint64_t changes = random.Below(60); changes > 0; --changes) {
        if (random.Chance(insert_odds, 10)) {
          add();
        } else if (!changing.empty()) {
          std::swap(changing[random.Below(changing.size())], changing.back());
          REQUIRE(owned.Remove(changing.back()));
          changing.pop_back();
        }
      }
    } while (cursor != 0);
    CHECK(returned.size() == stable);
    owned.table.CheckInvariants();
  }
}

TEST_CASE("table: a scan of an unchanging table returns each key exactly once") {
  OwnedTable owned(11);
  for (uint64_t i = 0; i < 12000; ++i) owned.Add(KeyOf(i));
  std::map<std::string, int> times;
  uint64_t cursor = 0;
  Table::Group group;
  do {
    cursor = owned.table.Visit(cursor, group);
    for (const Record* record : group.view()) ++times[std::string(record->key())];
  } while (cursor != 0);
  CHECK(times.size() == 12000);
  CHECK(
      std::all_of(times.begin(), times.end(), [](const auto& entry) { return entry.second == 1; }));
}

TEST_CASE("table: any number is a cursor, and every scan ends") {
  OwnedTable owned(12);
  for (uint64_t i = 0; i < 5000; ++i) owned.Add(KeyOf(i));
  Random random(12);
  Table::Group group;
  for (uint64_t start :
       {uint64_t{1}, UINT64_MAX, uint64_t{1} << 39, (uint64_t{1} << 39) - 1, uint64_t{127},
        uint64_t{75}, random.Next(), random.Next() >> 25, random.Next() >> 30}) {
    CAPTURE(start);
    uint64_t cursor = start;
    int steps = 0;
    do {
      cursor = owned.table.Visit(cursor, group);
      ++steps;
    } while (cursor != 0 && steps < 100000);
    CHECK(cursor == 0);
  }
}

TEST_CASE("table: random records are drawn evenly") {
  for (const size_t keys : {2, 30, 1500, 5000}) {
    CAPTURE(keys);
    OwnedTable owned(13);
    for (uint64_t i = 0; i < keys; ++i) owned.Add(KeyOf(i));
    Random random(13);
    std::map<std::string, int> drawn;
    for (size_t i = 0; i < keys * 100; ++i)
      ++drawn[std::string(owned.table.RandomRecord(random)->key())];
    CHECK(drawn.size() == keys);
    for (const auto& entry : drawn) {
      CAPTURE(entry.first);
      REQUIRE(entry.second > 40);
      REQUIRE(entry.second < 180);
    }
  }
}

TEST_CASE("table: a sample holds distinct records, as many as asked for if there are") {
  OwnedTable owned(14);
  for (uint64_t i = 0; i < 3; ++i) owned.Add(KeyOf(i));
  Random random(14);
  std::array<Record*, 5> out;
  CHECK(owned.table.Sample(random, out) == 3);
  for (uint64_t i = 3; i < 5000; ++i) owned.Add(KeyOf(i));
  std::set<const Record*> ever;
  for (int i = 0; i < 20000; ++i) {
    const size_t found = owned.table.Sample(random, out);
    REQUIRE(found == 5);
    REQUIRE(std::set<const Record*>(out.begin(), out.end()).size() == 5);
    ever.insert(out.begin(), out.end());
  }
  CHECK(ever.size() > 4900);
}

TEST_CASE("table: a sweep hands out exactly the content of the instant at which it began") {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    OwnedTable owned(seed * 31);
    std::map<std::string, int64_t> now;
    const auto change = [&] {
      const std::string key = KeyOf(random.Below(6000));
      const Lookup lookup = owned.Of(key);
      const Table::Slot slot = owned.table.Locate(lookup);
      const int64_t value = static_cast<int64_t>(random.Next() >> 1);
      if (!slot) {
        owned.Add(key, value);
        now[key] = value;
      } else if (random.Chance(1, 4)) {
        owned.Remove(key);
        now.erase(key);
      } else {
        owned.table.WillWrite(slot);
        RecordFactory::SetInteger(slot.record(), value, kNoExpiry);  // same size: stays where it is
        now[key] = value;
      }
    };
    for (uint64_t i = random.Below(8000); i > 0; --i) change();

    const std::map<std::string, int64_t> at_cut = now;
    std::map<std::string, int64_t> swept;
    size_t handed_out = 0;
    owned.table.BeginSweep([&](std::span<Record* const> records) {
      for (const Record* record : records) {
        ++handed_out;
        swept[std::string(record->key())] = record->integer();
      }
    });
    do {
      for (uint64_t i = random.Below(40); i > 0; --i) change();
    } while (owned.table.SweepSome(1 + random.Below(4)));
    owned.table.EndSweep();
    CHECK(handed_out == at_cut.size());
    CHECK(swept == at_cut);
    owned.table.CheckInvariants();
    CHECK(owned.table.size() == now.size());
  }
}

TEST_CASE("table: moving a table moves its content") {
  OwnedTable owned(15);
  for (uint64_t i = 0; i < 3000; ++i) owned.Add(KeyOf(i));
  Table moved(std::move(owned.table));
  CHECK(moved.size() == 3000);
  CHECK(moved.Find(owned.Of(KeyOf(7))) != nullptr);
  CHECK(owned.table.size() == 0);
  CHECK(owned.table.Find(owned.Of(KeyOf(7))) == nullptr);
  owned.table = std::move(moved);
  CHECK(owned.table.size() == 3000);
}
