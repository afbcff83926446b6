// LCS: the longest common subsequence of two strings, its length, or where it lies in both.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "server/commands/arguments.h"
#include "server/commands/families.h"
#include "server/engine/context.h"

namespace quorate::server::commands {

namespace {

using engine::Context;
namespace errors = resp::errors;

struct LcsOptions {
  bool length_only = false;
  bool matches = false;
  bool match_lengths = false;
  int64_t least_match = 0;
};

std::optional<LcsOptions> ParseOptions(Context& context) {
  LcsOptions options;
  for (size_t i = 3; i < context.argc(); ++i) {
    const std::string_view argument = context.arg(i);
    if (Is(argument, "idx")) {
      options.matches = true;
    } else if (Is(argument, "len")) {
      options.length_only = true;
    } else if (Is(argument, "withmatchlen")) {
      options.match_lengths = true;
    } else if (Is(argument, "minmatchlen") && i + 1 < context.argc()) {
      const std::optional<int64_t> least = IntegerArgument(context, ++i);
      if (!least) return std::nullopt;
      options.least_match = *least;
    } else {
      context.Error(errors::kSyntax);
      return std::nullopt;
    }
  }
  if (options.matches && options.length_only) {
    context.Error("ERR If you want both the length and indexes, please just use IDX.");
    return std::nullopt;
  }
  return options;
}

// Length of the longest common subsequence of every pair of prefixes.
class PrefixTable {
 public:
  // False if there is not the memory for it.
  bool Build(std::string_view a, std::string_view b) {
    stride_ = b.size() + 1;
    if (a.size() + 1 > SIZE_MAX / sizeof(uint32_t) / stride_) return false;
    cells_.reset(static_cast<uint32_t*>(std::calloc((a.size() + 1) * stride_, sizeof(uint32_t))));
    if (cells_ == nullptr) return false;
    for (size_t i = 1; i <= a.size(); ++i) {
      uint32_t* row = &cells_[i * stride_];
      const uint32_t* above = row - stride_;
      for (size_t j = 1; j <= b.size(); ++j)
        row[j] = a[i - 1] == b[j - 1] ? above[j - 1] + 1 : std::max(above[j], row[j - 1]);
    }
    return true;
  }
  uint32_t At(size_t i, size_t j) const { return cells_[i * stride_ + j]; }

 private:
  struct Free {
    void operator()(uint32_t* cells) const { std::free(cells); }
  };
  size_t stride_ = 0;
  std::unique_ptr<uint32_t[], Free> cells_;
};

// A run of equal bytes: where it begins in both strings, and how long it is.
struct Match {
  size_t a = 0;
  size_t b = 0;
  size_t size = 0;
};

// Walks the subsequence from its end; each run goes to `emit` once it is complete.
template <typename Emit>
std::string Walk(std::string_view a, std::string_view b, const PrefixTable& table, Emit&& emit) {
  std::string common(table.At(a.size(), b.size()), '\0');
  size_t left = common.size();
  size_t i = a.size();
  size_t j = b.size();
  Match run;
  while (i > 0 && j > 0) {
    if (a[i - 1] == b[j - 1]) {
      --i;
      --j;
      common[--left] = a[i];
      run = {i, j, run.size + 1};
      continue;
    }
    if (run.size != 0) emit(std::exchange(run, Match{}));
    if (table.At(i - 1, j) > table.At(i, j - 1)) {
      --i;
    } else {
      --j;
    }
  }
  if (run.size != 0) emit(run);
  return common;
}

void ReplyMatches(Context& context, std::string_view a, std::string_view b,
                  const PrefixTable& table, const LcsOptions& options) {
  resp::Writer& reply = context.reply;
  reply.MapHeader(2);
  reply.Bulk("matches");
  const resp::Writer::Mark mark = reply.Defer();
  size_t matches = 0;
  const auto range = [&reply](size_t begin, size_t size) {
    reply.ArrayHeader(2);
    reply.Integer(static_cast<int64_t>(begin));
    reply.Integer(static_cast<int64_t>(begin + size - 1));
  };
  Walk(a, b, table, [&](const Match& match) {
    if (static_cast<int64_t>(match.size) < options.least_match) return;
    ++matches;
    reply.ArrayHeader(options.match_lengths ? 3 : 2);
    range(match.a, match.size);
    range(match.b, match.size);
    if (options.match_lengths) reply.Integer(static_cast<int64_t>(match.size));
  });
  reply.FinishArray(mark, matches);
  reply.Bulk("len");
  reply.Integer(table.At(a.size(), b.size()));
}

void Lcs(Context& context) {
  const store::Record* first = context.FindForRead(context.Key(1));
  const store::Record* second = context.FindForRead(context.Key(2));
  if ((first != nullptr && !first->is_string()) || (second != nullptr && !second->is_string()))
    return context.Error("ERR The specified keys must contain string values");
  const std::optional<LcsOptions> options = ParseOptions(context);
  if (!options) return;

  store::IntegerText scratch_a;
  store::IntegerText scratch_b;
  std::string_view a;
  std::string_view b;
  if (first != nullptr) a = first->StringValue(scratch_a);
  if (second != nullptr) b = second->StringValue(scratch_b);
  if (a.size() >= UINT32_MAX - 1 || b.size() >= UINT32_MAX - 1)
    return context.Error("ERR String too long for LCS");
  PrefixTable table;
  if (!table.Build(a, b))
    return context.Error("ERR Insufficient memory, failed allocating transient memory for LCS");

  if (options->matches) {
    ReplyMatches(context, a, b, table, *options);
  } else if (options->length_only) {
    context.reply.Integer(table.At(a.size(), b.size()));
  } else {
    context.reply.Bulk(Walk(a, b, table, [](const Match&) {}));
  }
}

// ---- rows

constexpr KeySpec kLcsKeys[] = {
    {.flags = key::kRO | key::kAccess, .find = FindKeys::Range(1)},
};

constexpr Argument kLcsArguments[] = {
    {.name = "key1", .type = Type::kKey, .key_spec_index = 0},
    {.name = "key2", .type = Type::kKey, .key_spec_index = 0},
    {.name = "len", .type = Type::kPureToken, .token = "LEN", .optional = true},
    {.name = "idx", .type = Type::kPureToken, .token = "IDX", .optional = true},
    {.name = "len", .type = Type::kInteger, .token = "MINMATCHLEN", .optional = true},
    {.name = "withmatchlen", .type = Type::kPureToken, .token = "WITHMATCHLEN", .optional = true},
};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "lcs",
              .summary = "Find longest common substring",
              .since = "7.0.0",
              .group = Group::kString,
              .complexity = "O(N*M) where N and M are the lengths of s1 and s2, respectively",
              .arity = -3,
              .flags = flag::kReadonly,
              .categories = acl::kString,
              .keys = kLcsKeys,
              .arguments = kLcsArguments},
     .run = &Lcs},
};

}  // namespace

Rows LcsRows() { return kRows; }

}  // namespace quorate::server::commands
