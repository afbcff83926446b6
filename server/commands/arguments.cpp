#include "server/commands/arguments.h"

#include <climits>

#include "server/engine/engine.h"

namespace quorate::server::commands {

using engine::Context;
namespace errors = resp::errors;

std::optional<int64_t> IntegerArgument(Context& context, size_t index, std::string_view error) {
  const std::optional<int64_t> value = base::ParseInt64(context.arg(index));
  if (!value) context.Error(error);
  return value;
}

std::optional<int> IntArgument(Context& context, size_t index, std::string_view error) {
  const std::optional<int64_t> value = base::ParseInt64(context.arg(index));
  if (value && *value >= INT_MIN && *value <= INT_MAX) return static_cast<int>(*value);
  if (!error.empty()) {
    context.Error(error);
  } else if (!value) {
    context.Error(errors::kNotInteger);
  } else {
    context.Error(errors::kNotInt);
  }
  return std::nullopt;
}

std::optional<int> DatabaseArgument(Context& context, size_t index) {
  const std::optional<int> value = IntArgument(context, index);
  if (!value) return std::nullopt;
  if (*value < 0 || static_cast<size_t>(*value) >= context.engine.databases().count()) {
    context.Error(errors::kDbOutOfRange);
    return std::nullopt;
  }
  return value;
}

bool TakeExpiryOption(const Context& context, size_t* index, std::string_view word,
                      ExpiryOption::Kind word_kind, ExpiryOption* option) {
  using Kind = ExpiryOption::Kind;
  const std::string_view argument = context.arg(*index);
  Kind kind = Kind::kNone;
  if (Is(argument, "ex")) {
    kind = Kind::kSeconds;
  } else if (Is(argument, "px")) {
    kind = Kind::kMilliseconds;
  } else if (Is(argument, "exat")) {
    kind = Kind::kAtSeconds;
  } else if (Is(argument, "pxat")) {
    kind = Kind::kAtMilliseconds;
  } else if (Is(argument, word)) {
    kind = word_kind;
  }
  if (kind == Kind::kNone) return false;
  if (option->kind != Kind::kNone && option->kind != kind) return false;
  if (kind != word_kind) {
    if (*index + 1 >= context.argc()) return false;
    ++*index;
    option->value = context.arg(*index);
  }
  option->kind = kind;
  return true;
}

std::optional<int64_t> ResolveExpiry(Context& context, ExpiryOption option) {
  using Kind = ExpiryOption::Kind;
  const std::optional<int64_t> value = base::ParseInt64(option.value);
  if (!value) {
    context.Error(errors::kNotInteger);
    return std::nullopt;
  }
  const bool in_seconds = option.kind == Kind::kSeconds || option.kind == Kind::kAtSeconds;
  int64_t ms = *value;
  bool valid = ms > 0 && (!in_seconds || ms <= INT64_MAX / 1000);
  if (valid && in_seconds) ms *= 1000;
  if (valid && !option.is_absolute()) {
    valid = ms <= INT64_MAX - context.wall.ms;
    if (valid) ms += context.wall.ms;
  }
  if (!valid) {
    context.Error(errors::InvalidExpire(context.command.full_name));
    return std::nullopt;
  }
  return ms;
}

bool IsPast(Context& context, int64_t expire_at_ms) {
  return expire_at_ms <= context.wall.ms && !context.engine.loading &&
         !context.engine.replication().is_replica();
}

}  // namespace quorate::server::commands
