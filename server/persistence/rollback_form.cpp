#include "server/persistence/rollback_form.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "replication/core/discarded_writes.h"
#include "shared/base/numbers.h"
#include "shared/command/key_extraction.h"
#include "shared/resp/request_parser.h"

namespace quorate::server::persistence {
namespace {

using nlohmann::json;
using replication::core::DiscardedWrites;
using replication::runtime::DiscardedStream;

// A stream may hold what no client may send.
resp::RequestParser::Limits StreamLimits() {
  resp::RequestParser::Limits limits;
  limits.max_bulk_bytes = int64_t{1} << 40;
  limits.max_args = std::numeric_limits<int32_t>::max();
  return limits;
}

// Adds the commands of `bytes`; returns how many bytes at their end are no whole commands.
uint64_t AddAll(std::string_view bytes, DiscardedWrites& writes) {
  resp::RequestParser parser(StreamLimits());
  while (!bytes.empty() && parser.Next(bytes) == resp::RequestParser::Outcome::kRequest) {
    writes.Add({}, bytes.substr(0, parser.consumed() - parser.raw().size()));
    writes.Add(parser.args(), parser.raw());
    bytes.remove_prefix(parser.consumed());
  }
  return bytes.size();
}

std::string Printable(int db, std::string_view key) {
  std::string text = std::to_string(db) + ":";
  for (const char c : key) {
    if (c >= ' ' && c <= '~' && c != '\\') {
      text += c;
    } else {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

json Milliseconds(const std::optional<base::WallTime>& time) {
  return time ? json(time->ms) : json(nullptr);
}
std::optional<base::WallTime> Time(const json& value) {
  if (!value.is_number_integer()) return std::nullopt;
  return base::WallTime{value.get<int64_t>()};
}

// Absent or of another type: the default.
std::string Text(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}
uint64_t Count(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}
base::Offset OffsetOf(const json& object, const char* name) {
  const uint64_t bytes = Count(object, name);
  return base::Offset(bytes > static_cast<uint64_t>(INT64_MAX) ? 0 : static_cast<int64_t>(bytes));
}

}  // namespace

std::string ToJson(const RollbackSummary& summary) {
  // Fields in the order in which people want to read them.
  nlohmann::ordered_json object;
  object["id"] = summary.id;
  object["from"] = summary.from.bytes();
  object["to"] = summary.to.bytes();
  object["fork"] = summary.estimated ? "estimated" : "exact";
  object["missing_bytes"] = summary.missing_bytes;
  object["commands"] = summary.commands;
  object["keys"] = summary.keys;
  object["bytes"] = summary.bytes;
  object["dataset_bytes"] = summary.dataset_bytes;
  object["written_after_ms"] = Milliseconds(summary.written_after);
  object["written_before_ms"] = Milliseconds(summary.written_before);
  object["recorded_ms"] = summary.recorded.ms;
  object["took_over"] = {{"address", summary.successor},
                         {"replication_id", summary.successor_history},
                         {"offset", summary.successor_offset.bytes()}};
  object["key_names"] = summary.key_names;
  return object.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

base::Result<RollbackSummary> ParseRollbackSummary(std::string_view text) {
  const json object = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return base::Error{"not a JSON object"};
  RollbackSummary summary;
  summary.id = Text(object, "id");
  if (!IsRollbackId(summary.id)) return base::Error{"no id of a rollback record"};
  summary.from = OffsetOf(object, "from");
  summary.to = OffsetOf(object, "to");
  summary.estimated = Text(object, "fork") != "exact";
  summary.missing_bytes = Count(object, "missing_bytes");
  summary.commands = Count(object, "commands");
  summary.keys = Count(object, "keys");
  summary.bytes = Count(object, "bytes");
  summary.dataset_bytes = Count(object, "dataset_bytes");
  if (object.contains("written_after_ms")) summary.written_after = Time(object["written_after_ms"]);
  if (object.contains("written_before_ms"))
    summary.written_before = Time(object["written_before_ms"]);
  if (object.contains("recorded_ms"))
    summary.recorded = Time(object["recorded_ms"]).value_or(base::WallTime{});
  if (const auto found = object.find("took_over"); found != object.end() && found->is_object()) {
    summary.successor = Text(*found, "address");
    summary.successor_history = Text(*found, "replication_id");
    summary.successor_offset = OffsetOf(*found, "offset");
  }
  if (const auto names = object.find("key_names"); names != object.end() && names->is_array()) {
    for (const json& name : *names)
      if (name.is_string()) summary.key_names.push_back(name.get<std::string>());
  }
  return summary;
}

RollbackRecord MakeRollbackRecord(const DiscardedStream& discarded,
                                  const command::Registry& commands, base::WallTime now) {
  const auto keys_of = [&](std::span<const std::string_view> args,
                           const std::function<void(std::string_view)>& found) {
    const command::Command* const command = commands.Resolve(args);
    command::KeyReferences keys;
    if (command == nullptr || !command->AcceptsCount(args.size()) ||
        !command::GetKeys(*command, args, &keys))
      return;
    for (const command::KeyReference& key : keys) found(args[static_cast<size_t>(key.position)]);
  };
  const base::Offset from = discarded.fork.at;
  DiscardedWrites writes(discarded.begin, discarded.db, from, keys_of);
  const uint64_t unreadable = AddAll(discarded.bytes, writes);

  RollbackRecord record;
  RollbackSummary& summary = record.summary;
  summary.id =
      fmt::format("{}-{}-{}", discarded.history.view(), from.bytes(), discarded.end.bytes());
  summary.from = from;
  summary.to = discarded.end;
  summary.estimated = discarded.fork.estimated;
  summary.missing_bytes = unreadable;
  if (discarded.begin > from)
    summary.missing_bytes += static_cast<uint64_t>(discarded.begin - from);
  summary.commands = writes.commands();
  summary.keys = writes.keys();
  for (const auto& [db, key] : writes.named_keys()) summary.key_names.push_back(Printable(db, key));
  if (writes.keys() <= RollbackBase::kMostKeys)
    record.keys.assign(writes.all_keys().begin(), writes.all_keys().end());
  record.file = writes.TakeFile();
  summary.bytes = record.file.size();
  summary.written_after = discarded.not_before;
  summary.written_before = discarded.not_after;
  summary.recorded = now;
  summary.successor = discarded.successor.ToString();
  summary.successor_history = discarded.successor_history.ToString();
  summary.successor_offset = discarded.successor_offset;
  return record;
}

bool IsRollbackId(std::string_view id) {
  constexpr size_t kDigits = base::ReplicationId::kLength;
  const size_t dash = id.find('-', kDigits + 1);
  if (id.size() <= kDigits || id[kDigits] != '-' || dash == std::string_view::npos) return false;
  return base::ReplicationId::Parse(id.substr(0, kDigits)).has_value() &&
         base::ParseUint64(id.substr(kDigits + 1, dash - kDigits - 1)).has_value() &&
         base::ParseUint64(id.substr(dash + 1)).has_value();
}

}  // namespace quorate::server::persistence
