// The outcome of a drill, for people (a table) and for programs (JSON). The JSON has a schema
// number that is raised whenever a reader of the old form would misread the new one; adding a
// member does not raise it. Durations are milliseconds as numbers with three decimals; null where
// there is none.
#pragma once

#include <string>
#include <vector>

#include "scripts/ops/topology.h"
#include "scripts/ops/verdict.h"

namespace quorate::ops {

inline constexpr int kDrillReportSchema = 1;

struct RoundReport {
  std::string old_primary;  // name in the topology
  std::string new_primary;  // name in the topology, empty if nobody took over
  base::Instant fault;
  RoundResult result;
  std::vector<Finding> findings;
  std::vector<SentinelEvent> events;
};

struct DrillReport {
  Scenario scenario = Scenario::kKillPrimary;
  std::string server;    // what runs: "quorate 0.1.0", "redis 7.0.15"
  std::string sentinel;  // the same of the sentinels
  Topology topology;
  int writers = 0;
  int replicas = 0;  // that had to confirm a write by WAIT
  std::vector<RoundReport> rounds;
};

// True if there is a round and every finding of every round passed.
bool Passed(const DrillReport& report);

// One line: what became of the role, and the write gap.
std::string Summary(Scenario scenario, const RoundReport& round);

std::string ToTable(const DrillReport& report);
std::string ToJson(const DrillReport& report);

}  // namespace quorate::ops
