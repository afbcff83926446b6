#include "tests/simulation/deployment/deployment.h"

#include <fmt/format.h>

#include <algorithm>

#include "sentinel/core/electorate.h"
#include "shared/base/check.h"
#include "tests/simulation/deployment/difference.h"

namespace quorate::simulation {

namespace {

constexpr base::Duration kLook = std::chrono::milliseconds(100);

std::string Ip(int network, size_t index) { return fmt::format("10.0.{}.{}", network, index + 1); }

std::string ServerConfig(const DeploymentOptions& options, size_t index) {
  std::string text =
      "port 6379\nbind *\nprotected-mode no\nrepl-diskless-sync-delay 0\n"
      "repl-ping-replica-period 1\n";
  text += fmt::format("repl-timeout {}\n", options.repl_timeout.count());
  text += fmt::format("repl-backlog-size {}\n", options.backlog_bytes);
  text += fmt::format("hz {}\n", options.hz);
  text += fmt::format("primary-lease {}\n", base::ToMs(options.primary_lease));
  if (index < options.disk_backlogs.size())
    text += fmt::format("repl-backlog-disk-size {}\n", options.disk_backlogs[index]);
  // A server whose last save has failed answers PING with an error, so its sentinels hold it for
  // down until somebody saves again: nobody does here.
  text += fmt::format("save {}\nstop-writes-on-bgsave-error no\n", SavePointText(options));
  if (const auto followed = options.follows[index])
    text += fmt::format("replicaof {} {}\n", Ip(1, *followed), ServerNode::kPort);
  return text;
}

// `electorate`: 0 = whom it meets.
std::string GroupConfig(const DeploymentOptions& options, const std::string& name,
                        const base::Endpoint& primary, size_t electorate) {
  const bool yaml = options.syntax == ConfigSyntax::kYaml;
  std::string text =
      fmt::format(fmt::runtime(yaml ? "  - name: {}\n    primary: {}:{}\n    quorum: {}\n"
                                    : "sentinel monitor {} {} {} {}\n"),
                  name, primary.host, primary.port, options.quorum);
  const auto add = [&](std::string_view option, const auto& value) {
    text += yaml ? fmt::format("    {}: {}\n", option, value)
                 : fmt::format("sentinel {} {} {}\n", option, name, value);
  };
  add("down-after-milliseconds", base::ToMs(options.down_after));
  add("failover-timeout", base::ToMs(options.failover_timeout));
  add("failure-detection", options.fast_detection ? "fast" : "classic");
  if (electorate != 0) add("electorate", electorate);
  return text;
}

std::string SentinelConfig(const DeploymentOptions& options,
                           const std::vector<base::Endpoint>& primaries, size_t electorate) {
  const bool yaml = options.syntax == ConfigSyntax::kYaml;
  std::string text =
      fmt::format(fmt::runtime(yaml ? "port: {}\ngroups:\n" : "port {}\n"), SentinelNode::kPort);
  for (size_t group = 0; group < primaries.size(); ++group)
    text += GroupConfig(options, GroupName(group), primaries[group], electorate);
  return text;
}

}  // namespace

std::string GroupName(size_t group) {
  return group == 0 ? kGroup : fmt::format("group{}", group + 1);
}

std::string SavePointText(const DeploymentOptions& options) {
  if (!options.save_point) return "\"\"";
  return fmt::format("{} {}", options.save_point->first, options.save_point->second);
}

Deployment::Deployment(uint64_t seed, const DeploymentOptions& options, const WorldOptions& world)
    : options_(options), world_(seed, world) {
  std::vector<base::Endpoint> primaries;
  for (size_t i = 0; i < options_.follows.size(); ++i) {
    servers_.push_back(std::make_unique<ServerNode>(world_, Ip(1, i), ServerConfig(options_, i)));
    const std::optional<size_t> followed = options_.follows[i];
    group_of_.push_back(followed ? group_of_[*followed] : first_servers_.size());
    if (followed) continue;
    first_servers_.push_back(i);
    primaries.push_back(servers_.back()->endpoint());
  }
  Writer::Options writing;
  writing.pause = options_.write_pause;
  writing.longest_value = options_.longest_value;
  writing.fleeting_keys = options_.fleeting_keys;
  for (size_t i = 0; i < options_.sentinels; ++i) {
    sentinels_.push_back(std::make_unique<SentinelNode>(
        world_, Ip(2, i), options_.syntax, SentinelConfig(options_, primaries, /*electorate=*/0)));
    writing.sentinels.push_back(sentinels_.back()->endpoint());
  }
  for (size_t i = 0; i < groups() * options_.writers; ++i) {
    writing.group = GroupName(GroupOfWriter(i));
    writers_.push_back(std::make_unique<Writer>(world_, Ip(3, i), writing));
  }
}

bool Deployment::Start(base::Duration limit) {
  for (const auto& server : servers_) {
    const base::Status started = server->Start();
    CHECK(started.ok());
  }
  // The sentinels' first INFO then finds all replicas.
  const base::Instant latest = world_.Now() + options_.sentinels_wait;
  while (world_.Now() < latest && !(options_.prompt && ReplicasAreLinked()))
    world_.RunFor(std::min(latest - world_.Now(), kLook));
  for (const auto& sentinel : sentinels_) {
    if (sentinel != sentinels_.front()) world_.RunFor(options_.sentinel_gap);
    const base::Status started = sentinel->Start();
    CHECK(started.ok());
  }
  const base::Instant end = world_.Now() + limit;
  while (Trouble(!options_.prompt)) {
    if (world_.Now() >= end) return false;
    world_.RunFor(kLook);
  }
  for (const auto& writer : writers_) writer->Start();
  return true;
}

bool Deployment::ReplicasAreLinked() const {
  return std::ranges::all_of(servers_, [](const auto& server) {
    return !server->replication().is_replica() || server->replication().primary_link_up();
  });
}

const sentinel::core::Group* Deployment::GroupAt(const SentinelNode& node, size_t group) {
  if (!node.running()) return nullptr;
  const auto found = node.state().groups.find(GroupName(group));
  return found == node.state().groups.end() ? nullptr : &found->second;
}

std::optional<std::string> Deployment::SentinelTrouble(const SentinelNode& node) const {
  if (!node.running() || node.paused()) return node.ip() + " does not run";
  if (node.state().tilt_since) return node.ip() + " is in TILT";
  for (size_t i = 0; i < groups(); ++i)
    if (auto trouble = GroupTrouble(node, i)) return trouble;
  return std::nullopt;
}

std::optional<std::string> Deployment::GroupTrouble(const SentinelNode& node, size_t index) const {
  if (GroupAt(node, index) == nullptr)
    return fmt::format("{} does not watch {}", node.ip(), GroupName(index));
  const sentinel::core::Group& group = *GroupAt(node, index);
  const sentinel::core::Group& first = *GroupAt(*sentinels_[0], index);
  if (group.peers.size() + 1 != sentinels_.size())
    return fmt::format("{} knows {} peers", node.ip(), group.peers.size());
  if (Electorate(group) != sentinels_.size())
    return fmt::format("{} counts on {} sentinels", node.ip(), Electorate(group));
  if (group.config_epoch != first.config_epoch || group.primary.address != first.primary.address)
    return fmt::format("{} is on ({}, {}), {} on ({}, {})", node.ip(), group.config_epoch.number(),
                       group.primary.address.ToString(), sentinels_[0]->ip(),
                       first.config_epoch.number(), first.primary.address.ToString());
  if (group.failover || group.pending_config) return node.ip() + " is in a failover";
  if (group.primary.sdown_since) return node.ip() + " holds the primary for down";
  return std::nullopt;
}

std::optional<std::string> Deployment::WritesTrouble(const ServerNode& primary) const {
  using server::engine::Fencing;
  const Fencing::Refusal refusal = primary.engine().fencing().WritesRefused(primary.host().Now());
  if (refusal == Fencing::Refusal::kNone) return std::nullopt;
  return fmt::format("{} refuses writes: {}", primary.ip(), Fencing::InfoName(refusal));
}

std::optional<std::string> Deployment::ServerTrouble(const ServerNode& node,
                                                     const base::Endpoint& primary,
                                                     bool writes_too) const {
  const ServerNode* top = &node;
  for (size_t hops = 0; hops <= servers_.size(); ++hops) {
    if (!top->running() || top->paused()) return top->ip() + " does not run";
    const auto& replication = top->replication();
    if (!replication.is_replica()) {
      if (top->endpoint() == primary) return writes_too ? WritesTrouble(*top) : std::nullopt;
      return fmt::format("{} takes writes, and {} is the primary", top->ip(), primary.ToString());
    }
    if (top->endpoint() == primary)
      return fmt::format("{} is to be the primary, and a replica", top->ip());
    if (!replication.primary_link_up()) return top->ip() + " has no link to its primary";
    const base::Endpoint next = replication.Upstream()->primary;
    top = ServerAt(next);
    if (top == nullptr) return node.ip() + " follows " + next.ToString();
  }
  return node.ip() + " follows itself";
}

std::optional<std::string> Deployment::Trouble(bool writes_too) const {
  for (const auto& sentinel : sentinels_)
    if (auto trouble = SentinelTrouble(*sentinel)) return trouble;
  for (size_t i = 0; i < servers_.size(); ++i) {
    const base::Endpoint& primary = GroupAt(*sentinels_[0], GroupOf(i))->primary.address;
    if (auto trouble = ServerTrouble(*servers_[i], primary, writes_too)) return trouble;
  }
  return std::nullopt;
}

std::optional<std::string> Deployment::Difference() const {
  for (size_t i = 0; i < servers_.size(); ++i) {
    const ServerNode& top = primary(GroupOf(i));
    const ServerNode& server = *servers_[i];
    const base::Offset offset = top.replication().offset();
    if (&server == &top) continue;
    if (server.replication().offset() != offset)
      return fmt::format("{} is at offset {}, {} at {}", server.ip(),
                         server.replication().offset().bytes(), top.ip(), offset.bytes());
    if (const auto found = FindDifference(top.engine().databases(), server.engine().databases()))
      return fmt::format("{} and {} differ at offset {}: {}", top.ip(), server.ip(), offset.bytes(),
                         *found);
  }
  return std::nullopt;
}

ServerNode* Deployment::ServerAt(const base::Endpoint& address) const {
  const auto found = std::ranges::find_if(
      servers_, [&](const auto& server) { return server->endpoint() == address; });
  return found == servers_.end() ? nullptr : found->get();
}

ServerNode& Deployment::primary(size_t group) const {
  ServerNode* node = ServerAt(sentinels_[0]->state().groups.at(GroupName(group)).primary.address);
  CHECK(node != nullptr);
  return *node;
}

size_t Deployment::LostWrites(const ServerNode& server) const {
  const auto index = static_cast<size_t>(
      std::ranges::find(servers_, &server, [](const auto& node) { return node.get(); }) -
      servers_.begin());
  size_t lost = 0;
  for (size_t i = 0; i < writers_.size(); ++i)
    if (GroupOfWriter(i) == GroupOf(index))
      lost += writers_[i]->CountLost(server.engine().databases());
  return lost;
}

void Deployment::ReplaceSentinel(size_t index, const std::vector<base::Endpoint>& primaries,
                                 bool told_electorate) {
  sentinels_[index]->Replace(
      SentinelConfig(options_, primaries, told_electorate ? sentinels_.size() : 0));
}

void Deployment::StopWriters() {
  for (const auto& writer : writers_) writer->Stop();
}

}  // namespace quorate::simulation
