#include "server/persistence/record_form.h"

#include <string>

#include "server/store/databases.h"
#include "shared/base/random.h"

#include <doctest/doctest.h>

using namespace quorate;
using server::persistence::RecordForm;

namespace {

struct Subject {
  explicit Subject(server::config::EvictionPolicy policy) {
    settings.maxmemory_policy = policy;
    form.emplace(settings, [this] { return now; });
    record =
        keyspace.SetString(keyspace.Prepare("key"), "value", server::store::ExpiryChange::Clear());
  }
  replication::snapshot::StringRecord Shown() { return form->Of(*record, scratch); }

  server::config::ServerSettings settings;
  base::WallTime now{1'800'000'000'000};
  std::optional<RecordForm> form;
  server::store::Hasher hasher{base::Random(1)};
  server::store::Databases databases{hasher, 1};
  server::store::Keyspace& keyspace = databases[0];
  server::store::Record* record = nullptr;
  server::store::IntegerText scratch;
};

}  // namespace

TEST_CASE("record form: a key used after the snapshot began is not idle for half a year") {
  Subject s(server::config::EvictionPolicy::kAllKeysLru);
  s.record->set_access(server::store::LruBits({s.now.ms - 7000}));
  CHECK(s.Shown().idle_seconds == 7);
  s.now.ms += 5000;
  s.record->set_access(server::store::LruBits(s.now));
  CHECK(s.Shown().idle_seconds == 0);
}

TEST_CASE("record form: a key used after the snapshot began keeps its frequency") {
  Subject s(server::config::EvictionPolicy::kAllKeysLfu);
  s.now.ms += 120'000;
  s.record->set_access(server::store::LfuInitialBits(s.now));
  CHECK(s.Shown().frequency == 5);
}
