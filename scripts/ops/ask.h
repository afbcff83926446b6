// Questions to many processes at once, answered together: what status and readiness are made of.
// Blocks the caller by turning the loop; for command line programs, not for daemons.
#pragma once

#include <string>
#include <vector>

#include "scripts/ops/foreground.h"
#include "shared/base/ids.h"
#include "shared/base/result.h"
#include "shared/base/time.h"
#include "shared/resp/reply_parser.h"

namespace quorate::ops {

using Command = std::vector<std::string>;

struct Question {
  base::Endpoint to;
  std::vector<Command> commands;  // pipelined on one connection
};

// One answer for each question: a reply for each of its commands, or why there are none.
using Answer = base::Result<std::vector<resp::Value>>;

// Each question has `timeout` to be answered; all run at the same time.
std::vector<Answer> AskAll(Foreground& foreground, const std::vector<Question>& questions,
                           base::Duration timeout);

// One command to one process.
base::Result<resp::Value> Ask(Foreground& foreground, const base::Endpoint& to,
                              const Command& command, base::Duration timeout);

}  // namespace quorate::ops
