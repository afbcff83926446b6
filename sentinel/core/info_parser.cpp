#include "sentinel/core/info_parser.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <utility>

#include "sentinel/core/hello.h"
#include "sentinel/core/timings.h"
#include "shared/base/numbers.h"

namespace quorate::sentinel::core {
namespace {

constexpr int64_t kMaxLeaseMs = 3'600'000;  // as a server of ours takes it
// Redis prints -1 for "never"; more than a century is rubbish.
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

struct Reading {
  InfoFacts facts;
  // They belong together but arrive on two lines.
  std::string_view primary_host;
  std::optional<uint16_t> primary_port;
};

struct Field {
  std::string_view key;
  void (*read)(std::string_view value, Reading& reading);
};

// By key.
constexpr Field kFields[] = {
    {"master_host",
     [](std::string_view value, Reading& r) {
       if (IsValidHost(value)) r.primary_host = value;
     }},
    {"master_link_down_since_seconds",
     [](std::string_view value, Reading& r) {
       const auto seconds = base::ParseInt64(value);
       if (seconds && *seconds >= 0 && *seconds <= kMaxSeconds)
         r.facts.primary_link_down = std::chrono::seconds(*seconds);
     }},
    {"master_link_status",
     [](std::string_view value, Reading& r) { r.facts.primary_link_up = value == "up"; }},
    {"master_port", [](std::string_view value, Reading& r) { r.primary_port = ParsePort(value); }},
    {"master_repl_offset",
     [](std::string_view value, Reading& r) { r.facts.primary_offset = ParseOffset(value); }},
    {"master_replid",
     [](std::string_view value, Reading& r) {
       r.facts.replication_id = base::ReplicationId::Parse(value);
     }},
    {"master_replid2",
     [](std::string_view value, Reading& r) {
       const auto id = base::ReplicationId::Parse(value);
       r.facts.second_replication_id = id && id->IsZero() ? std::nullopt : id;
     }},
    {"master_sync_in_progress",
     [](std::string_view value, Reading& r) { r.facts.sync_in_progress = ParseFlag(value); }},
    {"master_sync_refused",
     [](std::string_view value, Reading& r) {
       r.facts.sync_refused = value == "empty" || value == "older";
     }},
    {"primary_lease_ms",
     [](std::string_view value, Reading& r) {
       const auto ms = base::ParseInt64(value);
       if (ms && *ms >= 0 && *ms <= kMaxLeaseMs)
         r.facts.primary_lease = std::chrono::milliseconds(*ms);
     }},
    {"quorate_version", [](std::string_view, Reading& r) { r.facts.fencible = true; }},
    {"replica_announced",
     [](std::string_view value, Reading& r) { r.facts.announced = ParseFlag(value); }},
    {"role",
     [](std::string_view value, Reading& r) {
       if (value == "master") r.facts.role = Role::kPrimary;
       if (value == "slave") r.facts.role = Role::kReplica;
     }},
    {"rollback_last_record",
     [](std::string_view value, Reading& r) {
       if (IsRecordName(value)) r.facts.rollback_record = value;
     }},
    {"rollback_last_record_bytes",
     [](std::string_view value, Reading& r) { r.facts.rollback_bytes = ParseCounter(value); }},
    {"rollback_last_record_commands",
     [](std::string_view value, Reading& r) { r.facts.rollback_commands = ParseCounter(value); }},
    {"run_id",
     [](std::string_view value, Reading& r) { r.facts.run_id = base::RunId::Parse(value); }},
    {"slave_priority",
     [](std::string_view value, Reading& r) {
       const auto priority = base::ParseUint64(value);
       if (priority && *priority <= INT32_MAX) r.facts.priority = static_cast<uint32_t>(*priority);
     }},
    {"slave_repl_offset",
     [](std::string_view value, Reading& r) { r.facts.replica_offset = ParseOffset(value); }},
};
static_assert(std::ranges::is_sorted(kFields, {}, &Field::key));

// By the first letter of a key, a bit for each length that keys of interest have: of the hundred
// and more lines of an INFO nearly all are passed over by this.
constexpr std::array<uint64_t, 256> LengthsByFirst() {
  std::array<uint64_t, 256> lengths{};
  for (const Field& field : kFields)
    lengths[static_cast<unsigned char>(field.key[0])] |= uint64_t{1} << field.key.size();
  // "slave<N>".
  for (size_t length = 6; length < 64; ++length) lengths['s'] |= uint64_t{1} << length;
  return lengths;
}

bool IsOfInterest(std::string_view key) {
  static constexpr std::array<uint64_t, 256> kLengths = LengthsByFirst();
  return !key.empty() && key.size() < 64 &&
         (kLengths[static_cast<unsigned char>(key[0])] >> key.size() & 1) != 0;
}

void AddReplica(std::string_view value, InfoFacts& facts) {
  if (facts.replicas.size() >= kMaxReplicasPerGroup) return;
  auto replica = ParseReplicaValue(value);
  if (replica && std::ranges::count(facts.replicas, *replica) == 0)
    facts.replicas.push_back(std::move(*replica));
}

void ReadField(std::string_view key, std::string_view value, Reading& reading) {
  if (!IsOfInterest(key)) return;
  const Field* field = std::ranges::lower_bound(kFields, key, {}, &Field::key);
  if (field != std::end(kFields) && field->key == key)
    field->read(value, reading);
  else if (IsReplicaKey(key))
    AddReplica(value, reading.facts);
}

}  // namespace

InfoFacts ParseInfo(std::string_view text) {
  Reading reading;
  text = text.substr(0, kMaxInfoLength);
  while (!text.empty()) {
    const size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const size_t colon = line.find(':');
    if (colon != std::string_view::npos)
      ReadField(line.substr(0, colon), line.substr(colon + 1), reading);
  }
  if (!reading.primary_host.empty() && reading.primary_port)
    reading.facts.primary = {std::string(reading.primary_host), *reading.primary_port};
  return std::move(reading.facts);
}

}  // namespace quorate::sentinel::core
