// What a scenario needs of the deployment before its writers begin, and what is left to clear away
// after it: directives (temporary_settings.h), and snapshot files that were written only
// because of them. Undone at the end of this object at the latest. A server whose on-disk backlog
// was on before keeps its file: a restart may need it.
//
//   cut-replica      the primary's backlog in memory is small, so that the stream soon outruns it;
//                    the on-disk backlog is on, where there is one (Redis has none)
//   restart-primary  on every server, save points, as Debian's redis.conf has them: a clean exit
//                    writes the snapshot file; and the on-disk backlog as above. In the
//                    configuration files too, which the restarted process reads
#pragma once

#include <string>
#include <vector>

#include "scripts/ops/deployment.h"
#include "scripts/ops/foreground.h"
#include "scripts/ops/temporary_settings.h"
#include "scripts/ops/verdict.h"
#include "shared/base/result.h"

namespace quorate::ops {

class Preparation {
 public:
  Preparation(Foreground& foreground, const Deployment& deployment);
  ~Preparation();
  Preparation(const Preparation&) = delete;
  Preparation& operator=(const Preparation&) = delete;

  base::Status Make(Scenario scenario, const std::string& primary);
  // Precondition for success: every server runs.
  base::Status Undo();

 private:
  base::Status PrepareCut(const std::string& primary);
  base::Status PrepareRestart();
  // Notes the snapshot file that may come of it.
  base::Status TurnOnDiskBacklog(const std::string& server);
  void RemoveSnapshotFiles();

  const Deployment& deployment_;
  TemporarySettings settings_;
  std::vector<std::string> snapshot_files_;  // to be removed, since there were none
};

}  // namespace quorate::ops
