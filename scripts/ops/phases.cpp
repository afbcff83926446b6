#include "scripts/ops/phases.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "shared/base/numbers.h"

namespace quorate::ops {
namespace {

std::vector<std::string> Words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(std::move(word));
  return words;
}

// "master <group> <host> <port> ...": an event about the primary itself.
bool IsAboutPrimary(const std::vector<std::string>& words, const std::string& group) {
  return words.size() >= 4 && words[0] == "master" && words[1] == group;
}

// "slave <name> <host> <port> @ <group> <host> <port>"
bool IsAboutReplica(const std::vector<std::string>& words, const std::string& group) {
  return words.size() >= 6 && words[0] == "slave" && words[4] == "@" && words[5] == group;
}

// "<group> <old host> <old port> <new host> <new port>"
std::optional<base::Endpoint> SwitchedTo(const std::vector<std::string>& words,
                                         const std::string& group) {
  if (words.size() != 5 || words[0] != group) return std::nullopt;
  const auto port = base::ParseInt64(words[4]);
  if (!port || *port < 1 || *port > 65535) return std::nullopt;
  return base::Endpoint{words[3], static_cast<uint16_t>(*port)};
}

void Keep(std::optional<base::Duration>& first, base::Duration value) {
  if (!first) first = value;
}

}  // namespace

Phases MeasurePhases(const std::vector<SentinelEvent>& events, const std::string& group,
                     base::Instant fault, size_t sentinels) {
  std::vector<SentinelEvent> ordered = events;
  std::ranges::stable_sort(ordered, {}, &SentinelEvent::at);
  Phases phases;
  std::set<std::string> switched;
  for (const SentinelEvent& event : ordered) {
    if (event.at < fault) continue;
    const base::Duration since = event.at - fault;
    const auto words = Words(event.payload);
    if (event.channel == "+switch-master") {
      const auto to = SwitchedTo(words, group);
      if (!to) continue;
      if (!phases.new_primary) phases.new_primary = to;
      if (switched.insert(event.sentinel).second && switched.size() == sentinels)
        phases.publication = since;
    } else if (IsAboutPrimary(words, group)) {
      if (event.channel == "+sdown") Keep(phases.detection, since);
      if (event.channel == "+odown") Keep(phases.agreement, since);
      if (event.channel == "+elected-leader") Keep(phases.election, since);
    } else if (event.channel == "+promoted-slave" && IsAboutReplica(words, group)) {
      Keep(phases.promotion, since);
    }
  }
  phases.switched = switched.size();
  return phases;
}

}  // namespace quorate::ops
