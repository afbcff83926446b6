#include "replication/core/replconf.h"

#include <algorithm>

#include "replication/core/ancestry.h"
#include "shared/base/numbers.h"

namespace quorate::replication::core {
namespace {

constexpr size_t kMaxAnnouncedIp = 255;
constexpr std::string_view kNotAnInteger = "ERR value is not an integer or out of range";

// "0" or "1"; otherwise `error` gets Redis' text.
std::optional<bool> ParseFlag(std::string_view text, std::string& error) {
  const std::optional<int64_t> value = base::ParseInt64(text);
  if (!value) {
    error = kNotAnInteger;
  } else if (*value != 0 && *value != 1) {
    error = "ERR value is out of range, value must between 0 and 1";
  } else {
    return *value == 1;
  }
  return std::nullopt;
}

// INFO and ROLE repeat it to sentinels, field by field and line by line: it must not end its own.
bool IsOneWord(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 127 && c != ','; });
}

// A list of words, perhaps quoted: everything not named is excluded.
std::string ApplyFilter(std::string_view list, ReplicaTraits& traits) {
  traits.exclude_data = true;
  traits.exclude_functions = true;
  while (true) {
    const size_t begin = list.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return "";
    list.remove_prefix(begin);
    const bool quoted = list[0] == '"' || list[0] == '\'';
    const size_t end = quoted ? list.find(list[0], 1) : list.find_first_of(" \t\r\n");
    if (quoted && end == std::string_view::npos) return "ERR Missing rdb-filter-only values";
    const std::string_view word = quoted ? list.substr(1, end - 1) : list.substr(0, end);
    if (!base::EqualsIgnoreCase(word, "functions")) {
      return "ERR Unsupported rdb-filter-only option: " + std::string(word);
    }
    traits.exclude_functions = false;
    list.remove_prefix(end == std::string_view::npos ? list.size() : end + (quoted ? 1 : 0));
  }
}

std::string ApplyPair(std::string_view option, std::string_view value, ReplicaTraits& traits) {
  std::string error;
  if (base::EqualsIgnoreCase(option, "listening-port")) {
    const std::optional<int64_t> port = base::ParseInt64(value);
    if (!port || *port < 0 || *port > UINT16_MAX) return std::string(kNotAnInteger);
    traits.listening_port = static_cast<uint16_t>(*port);
  } else if (base::EqualsIgnoreCase(option, "ip-address")) {
    if (value.size() > kMaxAnnouncedIp) {
      return "ERR REPLCONF ip-address provided by replica instance is too long: " +
             std::to_string(value.size()) + " bytes";
    }
    if (!IsOneWord(value)) return "ERR Invalid ip-address";
    traits.announced_ip = value;
  } else if (base::EqualsIgnoreCase(option, "capa")) {
    // Capabilities of newer peers are simply not ours.
    if (base::EqualsIgnoreCase(value, "eof")) traits.accepts_eof = true;
    if (base::EqualsIgnoreCase(value, "psync2")) traits.accepts_psync2 = true;
  } else if (base::EqualsIgnoreCase(option, "rdb-only")) {
    if (const std::optional<bool> flag = ParseFlag(value, error)) traits.snapshot_only = *flag;
  } else if (base::EqualsIgnoreCase(option, "rdb-filter-only")) {
    return ApplyFilter(value, traits);
  } else if (base::EqualsIgnoreCase(option, kRunIdOption)) {
    traits.run_id = base::RunId::Parse(value);
    if (!traits.run_id) return "ERR Invalid run id";
  } else if (!base::EqualsIgnoreCase(option, "version")) {  // nothing here depends on that
    return "ERR Unrecognized REPLCONF option: " + std::string(option.substr(0, 128));
  }
  return error;
}

ReplconfOutcome ParseAck(std::span<const std::string_view> args) {
  ReplconfOutcome outcome;
  outcome.silent = true;
  const std::optional<int64_t> offset = base::ParseInt64(args[2]);
  if (!offset || *offset < 0) return outcome;
  outcome.acknowledged = base::Offset(*offset);
  return outcome;
}

}  // namespace

ReplconfOutcome ApplyReplconf(std::span<const std::string_view> args, ReplicaTraits& traits) {
  ReplconfOutcome outcome;
  if (args.size() % 2 == 0) {
    outcome.error = "ERR syntax error";
    return outcome;
  }
  for (size_t i = 1; i < args.size(); i += 2) {
    if (i == 1 && base::EqualsIgnoreCase(args[i], "ack")) return ParseAck(args);
    if (base::EqualsIgnoreCase(args[i], "getack")) {
      outcome.silent = true;
      return outcome;
    }
    outcome.error = ApplyPair(args[i], args[i + 1], traits);
    if (!outcome.error.empty()) return outcome;
    if (base::EqualsIgnoreCase(args[i], kRunIdOption)) outcome.wants_ancestry = true;
  }
  return outcome;
}

}  // namespace quorate::replication::core
