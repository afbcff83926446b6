#include "sentinel/core/info_parser.h"

#include <algorithm>
#include <string>

#include "sentinel/core/hello.h"
#include "sentinel/core/timings.h"
#include "shared/base/numbers.h"

namespace quorate::sentinel::core {
namespace {

// Redis prints -1 here for "never"; more than a century is rubbish.
constexpr int64_t kMaxLeaseMs = 3'600'000;  // as a server of ours takes it
constexpr int64_t kMaxSeconds = int64_t{100} * 365 * 24 * 3600;

std::optional<uint16_t> ParsePort(std::string_view text) {
  const auto number = base::ParseUint64(text);
  if (!number || *number == 0 || *number > UINT16_MAX) return std::nullopt;
  return static_cast<uint16_t>(*number);
}

std::optional<base::Offset> ParseOffset(std::string_view text) {
  const auto number = base::ParseInt64(text);
  if (!number || *number < 0) return std::nullopt;
  return base::Offset(*number);
}

std::optional<bool> ParseFlag(std::string_view text) {
  if (text == "1") return true;
  if (text == "0") return false;
  return std::nullopt;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// "slave<N>".
bool IsReplicaKey(std::string_view key) {
  constexpr std::string_view kPrefix = "slave";
  if (key.size() <= kPrefix.size() || key.substr(0, kPrefix.size()) != kPrefix) return false;
  return std::all_of(key.begin() + kPrefix.size(), key.end(), IsDigit);
}

// "ip=127.0.0.1,port=6380,state=online,..." or the older "127.0.0.1,6380,online".
std::optional<base::Endpoint> ParseReplicaValue(std::string_view value) {
  std::string_view host;
  std::string_view port;
  for (size_t position = 0; !value.empty(); ++position) {
    const size_t comma = value.find(',');
    const std::string_view field = value.substr(0, comma);
    value.remove_prefix(comma == std::string_view::npos ? value.size() : comma + 1);
    if (field.substr(0, 3) == "ip=")
      host = field.substr(3);
    else if (field.substr(0, 5) == "port=")
      port = field.substr(5);
    else if (position == 0)
      host = field;
    else if (position == 1 && port.empty())
      port = field;
  }
  const auto number = ParsePort(port);
  if (!number || !IsValidHost(host)) return std::nullopt;
  return base::Endpoint{std::string(host), *number};
}

// It is shown as a signed integer.
uint64_t ParseCounter(std::string_view value) {
  return std::min<uint64_t>(base::ParseUint64(value).value_or(0), INT64_MAX);
}

// It goes into answers and files.
bool IsRecordName(std::string_view value) {
  return value.size() <= kMaxRollbackRecordName &&
         std::ranges::all_of(value, [](char c) { return c > ' ' && c <= '~'; });
}

// Fields that belong together but arrive on two lines.
struct Halves {
  std::string_view primary_host;
  std::optional<uint16_t> primary_port;
};

void ReadReplicaField(std::string_view key, std::string_view value, InfoFacts& facts,
                      Halves& halves) {
  if (key == "master_host") {
    if (IsValidHost(value)) halves.primary_host = value;
  } else if (key == "master_port") {
    halves.primary_port = ParsePort(value);
  } else if (key == "master_link_status") {
    facts.primary_link_up = value == "up";
  } else if (key == "master_link_down_since_seconds") {
    const auto seconds = base::ParseInt64(value);
    if (seconds && *seconds >= 0 && *seconds <= kMaxSeconds)
      facts.primary_link_down = std::chrono::seconds(*seconds);
  } else if (key == "master_sync_in_progress") {
    facts.sync_in_progress = ParseFlag(value);
  } else if (key == "slave_priority") {
    const auto priority = base::ParseUint64(value);
    if (priority && *priority <= INT32_MAX) facts.priority = static_cast<uint32_t>(*priority);
  } else if (key == "slave_repl_offset") {
    facts.replica_offset = ParseOffset(value);
  } else if (key == "master_sync_refused") {
    facts.sync_refused = value == "empty" || value == "older";
  } else if (key == "replica_announced") {
    facts.announced = ParseFlag(value);
  }
}

void ReadCommonField(std::string_view key, std::string_view value, InfoFacts& facts) {
  if (key == "quorate_version") {
    facts.fencible = true;
  } else if (key == "primary_lease_ms") {
    const auto ms = base::ParseInt64(value);
    if (ms && *ms >= 0 && *ms <= kMaxLeaseMs) facts.primary_lease = std::chrono::milliseconds(*ms);
  } else if (key == "rollback_last_record") {
    if (IsRecordName(value)) facts.rollback_record = value;
  } else if (key == "rollback_last_record_commands") {
    facts.rollback_commands = ParseCounter(value);
  } else if (key == "rollback_last_record_bytes") {
    facts.rollback_bytes = ParseCounter(value);
  } else if (key == "run_id") {
    facts.run_id = base::RunId::Parse(value);
  } else if (key == "role") {
    if (value == "master") facts.role = Role::kPrimary;
    if (value == "slave") facts.role = Role::kReplica;
  } else if (key == "master_replid") {
    facts.replication_id = base::ReplicationId::Parse(value);
  } else if (key == "master_replid2") {
    facts.second_replication_id = base::ReplicationId::Parse(value);
    if (facts.second_replication_id && facts.second_replication_id->IsZero())
      facts.second_replication_id.reset();
  } else if (key == "second_repl_offset") {
    facts.second_offset = ParseOffset(value);
  } else if (key == "master_repl_offset") {
    facts.primary_offset = ParseOffset(value);
  } else if (IsReplicaKey(key) && facts.replicas.size() < kMaxReplicasPerGroup) {
    const auto replica = ParseReplicaValue(value);
    if (replica &&
        std::find(facts.replicas.begin(), facts.replicas.end(), *replica) == facts.replicas.end())
      facts.replicas.push_back(*replica);
  }
}

}  // namespace

InfoFacts ParseInfo(std::string_view text) {
  InfoFacts facts;
  Halves halves;
  text = text.substr(0, kMaxInfoLength);
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    ReadCommonField(line.substr(0, colon), line.substr(colon + 1), facts);
    ReadReplicaField(line.substr(0, colon), line.substr(colon + 1), facts, halves);
  }
  if (!halves.primary_host.empty() && halves.primary_port)
    facts.primary = base::Endpoint{std::string(halves.primary_host), *halves.primary_port};
  return facts;
}

}  // namespace quorate::sentinel::core
