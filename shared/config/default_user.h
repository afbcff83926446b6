// The line `user default ...` that Redis' CONFIG REWRITE always writes. There is one user here, who
// may do everything and whose password is requirepass: the line is accepted where it says just
// that.
#pragma once

#include <string>
#include <string_view>

#include "shared/config/unhonoured.h"

namespace quorate::config {

inline constexpr const char* kUserDirective = "user";

// The password that the words of a `user` line set: empty for none, "#<SHA-256 in hex>" otherwise.
base::Result<std::string> ReadDefaultUser(const Args& words);

// To be called when everything is loaded: the line, if there was one, and requirepass say the same.
// Forgets the line, which a rewrite leaves out. The error is for stderr.
base::Status SettleDefaultUser(KeptValues& kept, std::string_view requirepass);

template <typename S>
Row<S> DefaultUserRow(KeptValues S::*kept) {
  return Custom<S>(
             kUserDirective, Shape::kRepeated, "default on nopass ~* &* +@all",
             "The default user, who may do everything; other users are not supported.",
             [kept](S& settings, const Args& args) -> base::Status {
               base::Result<std::string> password = ReadDefaultUser(args);
               if (!password) return password.error();
               (settings.*kept)[kUserDirective] = std::move(*password);
               return {};
             },
             [](const S&) { return std::vector<Args>{}; })
      .FileOnly()
      .NotInTemplate();
}

}  // namespace quorate::config
