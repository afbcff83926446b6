// Reading a handler's arguments: each function either yields the value or answers Redis' error and
// yields nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "server/engine/context.h"
#include "shared/base/numbers.h"
#include "shared/resp/errors.h"

namespace quorate::server::commands {

// Option words: case does not matter.
inline bool Is(std::string_view argument, std::string_view word) {
  return argument.size() == word.size() && base::EqualsIgnoreCase(argument, word);
}

std::optional<int64_t> IntegerArgument(engine::Context& context, size_t index,
                                       std::string_view error = resp::errors::kNotInteger);
// Within int, as Redis' database numbers are; `error` replaces both of the usual texts.
std::optional<int> IntArgument(engine::Context& context, size_t index, std::string_view error = {});
// A database number that exists.
std::optional<int> DatabaseArgument(engine::Context& context, size_t index);

// How EX, PX, EXAT, PXAT, KEEPTTL and PERSIST came with SET and GETEX.
struct ExpiryOption {
  enum class Kind : uint8_t {
    kNone,
    kSeconds,
    kMilliseconds,
    kAtSeconds,
    kAtMilliseconds,
    kKeep,
    kPersist
  };
  Kind kind = Kind::kNone;
  std::string_view value;  // of the first four

  bool is_time() const {
    return kind == Kind::kSeconds || kind == Kind::kMilliseconds || is_absolute();
  }
  bool is_absolute() const { return kind == Kind::kAtSeconds || kind == Kind::kAtMilliseconds; }
};
// Takes args[*index] (and its value) into `option` if it is one of EX, PX, EXAT, PXAT or `word`
// (KEEPTTL or PERSIST, as `word_kind`), and no other came before; moves *index to the last argument
// taken. False, without an answer, if it is not.
bool TakeExpiryOption(const engine::Context& context, size_t* index, std::string_view word,
                      ExpiryOption::Kind word_kind, ExpiryOption* option);
// The time the option names, in ms since the epoch; answers the error if it is none. Precondition:
// is_time().
std::optional<int64_t> ResolveExpiry(engine::Context& context, ExpiryOption option);

// Whether a key that is given this expiry is to be deleted at once: replicas and loading servers
// leave that to others.
bool IsPast(engine::Context& context, int64_t expire_at_ms);

}  // namespace quorate::server::commands
