// Does a rollback record hold exactly the drill's acknowledged writes that were lost? Compares the
// commands of the record's file with the history. Pure.
//
// What nobody promised may be in it as well: writes whose answer never came, if the old primary
// still ran them when it woke up.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scripts/ops/history.h"
#include "scripts/ops/verdict.h"
#include "shared/base/result.h"

namespace quorate::ops {

using RecordedCommand = std::vector<std::string>;

// Appends the commands of a record's file. Error: it is not a sequence of whole commands.
base::Status AppendRecorded(std::string_view file, std::vector<RecordedCommand>& commands);

// `lost`: what ExamineWrites found with `final`.
RecordFindings ExamineRecord(const History& history, const FinalState& final,
                             const std::vector<LostWrite>& lost,
                             const std::vector<RecordedCommand>& commands);

}  // namespace quorate::ops
