// Brings a whole deployment up and down: checks that its ports are free, starts the processes,
// waits until they answer and know each other; and makes temporary deployments on free ports for
// drills.
#pragma once

#include <memory>

#include "scripts/ops/deployment.h"
#include "scripts/ops/foreground.h"
#include "scripts/ops/observation.h"
#include "scripts/ops/scratch_folder.h"
#include "shared/base/result.h"

namespace quorate::ops {

// Starts what does not run and waits until nothing is missing. On failure what was started keeps
// running, for inspection.
base::Result<Observation> BringUp(Foreground& foreground, Deployment& deployment);

// The same topology on ports that nobody uses at the moment.
base::Result<Topology> OnFreePorts(Foreground& foreground, Topology topology);

// A deployment in a folder of its own below the system's temporary folder. Destruction stops it and
// removes the folder, unless Keep was called: then the folder stays (with its logs).
class TemporaryDeployment {
 public:
  static base::Result<std::unique_ptr<TemporaryDeployment>> Create(Foreground& foreground,
                                                                   Topology topology,
                                                                   Programs programs);
  ~TemporaryDeployment();
  TemporaryDeployment(const TemporaryDeployment&) = delete;
  TemporaryDeployment& operator=(const TemporaryDeployment&) = delete;

  Deployment& deployment() { return deployment_; }
  void Keep() { folder_->Keep(); }

 private:
  TemporaryDeployment(std::unique_ptr<ScratchFolder> folder, Deployment deployment)
      : folder_(std::move(folder)), deployment_(std::move(deployment)) {}

  std::unique_ptr<ScratchFolder> folder_;  // outlives what runs in it
  Deployment deployment_;
};

}  // namespace quorate::ops
