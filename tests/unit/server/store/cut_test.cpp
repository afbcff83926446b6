// Property: whatever commands come between the slices, a cut emits exactly what was there.
#include "server/store/cut.h"

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

using namespace quorate::server::store;
using quorate::base::Random;
using quorate::base::WallTime;

namespace {

constexpr size_t kDatabases = 4;
constexpr uint64_t kKeys = 3000;

using Value = std::pair<std::string, int64_t>;                  // bytes, expiry
using Model = std::map<std::pair<size_t, std::string>, Value>;  // by database and key

Value ValueOf(const Record& record) {
  IntegerText scratch;
  return {std::string(record.StringValue(scratch)), record.expire_at_ms()};
}

Model ContentOf(Databases& databases) {
  Model model;
  for (size_t i = 0; i < databases.count(); ++i)
    databases[i].ForEach([&](const Record* record) {
      model[{i, std::string(record->key())}] = ValueOf(*record);
    });
  return model;
}

// Databases under random changes, and what a cut of them has emitted.
class Subject {
 public:
  explicit Subject(uint64_t seed)
      : random(seed), hasher_(random.Fork()), databases(hasher_, kDatabases) {}

  void Change() {
    Keyspace& keyspace = databases[random.Below(kDatabases)];
    const std::string name = "k" + std::to_string(random.Below(kKeys));
    const std::string other_name = "k" + std::to_string(random.Below(kKeys));
    const Lookup key = keyspace.Prepare(name);
    switch (random.Below(12)) {
      case 0:
      case 1:
        keyspace.Delete(key);
        break;
      case 2:
        keyspace.Append(key, "more");
        break;
      case 3:
        keyspace.SetExpiry(key, WallTime{random.Between(0, 1000)});
        break;
      case 4:
        keyspace.Rename(key, keyspace.Prepare(other_name));
        break;
      case 5: {  // MOVE
        Keyspace& target = databases[random.Below(kDatabases)];
        if (RecordPtr record = keyspace.Take(key)) target.Insert(key, std::move(record));
        break;
      }
      case 6:
        keyspace.CopyTo(key, databases[0], keyspace.Prepare(name + "copy"));
        break;
      case 7:
        if (random.Chance(1, 40))
          databases.SwapDatabases(random.Below(kDatabases), random.Below(kDatabases));
        break;
      case 8:
        if (random.Chance(1, 150)) Flush();
        break;
      default:
        keyspace.SetString(key, std::string(random.Below(40), 'v') + name, ExpiryChange::Keep());
        break;
    }
  }

  // FLUSHDB, FLUSHALL, or the whole dataset replaced.
  void Flush() {
    std::vector<Keyspace::Content> gone;
    switch (random.Below(3)) {
      case 0:
        gone.push_back(databases[random.Below(kDatabases)].Clear());
        break;
      case 1:
        gone = databases.Clear();
        break;
      default: {
        Databases staged(hasher_, kDatabases);
        for (int i = 0; i < 500; ++i) {
          const std::string name = "k" + std::to_string(random.Below(kKeys));
          staged[0].SetString(staged[0].Prepare(name), "staged", ExpiryChange::Clear());
        }
        databases.Swap(staged);
        gone = staged.Clear();
        break;
      }
    }
    if (cut != nullptr) cut->Retain(gone);
  }

  void BeginCut() {
    swept.clear();
    emitted = 0;
    cut = std::make_unique<Cut>(databases, [this](size_t db, std::span<Record* const> records) {
      for (const Record* record : records) {
        ++emitted;
        swept[{db, std::string(record->key())}] = ValueOf(*record);
      }
    });
  }

  Random random;

 private:
  const Hasher hasher_;

 public:
  Databases databases;
  std::unique_ptr<Cut> cut;
  Model swept;
  size_t emitted = 0;
};

}  // namespace

TEST_CASE("cut: emits the state at the cut, each key once, whatever is written meanwhile") {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    Subject subject(seed);
    for (uint64_t i = subject.random.Below(12000); i > 0; --i) subject.Change();
    for (int round = 0; round < 2; ++round) {
      const Model at_cut = ContentOf(subject.databases);
      subject.BeginCut();
      size_t keys = 0;
      for (const Cut::Size& size : subject.cut->sizes()) keys += size.keys;
      CHECK(keys == at_cut.size());
      do {
        for (uint64_t i = subject.random.Below(80); i > 0; --i) subject.Change();
        subject.cut->TakeSwept();
      } while (subject.cut->Sweep(1 + subject.random.Below(6)));
      CHECK(subject.emitted == at_cut.size());
      CHECK(subject.swept == at_cut);
      subject.cut.reset();
      for (size_t i = 0; i < kDatabases; ++i) {
        CHECK_FALSE(subject.databases[i].keys().sweeping());
        subject.databases[i].keys().CheckInvariants();
      }
    }
  }
}

TEST_CASE("cut: a flushed database is kept until it is swept, and then given back") {
  Subject subject(7);
  for (int i = 0; i < 5000; ++i) subject.Change();
  const Model at_cut = ContentOf(subject.databases);
  subject.BeginCut();
  std::vector<Keyspace::Content> gone = subject.databases.Clear();
  const size_t contents = gone.size();
  subject.cut->Retain(gone);
  CHECK(gone.empty());
  CHECK(subject.cut->TakeSwept().empty());
  CHECK(subject.databases.TotalKeys() == 0);
  while (subject.cut->Sweep(16)) {
  }
  CHECK(subject.swept == at_cut);
  CHECK(subject.cut->TakeSwept().size() == contents);
}

TEST_CASE("cut: what is given up half-way leaves the tables as they were") {
  Subject subject(8);
  for (int i = 0; i < 5000; ++i) subject.Change();
  subject.BeginCut();
  subject.cut->Sweep(50);
  subject.cut.reset();
  const size_t emitted = subject.emitted;
  for (int i = 0; i < 5000; ++i) subject.Change();
  CHECK(subject.emitted == emitted);
  subject.BeginCut();
  const Model at_cut = ContentOf(subject.databases);
  while (subject.cut->Sweep(100)) {
  }
  CHECK(subject.swept == at_cut);
}
