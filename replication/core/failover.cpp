#include "replication/core/failover.h"

#include <algorithm>
#include <utility>

#include "shared/base/numbers.h"
#include "shared/base/overloaded.h"

namespace quorate::replication::core {
namespace {

// One that has not said on which port it listens cannot be followed.
bool Is(const ReplicaView& replica, const FailoverRequest::Target& target) {
  return replica.port != 0 && base::EqualsIgnoreCase(replica.ip, target.host) &&
         replica.port == target.port;
}

std::string Name(const FailoverRequest::Target& target) {
  return target.host + ":" + std::to_string(target.port);
}

}  // namespace

std::string_view InfoName(FailoverState state) {
  switch (state) {
    case FailoverState::kNone:
      return "no-failover";
    case FailoverState::kWaitingForSync:
      return "waiting-for-sync";
    case FailoverState::kInProgress:
      return "failover-in-progress";
  }
  return "";
}

FailoverState Failover::state() const {
  return std::visit(base::Overloaded{
                        [](const NoFailover&) { return FailoverState::kNone; },
                        [](const WaitingForSync&) { return FailoverState::kWaitingForSync; },
                        [](const InProgress&) { return FailoverState::kInProgress; },
                    },
                    state_);
}

base::Instant Failover::NextDeadline() const {
  const auto* waiting = std::get_if<WaitingForSync>(&state_);
  return waiting == nullptr ? base::Instant::max() : waiting->deadline;
}

base::Status Failover::Start(base::Instant now, const FailoverRequest& request, bool is_replica,
                             std::span<const ReplicaView> replicas, FailoverActions& actions) {
  if (active()) return base::Error{"ERR FAILOVER already in progress."};
  if (is_replica) return base::Error{"ERR FAILOVER is not valid when server is a replica."};
  if (replicas.empty()) return base::Error{"ERR FAILOVER requires connected replicas."};
  if (request.force && (!request.timeout || !request.target)) {
    return base::Error{
        "ERR FAILOVER with force option requires both a timeout and target HOST and IP."};
  }
  if (request.target) {
    const auto found = std::ranges::find_if(
        replicas, [&](const ReplicaView& replica) { return Is(replica, *request.target); });
    if (found == replicas.end())
      return base::Error{"ERR FAILOVER target HOST and PORT is not a replica."};
    if (found->phase != ReplicaPhase::kOnline)
      return base::Error{"ERR FAILOVER target replica is not online."};
  }
  const base::Instant deadline = request.timeout ? now + *request.timeout : base::Instant::max();
  state_ = WaitingForSync{request.target, deadline, request.force, std::nullopt};
  actions.emplace_back(FailoverNote{
      "FAILOVER requested to " + (request.target ? Name(*request.target) : "any replica") + "."});
  actions.emplace_back(PauseForFailover{});
  return {};
}

base::Status Failover::Abort(FailoverActions& actions) {
  if (!active()) return base::Error{"ERR No failover in progress."};
  GiveUp("Failover manually aborted", actions);
  return {};
}

void Failover::Look(base::Instant now, base::Offset offset, std::span<const ReplicaView> replicas,
                    FailoverActions& actions) {
  auto* waiting = std::get_if<WaitingForSync>(&state_);
  if (waiting == nullptr) return;
  if (now >= waiting->deadline) {
    if (!waiting->force) return GiveUp("Replica never caught up before timeout", actions);
    // Start saw a replica of that address, so the number is a port.
    base::Endpoint target{waiting->target->host, static_cast<uint16_t>(waiting->target->port)};
    actions.emplace_back(
        FailoverNote{"Failover to " + target.ToString() + " time out exceeded, failing over."});
    return Begin({.target = std::move(target), .forced = true}, actions);
  }
  if (waiting->question && waiting->question->end != offset) waiting->question.reset();
  const base::Offset awaited = waiting->question ? waiting->question->awaited : offset;
  const auto candidate = [&](const ReplicaView& replica) {
    return replica.acknowledges && replica.port != 0 &&
           (!waiting->target || Is(replica, *waiting->target));
  };
  const auto ready = std::ranges::find_if(replicas, [&](const ReplicaView& replica) {
    return candidate(replica) && replica.acknowledged >= awaited;
  });
  if (ready == replicas.end()) {
    if (!waiting->question && std::ranges::any_of(replicas, candidate))
      actions.emplace_back(AskReplicas{});
    return;
  }
  base::Endpoint target{ready->ip, ready->port};
  actions.emplace_back(
      FailoverNote{"Failover target " + target.ToString() + " is synced, failing over."});
  Begin(
      {.target = std::move(target), .process = ready->process, .acknowledged = ready->acknowledged},
      actions);
}

void Failover::Asked(base::Offset awaited, base::Offset end) {
  if (auto* waiting = std::get_if<WaitingForSync>(&state_))
    waiting->question = WaitingForSync::Question{awaited, end};
}

void Failover::Begin(HandOver to, FailoverActions& actions) {
  state_ = InProgress{to.target};
  actions.emplace_back(std::move(to));
}

void Failover::Answered(bool accepted, FailoverActions& actions) {
  if (state() != FailoverState::kInProgress) return;
  if (!accepted) return GiveUp("Failover target rejected psync request", actions);
  state_ = NoFailover{};
  actions.emplace_back(EndFailoverPause{});
}

void Failover::GiveUp(std::string_view reason, FailoverActions& actions) {
  const auto* waiting = std::get_if<WaitingForSync>(&state_);
  const auto* in_progress = std::get_if<InProgress>(&state_);
  const std::string target = in_progress != nullptr       ? in_progress->target.ToString()
                             : waiting && waiting->target ? Name(*waiting->target)
                                                          : "any replica";
  actions.emplace_back(FailoverNote{"FAILOVER to " + target + " aborted: " + std::string(reason)});
  const bool demoted = in_progress != nullptr;
  state_ = NoFailover{};
  if (demoted) actions.emplace_back(TakeRoleBack{});
  actions.emplace_back(EndFailoverPause{});
}

}  // namespace quorate::replication::core
