#include "shared/session/handshake.h"

#include <algorithm>
#include <string>

#include "shared/base/numbers.h"
#include "shared/resp/errors.h"

namespace quorate::session {

namespace errors = resp::errors;

std::string CompilerVersion() {
#ifdef __clang__
  constexpr int kParts[] = {__clang_major__, __clang_minor__, __clang_patchlevel__};
#else
  constexpr int kParts[] = {__GNUC__, __GNUC_MINOR__, __GNUC_PATCHLEVEL__};
#endif
  return std::to_string(kParts[0]) + "." + std::to_string(kParts[1]) + "." +
         std::to_string(kParts[2]);
}

bool CheckPassword(std::string_view user, std::string_view password, std::string_view requirepass) {
  if (user != "default") return false;
  if (requirepass.empty()) return true;
  // Every byte of the given password is looked at, whatever the first difference.
  unsigned difference = password.size() == requirepass.size() ? 0 : 1;
  for (size_t i = 0; i < password.size(); ++i)
    difference |= static_cast<unsigned char>(password[i]) ^
                  static_cast<unsigned char>(requirepass[i % requirepass.size()]);
  return difference == 0;
}

std::optional<std::string> RefuseClientAttribute(std::string_view what, std::string_view value) {
  const bool printable =
      std::all_of(value.begin(), value.end(), [](char c) { return c >= '!' && c <= '~'; });
  if (printable) return std::nullopt;
  return "ERR " + std::string(what) + " cannot contain spaces, newlines or special characters.";
}

void HandleAuth(Client& client, std::span<const std::string_view> args,
                std::string_view requirepass) {
  if (args.size() > 3) return client.writer.Error(errors::kSyntax);
  if (args.size() == 2 && requirepass.empty()) return client.writer.Error(errors::kNoPasswordSet);
  const std::string_view user = args.size() == 3 ? args[1] : "default";
  if (!CheckPassword(user, args.back(), requirepass))
    return client.writer.Error(errors::kWrongPass);
  client.authenticated = true;
  client.parser.set_unauthenticated(false);
  client.writer.Ok();
}

void HandleHello(Client& client, std::span<const std::string_view> args,
                 std::string_view requirepass, const ServerIdentity& identity) {
  int protocol = client.writer.protocol();
  if (args.size() >= 2) {
    const std::optional<int64_t> version = base::ParseInt64(args[1]);
    if (!version) return client.writer.Error(errors::kProtocolVersionNotInteger);
    if (*version != 2 && *version != 3) return client.writer.Error(errors::kNoProto);
    protocol = static_cast<int>(*version);
  }
  std::optional<std::string_view> name;
  std::optional<std::pair<std::string_view, std::string_view>> credentials;
  for (size_t i = 2; i < args.size(); ++i) {
    const size_t more = args.size() - 1 - i;
    if (base::EqualsIgnoreCase(args[i], "AUTH") && more >= 2) {
      credentials.emplace(args[i + 1], args[i + 2]);
      i += 2;
    } else if (base::EqualsIgnoreCase(args[i], "SETNAME") && more >= 1) {
      name = args[++i];
      if (const auto refusal = RefuseClientAttribute("Client names", *name))
        return client.writer.Error(*refusal);
    } else {
      return client.writer.Error("ERR Syntax error in HELLO option '" + std::string(args[i]) + "'");
    }
  }
  if (credentials) {
    if (!CheckPassword(credentials->first, credentials->second, requirepass))
      return client.writer.Error(errors::kWrongPass);
    client.authenticated = true;
    client.parser.set_unauthenticated(false);
  }
  if (!client.authenticated) return client.writer.Error(errors::kHelloNoAuth);
  if (name) client.name = *name;
  client.writer = resp::Writer(client.output, protocol);

  resp::Writer& out = client.writer;
  out.MapHeader(identity.role.empty() ? 6 : 7);
  out.Bulk("server");
  out.Bulk("redis");
  out.Bulk("version");
  out.Bulk(kRedisVersion);
  out.Bulk("proto");
  out.Integer(protocol);
  out.Bulk("id");
  out.Integer(static_cast<int64_t>(client.id));
  out.Bulk("mode");
  out.Bulk(identity.mode);
  if (!identity.role.empty()) {
    out.Bulk("role");
    out.Bulk(identity.role);
  }
  out.Bulk("modules");
  out.ArrayHeader(0);
}

}  // namespace quorate::session
