// The rollback records of a server of the deployment: which there are, by QUORATE ROLLBACK LIST,
// and what is in their files.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "scripts/ops/deployment.h"
#include "scripts/ops/foreground.h"
#include "scripts/ops/record_check.h"
#include "shared/base/result.h"

namespace quorate::ops {

// Their ids. An error on a server that keeps none.
base::Result<std::set<std::string>> ListRecords(Foreground& foreground,
                                                const Deployment& deployment,
                                                const std::string& server);
// Appends one record's commands.
base::Status ReadRecord(const Deployment& deployment, const std::string& server,
                        const std::string& id, std::vector<RecordedCommand>& commands);

}  // namespace quorate::ops
