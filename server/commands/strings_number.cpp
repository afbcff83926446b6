// Commands that count in strings: INCR, DECR, INCRBY, DECRBY, INCRBYFLOAT.
#include <cmath>
#include <string>

#include "server/commands/arguments.h"
#include "server/commands/families.h"
#include "server/commands/string_writing.h"

namespace quorate::server::commands {

namespace {

using engine::Context;
namespace errors = resp::errors;

void AddInteger(Context& context, int64_t increment) {
  const store::Lookup key = context.Key(1);
  store::Record* record = context.FindForWrite(key);
  int64_t value = 0;
  if (record != nullptr) {
    if (context.RefuseWrongType(record)) return;
    if (record->is_integer()) {
      value = record->integer();
    } else {
      const std::optional<int64_t> parsed = base::ParseInt64(record->text());
      if (!parsed) return context.Error(errors::kNotInteger);
      value = *parsed;
    }
  }
  if (__builtin_add_overflow(value, increment, &value)) return context.Error(errors::kOverflow);
  const bool is_new = record == nullptr;
  record = context.db().SetInteger(key, value, store::ExpiryChange::Keep());
  if (is_new) FinishNewKey(context, key, *record);
  context.Modified(key);
  context.Notify(config::kNotifyString, "incrby", key.key);
  context.reply.Integer(value);
}

void Incr(Context& context) { AddInteger(context, 1); }
void Decr(Context& context) { AddInteger(context, -1); }

void IncrBy(Context& context) {
  if (const std::optional<int64_t> increment = IntegerArgument(context, 2))
    AddInteger(context, *increment);
}

void DecrBy(Context& context) {
  const std::optional<int64_t> decrement = IntegerArgument(context, 2);
  if (!decrement) return;
  if (*decrement == INT64_MIN) return context.Error(errors::kDecrementOverflow);
  AddInteger(context, -*decrement);
}

void IncrByFloat(Context& context) {
  const store::Lookup key = context.Key(1);
  const store::Record* record = context.FindForWrite(key);
  if (context.RefuseWrongType(record)) return;
  std::optional<long double> value = 0;
  if (record != nullptr) {
    store::IntegerText scratch;
    value = base::ParseLongDouble(record->StringValue(scratch));
  }
  if (!value) return context.Error(errors::kNotFloat);
  const std::optional<long double> increment = base::ParseLongDouble(context.arg(2));
  if (!increment) return context.Error(errors::kNotFloat);
  const long double sum = *value + *increment;
  if (!std::isfinite(sum)) return context.Error(errors::kNanOrInfinity);

  const std::string text = base::FormatLongDouble(sum);
  StoreString(context, key, text, store::ExpiryChange::Keep(), store::StringForm::kPlain);
  context.Notify(config::kNotifyString, "incrbyfloat", key.key);
  context.reply.Bulk(text);
  // Replicas must not add themselves: their floats may differ.
  context.ReplaceEffect({"SET", key.key, text, "KEEPTTL"});
}

// ---- rows

constexpr Argument kIncrArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
};

constexpr Argument kIncrbyArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "increment", .type = Type::kInteger},
};

constexpr Argument kDecrbyArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "decrement", .type = Type::kInteger},
};

constexpr Argument kIncrbyfloatArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "increment", .type = Type::kDouble},
};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "incr",
              .summary = "Increment the integer value of a key by one",
              .since = "1.0.0",
              .group = Group::kString,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kWrite | flag::kDenyOom | flag::kFast,
              .categories = acl::kString,
              .keys = keys::kAccessUpdate,
              .arguments = kIncrArguments},
     .run = &Incr},
    {.spec = {.name = "decr",
              .summary = "Decrement the integer value of a key by one",
              .since = "1.0.0",
              .group = Group::kString,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kWrite | flag::kDenyOom | flag::kFast,
              .categories = acl::kString,
              .keys = keys::kAccessUpdate,
              .arguments = kIncrArguments},
     .run = &Decr},
    {.spec = {.name = "incrby",
              .summary = "Increment the integer value of a key by the given amount",
              .since = "1.0.0",
              .group = Group::kString,
              .complexity = "O(1)",
              .arity = 3,
              .flags = flag::kWrite | flag::kDenyOom | flag::kFast,
              .categories = acl::kString,
              .keys = keys::kAccessUpdate,
              .arguments = kIncrbyArguments},
     .run = &IncrBy},
    {.spec = {.name = "decrby",
              .summary = "Decrement the integer value of a key by the given number",
              .since = "1.0.0",
              .group = Group::kString,
              .complexity = "O(1)",
              .arity = 3,
              .flags = flag::kWrite | flag::kDenyOom | flag::kFast,
              .categories = acl::kString,
              .keys = keys::kAccessUpdate,
              .arguments = kDecrbyArguments},
     .run = &DecrBy},
    {.spec = {.name = "incrbyfloat",
              .summary = "Increment the float value of a key by the given amount",
              .since = "2.6.0",
              .group = Group::kString,
              .complexity = "O(1)",
              .arity = 3,
              .flags = flag::kWrite | flag::kDenyOom | flag::kFast,
              .categories = acl::kString,
              .keys = keys::kAccessUpdate,
              .arguments = kIncrbyfloatArguments},
     .run = &IncrByFloat},
};

}  // namespace

Rows StringNumberRows() { return kRows; }

}  // namespace quorate::server::commands
