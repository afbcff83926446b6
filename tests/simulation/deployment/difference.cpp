#include "tests/simulation/deployment/difference.h"

#include <fmt/format.h>

#include "server/store/digest.h"

namespace quorate::simulation {

namespace {

using server::store::Keyspace;
using server::store::Record;

bool SameValue(const Record& one, const Record& other) {
  if (one.type() != other.type()) return false;
  if (!one.is_string()) return server::store::ValueDigest(one) == server::store::ValueDigest(other);
  server::store::IntegerText one_scratch;
  server::store::IntegerText other_scratch;
  return one.StringValue(one_scratch) == other.StringValue(other_scratch);
}

// A key of `one` that `other` has not or has otherwise.
std::optional<std::string> FindIn(const Keyspace& one, const Keyspace& other) {
  std::optional<std::string> found;
  one.ForEach([&](const Record* record) {
    if (found) return;
    const Record* match = other.Find(record->key());
    if (match == nullptr) {
      found = fmt::format("only one has {}", record->key());
    } else if (match->expire_at_ms() != record->expire_at_ms()) {
      found = fmt::format("{} does not expire at the same time", record->key());
    } else if (!SameValue(*record, *match)) {
      found = fmt::format("{} has not the same value", record->key());
    }
  });
  return found;
}

}  // namespace

std::optional<std::string> FindDifference(const server::store::Databases& one,
                                          const server::store::Databases& other) {
  for (size_t i = 0; i < one.count(); ++i) {
    auto found = FindIn(one[i], other[i]);
    if (!found && one[i].size() != other[i].size()) found = FindIn(other[i], one[i]);
    if (found) return *found + fmt::format(" in database {}", i);
  }
  return std::nullopt;
}

}  // namespace quorate::simulation
