#include "tests/simulation/swarm/options.h"

#include <fmt/format.h>

#include <algorithm>

#include "shared/base/random.h"

namespace quorate::simulation {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

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
};
static_assert(std::size(kNames) == kFaults);

constexpr uint64_t kBulkyValue = 50'000;
constexpr uint64_t kDiskBacklog = 64 * 1024 * 1024;
constexpr uint64_t kSmallDiskBacklog = 2 * 1024 * 1024;
// More than all writers write in one turn: the checkers read it.
constexpr uint64_t kSmallBacklog = 128 * 1024;
constexpr size_t kMostServers = 4;
constexpr size_t kFewestSentinels = 3;
constexpr size_t kMostSentinels = 5;

DeploymentOptions DrawDeployment(base::Random& random) {
  DeploymentOptions options;
  options.fleeting_keys = true;
  const size_t servers = random.Chance(1, 12) ? 1 : 2 + random.Below(kMostServers - 1);
  options.follows = {std::nullopt};
  for (size_t i = 1; i < servers; ++i) options.follows.push_back(random.Below(i));
  options.sentinels = kFewestSentinels + random.Below(kMostSentinels - kFewestSentinels + 1);
  options.quorum = static_cast<uint32_t>(1 + random.Below(options.sentinels / 2 + 1));
  options.down_after = milliseconds(random.Between(300, 2000));
  options.failover_timeout = milliseconds(random.Between(3000, 10000));
  options.fast_detection = random.Chance(1, 2);
  options.syntax = random.Chance(1, 2) ? ConfigSyntax::kYaml : ConfigSyntax::kRedis;
  options.writers = 1 + random.Below(2);
  if (random.Chance(1, 2)) options.save_point = {random.Between(1, 3), random.Between(1, 50)};
  options.write_pause = milliseconds(random.Between(20, 100));
  // Transactions that take several segments are torn when a link breaks.
  if (random.Chance(1, 3)) options.longest_value = kBulkyValue;
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
  if (random.Chance(1, 2)) options.backlog_bytes = kSmallBacklog;
}

WorldOptions DrawWorld(base::Random& random) {
  WorldOptions options;
  const int64_t latency =
      random.Chance(1, 4) ? random.Between(1000, 20000) : random.Between(50, 500);
  options.network.latency = microseconds(latency);
  options.network.jitter = microseconds(random.Between(0, 2 * latency));
  options.network.split_percent = random.Below(40);
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
    options.faults.insert(Fault::kForcedFailover);
  }
  options.safety = milliseconds(random.Between(5000, 20000));
  options.strikes = static_cast<int>(random.Between(1, 12));
  options.timely_strikes = static_cast<int>(random.Below(4));
  DrawDiskBacklogs(random, options.deployment);
  // Now and then whatever is lost must be in a record.
  if (random.Chance(1, 5)) {
    std::erase_if(options.faults, HurtsServers);
    if (options.faults.empty()) options.faults.insert(Fault::kPartition);
  }
  if (random.Chance(1, 2))
    options.deployment.primary_lease = milliseconds(random.Between(400, 2500));
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
      "backlog {}, on disk:{}; primary-lease {} ms\nlatency {} us + {} us, {} "
      "% split, "
      "{} % resets; {} "
      "strikes in {} ms and {} at steps of a failover, of:{}",
      chain, deployment.sentinels, deployment.quorum, base::ToMs(deployment.down_after),
      base::ToMs(deployment.failover_timeout), deployment.fast_detection ? "fast" : "classic",
      deployment.syntax == ConfigSyntax::kYaml ? "yaml" : "redis syntax", deployment.writers,
      base::ToMs(deployment.write_pause), deployment.longest_value, SavePointText(deployment),
      deployment.backlog_bytes, disks, base::ToMs(deployment.primary_lease),
      world.network.latency.count() / 1000, world.network.jitter.count() / 1000,
      world.network.split_percent, world.network.kill_resets_percent, strikes, base::ToMs(safety),
      timely_strikes, kinds);
}

}  // namespace quorate::simulation
