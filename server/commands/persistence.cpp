// Commands about snapshot files: SAVE, BGSAVE, LASTSAVE.
#include "server/commands/families.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "server/engine/persistence_port.h"
#include "server/engine/session.h"
#include "shared/base/numbers.h"
#include "shared/resp/errors.h"

namespace quorate::server::commands {

namespace {

using engine::Context;
using engine::PersistencePort;

void Save(Context& context) {
  if (const base::Status saved = context.engine.host().persistence().Save(); !saved)
    return context.Error(saved.error().message);
  context.reply.Ok();
}

// SCHEDULE asks to wait for a rewrite of the append-only file, of which there is none: a save that
// can begin begins.
void Bgsave(Context& context) {
  if (context.argc() > 2 ||
      (context.argc() == 2 && !base::EqualsIgnoreCase(context.arg(1), "schedule")))
    return context.Error(resp::errors::kSyntax);
  const auto begun =
      context.engine.host().persistence().SaveInBackground(context.session.transaction != nullptr);
  if (!begun) return context.Error(begun.error().message);
  context.reply.SimpleString(*begun == PersistencePort::Background::kStarted
                                 ? "Background saving started"
                                 : "Background saving scheduled");
}

void Lastsave(Context& context) { context.reply.Integer(context.engine.last_save_seconds); }

constexpr Argument kBgsaveArguments[] = {{.name = "schedule",
                                          .type = Argument::Type::kPureToken,
                                          .token = "SCHEDULE",
                                          .optional = true,
                                          .since = "3.2.2"}};
constexpr Change kBgsaveHistory[] = {{"3.2.2", "Added the `SCHEDULE` option."}};
constexpr std::string_view kLastsaveTips[] = {"nondeterministic_output"};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "save",
              .summary = "Synchronously save the dataset to disk",
              .since = "1.0.0",
              .group = Group::kServer,
              .complexity = "O(N) where N is the total number of keys in all databases",
              .arity = 1,
              .flags = flag::kAdmin | flag::kNoScript | flag::kNoAsyncLoading | flag::kNoMulti},
     .run = &Save},
    {.spec = {.name = "bgsave",
              .summary = "Asynchronously save the dataset to disk",
              .since = "1.0.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = -1,
              .flags = flag::kAdmin | flag::kNoScript | flag::kNoAsyncLoading,
              .arguments = kBgsaveArguments,
              .history = kBgsaveHistory},
     .run = &Bgsave},
    {.spec = {.name = "lastsave",
              .summary = "Get the UNIX time stamp of the last successful save to disk",
              .since = "1.0.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 1,
              .flags = flag::kLoading | flag::kStale | flag::kFast,
              .categories = acl::kAdmin | acl::kDangerous,
              .tips = kLastsaveTips},
     .run = &Lastsave},
};

}  // namespace

Rows PersistenceRows() { return kRows; }

}  // namespace quorate::server::commands
