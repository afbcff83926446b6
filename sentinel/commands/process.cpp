// INFO, ROLE and SHUTDOWN.
#include <algorithm>
#include <string_view>

#include "sentinel/commands/context.h"
#include "sentinel/commands/info.h"
#include "shared/base/numbers.h"
#include "shared/command/common_specs.h"
#include "shared/resp/errors.h"

namespace quorate::sentinel::commands {

namespace {

void Info(Context& context) {
  context.reply().Bulk(RenderInfo(context.host, context.args.subspan(1)));
}

void Role(Context& context) {
  const auto& groups = context.host.state().groups;
  context.reply().ArrayHeader(2);
  context.reply().Bulk("sentinel");
  context.reply().ArrayHeader(groups.size());
  for (const auto& [name, group] : groups) context.reply().Bulk(name);
}

// Nothing is saved on the way, whatever the options say: the state is on disk already.
void Shutdown(Context& context) {
  static constexpr std::string_view kOptions[] = {"save", "nosave", "now", "force"};
  for (const std::string_view arg : context.args.subspan(1)) {
    const bool known = std::ranges::any_of(
        kOptions, [arg](std::string_view o) { return base::EqualsIgnoreCase(o, arg); });
    if (!known) return context.Error(resp::errors::kSyntax);
  }
  context.host.Shutdown();
}

constexpr CommandRow kRows[] = {{.spec = command::common::kInfo, .run = &Info},
                                {.spec = command::common::kRole, .run = &Role},
                                {.spec = command::common::kShutdown, .run = &Shutdown}};

}  // namespace

Rows ProcessRows() { return kRows; }

}  // namespace quorate::sentinel::commands
