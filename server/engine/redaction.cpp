#include "server/engine/redaction.h"

#include "shared/base/numbers.h"

namespace quorate::server::engine {

namespace {

void RedactHello(std::vector<std::string_view>& words) {
  for (size_t i = 2; i + 2 < words.size(); ++i) {
    if (!base::EqualsIgnoreCase(words[i], "auth")) continue;
    words[i + 1] = kRedacted;
    words[i + 2] = kRedacted;
    return;
  }
}

void RedactConfigSet(const quorate::config::Catalog& directives,
                     std::vector<std::string_view>& words) {
  for (size_t i = 2; i + 1 < words.size(); i += 2) {
    const std::optional<size_t> directive = directives.Find(words[i]);
    if (directive && directives.infos()[*directive].sensitive) words[i + 1] = kRedacted;
  }
}

}  // namespace

std::span<const std::string_view> Redacted(const Command& command,
                                           std::span<const std::string_view> args,
                                           const quorate::config::Catalog& directives,
                                           std::vector<std::string_view>& scratch) {
  const std::string_view name = command.full_name;
  if (name != "auth" && name != "hello" && name != "config|set") return args;
  scratch.assign(args.begin(), args.end());
  if (name == "auth") {
    for (size_t i = 1; i < scratch.size() && i < 3; ++i) scratch[i] = kRedacted;
  } else if (name == "hello") {
    RedactHello(scratch);
  } else {
    RedactConfigSet(directives, scratch);
  }
  return scratch;
}

}  // namespace quorate::server::engine
