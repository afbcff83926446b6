// CONFIG GET and CONFIG SET over a directive table, with Redis 7.0's semantics and error texts
// (given here without the "ERR " code). SET is atomic: all pairs are validated on a copy, then
// applied by the daemon as one change, then kept.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/config/directive.h"

namespace quorate::config {

// Name and value of every directive matched: an exact name (alias, any case) is echoed as asked
// for; a glob pattern matches names and aliases, hidden ones excepted. Nothing appears twice.
std::vector<std::pair<std::string, std::string>> ConfigGet(
    const Binding& settings, std::span<const std::string_view> patterns);

struct SetContext {
  // enable-protected-configs lets this client set protected directives.
  bool protected_allowed = false;
  bool loading = false;  // a data set is being loaded
};

struct Staged {
  std::vector<std::string> changed;  // Redis' names of the directives given, in order
  std::string error;                 // empty: every value was accepted
  bool loading_error = false;  // the error is -LOADING, not -ERR; `error` is a placeholder then
};
// Validates `pairs` (name, value, name, value, ...) and applies them to `candidate`. An odd number
// is a syntax error.
Staged StageConfigSet(const Binding& candidate, std::span<const std::string_view> pairs,
                      const SetContext& context);

std::string ConfigSetFailed(std::string_view directive, std::string_view reason);

// Why the daemon could not carry a valid change out, e.g. {"port", "Unable to listen on this port.
// ..."}.
struct ApplyFailure {
  std::string directive;
  std::string reason;
};
// Makes `after` true in the running daemon or, on failure, leaves everything as `before` says. It may
// put a value of `after` into the form in which it is to be shown.
template <typename S>
using ApplyFunction = std::function<std::optional<ApplyFailure>(
    const S& before, S& after, const std::vector<std::string>& changed)>;

// CONFIG SET as a whole. `settings` is replaced only if everything succeeded.
template <typename S>
Staged ConfigSet(const Table<S>& table, S& settings, std::span<const std::string_view> pairs,
                 const SetContext& context, const ApplyFunction<S>& apply) {
  S candidate = settings;
  Staged staged = StageConfigSet(table.Bind(candidate), pairs, context);
  if (!staged.error.empty()) return staged;
  if (apply) {
    if (const auto failure = apply(settings, candidate, staged.changed)) {
      staged.error = ConfigSetFailed(failure->directive, failure->reason);
      return staged;
    }
  }
  settings = std::move(candidate);
  return staged;
}

}  // namespace quorate::config
