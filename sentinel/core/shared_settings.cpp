#include "sentinel/core/shared_settings.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

#include "sentinel/core/links.h"
#include "shared/base/numbers.h"

namespace quorate::sentinel::core {
namespace {

// A renaming is one option for each command.
std::string KeyOf(const Statement& statement) {
  std::string key = base::ToLower(statement.front());
  if (statement.size() == 3) key += " " + base::ToUpper(statement[1]);
  return key;
}

uint64_t NewestVersion(const Group& group) {
  uint64_t newest = 0;
  for (const auto& [key, option] : group.shared) newest = std::max(newest, option.version);
  return newest;
}

void Tell(Turn& turn, const Group& group, Peer& peer, PeerLink& link) {
  std::vector<std::string> argv = {"SENTINEL", "SET", group.name};
  for (const auto& [key, option] : group.shared) {
    if (option.version <= peer.shared_told) continue;
    argv.insert(argv.end(), {"VERSION", std::to_string(option.version),
                             std::to_string(option.statement.size())});
    argv.insert(argv.end(), option.statement.begin(), option.statement.end());
  }
  SendRequest(turn, link, std::move(argv), ForNothing{});
}

}  // namespace

std::optional<std::vector<VersionedStatement>> ParseShared(const std::vector<std::string>& words) {
  std::vector<VersionedStatement> result;
  for (size_t at = 0; at < words.size();) {
    if (words.size() - at < 3 || !base::EqualsIgnoreCase(words[at], "version")) return std::nullopt;
    const auto version = base::ParseUint64(words[at + 1]);
    const auto count = base::ParseUint64(words[at + 2]);
    at += 3;
    if (!version || *version == 0 || *version > kMaxSharedVersion || !count || *count < 2 ||
        *count > words.size() - at)
      return std::nullopt;
    const auto first = words.begin() + static_cast<ptrdiff_t>(at);
    at += *count;
    result.push_back({*version, Statement(first, words.begin() + static_cast<ptrdiff_t>(at))});
  }
  return result;
}

void ShareSettings(Group& group, const std::vector<Statement>& statements,
                   base::WallTime asked_at) {
  const auto time = static_cast<uint64_t>(std::max<int64_t>(asked_at.ms, 0));
  const uint64_t version = std::min(std::max(NewestVersion(group) + 1, time), kMaxSharedVersion);
  for (const Statement& statement : statements)
    group.shared[KeyOf(statement)] = {version, statement};
}

bool IsNewer(const Group& group, const VersionedStatement& shared) {
  const auto known = group.shared.find(KeyOf(shared.statement));
  if (known == group.shared.end()) return group.shared.size() < kMaxSharedOptions;
  return std::tie(known->second.version, known->second.statement) <
         std::tie(shared.version, shared.statement);
}

void AdoptShared(Group& group, const VersionedStatement& shared) {
  group.shared[KeyOf(shared.statement)] = {shared.version, shared.statement};
  // Peers may have been told newer ones without this.
  for (auto& [id, peer] : group.peers)
    peer.shared_told = std::min(peer.shared_told, shared.version - 1);
}

bool MayShare(const Group& group, const std::vector<Statement>& statements) {
  size_t more = 0;
  for (const Statement& statement : statements)
    if (group.shared.count(KeyOf(statement)) == 0) ++more;
  return group.shared.size() + more <= kMaxSharedOptions;
}

void KeepSharedSettings(Turn& turn, Group& group) {
  if (group.shared.empty()) return;
  const uint64_t newest = NewestVersion(group);
  for (auto& [id, peer] : group.peers) {
    PeerLink& link = turn.state().peer_links.at(id);
    if (peer.shared_told >= newest || link.ours != true || !link.proven || !HasRoom(link)) continue;
    Tell(turn, group, peer, link);
    peer.shared_told = newest;
  }
}

}  // namespace quorate::sentinel::core
