// A record is a key with its value and expiry in one allocation, the thing the keyspace's table
// points to. It knows nothing of tables or time. Layout (native byte order, size rounded up to a
// SizeClass):
//
//   0  u32  access:24  type:4  storage:2  grown:1  has_expiry:1
//   4  u32  key size
//   8  i64  expiry, ms since the Unix epoch        (only if has_expiry)
//   .  u32  value size                             (inline text), or
//      i64  value | Text* | Object*                (integer, heap text, other types)
//   .       key bytes, then the value's bytes      (value: inline text only)
//
// Invariant: the block's size is SizeClass(block bytes in use), so no call of the allocator tells
// what fits. Pointer rule: whatever changes a record's size may move it; such functions take the
// old pointer and return the new one, and the old must not be used again. A record that only reads
// (const Record&) never moves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "server/store/size_class.h"
#include "shared/base/numbers.h"
#include "shared/base/time.h"

namespace quorate::server::store {

// Numbered as Redis' OBJ_* (DEBUG DIGEST hashes the number).
enum class ValueType : uint8_t {
  kString = 0,
  kList = 1,
  kSet = 2,
  kSortedSet = 3,
  kHash = 4,
  kModule = 5,
  kStream = 6,
};
// As TYPE prints it.
const char* TypeName(ValueType type);

// A value of a type other than string. The record owns it.
class Object {
 public:
  virtual ~Object() = default;
  virtual std::unique_ptr<Object> Clone() const = 0;
  virtual const char* EncodingName() const = 0;
  virtual size_t UsedBytes() const = 0;
};

// A growable text outside of its record.
struct Text {
  size_t size;
  size_t capacity;
  char* bytes() { return reinterpret_cast<char*>(this + 1); }
  const char* bytes() const { return reinterpret_cast<const char*>(this + 1); }
};

inline constexpr size_t kMaxKeyBytes = UINT32_MAX;
inline constexpr size_t kMaxInlineBytes = 512;
inline constexpr size_t kMaxEmbstrBytes = 44;
inline constexpr int64_t kNoExpiry = -1;

// Room for an integer value's decimal form.
struct IntegerText {
  char chars[base::kMaxInt64Chars];
};

class Record {
 public:
  enum class Storage : uint8_t { kInteger = 0, kInline = 1, kHeap = 2, kObject = 3 };

  Record(const Record&) = delete;
  Record& operator=(const Record&) = delete;

  std::string_view key() const { return {tail(), key_size_}; }
  ValueType type() const { return static_cast<ValueType>(type_); }
  Storage storage() const { return static_cast<Storage>(storage_); }

  // Expiry in ms since the Unix epoch, kNoExpiry if it has none.
  bool has_expiry() const { return has_expiry_; }
  int64_t expire_at_ms() const { return has_expiry_ ? Load<int64_t>(sizeof(Record)) : kNoExpiry; }
  // Redis' rule: the expiry's own millisecond still counts as alive.
  bool ExpiredAt(base::WallTime now) const { return has_expiry_ && now.ms > expire_at_ms(); }

  bool is_string() const { return type() == ValueType::kString; }
  bool is_integer() const { return storage() == Storage::kInteger; }
  // Precondition: is_integer().
  int64_t integer() const { return Load<int64_t>(payload()); }
  // The bytes of a string. An integer is formatted into `scratch`; otherwise the view points into
  // the record and is valid until its next change. Precondition: is_string().
  std::string_view StringValue(IntegerText& scratch) const {
    if (!is_integer()) return text();
    return {scratch.chars, base::FormatInt64(integer(), scratch.chars)};
  }
  // Precondition: is_string() && !is_integer().
  std::string_view text() const {
    if (storage() == Storage::kInline) return {tail() + key_size_, inline_size()};
    const Text* heap = Load<Text*>(payload());
    return {heap->bytes(), heap->size};
  }
  // STRLEN. Precondition: is_string().
  size_t StringSize() const;
  // Precondition: storage() == Storage::kObject.
  Object* object() const { return Load<Object*>(payload()); }

  // OBJECT ENCODING: "int", "embstr" (set whole, at most 44 bytes), "raw", or the object's own.
  const char* EncodingName() const;
  // The block and the text or object that hangs on it; the table's share is not in it.
  size_t UsedBytes() const {
    const size_t block = SizeClass(block_bytes());
    return storage() <= Storage::kInline ? block : block + OwnedBytes();
  }

  // 24 bits for the eviction policy (access.h). Not part of the value: changing them is no write.
  uint32_t access() const { return access_; }
  void set_access(uint32_t bits) { access_ = bits & 0xffffff; }

 private:
  friend class RecordFactory;
  Record() = default;

  template <typename T>
  T Load(size_t offset) const {
    T value;
    std::memcpy(&value, reinterpret_cast<const char*>(this) + offset, sizeof value);
    return value;
  }
  template <typename T>
  void Store(size_t offset, T value) {
    std::memcpy(reinterpret_cast<char*>(this) + offset, &value, sizeof value);
  }
  size_t payload() const { return sizeof(Record) + (has_expiry_ ? 8 : 0); }
  size_t tail_offset() const { return payload() + (storage() == Storage::kInline ? 4 : 8); }
  const char* tail() const { return reinterpret_cast<const char*>(this) + tail_offset(); }
  char* tail() { return reinterpret_cast<char*>(this) + tail_offset(); }
  // What the record owns besides its block, or null.
  Text* heap_text() const { return storage() == Storage::kHeap ? Load<Text*>(payload()) : nullptr; }
  Object* heap_object() const {
    return storage() == Storage::kObject ? Load<Object*>(payload()) : nullptr;
  }
  size_t OwnedBytes() const;
  uint32_t inline_size() const { return Load<uint32_t>(payload()); }
  size_t block_bytes() const {
    return tail_offset() + key_size_ + (storage() == Storage::kInline ? inline_size() : 0);
  }

  uint32_t access_ : 24;
  uint32_t type_ : 4;
  uint32_t storage_ : 2;
  uint32_t grown_ : 1;  // changed by APPEND, SETRANGE and the like: "raw" however short
  uint32_t has_expiry_ : 1;
  uint32_t key_size_;
};
static_assert(sizeof(Record) == 8);

// How a string's bytes are to be kept.
enum class StringForm : uint8_t {
  kAuto,   // as SET keeps them: a canonical int64 as an integer
  kPlain,  // as bytes whatever they say (INCRBYFLOAT's result, bytes read from a snapshot)
  kGrown,  // as bytes, and named "raw" (APPEND, SETRANGE, SETBIT)
};

struct RecordDeleter {
  void operator()(Record* record) const;
};
using RecordPtr = std::unique_ptr<Record, RecordDeleter>;

// Makes, changes and frees records. `expire_at_ms` is kNoExpiry or >= 0. Every function that takes
// a Record* and returns one follows the pointer rule above and leaves key, access bits and type as
// they were unless it says otherwise.
class RecordFactory {
 public:
  // Preconditions: key.size() <= kMaxKeyBytes.
  static Record* NewString(std::string_view key, std::string_view value, StringForm form,
                           int64_t expire_at_ms);
  static Record* NewInteger(std::string_view key, int64_t value, int64_t expire_at_ms);
  static Record* NewObject(std::string_view key, ValueType type, std::unique_ptr<Object> value,
                           int64_t expire_at_ms);
  // A copy of `source` under another key (its own key is allowed), access bits included.
  static Record* Copy(const Record& source, std::string_view key, int64_t expire_at_ms);
  // Moves the value to a new record under another key and frees the old record.
  static Record* Rekey(Record* record, std::string_view key);
  static void Free(Record* record);

  // The new value replaces the old one of whatever type. `value` may lie inside the record.
  static Record* SetString(Record* record, std::string_view value, StringForm form,
                           int64_t expire_at_ms);
  static Record* SetInteger(Record* record, int64_t value, int64_t expire_at_ms);
  static Record* SetObject(Record* record, ValueType type, std::unique_ptr<Object> value,
                           int64_t expire_at_ms);
  static Record* SetExpiry(Record* record, int64_t expire_at_ms);

  // Makes the string `size` bytes long (never shorter than it is), new bytes zero, with room to
  // grow geometrically, and "raw". Precondition: is_string().
  static Record* GrowString(Record* record, size_t size);
  // The bytes of a string that GrowString returned, for writing within its size.
  static char* MutableBytes(Record* record);

 private:
  struct Value;
  static Record* Build(std::string_view key, const Value& value, int64_t expire_at_ms,
                       uint32_t access);
  static Record* Assign(Record* record, const Value& value, int64_t expire_at_ms);
  static Value Current(const Record& record);
  static void Fill(Record* record, const Value& value);
  static void ReleaseBlock(Record* record);
};

}  // namespace quorate::server::store
