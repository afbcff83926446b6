#include "server/commands/fencing.h"

#include <chrono>
#include <optional>

#include "replication/core/failover.h"
#include "server/engine/engine.h"
#include "server/engine/fencing.h"
#include "server/engine/host.h"
#include "shared/base/numbers.h"
#include "shared/resp/errors.h"

namespace quorate::server::commands {

namespace {

using engine::Context;
using engine::Fencing;
using engine::ReplicationPort;
namespace errors = resp::errors;

// An epoch beyond this is nonsense, and arithmetic on those below is safe.
constexpr uint64_t kMostEpoch = uint64_t{1} << 62;
constexpr int64_t kLongestMs = int64_t{1} << 42;
constexpr uint64_t kMostElectorate = 1'000'000;

// 0 is the epoch of a group that has never had an election.
std::optional<base::Epoch> ParseEpoch(std::string_view text) {
  const std::optional<uint64_t> number = base::ParseUint64(text);
  if (!number || *number > kMostEpoch) return std::nullopt;
  return base::Epoch(*number);
}

// Has the host save what sentinels have said, at the end of its scope.
class WordKeeper {
 public:
  explicit WordKeeper(engine::Engine& engine)
      : engine_(engine),
        before_(engine.fencing().word()),
        watched_before_(engine.fencing().watched()) {}
  ~WordKeeper() {
    const Fencing& fencing = engine_.fencing();
    if (!fencing.watched()) return;
    if (fencing.word() != before_ || !watched_before_) engine_.host().SaveWord(fencing.word());
  }
  WordKeeper(const WordKeeper&) = delete;
  WordKeeper& operator=(const WordKeeper&) = delete;

 private:
  engine::Engine& engine_;
  const Fencing::Word before_;
  const bool watched_before_;
};

}  // namespace

void QuorateFence(Context& context) {
  const std::optional<base::Epoch> epoch = ParseEpoch(context.arg(2));
  if (!epoch) return context.Error("ERR Invalid epoch");
  const std::optional<int64_t> ms = base::ParseInt64(context.arg(3));
  if (!ms) return context.Error(errors::kNotInteger);
  if (*ms < 0 || *ms > kLongestMs) return context.Error("ERR Invalid time");
  Fencing& fencing = context.engine.fencing();
  const WordKeeper keeper(context.engine);
  if (const base::Status status =
          fencing.OnFence(context.now, *epoch, std::chrono::milliseconds(*ms));
      !status)
    return context.Error(status.error().message);
  context.engine.replication().HoldUpstream(fencing.held_until());
  context.reply.Ok();
}

void QuorateHeartbeat(Context& context) {
  Fencing::Heartbeat heartbeat;
  const std::optional<base::RunId> sentinel = base::RunId::Parse(context.arg(2));
  const std::optional<base::Epoch> epoch = ParseEpoch(context.arg(3));
  const std::optional<uint64_t> electorate = base::ParseUint64(context.arg(4));
  if (!sentinel) return context.Error("ERR Invalid sentinel ID");
  if (!epoch) return context.Error("ERR Invalid epoch");
  if (!electorate || *electorate > kMostElectorate) return context.Error("ERR Invalid electorate");
  heartbeat.sentinel = *sentinel;
  heartbeat.epoch = *epoch;
  heartbeat.electorate = static_cast<uint32_t>(*electorate);
  heartbeat.primary = base::EqualsIgnoreCase(context.arg(5), "primary");
  if (!heartbeat.primary && !base::EqualsIgnoreCase(context.arg(5), "replica"))
    return context.Error(errors::kSyntax);
  if (context.argc() > 7) return context.Error(errors::kSyntax);
  if (context.argc() == 7) {
    const std::optional<int64_t> stamp = base::ParseInt64(context.arg(6));
    if (!stamp || *stamp < 0) return context.Error("ERR Invalid stamp");
    heartbeat.returned = base::Instant(std::chrono::microseconds(*stamp));
  }
  const WordKeeper keeper(context.engine);
  if (const base::Status status = context.engine.fencing().OnHeartbeat(context.now, heartbeat);
      !status)
    return context.Error(status.error().message);
  context.reply.Integer(base::ToMicros(context.now.time_since_epoch()));
}

void FollowOrPromote(Context& context, std::string_view host, std::string_view port_text,
                     std::optional<base::Epoch> epoch) {
  if (context.engine.replication().failover_state() != replication::core::FailoverState::kNone)
    return context.Error("ERR REPLICAOF not allowed while failing over.");
  // A replica that is a link of ours cannot change our role through that link.
  if (context.session.kind != engine::SessionKind::kNormal) return;
  std::optional<base::Endpoint> primary;
  if (!base::EqualsIgnoreCase(host, "no") || !base::EqualsIgnoreCase(port_text, "one")) {
    const std::optional<int64_t> port = base::ParseInt64(port_text);
    if (!port || *port < 0 || *port > 65535) return context.Error("ERR Invalid master port");
    primary = base::Endpoint{std::string(host), static_cast<uint16_t>(*port)};
  }
  const WordKeeper keeper(context.engine);
  if (const base::Status allowed =
          context.engine.fencing().OnOrder(context.now, epoch, !primary.has_value());
      !allowed)
    return context.Error(allowed.error().message);
  // Inside EXEC: what was changed before belongs to the history that ends here.
  context.engine.propagation().EndUnit();
  const auto outcome = context.engine.replication().ReplicaOf(primary);
  if (!outcome) return context.Error("ERR " + outcome.error().message);
  // A fence may have held the link that goes on now.
  context.engine.replication().HoldUpstream({});
  if (*outcome == ReplicationPort::ReplicaOfOutcome::kUnchanged && primary)
    return context.reply.SimpleString("OK Already connected to specified master");
  context.reply.Ok();
}

void QuorateReplicaOf(Context& context) {
  const std::optional<base::Epoch> epoch = ParseEpoch(context.arg(4));
  if (!epoch) return context.Error("ERR Invalid epoch");
  FollowOrPromote(context, context.arg(2), context.arg(3), epoch);
}

}  // namespace quorate::server::commands
