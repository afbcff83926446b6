#include "sentinel/core/names.h"

#include <algorithm>
#include <set>
#include <vector>

#include "shared/base/address.h"
#include "shared/base/numbers.h"

namespace quorate::sentinel::core {
namespace {

// The IP literals behind a host; none if it is a name that is not resolved.
std::vector<std::string> Ips(const State& state, const std::string& host) {
  if (base::IsIpLiteral(host)) return {host};
  const auto position = state.names.find(base::ToLower(host));
  return position == state.names.end() ? std::vector<std::string>() : position->second.ips;
}

// The hosts that somebody whom we know, or ask, was given with; in lower case.
std::set<std::string> HostsInUse(const State& state) {
  std::set<std::string> hosts;
  const auto add = [&hosts](const base::Endpoint& address) {
    hosts.insert(base::ToLower(address.host));
  };
  for (const auto& [name, group] : state.groups) {
    add(group.primary.address);
    for (const auto& [address, replica] : group.replicas) add(address);
    for (const auto& [id, peer] : group.peers) add(peer.address);
  }
  for (const auto& [address, stranger] : state.strangers) add(address);
  return hosts;
}

// What others tell of is asked for again whenever it is told: names that were not for a while, and
// are nobody's, make room.
bool MakeRoom(Turn& turn) {
  State& state = turn.state();
  if (state.names.size() < kMaxNames) return true;
  if (turn.now() < state.names_swept_at + kNameFreshness) return false;
  state.names_swept_at = turn.now();
  std::erase_if(state.names, [&, used = HostsInUse(state)](const auto& entry) {
    return turn.now() >= entry.second.asked_at + kNameKept && used.count(entry.first) == 0;
  });
  return state.names.size() < kMaxNames;
}

}  // namespace

void KeepName(Turn& turn, const std::string& host) {
  State& state = turn.state();
  if (!state.settings.resolve_hostnames || base::IsIpLiteral(host)) return;
  const std::string key = base::ToLower(host);
  const auto known = state.names.find(key);
  if (known != state.names.end() &&
      (known->second.pending || turn.now() < known->second.asked_at + kNameFreshness))
    return;
  if (known == state.names.end() && !MakeRoom(turn)) return;
  ResolvedName& name = state.names[key];
  name.asked_at = turn.now();
  name.pending = true;
  turn.Do(ResolveName{key});
}

void OnNameResolved(Turn& turn, const NameResolved& resolved) {
  const auto position = turn.state().names.find(resolved.host);
  if (position == turn.state().names.end()) return;
  ResolvedName& name = position->second;
  name.pending = false;
  if (resolved.ips.empty() || name.ips == resolved.ips) return;  // a failure forgets nothing
  name.ips = resolved.ips;
  if (name.ips.size() > kMaxAddressesPerName) name.ips.resize(kMaxAddressesPerName);
  // What was told under the other name is recognised when it is told again.
  for (auto& [group_name, group] : turn.state().groups) {
    group.primary.info_wanted = true;
    for (auto& [address, replica] : group.replicas) replica.info_wanted = true;
  }
  turn.TouchAll();
}

bool IsSameAddress(const State& state, const base::Endpoint& a, const base::Endpoint& b) {
  if (a.port != b.port) return false;
  if (base::EqualsIgnoreCase(a.host, b.host)) return true;
  const std::vector<std::string> ips = Ips(state, a.host);
  const std::vector<std::string> others = Ips(state, b.host);
  return std::find_first_of(ips.begin(), ips.end(), others.begin(), others.end()) != ips.end();
}

base::Endpoint KnownAs(const State& state, const Group& group, const base::Endpoint& address) {
  if (group.primary.address == address || group.replicas.count(address) != 0 || state.names.empty())
    return address;
  if (IsSameAddress(state, group.primary.address, address)) return group.primary.address;
  for (const auto& [known, replica] : group.replicas)
    if (IsSameAddress(state, known, address)) return known;
  return address;
}

bool MayName(const State& state, const base::Endpoint& address) {
  return state.settings.resolve_hostnames || base::IsIpLiteral(address.host);
}

base::Endpoint Shown(const State& state, const base::Endpoint& address) {
  if (state.settings.announce_hostnames || state.names.empty()) return address;
  const std::vector<std::string> ips = Ips(state, address.host);
  return ips.empty() ? address : base::Endpoint{ips.front(), address.port};
}

}  // namespace quorate::sentinel::core
