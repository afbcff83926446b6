// Commands on parts of strings: APPEND, SETRANGE, GETRANGE and its old name SUBSTR.
#include <algorithm>

#include "server/commands/arguments.h"
#include "server/commands/families.h"
#include "server/commands/string_writing.h"

namespace quorate::server::commands {

namespace {

using engine::Context;
namespace errors = resp::errors;

void Append(Context& context) {
  const store::Lookup key = context.Key(1);
  const std::string_view bytes = context.arg(2);
  store::Record* record = context.FindForWrite(key);
  if (record == nullptr) {
    record = StoreString(context, key, bytes, store::ExpiryChange::Clear());
  } else {
    if (context.RefuseWrongType(record)) return;
    if (!CheckStringLength(context, static_cast<int64_t>(record->StringSize()),
                           static_cast<int64_t>(bytes.size())))
      return;
    record = context.db().Append(key, bytes);
    context.Modified(key);
  }
  context.Notify(config::kNotifyString, "append", key.key);
  context.reply.Integer(static_cast<int64_t>(record->StringSize()));
}

void SetRange(Context& context) {
  const std::string_view bytes = context.arg(3);
  const std::optional<int64_t> offset = IntegerArgument(context, 2);
  if (!offset) return;
  if (*offset < 0) return context.Error(errors::kOffsetOutOfRange);
  const store::Lookup key = context.Key(1);
  store::Record* record = context.FindForWrite(key);
  if (context.RefuseWrongType(record)) return;
  if (bytes.empty()) {
    const size_t size = record == nullptr ? 0 : record->StringSize();
    return context.reply.Integer(static_cast<int64_t>(size));
  }
  if (!CheckStringLength(context, *offset, static_cast<int64_t>(bytes.size()))) return;
  const bool is_new = record == nullptr;
  record = context.db().SetRange(key, static_cast<size_t>(*offset), bytes);
  if (is_new) FinishNewKey(context, key, *record);
  context.Modified(key);
  context.Notify(config::kNotifyString, "setrange", key.key);
  context.reply.Integer(static_cast<int64_t>(record->StringSize()));
}

// The part of `text` from `start` to `end`, both inclusive and counted from the end if negative.
std::string_view Slice(std::string_view text, int64_t start, int64_t end) {
  const int64_t size = static_cast<int64_t>(text.size());
  if (start < 0 && end < 0 && start > end) return {};
  if (start < 0) start = std::max<int64_t>(size + start, 0);
  if (end < 0) end = std::max<int64_t>(size + end, 0);
  end = std::min(end, size - 1);
  if (start > end) return {};
  return text.substr(static_cast<size_t>(start), static_cast<size_t>(end - start + 1));
}

void GetRange(Context& context) {
  const std::optional<int64_t> start = IntegerArgument(context, 2);
  if (!start) return;
  const std::optional<int64_t> end = IntegerArgument(context, 3);
  if (!end) return;
  const store::Record* record = context.FindForRead(context.Key(1));
  if (record == nullptr) return context.reply.Bulk({});
  if (context.RefuseWrongType(record)) return;
  store::IntegerText scratch;
  context.reply.Bulk(Slice(record->StringValue(scratch), *start, *end));
}

// ---- rows

constexpr Argument kAppendArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "value"},
};

constexpr Argument kSetrangeArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "offset", .type = Type::kInteger},
    {.name = "value"},
};

constexpr Argument kGetrangeArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "start", .type = Type::kInteger},
    {.name = "end", .type = Type::kInteger},
};

constexpr CommandRow kRows[] = {
    {.spec =
         {.name = "append",
          .summary = "Append a value to a key",
          .since = "2.0.0",
          .group = Group::kString,
          .complexity =
              "O(1). The amortized time complexity is O(1) assuming the appended value is small "
              "and the already present value is of any size, since the dynamic string library used "
              "by Redis will double the free space available on every reallocation.",
          .arity = 3,
          .flags = flag::kWrite | flag::kDenyOom | flag::kFast,
          .categories = acl::kString,
          .keys = keys::kInsert,
          .arguments = kAppendArguments},
     .run = &Append},
    {.spec = {.name = "setrange",
              .summary = "Overwrite part of a string at key starting at the specified offset",
              .since = "2.2.0",
              .group = Group::kString,
              .complexity =
                  "O(1), not counting the time taken to copy the new string in place. Usually, "
                  "this string is very small so the amortized complexity is O(1). Otherwise, "
                  "complexity is O(M) with M being the length of the value argument.",
              .arity = 4,
              .flags = flag::kWrite | flag::kDenyOom,
              .categories = acl::kString,
              .keys = keys::kUpdate,
              .arguments = kSetrangeArguments},
     .run = &SetRange},
    {.spec = {.name = "getrange",
              .summary = "Get a substring of the string stored at a key",
              .since = "2.4.0",
              .group = Group::kString,
              .complexity =
                  "O(N) where N is the length of the returned string. The complexity is ultimately "
                  "determined by the returned length, but because creating a substring from an "
                  "existing string is very cheap, it can be considered O(1) for small strings.",
              .arity = 4,
              .flags = flag::kReadonly,
              .categories = acl::kString,
              .keys = keys::kRead,
              .arguments = kGetrangeArguments},
     .run = &GetRange},
    {.spec = {.name = "substr",
              .summary = "Get a substring of the string stored at a key",
              .since = "1.0.0",
              .group = Group::kString,
              .complexity =
                  "O(N) where N is the length of the returned string. The complexity is ultimately "
                  "determined by the returned length, but because creating a substring from an "
                  "existing string is very cheap, it can be considered O(1) for small strings.",
              .deprecated_since = "2.0.0",
              .replaced_by = "`GETRANGE`",
              .arity = 4,
              .flags = flag::kReadonly,
              .categories = acl::kString,
              .keys = keys::kRead,
              .arguments = kGetrangeArguments},
     .run = &GetRange},
};

}  // namespace

Rows StringRangeRows() { return kRows; }

}  // namespace quorate::server::commands
