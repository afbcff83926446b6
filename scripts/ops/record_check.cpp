#include "scripts/ops/record_check.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "shared/base/numbers.h"
#include "shared/resp/request_parser.h"

namespace quorate::ops {
namespace {

enum class Sort { kFraming, kSet, kIncrement, kOther };

Sort SortOf(const RecordedCommand& command) {
  const auto is = [&](std::string_view name, size_t arguments) {
    return base::EqualsIgnoreCase(command[0], name) && command.size() == arguments + 1;
  };
  if (is("select", 1) || is("multi", 0) || is("exec", 0)) return Sort::kFraming;
  if (is("set", 2)) return Sort::kSet;
  if (is("incr", 1) && command[1] == kCounterKey) return Sort::kIncrement;
  return Sort::kOther;
}

// The kSet writes of the history by their keys.
class Sets {
 public:
  Sets(const History& history, const FinalState& final) : final_(final) {
    for (const Write& write : history.writes())
      if (write.kind == WriteKind::kSet)
        by_key_.emplace(KeyOf(write.writer, write.sequence), &write);
  }

  // The write that a recorded SET is, each once; null: it is none.
  const Write* Take(const RecordedCommand& command) {
    const auto found = by_key_.find(command[1]);
    if (found == by_key_.end()) return nullptr;
    const Write* const write = found->second;
    by_key_.erase(found);
    return command[2] == ValueOf(write->writer, write->sequence) ? write : nullptr;
  }

  bool Lives(const Write& write) const {
    return final_.present.contains({write.writer, write.sequence});
  }

 private:
  const FinalState& final_;
  std::map<std::string, const Write*> by_key_;
};

bool Unanswered(const Write& write) {
  return write.outcome == WriteOutcome::kUnknown || write.outcome == WriteOutcome::kPending;
}

// Increments have no names of their own: their number has to fit.
void ExamineIncrements(const History& history, size_t recorded, size_t lost,
                       RecordFindings& findings) {
  const auto unanswered =
      static_cast<size_t>(std::ranges::count_if(history.writes(), [](const Write& write) {
        return write.kind == WriteKind::kIncrement && Unanswered(write);
      }));
  if (recorded < lost) findings.missing += lost - recorded;
  const size_t beyond = recorded - std::min(recorded, lost);
  findings.unanswered += std::min(beyond, unanswered);
  findings.foreign += beyond - std::min(beyond, unanswered);
}

}  // namespace

base::Status AppendRecorded(std::string_view file, std::vector<RecordedCommand>& commands) {
  resp::RequestParser parser;
  while (!file.empty()) {
    if (parser.Next(file) != resp::RequestParser::Outcome::kRequest || parser.args().empty())
      return base::Error{"it does not hold whole commands only"};
    commands.emplace_back(parser.args().begin(), parser.args().end());
    file.remove_prefix(parser.consumed());
  }
  return {};
}

RecordFindings ExamineRecord(const History& history, const FinalState& final,
                             const std::vector<LostWrite>& lost,
                             const std::vector<RecordedCommand>& commands) {
  RecordFindings findings;
  findings.lost = lost.size();
  Sets sets(history, final);
  std::set<std::pair<int, int64_t>> recorded_sets;
  size_t recorded_increments = 0;
  for (const RecordedCommand& command : commands) {
    switch (SortOf(command)) {
      case Sort::kFraming:
        break;
      case Sort::kOther:
        ++findings.foreign;
        break;
      case Sort::kIncrement:
        ++recorded_increments;
        break;
      case Sort::kSet: {
        const Write* const write = sets.Take(command);
        if (write == nullptr || write->outcome == WriteOutcome::kFailed || sets.Lives(*write)) {
          ++findings.foreign;
        } else if (Unanswered(*write)) {
          ++findings.unanswered;
        } else {
          recorded_sets.emplace(write->writer, write->sequence);
        }
        break;
      }
    }
  }
  size_t lost_increments = 0;
  for (const LostWrite& write : lost) {
    if (write.kind == WriteKind::kIncrement) {
      ++lost_increments;
    } else if (!recorded_sets.contains({write.writer, write.sequence})) {
      ++findings.missing;
    }
  }
  ExamineIncrements(history, recorded_increments, lost_increments, findings);
  return findings;
}

}  // namespace quorate::ops
