// One logical database: keys to records, an index of the keys with an expiry, and what both cost.
// It decides nothing by time: an expired record is found like any other, and the engine asks
// Record::ExpiredAt.
//
// Pointer rule: a Record* stays valid until its own key is changed through a mutator (which returns
// the new pointer), or deleted. Changes of other keys never move it: splits move pointers to
// records, not records. Every change of a value goes through a mutator or FindForWrite, or a
// snapshot would miss it. Access bits are exempt.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "server/store/hash.h"
#include "server/store/record.h"
#include "server/store/table.h"
#include "shared/base/random.h"
#include "shared/base/time.h"

namespace quorate::server::store {

// What a mutator does to the key's expiry.
class ExpiryChange {
 public:
  static ExpiryChange Keep() { return ExpiryChange(kKeepMs); }
  static ExpiryChange Clear() { return ExpiryChange(kNoExpiry); }
  // A time before 1970 counts as 1970.
  static ExpiryChange At(base::WallTime when) { return ExpiryChange(when.ms < 0 ? 0 : when.ms); }

  int64_t Apply(int64_t current_ms) const { return ms_ == kKeepMs ? current_ms : ms_; }

 private:
  static constexpr int64_t kKeepMs = INT64_MIN;
  explicit ExpiryChange(int64_t ms) : ms_(ms) {}
  int64_t ms_;
};

class Keyspace {
 public:
  // All that a database held. Frees it when destroyed, in any thread.
  class Content {
   public:
    explicit Content(const Hasher& hasher);
    ~Content();
    Content(Content&& other) noexcept;
    Content& operator=(Content&& other) noexcept;
    size_t size() const { return keys_.size(); }
    size_t TableBytes() const { return keys_.MemoryBytes() + expires_.MemoryBytes(); }
    size_t MemoryBytes() const { return record_bytes_ + TableBytes(); }
    // For a sweep that outlives the content's time in its database.
    Table& keys() { return keys_; }

   private:
    friend class Keyspace;
    Table keys_;
    Table expires_;
    size_t record_bytes_ = 0;
    // Figures that wander with the content: INFO's avg_ttl, and where active expiry continues.
    int64_t average_ttl_ms_ = 0;
    uint64_t expiry_cursor_ = 0;
  };

  // `hasher` must outlive the keyspace and its contents.
  explicit Keyspace(const Hasher& hasher);

  Lookup Prepare(std::string_view key) const { return {key, hasher_->Hash(key)}; }
  // For pipelines: Prefetch for each key, then PrefetchRecord for each, then run the commands.
  void Prefetch(const Lookup& lookup) const { content_.keys_.Prefetch(lookup.hash); }
  void PrefetchRecord(const Lookup& lookup) const { content_.keys_.PrefetchRecord(lookup.hash); }

  // ---- reading. Null if absent.
  Record* Find(const Lookup& lookup) const { return content_.keys_.Find(lookup); }
  Record* Find(std::string_view key) const { return Find(Prepare(key)); }
  size_t size() const { return content_.keys_.size(); }
  size_t expires_size() const { return content_.expires_.size(); }
  Record* RandomKey(base::Random& random) const { return content_.keys_.RandomRecord(random); }
  // Emits at least `count` records (fewer at the end, or when the table is sparse: ten empty
  // buckets count as one) to visitor(Record*) and returns the next cursor, 0 at the end. The
  // visitor may erase the record it was given.
  template <typename Visitor>
  uint64_t Scan(uint64_t cursor, size_t count, Visitor&& visitor) const;
  // visitor(Record*) for every key; the keyspace must not change meanwhile.
  template <typename Visitor>
  void ForEach(Visitor&& visitor) const {
    content_.keys_.ForEach(visitor);
  }

  // ---- writing. All return the record as it is afterwards. A new key's access bits are zero until
  // the engine sets them.
  Record* SetString(const Lookup& lookup, std::string_view value, ExpiryChange expiry,
                    StringForm form = StringForm::kAuto);
  Record* SetInteger(const Lookup& lookup, int64_t value, ExpiryChange expiry);
  Record* SetObject(const Lookup& lookup, ValueType type, std::unique_ptr<Object> value,
                    ExpiryChange expiry);
  // APPEND: a missing key is set as by SET. Precondition: absent or a string; `bytes` lie
  // outside of the record.
  Record* Append(const Lookup& lookup, std::string_view bytes);
  // SETRANGE: pads with zeros; a missing key starts empty. Precondition: absent or a string; offset
  // + size fits memory.
  Record* SetRange(const Lookup& lookup, size_t offset, std::string_view bytes);
  // A string of at least `size` bytes (new ones zero) to be written in place, e.g. by SETBIT.
  // MutableBytes(record) has the bytes, until the next call of any mutator. Precondition: absent or
  // a string.
  Record* MutableString(const Lookup& lookup, size_t size);
  static char* MutableBytes(Record* record) { return RecordFactory::MutableBytes(record); }
  // The record, its bucket marked as changed: for objects that are changed in place. Null if
  // absent.
  Record* FindForWrite(const Lookup& lookup);

  // Null if absent.
  Record* SetExpiry(const Lookup& lookup, base::WallTime when);
  // False if absent or without an expiry.
  bool ClearExpiry(const Lookup& lookup);

  // False if absent.
  bool Delete(const Lookup& lookup) { return Take(lookup) != nullptr; }
  // Takes the record out, to be freed here or elsewhere, or inserted in another keyspace. Null if
  // absent.
  RecordPtr Take(const Lookup& lookup);
  // Replaces a record of that key. Precondition: the record's key is the lookup's.
  Record* Insert(const Lookup& lookup, RecordPtr record);
  // RENAME: `to` is replaced. Null if `from` is absent. from.key == to.key is allowed and changes
  // nothing.
  Record* Rename(const Lookup& from, const Lookup& to);
  // COPY: `to` in `target` (which may be this keyspace) is replaced. Null if `from` is absent. The
  // keys or the keyspaces differ.
  Record* CopyTo(const Lookup& from, Keyspace& target, const Lookup& to) const;

  // Empties the database; what it held is returned, so that it can be freed elsewhere.
  [[nodiscard]] Content Clear();
  void Swap(Keyspace& other);

  // ---- figures
  // The records and all that hangs on them.
  size_t RecordBytes() const { return content_.record_bytes_; }
  // The two tables.
  size_t TableBytes() const { return content_.TableBytes(); }
  size_t MemoryBytes() const { return content_.MemoryBytes(); }
  int64_t average_ttl_ms() const { return content_.average_ttl_ms_; }
  // Folds one round of samples into the average (a running mean with weight 1/50, as Redis keeps
  // it).
  void AddTtlSample(int64_t mean_ttl_ms);

  // The tables themselves: for snapshots (Sweep), expiry and eviction sampling, statistics. Not for
  // changes.
  Table& keys() { return content_.keys_; }
  const Table& keys() const { return content_.keys_; }
  const Table& expires() const { return content_.expires_; }
  uint64_t expiry_cursor() const { return content_.expiry_cursor_; }
  void set_expiry_cursor(uint64_t cursor) { content_.expiry_cursor_ = cursor; }

 private:
  // Adds a record of a key that is not there.
  Record* Add(Record* record, uint64_t hash);
  // change(Record*) -> Record* on the record in `slot`, with everything that must follow.
  template <typename Change>
  Record* Mutate(Table::Slot slot, uint64_t hash, Change change);
  // make() -> Record* if the key is absent, change(Record*) -> Record* if not.
  template <typename Make, typename Change>
  Record* Upsert(const Lookup& lookup, Make make, Change change);
  void FollowInExpires(const Record* old, bool had_expiry, Record* now, uint64_t hash);

  const Hasher* hasher_;
  Content content_;
};

template <typename Visitor>
uint64_t Keyspace::Scan(uint64_t cursor, size_t count, Visitor&& visitor) const {
  constexpr size_t kBucketsPerKey = 10;
  size_t emitted = 0;
  size_t buckets = 0;
  Table::Group group;
  do {
    cursor = content_.keys_.Visit(cursor, group);
    for (Record* record : group.view()) visitor(record);
    emitted += group.size;
    ++buckets;
  } while (cursor != 0 && emitted < count && buckets / kBucketsPerKey < count);
  return cursor;
}

}  // namespace quorate::server::store
