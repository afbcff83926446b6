#include "shared/resp/errors.h"

#include <algorithm>

#include "shared/base/numbers.h"

namespace quorate::resp::errors {

namespace {

// Redis quotes at most this much of what a client sent.
constexpr size_t kQuotedBytes = 128;

// At most `limit` bytes, and none from a NUL on: Redis formats these texts as C strings.
std::string_view Quotable(std::string_view text, size_t limit = kQuotedBytes) {
  return text.substr(0, std::min(limit, text.find('\0')));
}

std::string Quoting(std::string_view before, std::string_view quoted, std::string_view after) {
  std::string text(before);
  text.append(quoted).append(after);
  return text;
}

}  // namespace

std::string WrongArity(std::string_view full_name) {
  return Quoting("ERR wrong number of arguments for '", full_name, "' command");
}

std::string UnknownCommand(std::span<const std::string_view> args) {
  std::string shown;
  for (size_t i = 1; i < args.size() && shown.size() < kQuotedBytes; ++i) {
    const std::string_view quoted = Quotable(args[i], kQuotedBytes - shown.size());
    shown.append(1, '\'').append(quoted).append("' ");
  }
  return Quoting("ERR unknown command '", Quotable(args[0]), "', with args beginning with: ") +
         shown;
}

std::string UnknownSubcommand(std::string_view container, std::string_view subcommand) {
  return Quoting("ERR unknown subcommand '", Quotable(subcommand), "'. Try ") +
         base::ToUpper(Quotable(container)) + " HELP.";
}

std::string InvalidExpire(std::string_view full_name) {
  return Quoting("ERR invalid expire time in '", full_name, "' command");
}

std::string SubscribeContext(std::string_view full_name) {
  return Quoting("ERR Can't execute '", full_name,
                 "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in "
                 "this context");
}

}  // namespace quorate::resp::errors
