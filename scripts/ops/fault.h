// What a drill does to the processes of a deployment, and how it is undone: those that were stopped
// go on, those that were killed or ended are started again. No fault outlives its object.
//
// cut-replica has its own steps (replica_cut.h), which stop their replica here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scripts/ops/deployment.h"
#include "scripts/ops/foreground.h"
#include "scripts/ops/verdict.h"
#include "shared/base/ids.h"
#include "shared/base/result.h"

namespace quorate::ops {

class Fault {
 public:
  Fault(Foreground& foreground, Deployment& deployment)
      : foreground_(foreground), deployment_(deployment) {}
  ~Fault() { (void)Undo(); }
  Fault(const Fault&) = delete;
  Fault& operator=(const Fault&) = delete;

  // Returns when it is done; what the scenario leaves stopped or dead stays so until Undo.
  // Precondition: not kCutReplica.
  base::Status Inject(Scenario scenario, const std::string& primary);
  base::Status Stop(const std::string& name);
  base::Status Undo();

  // When the fault proper began: what came before it was preparation.
  base::Instant begun() const { return begun_; }
  // A process is stopped, and wakes up with Undo.
  bool HasStopped() const { return !stopped_.empty(); }

 private:
  // Lets the primary take writes that nobody else has.
  base::Status WriteAlone(const std::string& primary);
  base::Status WakeReplicas(const std::string& primary);
  base::Status End(const std::string& name, int signal);
  base::Status Switchover();

  Foreground& foreground_;
  Deployment& deployment_;
  base::Instant begun_;
  std::vector<std::string> stopped_;  // to be resumed
  std::vector<std::string> ended_;    // to be started again
};

// Cuts the links of all replicas of `primary`; how many it had.
base::Result<int64_t> DropReplicaLinks(Foreground& foreground, const base::Endpoint& primary);

}  // namespace quorate::ops
