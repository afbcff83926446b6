#include "server/store/record.h"

#include <algorithm>
#include <cstdlib>
#include <new>

#include "shared/base/check.h"

namespace quorate::server::store {

namespace {

void* AllocateBlock(size_t bytes) { return ::operator new(bytes); }

void FreeBlock(void* block, [[maybe_unused]] size_t bytes) {
#ifdef __cpp_sized_deallocation
  ::operator delete(block, bytes);
#else
  ::operator delete(block);
#endif
}

// ---- Text: malloc, because a big one grows best with realloc.

size_t TextBlockBytes(const Text& text) { return sizeof(Text) + text.capacity; }

Text* NewText(size_t size, size_t wanted_capacity) {
  const size_t block = SizeClass(sizeof(Text) + wanted_capacity);
  Text* text = static_cast<Text*>(std::malloc(block));
  CHECK(text != nullptr);
  text->size = size;
  text->capacity = block - sizeof(Text);
  return text;
}

Text* CopyText(std::string_view bytes) {
  Text* text = NewText(bytes.size(), bytes.size());
  std::memcpy(text->bytes(), bytes.data(), bytes.size());
  return text;
}

// Room to spare: as much again up to 1 MiB, 1 MiB above (the rule of Redis' strings).
size_t GenerousCapacity(size_t size) {
  constexpr size_t kMaxSpare = 1024 * 1024;
  return size + std::min(size, kMaxSpare);
}

// Precondition: size >= text->size.
Text* ExtendText(Text* text, size_t size) {
  if (size > text->capacity) {
    const size_t block = SizeClass(sizeof(Text) + GenerousCapacity(size));
    text = static_cast<Text*>(std::realloc(static_cast<void*>(text), block));
    CHECK(text != nullptr);
    text->capacity = block - sizeof(Text);
  }
  std::memset(text->bytes() + text->size, 0, size - text->size);
  text->size = size;
  return text;
}

// A capacity that is not a waste for `size` bytes.
bool Suits(const Text& text, size_t size) {
  return size <= text.capacity && text.capacity <= 2 * SizeClass(sizeof(Text) + size);
}

}  // namespace

const char* TypeName(ValueType type) {
  switch (type) {
    case ValueType::kString:
      return "string";
    case ValueType::kList:
      return "list";
    case ValueType::kSet:
      return "set";
    case ValueType::kSortedSet:
      return "zset";
    case ValueType::kHash:
      return "hash";
    case ValueType::kModule:
      return "module";
    case ValueType::kStream:
      return "stream";
  }
  return "unknown";
}

// ---- Record

size_t Record::StringSize() const {
  IntegerText scratch;
  return StringValue(scratch).size();
}

const char* Record::EncodingName() const {
  switch (storage()) {
    case Storage::kInteger:
      return "int";
    case Storage::kInline:
      return inline_size() <= kMaxEmbstrBytes && !grown_ ? "embstr" : "raw";
    case Storage::kHeap:
      return "raw";
    case Storage::kObject:
      return object()->EncodingName();
  }
  return "unknown";
}

size_t Record::OwnedBytes() const {
  if (storage() == Storage::kHeap) return TextBlockBytes(*heap_text());
  return storage() == Storage::kObject ? object()->UsedBytes() : 0;
}

void RecordDeleter::operator()(Record* record) const { RecordFactory::Free(record); }

// ---- RecordFactory

// A value on its way into a record: exactly what the payload and, for inline text, the tail will
// hold.
struct RecordFactory::Value {
  ValueType type = ValueType::kString;
  Record::Storage storage = Record::Storage::kInteger;
  bool grown = false;
  int64_t integer = 0;
  Text* heap = nullptr;
  Object* object = nullptr;
  std::string_view text = {};  // inline only
  size_t inline_size = 0;      // >= text.size(); the rest is zeros

  bool is_inline() const { return storage == Record::Storage::kInline; }
  size_t BlockBytes(size_t key_size, bool expires) const {
    return sizeof(Record) + (expires ? 8 : 0) + (is_inline() ? 4 + inline_size : 8) + key_size;
  }

  static Value Integer(int64_t value) { return {.integer = value}; }
  static Value Inline(std::string_view text, size_t size, bool grown) {
    return {.storage = Record::Storage::kInline, .grown = grown, .text = text, .inline_size = size};
  }
  static Value Heap(Text* text, bool grown) {
    return {.storage = Record::Storage::kHeap, .grown = grown, .heap = text};
  }
  static Value Other(ValueType type, Object* object) {
    return {.type = type, .storage = Record::Storage::kObject, .object = object};
  }
  static Value String(std::string_view bytes, StringForm form) {
    if (form == StringForm::kAuto && bytes.size() <= base::kMaxInt64Chars)
      if (const auto integer = base::ParseInt64(bytes)) return Integer(*integer);
    const bool grown = form == StringForm::kGrown;
    if (bytes.size() <= kMaxInlineBytes) return Inline(bytes, bytes.size(), grown);
    return Heap(CopyText(bytes), grown);
  }
};

void RecordFactory::Fill(Record* record, const Value& value) {
  record->type_ = static_cast<uint32_t>(value.type) & 0xf;
  record->grown_ = value.grown;
  switch (value.storage) {
    case Record::Storage::kInteger:
      record->Store(record->payload(), value.integer);
      break;
    case Record::Storage::kHeap:
      record->Store(record->payload(), value.heap);
      break;
    case Record::Storage::kObject:
      record->Store(record->payload(), value.object);
      break;
    case Record::Storage::kInline: {
      record->Store(record->payload(), static_cast<uint32_t>(value.inline_size));
      char* to = record->tail() + record->key_size_;
      if (!value.text.empty()) std::memmove(to, value.text.data(), value.text.size());
      std::memset(to + value.text.size(), 0, value.inline_size - value.text.size());
      break;
    }
  }
}

Record* RecordFactory::Build(std::string_view key, const Value& value, int64_t expire_at_ms,
                             uint32_t access) {
  CHECK(key.size() <= kMaxKeyBytes);
  const bool expires = expire_at_ms != kNoExpiry;
  const size_t block = SizeClass(value.BlockBytes(key.size(), expires));
  Record* record = new (AllocateBlock(block)) Record;
  record->access_ = access & 0xffffff;
  record->storage_ = static_cast<uint32_t>(value.storage) & 3;
  record->has_expiry_ = expires;
  record->key_size_ = static_cast<uint32_t>(key.size());
  if (expires) record->Store(sizeof(Record), expire_at_ms);
  if (!key.empty()) std::memcpy(record->tail(), key.data(), key.size());
  Fill(record, value);
  return record;
}

Record* RecordFactory::Assign(Record* record, const Value& value, int64_t expire_at_ms) {
  const bool expires = expire_at_ms != kNoExpiry;
  const bool fits =
      record->storage() == value.storage && record->has_expiry_ == expires &&
      SizeClass(record->block_bytes()) == SizeClass(value.BlockBytes(record->key_size_, expires));
  Text* const old_heap = record->heap_text();
  Object* const old_object = record->heap_object();
  if (fits) {
    if (expires) record->Store(sizeof(Record), expire_at_ms);
    Fill(record, value);
  } else {
    Record* moved = Build(record->key(), value, expire_at_ms, record->access_);
    ReleaseBlock(record);
    record = moved;
  }
  if (old_heap != value.heap) std::free(old_heap);
  if (old_object != value.object) delete old_object;
  return record;
}

RecordFactory::Value RecordFactory::Current(const Record& record) {
  switch (record.storage()) {
    case Record::Storage::kInteger:
      return Value::Integer(record.integer());
    case Record::Storage::kInline:
      return Value::Inline(record.text(), record.inline_size(), record.grown_);
    case Record::Storage::kHeap:
      return Value::Heap(record.heap_text(), record.grown_);
    case Record::Storage::kObject:
      return Value::Other(record.type(), record.object());
  }
  return {};
}

void RecordFactory::ReleaseBlock(Record* record) {
  FreeBlock(record, SizeClass(record->block_bytes()));
}

void RecordFactory::Free(Record* record) {
  std::free(record->heap_text());
  delete record->heap_object();
  ReleaseBlock(record);
}

Record* RecordFactory::NewString(std::string_view key, std::string_view value, StringForm form,
                                 int64_t expire_at_ms) {
  return Build(key, Value::String(value, form), expire_at_ms, 0);
}

Record* RecordFactory::NewInteger(std::string_view key, int64_t value, int64_t expire_at_ms) {
  return Build(key, Value::Integer(value), expire_at_ms, 0);
}

Record* RecordFactory::NewObject(std::string_view key, ValueType type,
                                 std::unique_ptr<Object> value, int64_t expire_at_ms) {
  return Build(key, Value::Other(type, value.release()), expire_at_ms, 0);
}

Record* RecordFactory::Copy(const Record& source, std::string_view key, int64_t expire_at_ms) {
  Value value = Current(source);
  if (value.heap != nullptr) value.heap = CopyText(source.text());
  if (value.object != nullptr) value.object = value.object->Clone().release();
  return Build(key, value, expire_at_ms, source.access());
}

Record* RecordFactory::Rekey(Record* record, std::string_view key) {
  Record* renamed = Build(key, Current(*record), record->expire_at_ms(), record->access());
  ReleaseBlock(record);
  return renamed;
}

Record* RecordFactory::SetString(Record* record, std::string_view value, StringForm form,
                                 int64_t expire_at_ms) {
  if (record->storage() == Record::Storage::kHeap && value.size() > kMaxInlineBytes) {
    Text* text = record->heap_text();
    if (Suits(*text, value.size())) {
      std::memmove(text->bytes(), value.data(), value.size());
      text->size = value.size();
      return Assign(record, Value::Heap(text, form == StringForm::kGrown), expire_at_ms);
    }
  }
  return Assign(record, Value::String(value, form), expire_at_ms);
}

Record* RecordFactory::SetInteger(Record* record, int64_t value, int64_t expire_at_ms) {
  return Assign(record, Value::Integer(value), expire_at_ms);
}

Record* RecordFactory::SetObject(Record* record, ValueType type, std::unique_ptr<Object> value,
                                 int64_t expire_at_ms) {
  return Assign(record, Value::Other(type, value.release()), expire_at_ms);
}

Record* RecordFactory::SetExpiry(Record* record, int64_t expire_at_ms) {
  return Assign(record, Current(*record), expire_at_ms);
}

Record* RecordFactory::GrowString(Record* record, size_t size) {
  if (record->storage() == Record::Storage::kHeap) {
    Text* text = record->heap_text();
    text = ExtendText(text, std::max(size, text->size));
    record->Store(record->payload(), text);
    record->grown_ = 1;
    return record;
  }
  IntegerText scratch;
  const std::string_view old = record->StringValue(scratch);
  size = std::max(size, old.size());
  if (size <= kMaxInlineBytes)
    return Assign(record, Value::Inline(old, size, true), record->expire_at_ms());
  Text* text = NewText(size, GenerousCapacity(size));
  std::memcpy(text->bytes(), old.data(), old.size());
  std::memset(text->bytes() + old.size(), 0, size - old.size());
  return Assign(record, Value::Heap(text, true), record->expire_at_ms());
}

char* RecordFactory::MutableBytes(Record* record) {
  if (record->storage() == Record::Storage::kHeap) return record->heap_text()->bytes();
  return record->tail() + record->key_size_;
}

}  // namespace quorate::server::store
