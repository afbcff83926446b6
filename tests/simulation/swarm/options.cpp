#include "tests/simulation/swarm/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "shared/base/random.h"

namespace quorate::simulation {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kNames[] = {
    "kill-server",
    "kill-sentinel",
    "power-off-server",
    "power-off-sentinel",
    "power-off-voter",
    "pause-server",
    "pause-sentinel",
    "stall",
    "cut-one-way",
    "cut-both-ways",
    "partition",
    "disk-full",
    "failed-syncs",
    "slow-disk",
    "clock-rate",
    "wall-jump",
    "slow-network",
    "forced-failover",
    "reset",
    "reparent",
    "slow-link",
    "save",
    "torn-snapshot",
    "server-disk",
    "torn-segment",
    "switchover",
    "maintenance",
    "set",
    "remove",
    "replace-sentinel",
};
static_assert(std::size(kNames) == kFaults);

// Many small runs find more than few large ones: what costs most is drawn seldom, but drawn.
constexpr uint64_t kBulkyValue = 8'000;
// So that they take several.
constexpr size_t kSegment = 2048;
// Of a connection; who does not read it is soon felt.
constexpr size_t kWindow = 16 * 1024;
constexpr uint64_t kDiskBacklog = 64 * 1024 * 1024;
constexpr uint64_t kSmallDiskBacklog = 256 * 1024;
constexpr uint64_t kUsualBacklog = 256 * 1024;
// Each more than all writers write in one turn: the checkers read it.
constexpr uint64_t kSmallBacklog = 16 * 1024;
constexpr uint64_t kSmallBulkyBacklog = 32 * 1024;
// Of twenty deployments, how many have so many of them.
constexpr int kServers[] = {1, 12, 4, 2, 1};          // 1 and up, of the only group
constexpr int kSmallServers[] = {2, 16, 2};           // 1 and up, of one of several groups
constexpr int kGroups[] = {0, 15, 5};                 // 1 and up, where there are several
constexpr int kSentinels[] = {0, 0, 16, 1, 2, 0, 1};  // 1 and up

// An index, each as likely as its share of twenty says.
size_t DrawByShare(base::Random& random, std::span<const int> shares) {
  auto left = static_cast<int>(random.Below(20));
  size_t index = 0;
  while (left >= shares[index]) left -= shares[index++];
  return index;
}

// Whom each follows. Few deployments have several groups: they cost as much as several runs.
std::vector<std::optional<size_t>> DrawServers(base::Random& random) {
  const bool several = random.Chance(1, 20);
  std::vector<std::optional<size_t>> follows;
  for (size_t groups = several ? 1 + DrawByShare(random, kGroups) : 1; groups > 0; --groups) {
    const size_t first = follows.size();
    const std::span<const int> shares = several ? std::span<const int>(kSmallServers) : kServers;
    follows.push_back(std::nullopt);
    for (size_t replicas = DrawByShare(random, shares); replicas > 0; --replicas)
      follows.push_back(first + random.Below(follows.size() - first));
  }
  return follows;
}

DeploymentOptions DrawDeployment(base::Random& random) {
  DeploymentOptions options;
  options.prompt = true;
  options.repl_timeout = seconds(random.Between(2, 5));
  options.hz = static_cast<int>(random.Between(2, 10));
  options.fleeting_keys = true;
  options.follows = DrawServers(random);
  options.sentinels = 1 + DrawByShare(random, kSentinels);
  options.quorum = static_cast<uint32_t>(1 + random.Below(options.sentinels / 2 + 1));
  options.down_after =
      milliseconds(random.Chance(3, 4) ? random.Between(400, 1000) : random.Between(1000, 2000));
  options.failover_timeout = milliseconds(random.Between(3000, 10000));
  options.fast_detection = random.Chance(1, 2);
  options.syntax = random.Chance(1, 2) ? ConfigSyntax::kYaml : ConfigSyntax::kRedis;
  options.writers = random.Chance(1, 3) ? 2 : 1;
  if (random.Chance(1, 2)) options.save_point = {random.Between(1, 3), random.Between(1, 30)};
  // Transactions that take several segments are torn when a link breaks.
  if (random.Chance(1, 6)) options.longest_value = kBulkyValue;
  options.backlog_bytes = kUsualBacklog;
  return options;
}

// Half of the runs have servers with an on-disk backlog, some or all, and then often a memory
// backlog that does not reach far.
void DrawDiskBacklogs(base::Random& random, DeploymentOptions& options) {
  options.disk_backlogs.assign(options.follows.size(), 0);
  if (random.Chance(1, 2)) return;
  const uint64_t share = random.Between(1, 4);  // of four
  for (uint64_t& bytes : options.disk_backlogs)
    if (random.Chance(share, 4)) bytes = random.Chance(1, 4) ? kSmallDiskBacklog : kDiskBacklog;
  if (random.Chance(1, 2))
    options.backlog_bytes =
        options.longest_value == kBulkyValue ? kSmallBulkyBacklog : kSmallBacklog;
}

WorldOptions DrawWorld(base::Random& random) {
  WorldOptions options;
  const int64_t latency =
      random.Chance(1, 4) ? random.Between(1000, 20000) : random.Between(50, 500);
  options.network.latency = microseconds(latency);
  options.network.jitter = microseconds(random.Between(0, 2 * latency));
  options.network.split_percent = random.Chance(2, 3) ? random.Below(4) : random.Below(40);
  options.network.largest_segment = kSegment;
  if (random.Chance(1, 2)) options.network.send_window = options.network.receive_window = kWindow;
  options.network.retransmit_within = milliseconds(random.Between(50, 600));
  options.network.kill_resets_percent = random.Below(101);
  return options;
}

std::set<Fault> DrawFaults(base::Random& random) {
  std::set<Fault> faults;
  const uint64_t share = random.Between(1, 8);  // of ten
  for (int i = 0; i < kFaults; ++i)
    if (random.Chance(share, 10)) faults.insert(static_cast<Fault>(i));
  if (faults.empty()) faults.insert(static_cast<Fault>(random.Below(kFaults)));
  return faults;
}

}  // namespace

std::string_view Name(Fault fault) { return kNames[static_cast<size_t>(fault)]; }

bool MayLoseWrites(Fault fault) {
  switch (fault) {
    case Fault::kDiskFull:
    case Fault::kFailedSyncs:
    case Fault::kSlowDisk:
    case Fault::kWallJump:
    case Fault::kForcedFailover:
    case Fault::kSave:
    case Fault::kSwitchover:
    case Fault::kMaintenance:
    case Fault::kSet:
      return false;
    default:
      return true;
  }
}

bool HurtsServers(Fault fault) {
  switch (fault) {
    case Fault::kKillServer:
    case Fault::kPowerOffServer:
    case Fault::kTornSnapshot:
    case Fault::kTornSegment:
    case Fault::kServerDisk:
      return true;
    default:
      return false;
  }
}

SwarmOptions DrawOptions(uint64_t seed) {
  base::Random random(seed);
  SwarmOptions options;
  options.deployment = DrawDeployment(random);
  options.world = DrawWorld(random);
  // Now and then nothing may be lost, and that is demanded.
  options.faults = DrawFaults(random);
  if (random.Chance(1, 8)) {
    std::erase_if(options.faults, MayLoseWrites);
    options.faults.insert({Fault::kForcedFailover, Fault::kSwitchover});
  }
  // Time for one failure after the other to be noticed and mended.
  const base::Duration down_after = options.deployment.down_after;
  options.safety = milliseconds(500) + down_after * random.Between(15, 40) / 10;
  // So many writes in that time, in whatever group; now and then rather more.
  const bool many = options.deployment.longest_value == kBulkyValue || random.Chance(1, 8);
  const int64_t writes = many ? random.Between(80, 300) : random.Between(15, 80);
  const int64_t groups = std::ranges::count_if(options.deployment.follows,
                                               [](const auto& followed) { return !followed; });
  options.deployment.write_pause = options.safety * groups / writes;
  options.strikes = static_cast<int>(random.Between(1, 8));
  options.timely_strikes = static_cast<int>(random.Below(4));
  DrawDiskBacklogs(random, options.deployment);
  // Now and then whatever is lost must be in a record.
  if (random.Chance(1, 5)) {
    std::erase_if(options.faults, HurtsServers);
    if (options.faults.empty()) options.faults.insert(Fault::kPartition);
  }
  // Where leases end before anybody is held for down, or long after it, they matter most.
  if (random.Chance(1, 2))
    options.deployment.primary_lease =
        options.deployment.down_after *
        (random.Chance(2, 3) ? random.Between(2, 8) : random.Between(10, 25)) / 10;
  // A stamp has to be there and back again within it, time and again.
  if (options.deployment.primary_lease != base::Duration::zero())
    options.deployment.primary_lease = std::max(
        options.deployment.primary_lease,
        milliseconds(50) + 8 * (options.world.network.latency + options.world.network.jitter));
  // The sentinels meet at their first hellos, mostly.
  if (!random.Chance(1, 8))
    options.deployment.sentinel_gap =
        milliseconds(20) + 8 * (options.world.network.latency + options.world.network.jitter);
  return options;
}

std::string SwarmOptions::Describe() const {
  std::string chain;
  for (const auto& followed : deployment.follows)
    chain += followed ? fmt::format(" {}", *followed + 1) : " -";
  std::string disks;
  for (const uint64_t bytes : deployment.disk_backlogs) disks += fmt::format(" {}", bytes);
  std::string kinds;
  for (const Fault fault : faults) kinds += fmt::format(" {}", Name(fault));
  return fmt::format(
      "servers follow:{}; {} sentinels, quorum {}, down-after {} ms, failover-timeout {} ms, {} "
      "detection, {}; {} writers every {} ms, values up to {}; save {}; "
      "backlog {}, on disk:{}; primary-lease {} ms; repl-timeout {} s, hz {}\n"
      "latency {} us + {} us, {} % split, windows of {}, sent again within {} ms, {} % resets; {} "
      "strikes in {} ms and {} at steps of a failover, of:{}",
      chain, deployment.sentinels, deployment.quorum, base::ToMs(deployment.down_after),
      base::ToMs(deployment.failover_timeout), deployment.fast_detection ? "fast" : "classic",
      deployment.syntax == ConfigSyntax::kYaml ? "yaml" : "redis syntax", deployment.writers,
      base::ToMs(deployment.write_pause), deployment.longest_value, SavePointText(deployment),
      deployment.backlog_bytes, disks, base::ToMs(deployment.primary_lease),
      deployment.repl_timeout.count(), deployment.hz, world.network.latency.count() / 1000,
      world.network.jitter.count() / 1000, world.network.split_percent, world.network.send_window,
      base::ToMs(world.network.retransmit_within), world.network.kill_resets_percent, strikes,
      base::ToMs(safety), timely_strikes, kinds);
}

}  // namespace quorate::simulation
