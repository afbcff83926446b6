#include "server/store/keyspace.h"

#include <cstring>

#include "shared/base/check.h"

namespace quorate::server::store {

// ---- Content

Keyspace::Content::Content(const Hasher& hasher) : keys_(hasher), expires_(hasher) {}

Keyspace::Content::~Content() {
  keys_.ForEach([](Record* record) { RecordFactory::Free(record); });
}

Keyspace::Content::Content(Content&& other) noexcept
    : keys_(std::move(other.keys_)),
      expires_(std::move(other.expires_)),
      record_bytes_(std::exchange(other.record_bytes_, 0)),
      average_ttl_ms_(std::exchange(other.average_ttl_ms_, 0)),
      expiry_cursor_(std::exchange(other.expiry_cursor_, 0)) {}

Keyspace::Content& Keyspace::Content::operator=(Content&& other) noexcept {
  // Tables exchange their content when moved; what was ours goes with `other`.
  keys_ = std::move(other.keys_);
  expires_ = std::move(other.expires_);
  std::swap(record_bytes_, other.record_bytes_);
  std::swap(average_ttl_ms_, other.average_ttl_ms_);
  std::swap(expiry_cursor_, other.expiry_cursor_);
  return *this;
}

// ---- the ways to change a record

Keyspace::Keyspace(const Hasher& hasher) : hasher_(&hasher), content_(hasher) {}

Record* Keyspace::Add(Record* record, uint64_t hash) {
  content_.keys_.Insert(record, hash);
  content_.record_bytes_ += record->UsedBytes();
  if (record->has_expiry()) content_.expires_.Insert(record, hash);
  return record;
}

template <typename Change>
Record* Keyspace::Mutate(Table::Slot slot, uint64_t hash, Change change) {
  content_.keys_.WillWrite(slot);
  Record* old = slot.record();
  const bool had_expiry = old->has_expiry();
  const size_t old_bytes = old->UsedBytes();
  Record* now = change(old);
  if (now != old) content_.keys_.Replace(slot, now);
  content_.record_bytes_ += now->UsedBytes() - old_bytes;
  if (had_expiry || now->has_expiry()) FollowInExpires(old, had_expiry, now, hash);
  return now;
}

template <typename Make, typename Change>
Record* Keyspace::Upsert(const Lookup& lookup, Make make, Change change) {
  const Table::Slot slot = content_.keys_.Locate(lookup);
  return slot ? Mutate(slot, lookup.hash, change) : Add(make(), lookup.hash);
}

// `old` may be gone; only its address counts.
void Keyspace::FollowInExpires(const Record* old, bool had_expiry, Record* now, uint64_t hash) {
  Table& expires = content_.expires_;
  if (!had_expiry) {
    expires.Insert(now, hash);
  } else if (!now->has_expiry()) {
    expires.Erase(expires.LocateRecord(old, hash), hash);
  } else if (now != old) {
    expires.Replace(expires.LocateRecord(old, hash), now);
  }
}

// ---- values

Record* Keyspace::SetString(const Lookup& lookup, std::string_view value, ExpiryChange expiry,
                            StringForm form) {
  return Upsert(
      lookup,
      [&] { return RecordFactory::NewString(lookup.key, value, form, expiry.Apply(kNoExpiry)); },
      [&](Record* record) {
        return RecordFactory::SetString(record, value, form, expiry.Apply(record->expire_at_ms()));
      });
}

Record* Keyspace::SetInteger(const Lookup& lookup, int64_t value, ExpiryChange expiry) {
  return Upsert(
      lookup, [&] { return RecordFactory::NewInteger(lookup.key, value, expiry.Apply(kNoExpiry)); },
      [&](Record* record) {
        return RecordFactory::SetInteger(record, value, expiry.Apply(record->expire_at_ms()));
      });
}

Record* Keyspace::SetObject(const Lookup& lookup, ValueType type, std::unique_ptr<Object> value,
                            ExpiryChange expiry) {
  return Upsert(
      lookup,
      [&] {
        return RecordFactory::NewObject(lookup.key, type, std::move(value),
                                        expiry.Apply(kNoExpiry));
      },
      [&](Record* record) {
        return RecordFactory::SetObject(record, type, std::move(value),
                                        expiry.Apply(record->expire_at_ms()));
      });
}

Record* Keyspace::Append(const Lookup& lookup, std::string_view bytes) {
  return Upsert(
      lookup,
      [&] { return RecordFactory::NewString(lookup.key, bytes, StringForm::kAuto, kNoExpiry); },
      [&](Record* record) {
        const size_t end = record->StringSize();
        record = RecordFactory::GrowString(record, end + bytes.size());
        if (!bytes.empty())
          std::memcpy(RecordFactory::MutableBytes(record) + end, bytes.data(), bytes.size());
        return record;
      });
}

Record* Keyspace::SetRange(const Lookup& lookup, size_t offset, std::string_view bytes) {
  Record* record = MutableString(lookup, offset + bytes.size());
  if (!bytes.empty())
    std::memcpy(RecordFactory::MutableBytes(record) + offset, bytes.data(), bytes.size());
  return record;
}

Record* Keyspace::MutableString(const Lookup& lookup, size_t size) {
  return Upsert(
      lookup,
      [&] {
        Record* empty = RecordFactory::NewString(lookup.key, {}, StringForm::kGrown, kNoExpiry);
        return RecordFactory::GrowString(empty, size);
      },
      [&](Record* record) { return RecordFactory::GrowString(record, size); });
}

Record* Keyspace::FindForWrite(const Lookup& lookup) {
  const Table::Slot slot = content_.keys_.Locate(lookup);
  if (!slot) return nullptr;
  content_.keys_.WillWrite(slot);
  return slot.record();
}

// ---- expiries

Record* Keyspace::SetExpiry(const Lookup& lookup, base::WallTime when) {
  const Table::Slot slot = content_.keys_.Locate(lookup);
  if (!slot) return nullptr;
  const int64_t ms = ExpiryChange::At(when).Apply(kNoExpiry);
  return Mutate(slot, lookup.hash,
                [&](Record* record) { return RecordFactory::SetExpiry(record, ms); });
}

bool Keyspace::ClearExpiry(const Lookup& lookup) {
  const Table::Slot slot = content_.keys_.Locate(lookup);
  if (!slot || !slot.record()->has_expiry()) return false;
  Mutate(slot, lookup.hash,
         [&](Record* record) { return RecordFactory::SetExpiry(record, kNoExpiry); });
  return true;
}

void Keyspace::AddTtlSample(int64_t mean_ttl_ms) {
  constexpr int64_t kWeight = 50;
  int64_t& average = content_.average_ttl_ms_;
  average = average == 0 ? mean_ttl_ms : average / kWeight * (kWeight - 1) + mean_ttl_ms / kWeight;
}

// ---- keys

RecordPtr Keyspace::Take(const Lookup& lookup) {
  const Table::Slot slot = content_.keys_.Locate(lookup);
  if (!slot) return nullptr;
  RecordPtr record(content_.keys_.Erase(slot, lookup.hash));
  content_.record_bytes_ -= record->UsedBytes();
  if (record->has_expiry()) {
    Table& expires = content_.expires_;
    expires.Erase(expires.LocateRecord(record.get(), lookup.hash), lookup.hash);
  }
  return record;
}

Record* Keyspace::Insert(const Lookup& lookup, RecordPtr record) {
  CHECK(record->key() == lookup.key);
  const RecordPtr replaced = Take(lookup);
  return Add(record.release(), lookup.hash);
}

Record* Keyspace::Rename(const Lookup& from, const Lookup& to) {
  if (from.key == to.key) return Find(from);
  RecordPtr record = Take(from);
  if (record == nullptr) return nullptr;
  return Insert(to, RecordPtr(RecordFactory::Rekey(record.release(), to.key)));
}

Record* Keyspace::CopyTo(const Lookup& from, Keyspace& target, const Lookup& to) const {
  const Record* source = Find(from);
  if (source == nullptr) return nullptr;
  return target.Insert(to, RecordPtr(RecordFactory::Copy(*source, to.key, source->expire_at_ms())));
}

Keyspace::Content Keyspace::Clear() { return std::exchange(content_, Content(*hasher_)); }

void Keyspace::Swap(Keyspace& other) { std::swap(content_, other.content_); }

}  // namespace quorate::server::store
