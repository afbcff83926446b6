#include "server/store/keyspace.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "server/store/databases.h"

#include <doctest/doctest.h>

using namespace quorate::server::store;
using quorate::base::Random;
using quorate::base::WallTime;

namespace {

std::string ValueOf(const Record* record) {
  if (record == nullptr) return "(nil)";
  IntegerText scratch;
  return std::string(record->StringValue(scratch));
}

// What a keyspace should hold.
struct ModelValue {
  std::string bytes;
  int64_t expire_at_ms = kNoExpiry;
  friend bool operator==(const ModelValue&, const ModelValue&) = default;
};
using Model = std::map<std::string, ModelValue>;

Model ContentOf(const Keyspace& keyspace) {
  Model model;
  keyspace.ForEach([&](const Record* record) {
    model[std::string(record->key())] = {ValueOf(record), record->expire_at_ms()};
  });
  return model;
}

// The figures and the expiry index agree with the records.
void RequireConsistent(Keyspace& keyspace) {
  size_t bytes = 0;
  size_t expiring = 0;
  keyspace.ForEach([&](const Record* record) {
    bytes += record->UsedBytes();
    if (!record->has_expiry()) return;
    ++expiring;
    REQUIRE(keyspace.expires().Find(keyspace.Prepare(record->key())) == record);
  });
  REQUIRE(keyspace.RecordBytes() == bytes);
  REQUIRE(keyspace.expires_size() == expiring);
  keyspace.keys().CheckInvariants();
  keyspace.expires().CheckInvariants();
}

std::string RandomValue(Random& random) {
  switch (random.Below(4)) {
    case 0:
      return std::to_string(static_cast<int64_t>(random.Next()));
    case 1:
      return std::string(random.Below(20), 'a');
    case 2:
      return std::string(random.Below(200), 'b');
    default:
      return std::string(random.Below(3000), 'c');
  }
}

}  // namespace

TEST_CASE("keyspace: equals a model under random commands") {
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const Hasher hasher(random.Fork());
    Keyspace keyspace(hasher);
    Model model;
    const uint64_t range = seed % 2 == 0 ? 200 : 6000;
    const auto draw = [&] { return "key:" + std::to_string(random.Below(range)); };
    for (int step = 0; step < 30000; ++step) {
      const std::string key = draw();
      const Lookup lookup = keyspace.Prepare(key);
      const auto at = model.find(key);
      const bool exists = at != model.end();
      REQUIRE(ValueOf(keyspace.Find(lookup)) == (exists ? at->second.bytes : "(nil)"));
      const WallTime when{random.Between(0, 1000000)};
      const Record* after = nullptr;
      switch (random.Below(13)) {
        case 0:
        case 1: {
          const std::string value = RandomValue(random);
          after = keyspace.SetString(lookup, value, ExpiryChange::Clear());
          model[key] = {value, kNoExpiry};
          break;
        }
        case 2: {
          const std::string value = RandomValue(random);
          after = keyspace.SetString(lookup, value, ExpiryChange::At(when));
          model[key] = {value, when.ms};
          break;
        }
        case 3: {
          const std::string value = RandomValue(random);
          after = keyspace.SetString(lookup, value, ExpiryChange::Keep());
          model[key].bytes = value;
          break;
        }
        case 4: {
          const int64_t value = static_cast<int64_t>(random.Next());
          after = keyspace.SetInteger(lookup, value, ExpiryChange::Keep());
          model[key].bytes = std::to_string(value);
          break;
        }
        case 5: {
          const std::string more(random.Below(50), 'z');
          after = keyspace.Append(lookup, more);
          model[key].bytes += more;
          break;
        }
        case 6: {
          const std::string part(1 + random.Below(50), 'y');
          const size_t offset = random.Below(700);
          after = keyspace.SetRange(lookup, offset, part);
          std::string& bytes = model[key].bytes;
          bytes.resize(std::max(bytes.size(), offset + part.size()), '\0');
          bytes.replace(offset, part.size(), part);
          break;
        }
        case 7:
          after = keyspace.SetExpiry(lookup, when);
          REQUIRE((after != nullptr) == exists);
          if (exists) at->second.expire_at_ms = when.ms;
          break;
        case 8:
          REQUIRE(keyspace.ClearExpiry(lookup) == (exists && at->second.expire_at_ms != kNoExpiry));
          if (exists) at->second.expire_at_ms = kNoExpiry;
          break;
        case 9: {
          const std::string to = draw();
          after = keyspace.Rename(lookup, keyspace.Prepare(to));
          REQUIRE((after != nullptr) == exists);
          if (!exists || to == key) break;
          model[to] = at->second;
          model.erase(key);
          break;
        }
        case 10: {
          const std::string to = draw();
          if (to == key) break;
          after = keyspace.CopyTo(lookup, keyspace, keyspace.Prepare(to));
          REQUIRE((after != nullptr) == exists);
          if (exists) model[to] = ModelValue(at->second);
          break;
        }
        default:
          REQUIRE(keyspace.Delete(lookup) == exists);
          model.erase(key);
          break;
      }
      if (after != nullptr) {
        const ModelValue& expected = model[std::string(after->key())];
        REQUIRE(ValueOf(after) == expected.bytes);
        REQUIRE(after->expire_at_ms() == expected.expire_at_ms);
        REQUIRE(keyspace.Find(after->key()) == after);
      }
      if (step % 5000 == 0) RequireConsistent(keyspace);
    }
    RequireConsistent(keyspace);
    CHECK(keyspace.size() == model.size());
    CHECK(ContentOf(keyspace) == model);
  }
}

TEST_CASE("keyspace: a pointer outlives changes of other keys") {
  const Hasher hasher(Random(1));
  Keyspace keyspace(hasher);
  Record* record = keyspace.SetString(keyspace.Prepare("mine"), "value", ExpiryChange::Clear());
  for (int i = 0; i < 20000; ++i)
    keyspace.SetInteger(keyspace.Prepare("other:" + std::to_string(i)), i, ExpiryChange::Clear());
  CHECK(keyspace.Find("mine") == record);
  CHECK(ValueOf(record) == "value");
}

TEST_CASE("keyspace: new strings get the encodings that Redis' commands give them") {
  const Hasher hasher(Random(2));
  Keyspace keyspace(hasher);
  const auto encoding = [&](std::string_view key) {
    return std::string(keyspace.Find(key)->EncodingName());
  };
  keyspace.Append(keyspace.Prepare("a"), "12");
  CHECK(encoding("a") == "int");
  keyspace.Append(keyspace.Prepare("a"), "");
  CHECK(encoding("a") == "raw");
  keyspace.SetRange(keyspace.Prepare("r"), 2, "12");
  CHECK(encoding("r") == "raw");
  CHECK(ValueOf(keyspace.Find("r")) == std::string("\0\0"
                                                   "12",
                                                   4));
  keyspace.SetString(keyspace.Prepare("p"), "12", ExpiryChange::Clear(), StringForm::kPlain);
  CHECK(encoding("p") == "embstr");
}

TEST_CASE("keyspace: an expiry before 1970 counts as long past") {
  const Hasher hasher(Random(3));
  Keyspace keyspace(hasher);
  const Record* record =
      keyspace.SetString(keyspace.Prepare("k"), "v", ExpiryChange::At(WallTime{-1}));
  CHECK(record->has_expiry());
  CHECK(record->ExpiredAt({1}));
  CHECK(keyspace.expires_size() == 1);
}

TEST_CASE("keyspace: a scan may delete what it is given, and ends") {
  const Hasher hasher(Random(4));
  Keyspace keyspace(hasher);
  for (int i = 0; i < 10000; ++i)
    keyspace.SetInteger(keyspace.Prepare("k" + std::to_string(i)), i, ExpiryChange::Clear());
  uint64_t cursor = 0;
  size_t calls = 0;
  do {
    cursor = keyspace.Scan(cursor, 10, [&](Record* record) {
      REQUIRE(keyspace.Delete(keyspace.Prepare(record->key())));
    });
    ++calls;
  } while (cursor != 0);
  CHECK(keyspace.size() == 0);
  CHECK(calls > 100);
  RequireConsistent(keyspace);
}

TEST_CASE("keyspace: a scan's COUNT bounds the work of a call") {
  const Hasher hasher(Random(5));
  Keyspace keyspace(hasher);
  for (int i = 0; i < 10000; ++i)
    keyspace.SetInteger(keyspace.Prepare("k" + std::to_string(i)), i, ExpiryChange::Clear());
  uint64_t cursor = 0;
  do {
    size_t emitted = 0;
    cursor = keyspace.Scan(cursor, 10, [&](Record*) { ++emitted; });
    REQUIRE(emitted < 10 + Table::Group::kMax);
    REQUIRE((emitted >= 10 || cursor == 0));
  } while (cursor != 0);
}

TEST_CASE("keyspace: clearing hands the content over and leaves a working keyspace") {
  const Hasher hasher(Random(6));
  Keyspace keyspace(hasher);
  for (int i = 0; i < 5000; ++i)
    keyspace.SetString(keyspace.Prepare("k" + std::to_string(i)), "v",
                       i % 2 == 0 ? ExpiryChange::Clear() : ExpiryChange::At(WallTime{i}));
  {
    const Keyspace::Content content = keyspace.Clear();
    CHECK(content.size() == 5000);
    CHECK(keyspace.size() == 0);
    CHECK(keyspace.expires_size() == 0);
    CHECK(keyspace.RecordBytes() == 0);
    CHECK(keyspace.Find("k1") == nullptr);
    keyspace.SetString(keyspace.Prepare("k1"), "again", ExpiryChange::At(WallTime{5}));
  }
  CHECK(ValueOf(keyspace.Find("k1")) == "again");
  RequireConsistent(keyspace);
}

TEST_CASE("keyspace: a record moves to another database as it is") {
  const Hasher hasher(Random(7));
  Databases databases(hasher, 4);
  Keyspace& from = databases[0];
  Keyspace& to = databases[3];
  const Lookup key = from.Prepare("k");
  Record* record = from.SetString(key, "value", ExpiryChange::At(WallTime{77}));
  record->set_access(99);
  to.SetString(key, "replaced", ExpiryChange::At(WallTime{1}));
  to.Insert(key, from.Take(key));
  CHECK(from.Find(key) == nullptr);
  CHECK(to.Find(key) == record);
  CHECK(record->access() == 99);
  RequireConsistent(from);
  RequireConsistent(to);
  CHECK(databases.TotalKeys() == 1);
  CHECK(databases.TotalExpires() == 1);
}

TEST_CASE("databases: swapped, cleared and exchanged whole") {
  const Hasher hasher(Random(8));
  Databases databases(hasher);
  CHECK(databases.count() == 16);
  const Lookup key = databases[0].Prepare("k");
  databases[0].SetString(key, "zero", ExpiryChange::At(WallTime{9}));
  databases[5].SetString(key, "five", ExpiryChange::Clear());
  databases.SwapDatabases(0, 5);
  CHECK(ValueOf(databases[0].Find(key)) == "five");
  CHECK(ValueOf(databases[5].Find(key)) == "zero");
  CHECK(databases[5].expires_size() == 1);
  databases.SwapDatabases(5, 5);
  CHECK(ValueOf(databases[5].Find(key)) == "zero");

  Databases staged(hasher);
  staged[2].SetString(key, "staged", ExpiryChange::Clear());
  databases.Swap(staged);
  CHECK(databases.TotalKeys() == 1);
  CHECK(staged.TotalKeys() == 2);
  CHECK(ValueOf(databases[2].Find(key)) == "staged");
  CHECK(staged.Clear().size() == 2);
  CHECK(staged.TotalKeys() == 0);
}

TEST_CASE("keyspace: a sweep sees values as they were, whatever commands come meanwhile") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const Hasher hasher(random.Fork());
    Keyspace keyspace(hasher);
    const auto change = [&] {
      const std::string key = "k" + std::to_string(random.Below(3000));
      const Lookup lookup = keyspace.Prepare(key);
      switch (random.Below(6)) {
        case 0:
          keyspace.Delete(lookup);
          break;
        case 1:
          keyspace.Append(lookup, "more");
          break;
        case 2:
          keyspace.SetExpiry(lookup, WallTime{random.Between(0, 1000)});
          break;
        case 3:
          keyspace.Rename(lookup, keyspace.Prepare("k" + std::to_string(random.Below(3000))));
          break;
        default:
          keyspace.SetString(lookup, RandomValue(random), ExpiryChange::Keep());
          break;
      }
    };
    for (int i = 0; i < 6000; ++i) change();
    const Model at_cut = ContentOf(keyspace);
    Model swept;
    size_t handed_out = 0;
    keyspace.keys().BeginSweep([&](std::span<Record* const> records) {
      for (const Record* record : records) {
        ++handed_out;
        swept[std::string(record->key())] = {ValueOf(record), record->expire_at_ms()};
      }
    });
    do {
      for (uint64_t i = random.Below(30); i > 0; --i) change();
    } while (keyspace.keys().SweepSome(2));
    keyspace.keys().EndSweep();
    CHECK(handed_out == at_cut.size());
    CHECK(swept == at_cut);
    RequireConsistent(keyspace);
  }
}
