// SENTINEL subcommands that change something or ask the core to judge: checked for form here,
// handed to the core, and answered by it.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sentinel/commands/context.h"
#include "sentinel/core/actions.h"
#include "sentinel/core/administration.h"
#include "sentinel/core/timings.h"
#include "shared/base/numbers.h"
#include "shared/resp/errors.h"

namespace quorate::sentinel::commands {

namespace {

using core::ClientId;
using core::Input;

}  // namespace

void SentinelIsMasterDownByAddr(Context& context) {
  core::MasterDownQuery query;
  if (context.argc() > 7) return context.Error(resp::errors::kSyntax);
  if (context.argc() == 7) {
    const bool ordered = base::EqualsIgnoreCase(context.arg(6), "ordered");
    if (!ordered && !base::EqualsIgnoreCase(context.arg(6), "lost"))
      return context.Error(resp::errors::kSyntax);
    query.candidacy = ordered ? core::Candidacy::kOrdered : core::Candidacy::kLost;
  }
  const std::optional<int64_t> port = base::ParseInt64(context.arg(3));
  const std::optional<int64_t> epoch = base::ParseInt64(context.arg(4));
  if (!port || !epoch) return context.Error(resp::errors::kNotInteger);
  // Nobody's address, or an epoch that cannot be.
  if (*port < 0 || *port > UINT16_MAX || *epoch < 0) {
    context.reply().ArrayHeader(3);
    context.reply().Integer(0);
    context.reply().Bulk("*");
    return context.reply().Integer(0);
  }
  query.primary = {context.text(2), static_cast<uint16_t>(*port)};
  query.epoch = static_cast<uint64_t>(*epoch);
  if (context.arg(5) != "*") query.candidate = context.text(5);
  context.host.Submit(context.client, [&](ClientId id) {
    query.client = id;
    return Input(std::move(query));
  });
}

void SentinelReset(Context& context) {
  context.host.Submit(context.client, [&](ClientId id) {
    return Input(core::ResetGroups{id, context.text(2)});
  });
}

void SentinelFailover(Context& context) {
  const bool coordinated =
      context.argc() == 4 && base::EqualsIgnoreCase(context.arg(3), "coordinated");
  if (context.argc() > 3 && !coordinated)
    return context.Error("ERR Unknown failover option specified");
  context.host.Submit(context.client, [&](ClientId id) {
    return Input(core::FailoverRequested{id, context.text(2), coordinated});
  });
}

void SentinelSwitchover(Context& context) {
  core::SwitchoverRequested request;
  request.group = context.text(2);
  for (size_t i = 3; i < context.argc();) {
    if (base::EqualsIgnoreCase(context.arg(i), "to") && i + 2 < context.argc() && !request.to) {
      const std::optional<int64_t> port = base::ParseInt64(context.arg(i + 2));
      if (!port || *port < 1 || *port > UINT16_MAX) return context.Error("ERR Invalid port");
      request.to = {context.text(i + 1), static_cast<uint16_t>(*port)};
      i += 3;
    } else if (base::EqualsIgnoreCase(context.arg(i), "timeout") && i + 1 < context.argc() &&
               !request.timeout) {
      const std::optional<int64_t> ms = base::ParseInt64(context.arg(i + 1));
      if (!ms || *ms < 1 || *ms > base::ToMs(core::kMaxCatchUpTime))
        return context.Error("ERR Invalid timeout: milliseconds, from 1 to 60000");
      request.timeout = std::chrono::milliseconds(*ms);
      i += 2;
    } else {
      return context.Error(resp::errors::kSyntax);
    }
  }
  context.host.Submit(context.client, [&](ClientId id) {
    request.client = id;
    return Input(std::move(request));
  });
}

void SentinelMonitor(Context& context) {
  context.host.Submit(context.client, [&](ClientId id) {
    return Input(core::MonitorRequested{id, context.text(2), context.text(3), context.text(4),
                                        context.text(5)});
  });
}

void SentinelRemove(Context& context) {
  context.host.Submit(context.client, [&](ClientId id) {
    return Input(core::RemoveRequested{id, context.text(2)});
  });
}

void SentinelForget(Context& context) {
  context.host.Submit(context.client, [&](ClientId id) {
    return Input(core::ForgetRequested{id, context.text(2), context.text(3)});
  });
}

namespace {

// The VERSION <n> at the end of what another sentinel passes on, from that argument on.
bool ReadVersion(const Context& context, size_t at, std::optional<uint64_t>& version) {
  if (context.argc() == at) return true;
  if (context.argc() != at + 2 || !base::EqualsIgnoreCase(context.arg(at), "version")) return false;
  version = base::ParseUint64(context.arg(at + 1));
  return version.has_value();
}

}  // namespace

void SentinelPause(Context& context) {
  core::PauseRequested request;
  request.group = context.text(2);
  const std::optional<int64_t> seconds = base::ParseInt64(context.arg(3));
  if (!seconds) return context.Error(resp::errors::kNotInteger);
  request.seconds = *seconds;
  request.reason = context.text(4);
  if (!ReadVersion(context, 5, request.version)) return context.Error(resp::errors::kSyntax);
  request.asked_at = context.host.wall_now();
  context.host.Submit(context.client, [&](ClientId id) {
    request.client = id;
    return Input(std::move(request));
  });
}

void SentinelResume(Context& context) {
  core::ResumeRequested request;
  request.group = context.text(2);
  if (!ReadVersion(context, 3, request.version)) return context.Error(resp::errors::kSyntax);
  request.asked_at = context.host.wall_now();
  context.host.Submit(context.client, [&](ClientId id) {
    request.client = id;
    return Input(std::move(request));
  });
}

void SentinelFlushconfig(Context& context) {
  context.host.Submit(context.client, [](ClientId id) { return Input(core::FlushRequested{id}); });
}

void SentinelSet(Context& context) {
  if (!context.host.state().groups.contains(context.text(2)))
    return context.Error(core::kNoSuchGroup);
  core::SetRequested request;
  request.group = context.text(2);
  request.asked_at = context.host.wall_now();
  for (size_t i = 3; i < context.argc(); ++i) request.arguments.push_back(context.text(i));
  // The core looks at no files.
  for (size_t i = 0; i + 1 < request.arguments.size(); ++i) {
    if (core::IsScriptOption(request.arguments[i]) &&
        !context.host.IsExecutable(request.arguments[i + 1]))
      request.not_executable.insert(request.arguments[i + 1]);
  }
  context.host.Submit(context.client, [&](ClientId id) {
    request.client = id;
    return Input(std::move(request));
  });
}

void SentinelSimulateFailure(Context& context) {
  unsigned failures = kNoFailure;
  for (size_t i = 2; i < context.argc(); ++i) {
    const std::string_view word = context.arg(i);
    if (base::EqualsIgnoreCase(word, "crash-after-election")) {
      failures |= kCrashAfterElection;
    } else if (base::EqualsIgnoreCase(word, "crash-after-promotion")) {
      failures |= kCrashAfterPromotion;
    } else if (base::EqualsIgnoreCase(word, "help")) {
      context.reply().ArrayHeader(2);
      context.reply().Bulk("crash-after-election");
      return context.reply().Bulk("crash-after-promotion");
    } else {
      return context.Error("ERR Unknown failure simulation specified");
    }
  }
  context.host.SimulateFailures(failures);
  context.reply().Ok();
}

}  // namespace quorate::sentinel::commands
