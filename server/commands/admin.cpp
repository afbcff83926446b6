// Commands for the operator of one server: INFO, MONITOR, TIME, SHUTDOWN.
#include "server/commands/families.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "server/info/info.h"
#include "shared/base/numbers.h"
#include "shared/command/common_specs.h"
#include "shared/resp/errors.h"

namespace quorate::server::commands {

namespace {

using engine::Context;

void Info(Context& context) {
  context.reply.Verbatim(info::Render(context.engine, context.args.subspan(1)), "txt");
}

void Monitor(Context& context) {
  if (context.session.transaction != nullptr)
    return context.Error("ERR MONITOR isn't allowed for DENY BLOCKING client");
  if (context.session.kind != engine::SessionKind::kNormal) return;
  context.engine.BeginMonitoring(context.session);
  context.reply.Ok();
}

void Time(Context& context) {
  context.reply.ArrayHeader(2);
  context.reply.BulkInteger(context.wall.ms / 1000);
  context.reply.BulkInteger(context.wall.ms % 1000 * 1000);
}

void Shutdown(Context& context) {
  using Saving = engine::ShutdownRequest::Saving;
  engine::ShutdownRequest request;
  for (const std::string_view option : context.args.subspan(1)) {
    if (base::EqualsIgnoreCase(option, "nosave")) {
      if (request.saving == Saving::kYes) return context.Error(resp::errors::kSyntax);
      request.saving = Saving::kNo;
    } else if (base::EqualsIgnoreCase(option, "save")) {
      if (request.saving == Saving::kNo) return context.Error(resp::errors::kSyntax);
      request.saving = Saving::kYes;
    } else if (base::EqualsIgnoreCase(option, "now")) {
      request.now = true;
    } else if (base::EqualsIgnoreCase(option, "force")) {
      request.force = true;
    } else if (base::EqualsIgnoreCase(option, "abort")) {
      request.abort = true;
    } else {
      return context.Error(resp::errors::kSyntax);
    }
  }
  if (request.abort && context.argc() > 2) return context.Error(resp::errors::kSyntax);
  if (const base::Status status = context.engine.host().Shutdown(&context.session, request);
      !status)
    return context.Error("ERR " + status.error().message);
  if (request.abort) context.reply.Ok();
}

constexpr std::string_view kTimeTips[] = {"nondeterministic_output"};

constexpr CommandRow kRows[] = {
    {.spec = command::common::kInfo, .run = &Info},
    {.spec = {.name = "monitor",
              .summary = "Listen for all requests received by the server in real time",
              .since = "1.0.0",
              .group = Group::kServer,
              .arity = 1,
              .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale},
     .run = &Monitor},
    {.spec = {.name = "time",
              .summary = "Return the current server time",
              .since = "2.6.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 1,
              .flags = flag::kLoading | flag::kStale | flag::kFast,
              .tips = kTimeTips},
     .run = &Time},
    {.spec = command::common::kShutdown, .run = &Shutdown},
};

}  // namespace

Rows AdminRows() { return kRows; }

}  // namespace quorate::server::commands
