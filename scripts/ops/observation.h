// What the processes of a deployment say about themselves and each other at one moment, and what
// follows from it: who is primary, and whether everything is as it should be. Reading replies and
// drawing conclusions are pure; Observe asks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scripts/ops/ask.h"
#include "scripts/ops/deployment.h"
#include "scripts/ops/topology.h"

namespace quorate::ops {

struct ServerView {
  std::string name;
  base::Endpoint endpoint;
  std::optional<int64_t> pid;  // nothing: no process of ours runs
  std::string problem;         // why it does not answer; empty if it does
  std::string version;
  bool is_primary = false;
  base::Endpoint follows;  // of a replica
  bool link_up = false;    // of a replica: connected and in step with the one it follows
  int64_t offset = 0;      // replication offset, of both roles
  int64_t replicas = 0;    // connected
  int64_t keys = 0;
  std::string run_id;         // of this process: another one after a restart
  int64_t memory_from = 0;    // the first byte of the stream that its backlog in memory holds
  int64_t full_syncs = 0;     // that it has served since its process began
  int64_t partial_syncs = 0;  // the same

  bool Answers() const { return problem.empty(); }
};

struct SentinelView {
  std::string name;
  base::Endpoint endpoint;
  std::optional<int64_t> pid;
  std::string problem;
  std::string version;
  base::Endpoint primary;  // that it tells clients
  std::string flags;       // of the group: "master", "master,s_down"
  int64_t other_sentinels = 0;
  int64_t replicas = 0;  // direct ones: a replica's replicas are not its business
  int64_t epoch = 0;     // of the configuration
  std::string quorum;    // CKQUORUM's text

  bool Answers() const { return problem.empty(); }
};

struct Observation {
  std::vector<ServerView> servers;
  std::vector<SentinelView> sentinels;

  const ServerView* ServerOn(const base::Endpoint& endpoint) const;
  // The primary that all sentinels name; nothing if they differ or one is silent.
  std::optional<base::Endpoint> AgreedPrimary() const;
};

// From the replies to ServerCommands() and SentinelCommands(group), in that order.
std::vector<Command> ServerCommands();
std::vector<Command> SentinelCommands(const std::string& group);
void ReadServer(const std::vector<resp::Value>& replies, ServerView& view);
void ReadSentinel(const std::vector<resp::Value>& replies, SentinelView& view);

// The first thing that is missing from: every process answers; one primary, which every sentinel
// names and none doubts; every other server follows it, directly or through others, with its link
// up; every sentinel knows all the others and at least the direct replicas, and could reach the
// quorum. Empty if nothing is missing.
std::string WhatIsMissing(const Observation& observation);

Observation Observe(Foreground& foreground, const Deployment& deployment);
// One server alone.
ServerView ObserveServer(Foreground& foreground, const Deployment& deployment,
                         const std::string& name);

// Observes until nothing is missing, at most `limit`. The error says what was missing last.
base::Result<Observation> AwaitReady(Foreground& foreground, const Deployment& deployment,
                                     base::Duration limit);

// Observes until all sentinels name one primary, whatever else is missing, at most `limit`.
base::Result<base::Endpoint> AwaitAgreedPrimary(Foreground& foreground,
                                                const Deployment& deployment, base::Duration limit);

}  // namespace quorate::ops
