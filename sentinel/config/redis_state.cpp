#include "sentinel/config/redis_state.h"

#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "sentinel/config/checksum.h"
#include "sentinel/config/statements.h"
#include "sentinel/core/option_values.h"
#include "shared/base/numbers.h"
#include "shared/config/rewrite.h"
#include "shared/config/words.h"

namespace quorate::sentinel::config {

namespace {

using quorate::config::QuoteWordIfNeeded;
using quorate::config::SplitLines;
using quorate::config::SplitWords;
using Words = std::vector<std::string>;

// State markers, comment lines of ours:
//   # quorate-checksum <hex>
//   # quorate-electorate <group> <count>          if it is more than ourselves and the known peers
//   # quorate-retired <group> <vote> <electorate>
//   # quorate-vote-floor <epoch>
//   # quorate-journal <generation>             whose journal goes on from here
//   # quorate-shared <group> <key> <version> <option> <value> [<value>]    SET ... PROPAGATE
constexpr std::string_view kChecksum = "quorate-checksum";
constexpr std::string_view kElectorate = "quorate-electorate";
constexpr std::string_view kRetired = "quorate-retired";
constexpr std::string_view kVoteFloor = "quorate-vote-floor";
constexpr std::string_view kJournal = "quorate-journal";
constexpr std::string_view kShared = "quorate-shared";

constexpr std::string_view kStateOptions[] = {"myid",         "current-epoch", "config-epoch",
                                              "leader-epoch", "known-replica", "known-sentinel"};

bool ReadNumber(const std::string& text, uint64_t most, uint64_t& number) {
  const std::optional<uint64_t> parsed = base::ParseUint64(text);
  if (!parsed || *parsed > most) return false;
  number = *parsed;
  return true;
}

// False: it is not this one.
bool ReadSharedMarker(const Words& words, core::DurableState& durable) {
  uint64_t version = 0;
  if (words[0] != kShared || words.size() < 6 || words.size() > 7 ||
      !ReadNumber(words[3], core::kMaxSharedVersion, version) || version == 0)
    return false;
  for (core::DurableGroup& group : durable.groups)
    if (group.name == words[1])
      group.shared[words[2]] = {version, Words(words.begin() + 4, words.end())};
  return true;
}

// False: it is no marker of ours.
bool ReadMarker(const Words& words, core::DurableState& durable) {
  uint64_t epoch = 0;
  uint64_t electorate = 0;
  if (words[0] == kElectorate && words.size() == 3) {
    if (!ReadNumber(words[2], core::kMaxPeersPerGroup + 1, electorate)) return false;
    for (core::DurableGroup& group : durable.groups)
      if (group.name == words[1]) group.electorate_met = static_cast<uint32_t>(electorate);
    return true;
  }
  if (words[0] == kRetired && words.size() == 4) {
    if (!ReadNumber(words[2], core::kMaxEpoch, epoch) ||
        !ReadNumber(words[3], UINT32_MAX, electorate))
      return false;
    durable.retired[words[1]] = {base::Epoch(epoch), static_cast<uint32_t>(electorate)};
    return true;
  }
  if (ReadSharedMarker(words, durable)) return true;
  if (words[0] == kJournal && words.size() == 2)
    return ReadNumber(words[1], core::kMaxEpoch, durable.journal);
  if (words[0] != kVoteFloor || words.size() != 2 || !ReadNumber(words[1], core::kMaxEpoch, epoch))
    return false;
  durable.retired_vote_floor = base::Epoch(epoch);
  return true;
}

// The words of a state marker, without the '#'; empty for any other line. A comment is one of ours
// only in the exact form that we write: what merely begins like one is the operator's. (A marker
// that was damaged still shows: the checksum is over the markers, too.) The checksum itself is
// known by its name, so that a torn one is no comment.
Words MarkerWords(const std::string& line) {
  if (!line.starts_with("# quorate-")) return {};
  Words words = SplitWords(std::string_view(line).substr(2)).value_or(Words{});
  if (words.empty()) return {};
  if (words[0] == kChecksum) return words.size() <= 2 ? words : Words{};
  core::DurableState scratch;
  return ReadMarker(words, scratch) ? words : Words{};
}

// The words of a `sentinel` line, the option's name made canonical; empty for any other line.
Words SentinelLine(const std::string& line) {
  Words words = SplitWords(line).value_or(Words{});
  if (words.size() < 2 || !base::EqualsIgnoreCase(words[0], "sentinel")) return {};
  words[1] = CanonicalOption(words[1]);
  return words;
}

bool IsState(const std::string& line) {
  if (const Words ours = MarkerWords(line); !ours.empty()) return ours[0] != kChecksum;
  const Words words = SentinelLine(line);
  return !words.empty() && std::ranges::count(kStateOptions, words[1]) != 0;
}

std::string ChecksumOfState(const std::vector<std::string>& lines) {
  std::string state;
  for (const std::string& line : lines)
    if (IsState(line)) state += line + "\n";
  return Checksum(state);
}

// The lines of the file, and for each option (of each group) where it stands.
class OldLines {
 public:
  explicit OldLines(std::string_view text) {
    for (std::string& line : SplitLines(text)) {
      if (!MarkerWords(line).empty()) continue;  // written anew
      const Words words = SentinelLine(line);
      if (!words.empty()) places_[KeyOf(std::span(words).subspan(1))].push_back(lines_.size());
      has_signature_ |= line == quorate::config::kRewriteSignature;
      lines_.push_back(std::move(line));
    }
    used_.resize(lines_.size(), true);
    for (const auto& [key, places] : places_)
      for (const size_t place : places) used_[place] = false;
  }

  // `words` without "sentinel". A line that is there already stays where it is; else it takes the
  // place of another of its option (and group); else it is added at the end if `force` is set.
  void Put(const Words& words, bool force = true) {
    std::string line = "sentinel";
    for (size_t i = 0; i < words.size(); ++i)
      line += " " + (i == 0 ? words[i] : QuoteWordIfNeeded(words[i]));
    std::deque<size_t>& places = places_[KeyOf(words)];
    if (places.empty()) {
      if (force) Append(std::move(line));
      return;
    }
    auto place = std::ranges::find_if(places, [&](size_t i) { return lines_[i] == line; });
    if (place == places.end()) place = places.begin();
    lines_[*place] = std::move(line);
    used_[*place] = true;
    places.erase(place);
  }
  void PutMarker(std::string line) { Append(std::move(line)); }

  std::vector<std::string> Take() {
    std::vector<std::string> kept;
    for (size_t i = 0; i < lines_.size(); ++i)
      if (used_[i]) kept.push_back(std::move(lines_[i]));
    return kept;
  }

 private:
  static std::string KeyOf(std::span<const std::string> words) {
    return NamesGroup(words[0]) && words.size() > 1 ? words[0] + '\n' + words[1] : words[0];
  }
  void Append(std::string line) {
    if (!has_signature_) {
      if (!lines_.empty() && !lines_.back().empty()) Add("");
      Add(std::string(quorate::config::kRewriteSignature));
      has_signature_ = true;
    }
    Add(std::move(line));
  }
  void Add(std::string line) {
    lines_.push_back(std::move(line));
    used_.push_back(true);
  }

  std::vector<std::string> lines_;
  std::vector<bool> used_;
  std::map<std::string, std::deque<size_t>> places_;
  bool has_signature_ = false;
};

std::string Ms(base::Duration duration) { return std::to_string(base::ToMs(duration)); }
std::string Number(uint64_t number) { return std::to_string(number); }
std::string YesNo(bool value) { return value ? "yes" : "no"; }

void PutOptions(OldLines& file, const std::string& name, const core::GroupOptions& options) {
  const core::GroupOptions defaults;
  const auto put = [&](const char* option, const std::string& value, bool is_default) {
    file.Put({option, name, value}, !is_default);
  };
  const auto put_text = [&](const char* option, const std::string& value) {
    if (!value.empty()) file.Put({option, name, value});
  };
  put("down-after-milliseconds", Ms(options.down_after), options.down_after == defaults.down_after);
  put("failover-timeout", Ms(options.failover_timeout),
      options.failover_timeout == defaults.failover_timeout);
  put("parallel-syncs", Number(options.parallel_syncs),
      options.parallel_syncs == defaults.parallel_syncs);
  put_text("notification-script", options.notification_script);
  put_text("client-reconfig-script", options.client_reconfig_script);
  put_text("auth-pass", options.auth_pass);
  put_text("auth-user", options.auth_user);
  put("master-reboot-down-after-period", Ms(options.reboot_down_after),
      options.reboot_down_after == defaults.reboot_down_after);
  const bool fast = options.failure_detection == core::FailureDetection::kFast;
  put("failure-detection", fast ? "fast" : "classic", !fast);
  put("electorate", Number(options.electorate), options.electorate == 0);
  put("max-lag-on-failover", std::to_string(options.max_lag_on_failover),
      options.max_lag_on_failover == 0);
  put("flap-limit", Number(options.flap_limit), options.flap_limit == 0);
  put("flap-window", Ms(options.flap_window), options.flap_window == defaults.flap_window);
  put_text("pre-failover-script", options.pre_failover_script);
  put("pre-failover-timeout", Ms(options.pre_failover_timeout),
      options.pre_failover_timeout == defaults.pre_failover_timeout);
  put("pre-failover-on-timeout", std::string(core::NoVerdictName(options.pre_failover_on_timeout)),
      options.pre_failover_on_timeout == defaults.pre_failover_on_timeout);
}

void PutGroup(OldLines& file, const core::DurableGroup& group) {
  file.Put({"monitor", group.name, group.primary.host, Number(group.primary.port),
            Number(group.options.quorum)});
  PutOptions(file, group.name, group.options);
  file.Put({"config-epoch", group.name, Number(group.config_epoch.number())});
  file.Put({"leader-epoch", group.name, Number(group.vote.epoch.number())});
  for (const base::Endpoint& replica : group.replicas)
    file.Put({"known-replica", group.name, replica.host, Number(replica.port)});
  for (const core::DurablePeer& peer : group.peers)
    file.Put({"known-sentinel", group.name, peer.address.host, Number(peer.address.port),
              peer.id.ToString()});
  for (const auto& [from, to] : group.options.renamed_commands)
    file.Put({"rename-command", group.name, from, to});
}

void PutSettings(OldLines& file, const core::Settings& settings) {
  const auto put_text = [&](const char* option, const std::string& value) {
    if (!value.empty()) file.Put({option, value});
  };
  put_text("announce-ip", settings.announce_ip);
  file.Put({"announce-port", Number(settings.announce_port)}, settings.announce_port != 0);
  put_text("sentinel-user", settings.sentinel_user);
  put_text("sentinel-pass", settings.sentinel_pass);
}

// What stock sentinels have no line for.
void PutMarkers(OldLines& file, const core::DurableState& durable) {
  const auto put = [&file](std::string_view name, const Words& words) {
    std::string line = "# " + std::string(name);
    for (const std::string& word : words) line += " " + QuoteWordIfNeeded(word);
    file.PutMarker(std::move(line));
  };
  for (const core::DurableGroup& group : durable.groups)
    if (group.electorate_met > group.peers.size() + 1)
      put(kElectorate, {group.name, Number(group.electorate_met)});
  for (const core::DurableGroup& group : durable.groups)
    for (const auto& [key, option] : group.shared) {
      Words words = {group.name, key, Number(option.version)};
      words.insert(words.end(), option.statement.begin(), option.statement.end());
      put(kShared, words);
    }
  for (const auto& [name, retired] : durable.retired)
    put(kRetired, {name, Number(retired.vote.number()), Number(retired.electorate)});
  if (durable.journal != 0) put(kJournal, {Number(durable.journal)});
  if (durable.retired_vote_floor != base::Epoch())
    put(kVoteFloor, {Number(durable.retired_vote_floor.number())});
}

}  // namespace

std::string WriteRedisState(std::string_view text, const core::Settings& settings,
                            const core::DurableState& durable) {
  OldLines file(text);
  file.Put({"myid", durable.myid.ToString()});
  file.Put({"deny-scripts-reconfig", YesNo(settings.deny_scripts_reconfig)},
           !settings.deny_scripts_reconfig);
  file.Put({"resolve-hostnames", YesNo(settings.resolve_hostnames)}, settings.resolve_hostnames);
  file.Put({"announce-hostnames", YesNo(settings.announce_hostnames)}, settings.announce_hostnames);
  for (const core::DurableGroup& group : durable.groups) PutGroup(file, group);
  file.Put({"current-epoch", Number(durable.current_epoch.number())});
  PutSettings(file, settings);
  PutMarkers(file, durable);
  std::vector<std::string> lines = file.Take();
  const std::string checksum = "# " + std::string(kChecksum) + " " + ChecksumOfState(lines);
  lines.insert(std::ranges::find_if(lines, IsState), checksum);
  std::string result;
  for (const std::string& line : lines) result += line + "\n";
  return result;
}

base::Status ReadRedisState(std::string_view text, core::DurableState& durable) {
  const std::vector<std::string> lines = SplitLines(text);
  const auto damaged = [](const std::string& what) {
    return base::Error{what +
                       ". The file was torn, or its state lines (myid, epochs, known-replica, "
                       "known-sentinel) were edited. Restore it, or, if the edit was meant, remove "
                       "the line '# quorate-checksum ...' and start again."};
  };
  if (text.find('\0') != std::string_view::npos)
    return damaged("The configuration file holds zero bytes");
  // A file copied to become another sentinel's, as Redis' users make them: what it says of votes
  // was another's.
  const auto has = [&lines](std::string_view option) {
    return std::ranges::any_of(lines, [option](const std::string& line) {
      const Words words = SentinelLine(line);
      return !words.empty() && words[1] == option;
    });
  };
  const bool anonymous = !has("myid") && has("current-epoch");  // it was not just torn
  for (const std::string& line : lines) {
    const Words words = MarkerWords(line);
    if (words.empty()) continue;
    if (words[0] == kChecksum) {
      if (anonymous) continue;
      if (words.size() != 2 || words[1] != ChecksumOfState(lines))
        return damaged("The checksum of the sentinel's state does not match");
    } else {
      ReadMarker(words, durable);
    }
  }
  return {};
}

}  // namespace quorate::sentinel::config
