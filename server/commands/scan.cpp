// SCAN: the keyspace in steps. Keys that are there from the first step to the last are returned,
// however the table grew meanwhile (Keyspace::Scan).
#include <cctype>
#include <charconv>

#include "server/commands/arguments.h"
#include "server/commands/families.h"
#include "server/engine/context.h"
#include "shared/base/glob.h"

namespace quorate::server::commands {

namespace {

using engine::Context;
namespace errors = resp::errors;

// What strtoul takes whole, as Redis reads cursors: an empty text is 0, a sign is allowed and a
// negative number wraps. Blanks before it are not allowed.
std::optional<uint64_t> ParseCursor(std::string_view text) {
  if (text.empty()) return 0;
  const bool negative = text[0] == '-';
  if (negative || text[0] == '+') text.remove_prefix(1);
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return negative ? 0 - value : value;
}

struct ScanOptions {
  int64_t count = 10;
  std::string_view pattern = "*";
  std::string_view type;
};

std::optional<ScanOptions> ParseScanOptions(Context& context) {
  ScanOptions options;
  for (size_t i = 2; i < context.argc(); i += 2) {
    const std::string_view word = context.arg(i);
    const bool has_value = i + 1 < context.argc();
    if (has_value && Is(word, "count")) {
      const std::optional<int64_t> count = IntegerArgument(context, i + 1);
      if (!count) return std::nullopt;
      if (*count < 1) {
        context.Error(errors::kSyntax);
        return std::nullopt;
      }
      options.count = *count;
    } else if (has_value && Is(word, "match")) {
      options.pattern = context.arg(i + 1);
    } else if (has_value && Is(word, "type")) {
      options.type = context.arg(i + 1);
    } else {
      context.Error(errors::kSyntax);
      return std::nullopt;
    }
  }
  return options;
}

bool Matches(Context& context, const ScanOptions& options, const store::Record& record) {
  if (options.pattern != "*" && !base::GlobMatch(options.pattern, record.key())) return false;
  if (!record.has_expiry() && options.type.empty()) return true;
  const std::string name(record.key());  // the record goes if it is expired
  const store::Lookup key = context.db().Prepare(name);
  if (options.type.empty()) return context.Peek(key) != nullptr;
  // As in Redis, asking for the type is a lookup: it counts, and what expired is a miss.
  const store::Record* live = context.FindUntouched(key);
  return live != nullptr && Is(options.type, store::TypeName(live->type()));
}

void Scan(Context& context) {
  const std::optional<uint64_t> cursor = ParseCursor(context.arg(1));
  if (!cursor) return context.Error(errors::kInvalidCursor);
  const std::optional<ScanOptions> options = ParseScanOptions(context);
  if (!options) return;

  // The views stay valid: only expired keys are deleted meanwhile, and those are not among them.
  std::vector<std::string_view> found;
  const uint64_t next = context.db().Scan(*cursor, static_cast<size_t>(options->count),
                                          [&](const store::Record* record) {
                                            if (Matches(context, *options, *record))
                                              found.push_back(record->key());
                                          });
  char digits[24];
  const char* end = std::to_chars(digits, digits + sizeof digits, next).ptr;
  context.reply.ArrayHeader(2);
  context.reply.Bulk({digits, static_cast<size_t>(end - digits)});
  context.reply.ArrayHeader(found.size());
  for (const std::string_view name : found) context.reply.Bulk(name);
}

// ---- rows

constexpr Argument kScanArguments[] = {
    {.name = "cursor", .type = Type::kInteger},
    {.name = "pattern", .type = Type::kPattern, .token = "MATCH", .optional = true},
    {.name = "count", .type = Type::kInteger, .token = "COUNT", .optional = true},
    {.name = "type", .token = "TYPE", .optional = true, .since = "6.0.0"},
};

constexpr std::string_view kScanTips[] = {"nondeterministic_output", "request_policy:special"};

constexpr Change kScanHistory[] = {
    {"6.0.0", "Added the `TYPE` subcommand."},
};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "scan",
              .summary = "Incrementally iterate the keys space",
              .since = "2.8.0",
              .group = Group::kGeneric,
              .complexity = "O(1) for every call. O(N) for a complete iteration, including enough "
                            "command calls for the cursor to return back to 0. N is the number of "
                            "elements inside the collection.",
              .arity = -2,
              .flags = flag::kReadonly | flag::kTouchesArbitraryKeys,
              .categories = acl::kKeyspace,
              .arguments = kScanArguments,
              .tips = kScanTips,
              .history = kScanHistory},
     .run = &Scan},
};

}  // namespace

Rows ScanRows() { return kRows; }

}  // namespace quorate::server::commands
