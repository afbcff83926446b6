// What one seed draws before anything runs: topology, timings, workload, and which kinds of faults
// strike how often. Everything that a run does follows from it and the seed.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "tests/simulation/deployment/deployment.h"

namespace quorate::simulation {

enum class Fault {
  kKillServer,
  kKillSentinel,
  kPowerOffServer,
  kPowerOffSentinel,
  kPowerOffVoter,  // a sentinel, just after it has cast a vote
  kPauseServer,
  kPauseSentinel,
  kStall,
  kCutOneWay,
  kCutBothWays,
  kPartition,
  kDiskFull,
  kFailedSyncs,
  kSlowDisk,
  kClockRate,
  kWallJump,
  kSlowNetwork,
  kForcedFailover,
  kReset,
  kReparent,      // a replica is told to follow another server, at most kDeepest below the top
  kSlowLink,      // two servers have few bytes per second between them
  kSave,          // SAVE or BGSAVE at a server
  kTornSnapshot,  // a server dies, and its snapshot file is damaged before it starts again
  kServerDisk,    // one of a server's disk fills up, fails to sync or is slow
  kTornSegment,   // a server dies, and a segment of its on-disk backlog is damaged before it starts
  kSwitchover,
  kMaintenance,      // PAUSE or RESUME
  kSet,              // the quorum, or a shorter time until somebody is held for down
  kRemove,           // REMOVE, and later MONITOR
  kReplaceSentinel,  // one is gone for good, with its disk, and another starts in its place
};
inline constexpr int kFaults = static_cast<int>(Fault::kReplaceSentinel) + 1;

std::string_view Name(Fault fault);
// Whether acknowledged writes may be lost when it strikes: a primary is cut off, dies or stands
// still, or a switchover is forgotten half-way. Without such faults nothing acknowledged is ever
// lost.
bool MayLoseWrites(Fault fault);
// Whether a server may lose what it had in memory, or cannot write its disk.
bool HurtsServers(Fault fault);

struct SwarmOptions {
  DeploymentOptions deployment;
  WorldOptions world;
  std::set<Fault> faults;
  // How long faults are started for, how many at random moments, and how many at the next steps of
  // a failover.
  base::Duration safety{};
  int strikes = 0;
  int timely_strikes = 0;

  // Every value, for people.
  std::string Describe() const;
};

SwarmOptions DrawOptions(uint64_t seed);

}  // namespace quorate::simulation
