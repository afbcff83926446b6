#include "server/store/cut.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace quorate::server::store {

Cut::Cut(Databases& databases, Emit emit) : databases_(databases), emit_(std::move(emit)) {
  sizes_.reserve(databases.count());
  for (size_t i = 0; i < databases.count(); ++i) {
    Keyspace& keyspace = databases[i];
    sizes_.push_back({keyspace.size(), keyspace.expires_size()});
    if (keyspace.size() != 0)
      keyspace.keys().BeginSweep(
          [this, i](std::span<Record* const> records) { emit_(i, records); });
  }
}

Cut::~Cut() { End(); }

std::vector<Keyspace::Content> Cut::End() {
  while (Table* table = NextUnswept()) table->EndSweep();
  return TakeSwept();
}

Table* Cut::NextUnswept() {
  for (size_t i = 0; i < databases_.count(); ++i)
    if (databases_[i].keys().sweeping()) return &databases_[i].keys();
  for (Keyspace::Content& content : retained_)
    if (content.keys().sweeping()) return &content.keys();
  return nullptr;
}

bool Cut::Sweep(size_t max_buckets) {
  Table* table = NextUnswept();
  if (table == nullptr) return false;
  if (table->SweepSome(max_buckets)) return true;
  table->EndSweep();
  return NextUnswept() != nullptr;
}

void Cut::Retain(std::vector<Keyspace::Content>& contents) {
  const auto wanted =
      std::stable_partition(contents.begin(), contents.end(),
                            [](Keyspace::Content& content) { return !content.keys().sweeping(); });
  std::move(wanted, contents.end(), std::back_inserter(retained_));
  contents.erase(wanted, contents.end());
}

size_t Cut::RetainedBytes() const {
  size_t total = 0;
  for (const Keyspace::Content& content : retained_) total += content.MemoryBytes();
  return total;
}

std::vector<Keyspace::Content> Cut::TakeSwept() {
  std::vector<Keyspace::Content> unswept;
  for (Keyspace::Content& content : retained_)
    if (content.keys().sweeping()) unswept.push_back(std::move(content));
  std::erase_if(retained_, [](Keyspace::Content& content) { return content.size() == 0; });
  return std::exchange(retained_, std::move(unswept));
}

}  // namespace quorate::server::store
