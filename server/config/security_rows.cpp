#include "server/config/table.h"
#include "shared/config/default_user.h"

namespace quorate::server::config {

using quorate::config::Args;
using quorate::config::Choice;
using quorate::config::Codec;
using quorate::config::Custom;
using quorate::config::OptionalText;
using quorate::config::Shape;
using quorate::config::Value;
using S = ServerSettings;

namespace {

Codec<ProtectedAction> ProtectedActionChoice() {
  return Choice<ProtectedAction>({{"no", ProtectedAction::kNo},
                                  {"yes", ProtectedAction::kYes},
                                  {"local", ProtectedAction::kLocal}});
}

base::Status AddRenameCommand(S& settings, const Args& args) {
  if (args.size() != 2) return base::Error{"wrong number of arguments"};
  settings.rename_command.emplace_back(args[0], args[1]);
  return {};
}
std::vector<Args> RenameCommandLines(const S& settings) {
  std::vector<Args> lines;
  for (const auto& [from, to] : settings.rename_command) lines.push_back({from, to});
  return lines;
}

}  // namespace

std::vector<ServerRow> SecurityRows() {
  return {
      Value("requirepass", &S::requirepass, OptionalText(),
            "Password that clients must give with AUTH; empty means none.")
          .Sensitive(),
      Value("enable-debug-command", &S::enable_debug_command, ProtectedActionChoice(),
            "Who may use DEBUG: nobody, everybody, or local connections only.")
          .Immutable(),
      Value("enable-protected-configs", &S::enable_protected_configs, ProtectedActionChoice(),
            "Who may CONFIG SET protected directives (dir): nobody, everybody, or "
            "local connections only.")
          .Immutable(),
      Custom<S>(
          "rename-command", Shape::kRepeated, "a command and its new name",
          "Gives a command another name, or removes it if the new name is empty. May be repeated.",
          AddRenameCommand, RenameCommandLines)
          .Immutable()
          .FileOnly(),
      quorate::config::DefaultUserRow(&S::kept),
  };
}

}  // namespace quorate::server::config
