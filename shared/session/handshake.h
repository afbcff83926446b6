// AUTH and HELLO, which the server and the sentinel answer alike: one password (`requirepass`), the
// default user.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "shared/session/client.h"

namespace quorate::session {

// What HELLO says of the process.
struct ServerIdentity {
  std::string_view mode = "standalone";  // "sentinel" in a sentinel
  std::string_view role;                 // "master" or "replica"; empty: the field is left out
};

// The version of Redis whose behaviour and formats we offer: clients and tools decide by it.
inline constexpr std::string_view kRedisVersion = "7.0.15";

// INFO's gcc_version: "12.2.0", or the same of clang, which calls itself gcc 4.2.1 otherwise.
std::string CompilerVersion();

// AUTH [username] password. `requirepass` empty: no password is configured.
void HandleAuth(Client& client, std::span<const std::string_view> args,
                std::string_view requirepass);
// HELLO [protover [AUTH username password] [SETNAME name]].
void HandleHello(Client& client, std::span<const std::string_view> args,
                 std::string_view requirepass, const ServerIdentity& identity);

// Whether the credentials are right; takes the same time wherever they differ.
bool CheckPassword(std::string_view user, std::string_view password, std::string_view requirepass);

// The error for a client name or library attribute with spaces or control characters, or nothing.
// `what`: "Client names" or the attribute's name.
std::optional<std::string> RefuseClientAttribute(std::string_view what, std::string_view value);

}  // namespace quorate::session
