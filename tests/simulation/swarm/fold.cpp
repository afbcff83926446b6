#include "tests/simulation/swarm/fold.h"

#include <fmt/format.h>

#include <utility>

#include "shared/base/numbers.h"
#include "shared/resp/request_parser.h"

namespace quorate::simulation {

namespace {

using server::store::Keyspace;
using server::store::Record;

bool Is(std::string_view name, std::string_view command) {
  return base::EqualsIgnoreCase(name, command);
}

}  // namespace

bool Fold::Read(std::string_view bytes) {
  resp::RequestParser parser;
  while (true) {
    const resp::RequestParser::Outcome outcome = parser.Next(bytes);
    if (outcome == resp::RequestParser::Outcome::kError) return false;
    if (outcome == resp::RequestParser::Outcome::kNeedMore) return true;
    Command command(parser.args().begin(), parser.args().end());
    bytes.remove_prefix(parser.consumed());
    read_ += parser.consumed();
    if (!Run(std::move(command))) return false;
  }
}

bool Fold::Run(Command command) {
  if (Is(command[0], "multi")) {
    in_transaction_ = true;
    return true;
  }
  if (Is(command[0], "exec")) {
    in_transaction_ = false;
    for (Command& queued : std::exchange(queued_, {}))
      if (!Execute(queued)) return false;
    return true;
  }
  if (!in_transaction_) return Execute(command);
  queued_.push_back(std::move(command));
  return true;
}

bool Fold::Execute(Command& command) {
  const std::string& name = command[0];
  auto& keys = databases_[selected_];
  if (Is(name, "set")) return Set(command);
  if (Is(name, "select")) {
    selected_ = static_cast<size_t>(base::ParseInt64(command[1]).value_or(0));
  } else if (Is(name, "incr")) {
    Value& value = keys[command[1]];
    value.text = std::to_string(base::ParseInt64(value.text).value_or(0) + 1);
  } else if (Is(name, "del") || Is(name, "unlink")) {
    for (size_t i = 1; i < command.size(); ++i) keys.erase(command[i]);
  } else {
    return Is(name, "ping") || Is(name, "replconf") || Is(name, "publish");
  }
  return true;
}

bool Fold::Set(Command& command) {
  Value value{std::move(command[2])};
  const bool expires = command.size() == 5 && Is(command[3], "pxat");
  if (command.size() != (expires ? 5 : 3)) return false;
  if (expires) value.expire_at_ms = base::ParseInt64(command[4]).value_or(value.expire_at_ms);
  databases_[selected_][command[1]] = std::move(value);
  return true;
}

std::optional<std::string> Fold::FindDifference(const server::store::Databases& databases) const {
  static const std::map<std::string, Value> kNothing;
  for (size_t i = 0; i < databases.count(); ++i) {
    const auto found = databases_.find(i);
    const auto& keys = found == databases_.end() ? kNothing : found->second;
    const Keyspace& keyspace = databases[i];
    for (const auto& [key, value] : keys) {
      const Record* record = keyspace.Find(key);
      if (record == nullptr) return fmt::format("it has no {} in database {}", key, i);
      server::store::IntegerText scratch;
      if (!record->is_string() || record->StringValue(scratch) != value.text)
        return fmt::format("it has another {} in database {}", key, i);
      if (record->expire_at_ms() != value.expire_at_ms)
        return fmt::format("{} in database {} expires at another time", key, i);
    }
    if (keyspace.size() == keys.size()) continue;
    std::string surplus;
    keyspace.ForEach([&](const Record* record) {
      if (!keys.contains(std::string(record->key()))) surplus = record->key();
    });
    return fmt::format("it has {} in database {} besides", surplus, i);
  }
  return std::nullopt;
}

}  // namespace quorate::simulation
