#include "scripts/ops/replica_cut.h"

#include <algorithm>
#include <functional>
#include <optional>

namespace quorate::ops {
namespace {

// How far beyond the replica's position the primary's memory must begin.
constexpr int64_t kBeyondBytes = 256 << 10;
constexpr base::Duration kViewLimit = std::chrono::seconds(60);
constexpr base::Duration kPollInterval = std::chrono::milliseconds(5);

// The first view of the server that is `enough`. Error: `missing` to the end.
base::Result<ServerView> AwaitView(Foreground& foreground, const Deployment& deployment,
                                   const std::string& name, const std::string& missing,
                                   const std::function<bool(const ServerView&)>& enough) {
  const base::Instant deadline = foreground.Now() + kViewLimit;
  for (;;) {
    ServerView view = ObserveServer(foreground, deployment, name);
    if (view.Answers() && enough(view)) return view;
    if (foreground.Now() >= deadline)
      return base::Error{name + ": " + (view.Answers() ? missing : view.problem)};
    if (!foreground.Pass(kPollInterval)) return base::Error{"interrupted"};
  }
}

base::Result<ServerView> View(Foreground& foreground, const Deployment& deployment,
                              const std::string& name) {
  return AwaitView(foreground, deployment, name, "", [](const ServerView&) { return true; });
}

// When the primary's memory has long lost what a replica at `position` needs next.
base::Result<ServerView> AwaitOutrun(Foreground& foreground, const Deployment& deployment,
                                     const std::string& primary, int64_t position,
                                     base::Instant not_before) {
  return AwaitView(foreground, deployment, primary, "the writers could not outrun its backlog",
                   [&](const ServerView& view) {
                     return view.memory_from > position + kBeyondBytes &&
                            foreground.Now() >= not_before;
                   });
}

// Since now; nothing: not within `limit`.
std::optional<base::Duration> AwaitInStep(Foreground& foreground, const Deployment& deployment,
                                          const CutPlan& plan) {
  const base::Instant back = foreground.Now();
  while (foreground.Now() - back <= plan.in_step_limit) {
    // The replica is asked last: what the primary had before, it must have by then.
    const ServerView primary = ObserveServer(foreground, deployment, plan.primary);
    const ServerView replica = ObserveServer(foreground, deployment, plan.replica);
    if (primary.Answers() && replica.Answers() && replica.link_up &&
        replica.offset >= primary.offset)
      return foreground.Now() - back;
    if (!foreground.Pass(kPollInterval)) break;
  }
  return std::nullopt;
}

}  // namespace

std::string FirstReplica(const Observation& observation, const base::Endpoint& primary) {
  const auto found = std::ranges::find(observation.servers, primary, &ServerView::follows);
  return found == observation.servers.end() ? "" : found->name;
}

base::Result<ReplicaCut> CutReplica(Foreground& foreground, const Deployment& deployment,
                                    Fault& fault, const CutPlan& plan) {
  const Topology& topology = deployment.topology();
  const base::Instant begun = foreground.Now();
  if (auto status = fault.Stop(plan.replica); !status) return status.error();
  const auto links =
      DropReplicaLinks(foreground, topology.EndpointOf(PortOf(topology, plan.primary)));
  if (!links) return links.error();
  // A moment after the cut: the replica misses a few writes more than what is counted.
  const auto at_cut = View(foreground, deployment, plan.primary);
  if (!at_cut) return at_cut.error();
  const auto at_return =
      AwaitOutrun(foreground, deployment, plan.primary, at_cut->offset, begun + plan.away);
  if (!at_return) return at_return.error();

  if (auto status = fault.Undo(); !status) return status.error();
  ReplicaCut cut;
  cut.replica = plan.replica;
  cut.away = foreground.Now() - begun;
  cut.missed_bytes = at_return->offset - at_cut->offset;
  cut.links = *links;
  cut.in_step = AwaitInStep(foreground, deployment, plan);
  if (foreground.interrupted()) return base::Error{"interrupted"};
  const auto at_end = View(foreground, deployment, plan.primary);
  if (!at_end) return at_end.error();
  cut.resumed = at_end->partial_syncs - at_cut->partial_syncs;
  return cut;
}

}  // namespace quorate::ops
