#include "tests/simulation/swarm/operators.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace quorate::simulation {

namespace {

// A replica's distance from the top.
constexpr size_t kDeepest = 3;
constexpr size_t kUnknownDepth = 100;
constexpr base::Duration kPatience = std::chrono::seconds(3);
constexpr int64_t kLongestPauseSeconds = 4;
constexpr int64_t kLongestCatchUpMs = 1500;
// To find a replica by chance.
constexpr int kTries = 4;

}  // namespace

Operators::Operators(Deployment& deployment, base::Random random,
                     std::function<void(const std::string&)> tell)
    : deployment_(deployment),
      random_(random),
      tell_(std::move(tell)),
      process_(deployment.world().AddHost("10.0.9.1").StartProcess("operator")) {}

SentinelNode& Operators::AnySentinel() {
  return *deployment_.sentinels()[random_.Below(deployment_.sentinels().size())];
}

size_t Operators::AnyGroup() { return random_.Below(deployment_.groups()); }

ServerNode& Operators::AnyServer() {
  return *deployment_.servers()[random_.Below(deployment_.servers().size())];
}

void Operators::Request(const base::Endpoint& to, const Words& args) {
  const std::string words = fmt::format("{}", fmt::join(args, " "));
  tell_(fmt::format("{} at {}", words, to.host));
  link::LinkOptions options;
  options.endpoint = to;
  requests_.push_back(
      std::make_unique<link::Link>(process_.io(), random_.Fork(), options, link::LinkCallbacks{}));
  requests_.back()->Start();
  const bool sent = requests_.back()->Send(
      std::vector<std::string_view>(args.begin(), args.end()), process_.io().Now() + kPatience,
      [this, words](const base::Result<resp::Value>& reply) {
        tell_(fmt::format("{}: {}", words, reply.ok() ? reply->ToString() : reply.error().message));
      });
  if (!sent) tell_("not sent");
}

void Operators::Ask(const SentinelNode& node, Words words) {
  words.insert(words.begin(), "SENTINEL");
  Request(node.endpoint(), words);
}

// ---- requests

void Operators::Failover() {
  Words words = {"FAILOVER", GroupName(AnyGroup())};
  if (random_.Chance(1, 4)) words.emplace_back("COORDINATED");
  Ask(AnySentinel(), std::move(words));
}

ServerNode& Operators::AnyHeir(size_t group) {
  ServerNode* heir = nullptr;
  for (int tries = 0; tries < kTries; ++tries) {
    const size_t index = random_.Below(deployment_.servers().size());
    heir = deployment_.servers()[index].get();
    if (deployment_.GroupOf(index) == group && heir->running() && heir->replication().is_replica())
      break;
  }
  return *heir;
}

void Operators::Switchover() {
  const size_t group = AnyGroup();
  Words words = {"SWITCHOVER", GroupName(group)};
  if (random_.Chance(1, 2)) {
    const base::Endpoint heir = AnyHeir(group).endpoint();
    words.insert(words.end(), {"TO", heir.host, std::to_string(heir.port)});
  }
  if (random_.Chance(1, 2))
    words.insert(words.end(), {"TIMEOUT", std::to_string(random_.Between(1, kLongestCatchUpMs))});
  Ask(AnySentinel(), std::move(words));
}

void Operators::Reset() {
  Ask(AnySentinel(), {"RESET", random_.Chance(1, 4) ? "*" : GroupName(AnyGroup())});
}

void Operators::PauseOrResume() {
  const SentinelNode& node = AnySentinel();
  const size_t index = AnyGroup();
  const auto* group = Deployment::GroupAt(node, index);
  if (group != nullptr && group->maintenance.until && random_.Chance(3, 4))
    return Ask(node, {"RESUME", GroupName(index)});
  const int64_t seconds = random_.Between(1, kLongestPauseSeconds);
  Ask(node, {"PAUSE", GroupName(index), std::to_string(seconds), "work"});
}

void Operators::Set() {
  const DeploymentOptions& options = deployment_.options();
  const int64_t down_after = base::ToMs(options.down_after);
  Words words = {"SET", GroupName(AnyGroup())};
  if (random_.Chance(1, 2)) {
    const auto majority = static_cast<int64_t>(options.sentinels / 2 + 1);
    words.insert(words.end(), {"quorum", std::to_string(random_.Between(1, majority))});
  } else {
    words.insert(words.end(), {"down-after-milliseconds",
                               std::to_string(random_.Between(down_after / 2, down_after))});
  }
  if (random_.Chance(2, 3)) words.emplace_back("PROPAGATE");
  Ask(AnySentinel(), std::move(words));
}

void Operators::Save() {
  const base::Endpoint to = AnyServer().endpoint();
  Request(to, {random_.Chance(1, 2) ? "SAVE" : "BGSAVE"});
}

void Operators::Remove(size_t sentinel) {
  removed_ = true;
  Ask(*deployment_.sentinels()[sentinel], {"REMOVE", GroupName(AnyGroup())});
}

size_t Operators::DepthOf(const ServerNode& node) const {
  size_t depth = 0;
  for (const ServerNode* at = &node; at != nullptr && depth <= deployment_.servers().size();
       ++depth) {
    if (!at->running()) return kUnknownDepth;
    if (!at->replication().is_replica()) return depth;
    at = deployment_.ServerAt(at->replication().Upstream()->primary);
  }
  return depth;
}

size_t Operators::HeightOf(const ServerNode& node) const {
  size_t height = 0;
  for (const auto& other : deployment_.servers()) {
    size_t hops = 0;
    for (const ServerNode* at = other.get(); at != nullptr && at != &node; ++hops) {
      const bool follows =
          at->running() && at->replication().is_replica() && hops <= deployment_.servers().size();
      at = follows ? deployment_.ServerAt(at->replication().Upstream()->primary) : nullptr;
      if (at == &node) height = std::max(height, hops + 1);
    }
  }
  return height;
}

void Operators::Reparent() {
  const auto& servers = deployment_.servers();
  std::vector<size_t> replicas;
  for (size_t i = 0; i < servers.size(); ++i)
    if (servers[i]->running() && servers[i]->replication().is_replica()) replicas.push_back(i);
  if (replicas.empty()) return;
  const size_t replica = replicas[random_.Below(replicas.size())];
  const size_t other = random_.Below(servers.size());
  if (deployment_.GroupOf(replica) != deployment_.GroupOf(other)) return;
  const ServerNode& node = *servers[replica];
  const ServerNode& target = *servers[other];
  if (&node == &target || node.replication().Upstream()->primary == target.endpoint()) return;
  if (DepthOf(target) + 1 + HeightOf(node) > kDeepest) return;
  Request(node.endpoint(), {"REPLICAOF", target.ip(), std::to_string(ServerNode::kPort)});
}

// ---- mending

base::Endpoint Operators::PrimaryToMonitor(const SentinelNode& but, size_t group) {
  const auto& sentinels = deployment_.sentinels();
  const size_t first = random_.Below(sentinels.size());
  for (size_t i = 0; i < sentinels.size(); ++i) {
    const SentinelNode& node = *sentinels[(first + i) % sentinels.size()];
    if (&node == &but) continue;
    if (const auto* known = Deployment::GroupAt(node, group)) return known->primary.address;
  }
  const auto& servers = deployment_.servers();
  for (size_t i = 0; i < servers.size(); ++i)
    if (deployment_.GroupOf(i) == group && servers[i]->running() &&
        !servers[i]->replication().is_replica())
      return servers[i]->endpoint();
  return servers[deployment_.FirstServerOf(group)]->endpoint();
}

void Operators::MonitorAgain(size_t sentinel) {
  const SentinelNode& node = *deployment_.sentinels()[sentinel];
  if (!node.running()) return;
  for (size_t i = 0; i < deployment_.groups(); ++i) MonitorAgain(node, i);
}

void Operators::MonitorAgain(const SentinelNode& node, size_t index) {
  const DeploymentOptions& options = deployment_.options();
  const auto* group = Deployment::GroupAt(node, index);
  if (group == nullptr) {
    const base::Endpoint primary = PrimaryToMonitor(node, index);
    return Ask(node, {"MONITOR", GroupName(index), primary.host, std::to_string(primary.port),
                      std::to_string(options.quorum)});
  }
  if (group->options.down_after <= options.down_after &&
      group->options.failover_timeout == options.failover_timeout)
    return;
  Ask(node, {"SET", GroupName(index), "down-after-milliseconds",
             std::to_string(base::ToMs(options.down_after)), "failover-timeout",
             std::to_string(base::ToMs(options.failover_timeout)), "failure-detection",
             options.fast_detection ? "fast" : "classic"});
}

bool Operators::OthersAgree(size_t sentinel) const {
  const auto& sentinels = deployment_.sentinels();
  const SentinelNode& first = *sentinels[sentinel == 0 ? 1 : 0];
  const auto agrees = [&](const SentinelNode& node, size_t index) {
    const auto* group = Deployment::GroupAt(node, index);
    const auto* same = Deployment::GroupAt(first, index);
    return group != nullptr && same != nullptr && !node.paused() && !group->failover &&
           !group->pending_config && group->config_epoch == same->config_epoch &&
           node.state().current_epoch == first.state().current_epoch;
  };
  for (size_t i = 0; i < sentinels.size(); ++i)
    for (size_t group = 0; group < deployment_.groups(); ++group)
      if (i != sentinel && !agrees(*sentinels[i], group)) return false;
  return true;
}

void Operators::Replace(size_t sentinel) {
  const SentinelNode& node = *deployment_.sentinels()[sentinel];
  // Where nobody may know the first primary any more, it would never meet the others there.
  const bool as_at_first = !removed_ && random_.Chance(1, 2);
  std::vector<base::Endpoint> primaries;
  for (size_t i = 0; i < deployment_.groups(); ++i)
    primaries.push_back(as_at_first
                            ? deployment_.servers()[deployment_.FirstServerOf(i)]->endpoint()
                            : PrimaryToMonitor(node, i));
  // One that has met nobody yet counts on itself alone: it must not decide anything.
  const bool decides = deployment_.options().quorum == 1;
  replaced_ = Replaced{sentinel, node.id()};
  deployment_.ReplaceSentinel(sentinel, primaries, decides || random_.Chance(1, 2));
  tell_(fmt::format("{} is replaced, to watch {}", node.ip(), primaries[0].ToString()));
}

void Operators::ForgetReplaced() {
  if (!replaced_ || !OthersAgree(replaced_->sentinel)) return;
  for (const auto& node : deployment_.sentinels()) {
    for (size_t i = 0; i < deployment_.groups(); ++i) {
      const auto* group = Deployment::GroupAt(*node, i);
      if (group != nullptr && group->peers.contains(replaced_->id))
        Ask(*node, {"FORGET", GroupName(i), replaced_->id.ToString()});
    }
  }
}

void Operators::AllowRefusedSyncs() {
  for (const auto& server : deployment_.servers()) {
    if (!server->running() || !server->replication().is_replica()) continue;
    const auto upstream = server->replication().Upstream();
    if (upstream->refused)
      Request(server->endpoint(),
              {"REPLICAOF", upstream->primary.host, std::to_string(upstream->primary.port)});
  }
}

bool Operators::IsStray(size_t server) const {
  const ServerNode& node = *deployment_.servers()[server];
  if (!node.running() || node.replication().is_replica()) return false;
  return std::ranges::all_of(deployment_.sentinels(), [&](const auto& sentinel) {
    const auto* group = Deployment::GroupAt(*sentinel, deployment_.GroupOf(server));
    return group != nullptr && group->primary.address != node.endpoint() &&
           !group->replicas.contains(node.endpoint());
  });
}

void Operators::AttachStrays() {
  for (size_t i = 0; removed_ && i < deployment_.servers().size(); ++i) {
    if (!IsStray(i)) continue;
    const base::Endpoint primary = deployment_.primary(deployment_.GroupOf(i)).endpoint();
    Request(deployment_.servers()[i]->endpoint(),
            {"REPLICAOF", primary.host, std::to_string(primary.port)});
  }
}

void Operators::MendSentinels() {
  for (size_t i = 0; i < deployment_.sentinels().size(); ++i) MonitorAgain(i);
  ForgetReplaced();
}

}  // namespace quorate::simulation
