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

const sentinel::core::Group* GroupOf(const SentinelNode& node) {
  if (!node.running()) return nullptr;
  const auto found = node.state().groups.find(kGroup);
  return found == node.state().groups.end() ? nullptr : &found->second;
}

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
  Words words = {"FAILOVER", kGroup};
  if (random_.Chance(1, 4)) words.emplace_back("COORDINATED");
  Ask(AnySentinel(), std::move(words));
}

void Operators::Switchover() {
  Words words = {"SWITCHOVER", kGroup};
  if (random_.Chance(1, 2)) {
    // Mostly one that is a replica.
    const ServerNode* node = &AnyServer();
    for (int i = 0; i < 2 && node->running() && !node->replication().is_replica(); ++i)
      node = &AnyServer();
    const base::Endpoint heir = node->endpoint();
    words.insert(words.end(), {"TO", heir.host, std::to_string(heir.port)});
  }
  if (random_.Chance(1, 2))
    words.insert(words.end(), {"TIMEOUT", std::to_string(random_.Between(1, kLongestCatchUpMs))});
  Ask(AnySentinel(), std::move(words));
}

void Operators::Reset() { Ask(AnySentinel(), {"RESET", kGroup}); }

void Operators::PauseOrResume() {
  const SentinelNode& node = AnySentinel();
  const auto* group = GroupOf(node);
  if (group != nullptr && group->maintenance.until && random_.Chance(3, 4))
    return Ask(node, {"RESUME", kGroup});
  const int64_t seconds = random_.Between(1, kLongestPauseSeconds);
  Ask(node, {"PAUSE", kGroup, std::to_string(seconds), "work"});
}

void Operators::Set() {
  const DeploymentOptions& options = deployment_.options();
  const int64_t down_after = base::ToMs(options.down_after);
  Words words = {"SET", kGroup};
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
  Ask(*deployment_.sentinels()[sentinel], {"REMOVE", kGroup});
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
  std::vector<const ServerNode*> replicas;
  for (const auto& server : deployment_.servers())
    if (server->running() && server->replication().is_replica()) replicas.push_back(server.get());
  if (replicas.empty()) return;
  const ServerNode& node = *replicas[random_.Below(replicas.size())];
  const ServerNode& target = AnyServer();
  if (&node == &target || node.replication().Upstream()->primary == target.endpoint()) return;
  if (DepthOf(target) + 1 + HeightOf(node) > kDeepest) return;
  Request(node.endpoint(), {"REPLICAOF", target.ip(), std::to_string(ServerNode::kPort)});
}

// ---- mending

base::Endpoint Operators::PrimaryToMonitor(size_t sentinel) {
  const size_t count = deployment_.sentinels().size();
  const size_t first = random_.Below(count);
  for (size_t i = 0; i < count; ++i) {
    const size_t index = (first + i) % count;
    const auto* group = index == sentinel ? nullptr : GroupOf(*deployment_.sentinels()[index]);
    if (group != nullptr) return group->primary.address;
  }
  for (const auto& server : deployment_.servers())
    if (server->running() && !server->replication().is_replica()) return server->endpoint();
  return deployment_.servers()[0]->endpoint();
}

void Operators::MonitorAgain(size_t sentinel) {
  const SentinelNode& node = *deployment_.sentinels()[sentinel];
  if (!node.running()) return;
  const DeploymentOptions& options = deployment_.options();
  const auto* group = GroupOf(node);
  if (group == nullptr) {
    const base::Endpoint primary = PrimaryToMonitor(sentinel);
    return Ask(node, {"MONITOR", kGroup, primary.host, std::to_string(primary.port),
                      std::to_string(options.quorum)});
  }
  if (group->options.down_after <= options.down_after &&
      group->options.failover_timeout == options.failover_timeout)
    return;
  Ask(node,
      {"SET", kGroup, "down-after-milliseconds", std::to_string(base::ToMs(options.down_after)),
       "failover-timeout", std::to_string(base::ToMs(options.failover_timeout)),
       "failure-detection", options.fast_detection ? "fast" : "classic"});
}

bool Operators::OthersAgree(size_t sentinel) const {
  const sentinel::core::State* first = nullptr;
  for (size_t i = 0; i < deployment_.sentinels().size(); ++i) {
    if (i == sentinel) continue;
    const SentinelNode& node = *deployment_.sentinels()[i];
    const auto* group = GroupOf(node);
    if (group == nullptr || node.paused() || group->failover || group->pending_config) return false;
    const sentinel::core::State& state = node.state();
    if (first == nullptr) first = &state;
    const sentinel::core::Group& same = first->groups.at(kGroup);
    if (state.current_epoch != first->current_epoch || group->config_epoch != same.config_epoch)
      return false;
  }
  return true;
}

bool Operators::Replace(size_t sentinel) {
  if (!OthersAgree(sentinel)) return false;
  const base::Endpoint primary =
      random_.Chance(1, 2) ? PrimaryToMonitor(sentinel) : deployment_.servers()[0]->endpoint();
  // One that has met nobody yet must not decide alone.
  const bool alone = deployment_.options().quorum == 1;
  replaced_.insert(deployment_.sentinels()[sentinel]->id());
  deployment_.ReplaceSentinel(sentinel, primary, alone || random_.Chance(1, 2));
  tell_(deployment_.sentinels()[sentinel]->ip() + " is replaced, to watch " + primary.ToString());
  return true;
}

void Operators::ForgetReplaced() {
  for (const auto& node : deployment_.sentinels()) {
    const auto* group = GroupOf(*node);
    if (group == nullptr) continue;
    for (const base::RunId& id : replaced_)
      if (group->peers.contains(id)) Ask(*node, {"FORGET", kGroup, id.ToString()});
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

void Operators::MendSentinels() {
  for (size_t i = 0; i < deployment_.sentinels().size(); ++i) MonitorAgain(i);
  ForgetReplaced();
}

}  // namespace quorate::simulation
