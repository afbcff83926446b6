#include "scripts/ops/final_read.h"

#include <vector>

#include "scripts/ops/ask.h"
#include "shared/base/numbers.h"

namespace quorate::ops {
namespace {

constexpr size_t kKeysPerCommand = 500;
constexpr base::Duration kTimeout = std::chrono::seconds(10);

using Batch = std::vector<const Write*>;

// The kSet writes of the history in groups that one command can carry.
std::vector<Batch> Batches(const History& history) {
  std::vector<Batch> batches;
  for (const Write& write : history.writes()) {
    if (write.kind != WriteKind::kSet) continue;
    if (batches.empty() || batches.back().size() == kKeysPerCommand) batches.emplace_back();
    batches.back().push_back(&write);
  }
  return batches;
}

Command ForKeys(const std::string& name, const Batch& batch) {
  Command command = {name};
  for (const Write* write : batch) command.push_back(KeyOf(write->writer, write->sequence));
  return command;
}

base::Result<resp::Value> AskWell(Foreground& foreground, const base::Endpoint& to,
                                  const Command& command) {
  auto reply = Ask(foreground, to, command, kTimeout);
  if (reply && reply->is_error())
    return base::Error{command[0] + " on " + to.ToString() + ": " + reply->text};
  if (!reply)
    return base::Error{command[0] + " on " + to.ToString() + ": " + reply.error().message};
  return reply;
}

}  // namespace

base::Result<FinalState> ReadFinalState(Foreground& foreground, const base::Endpoint& primary,
                                        const History& history) {
  FinalState state;
  for (const Batch& batch : Batches(history)) {
    const auto values = AskWell(foreground, primary, ForKeys("MGET", batch));
    if (!values) return values.error();
    if (values->items.size() != batch.size())
      return base::Error{"MGET answered with another number of values"};
    for (size_t i = 0; i < batch.size(); ++i) {
      const Write& write = *batch[i];
      if (values->items[i].text != ValueOf(write.writer, write.sequence)) continue;
      state.present.emplace(write.writer, write.sequence);
    }
  }
  const auto counter = AskWell(foreground, primary, {"GET", kCounterKey});
  if (!counter) return counter.error();
  state.counter = base::ParseInt64(counter->text).value_or(0);
  return state;
}

base::Status RemoveWrites(Foreground& foreground, const base::Endpoint& primary,
                          const History& history) {
  for (const Batch& batch : Batches(history)) {
    if (const auto reply = AskWell(foreground, primary, ForKeys("DEL", batch)); !reply)
      return reply.error();
  }
  if (const auto reply = AskWell(foreground, primary, {"DEL", kCounterKey}); !reply)
    return reply.error();
  return {};
}

}  // namespace quorate::ops
