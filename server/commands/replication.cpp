// Commands about replication: REPLICAOF, FAILOVER, ROLE, WAIT, and what replicas themselves send.
#include <algorithm>

#include "replication/core/failover.h"
#include "replication/core/views.h"
#include "server/commands/families.h"
#include "server/commands/fencing.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "shared/base/numbers.h"
#include "shared/command/common_specs.h"
#include "shared/resp/errors.h"

namespace quorate::server::commands {

namespace {

using engine::Context;
using engine::ReplicationPort;
namespace errors = resp::errors;
namespace core = replication::core;

constexpr int64_t kLongestMs = int64_t{1} << 42;

void ReplicaOf(Context& context) {
  FollowOrPromote(context, context.arg(1), context.arg(2), std::nullopt);
}

void Failover(Context& context) {
  ReplicationPort& replication = context.engine.replication();
  const auto answer = [&](const base::Status& status) {
    if (!status) return context.Error(status.error().message);
    context.reply.Ok();
  };
  if (context.argc() == 2 && base::EqualsIgnoreCase(context.arg(1), "abort"))
    return answer(replication.AbortFailover());

  core::FailoverRequest request;
  for (size_t i = 1; i < context.argc(); ++i) {
    const std::string_view word = context.arg(i);
    const size_t left = context.argc() - i - 1;
    if (base::EqualsIgnoreCase(word, "timeout") && left >= 1 && !request.timeout) {
      const std::optional<int64_t> ms = base::ParseInt64(context.arg(++i));
      if (!ms) return context.Error(errors::kNotInteger);
      if (*ms <= 0) return context.Error("ERR FAILOVER timeout must be greater than 0");
      request.timeout = std::chrono::milliseconds(std::min(*ms, kLongestMs));
    } else if (base::EqualsIgnoreCase(word, "to") && left >= 2 && !request.target) {
      const std::optional<int64_t> port = base::ParseInt64(context.arg(i + 2));
      if (!port) return context.Error(errors::kNotInteger);
      request.target = {std::string(context.arg(i + 1)), *port};
      i += 2;
    } else if (base::EqualsIgnoreCase(word, "force") && !request.force) {
      request.force = true;
    } else {
      return context.Error(errors::kSyntax);
    }
  }
  // Inside EXEC: what was changed before must be in the stream that the replicas are waited for.
  context.engine.propagation().EndUnit();
  answer(replication.StartFailover(request));
}

void WritePrimaryRole(Context& context) {
  const ReplicationPort& replication = context.engine.replication();
  std::vector<core::ReplicaView> replicas = replication.Replicas();
  std::erase_if(replicas,
                [](const core::ReplicaView& r) { return r.phase != core::ReplicaPhase::kOnline; });
  context.reply.ArrayHeader(3);
  context.reply.Bulk("master");
  context.reply.Integer(replication.offset().bytes());
  context.reply.ArrayHeader(replicas.size());
  for (const core::ReplicaView& replica : replicas) {
    context.reply.ArrayHeader(3);
    context.reply.Bulk(replica.ip);
    context.reply.BulkInteger(replica.port);
    context.reply.BulkInteger(replica.acknowledged.bytes());
  }
}

void Role(Context& context) {
  const std::optional<core::UpstreamView> upstream = context.engine.replication().Upstream();
  if (!upstream) return WritePrimaryRole(context);
  context.reply.ArrayHeader(5);
  context.reply.Bulk("slave");
  context.reply.Bulk(upstream->primary.host);
  context.reply.Integer(upstream->primary.port);
  context.reply.Bulk(core::RoleName(upstream->state));
  context.reply.Integer(upstream->state == core::LinkState::kConnected ? upstream->applied.bytes()
                                                                       : -1);
}

void Replconf(Context& context) {
  context.engine.replication().HandleReplconf(context.session, context.args);
}

void Psync(Context& context) {
  // Who is a replica already, or a monitor, is not answered; and no other link becomes one.
  if (context.session.kind != engine::SessionKind::kNormal) return;
  context.engine.replication().HandlePsync(context.session, context.args);
}

void Wait(Context& context) {
  ReplicationPort& replication = context.engine.replication();
  if (replication.is_replica())
    return context.Error(
        "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if "
        "a replica is "
        "configured to be writable (which is not the default) writes to replicas are just local "
        "and are not propagated.");
  const std::optional<int64_t> replicas = base::ParseInt64(context.arg(1));
  if (!replicas) return context.Error(errors::kNotInteger);
  const std::optional<int64_t> timeout_ms = base::ParseInt64(context.arg(2));
  if (!timeout_ms) return context.Error(errors::kTimeoutNotInteger);
  if (*timeout_ms < 0) return context.Error(errors::kTimeoutNegative);
  const base::Offset offset = context.session.last_offset;
  const int64_t acknowledged = replication.ReplicasAcknowledged(offset);
  if (acknowledged >= *replicas || context.session.transaction != nullptr)
    return context.reply.Integer(acknowledged);
  const base::Instant deadline = *timeout_ms == 0 || *timeout_ms > kLongestMs
                                     ? base::Instant::max()
                                     : context.now + std::chrono::milliseconds(*timeout_ms);
  context.engine.BlockOnWait(context.session, {*replicas, offset, deadline});
}

constexpr Argument kReplicaofArguments[] = {
    {.name = "args", .type = Argument::Type::kOneOf},
    {.depth = 1, .name = "host-port", .type = Argument::Type::kBlock},
    {.depth = 2, .name = "host"},
    {.depth = 2, .name = "port", .type = Argument::Type::kInteger},
    {.depth = 1, .name = "no-one", .type = Argument::Type::kBlock},
    {.depth = 2, .name = "no", .type = Argument::Type::kPureToken, .token = "NO"},
    {.depth = 2, .name = "one", .type = Argument::Type::kPureToken, .token = "ONE"}};
constexpr Argument kFailoverArguments[] = {
    {.name = "target", .type = Argument::Type::kBlock, .token = "TO", .optional = true},
    {.depth = 1, .name = "host"},
    {.depth = 1, .name = "port", .type = Argument::Type::kInteger},
    {.depth = 1,
     .name = "force",
     .type = Argument::Type::kPureToken,
     .token = "FORCE",
     .optional = true},
    {.name = "abort", .type = Argument::Type::kPureToken, .token = "ABORT", .optional = true},
    {.name = "milliseconds",
     .type = Argument::Type::kInteger,
     .token = "TIMEOUT",
     .optional = true}};
constexpr Argument kPsyncArguments[] = {{.name = "replicationid"},
                                        {.name = "offset", .type = Argument::Type::kInteger}};
constexpr Argument kWaitArguments[] = {{.name = "numreplicas", .type = Argument::Type::kInteger},
                                       {.name = "timeout", .type = Argument::Type::kInteger}};
constexpr std::string_view kWaitTips[] = {"request_policy:all_shards", "response_policy:agg_min"};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "replicaof",
              .summary = "Follow another server, or become a primary",
              .since = "5.0.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 3,
              .flags = flag::kAdmin | flag::kNoScript | flag::kStale | flag::kNoAsyncLoading,
              .arguments = kReplicaofArguments},
     .run = &ReplicaOf},
    {.spec = {.name = "slaveof",
              .summary = "Follow another server, or become a primary",
              .since = "1.0.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .deprecated_since = "5.0.0",
              .replaced_by = "`REPLICAOF`",
              .arity = 3,
              .flags = flag::kAdmin | flag::kNoScript | flag::kStale | flag::kNoAsyncLoading,
              .arguments = kReplicaofArguments},
     .run = &ReplicaOf},
    {.spec = {.name = "failover",
              .summary = "Hand the role of primary over to a replica, without losing a write",
              .since = "6.2.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = -1,
              .flags = flag::kAdmin | flag::kNoScript | flag::kStale,
              .arguments = kFailoverArguments},
     .run = &Failover},
    {.spec = command::common::kRole, .run = &Role},
    {.spec = {.name = "replconf",
              .summary = "Internal: a replica describes itself and acknowledges",
              .since = "3.0.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .system_command = true,
              .arity = -1,
              .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale |
                       flag::kAllowBusy},
     .run = &Replconf},
    {.spec = {.name = "psync",
              .summary = "Internal: become a replica link",
              .since = "2.8.0",
              .group = Group::kServer,
              .arity = -3,
              .flags = flag::kAdmin | flag::kNoScript | flag::kNoAsyncLoading | flag::kNoMulti,
              .arguments = kPsyncArguments},
     .run = &Psync},
    {.spec = {.name = "sync",
              .summary = "Internal: become a replica link",
              .since = "1.0.0",
              .group = Group::kServer,
              .arity = 1,
              .flags = flag::kAdmin | flag::kNoScript | flag::kNoAsyncLoading | flag::kNoMulti},
     .run = &Psync},
    {.spec = {.name = "wait",
              .summary = "Wait until replicas have acknowledged this connection's writes",
              .since = "3.0.0",
              .complexity = "O(1)",
              .arity = 3,
              .flags = flag::kNoScript,
              .categories = acl::kConnection,
              .arguments = kWaitArguments,
              .tips = kWaitTips},
     .run = &Wait},
};

}  // namespace

Rows ReplicationRows() { return kRows; }

}  // namespace quorate::server::commands
