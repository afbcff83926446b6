#include "sentinel/core/shared_settings.h"

#include <algorithm>
#include <string>
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

std::map<std::string, Statement> ByKey(const std::vector<Statement>& statements) {
  std::map<std::string, Statement> map;
  for (const Statement& statement : statements) map[KeyOf(statement)] = statement;
  return map;
}

void Tell(Turn& turn, const Group& group, PeerLink& link) {
  if (link.ours != true || !link.up() || !HasRoom(link)) return;
  std::vector<std::string> argv = {"SENTINEL", "SET", group.name};
  for (const auto& [key, statement] : group.shared.options)
    argv.insert(argv.end(), statement.begin(), statement.end());
  argv.insert(argv.end(), {"VERSION", std::to_string(group.shared.version)});
  SendRequest(turn, link, std::move(argv), ForNothing{});
}

}  // namespace

void ShareSettings(Turn& turn, Group& group, const std::vector<Statement>& statements,
                   uint64_t at_least) {
  SharedSettings& shared = group.shared;
  for (auto& [key, statement] : ByKey(statements)) shared.options[key] = statement;
  shared.version = std::min(std::max(shared.version + 1, at_least), kMaxSharedVersion);
  for (const auto& [id, peer] : group.peers) Tell(turn, group, turn.state().peer_links.at(id));
}

std::vector<Statement> AdoptShared(Group& group, const std::vector<Statement>& statements,
                                   uint64_t version) {
  SharedSettings& shared = group.shared;
  std::map<std::string, Statement> next = ByKey(statements);
  std::vector<Statement> changed;
  if (version < shared.version || (version == shared.version && next <= shared.options))
    return changed;
  for (const auto& [key, statement] : next) {
    const auto known = shared.options.find(key);
    if (known == shared.options.end() || known->second != statement) changed.push_back(statement);
  }
  shared = {version, std::move(next)};
  return changed;
}

void TellSharedSettings(Turn& turn, PeerLink& link) {
  for (const auto& [name, group] : turn.state().groups)
    if (group.shared.version > 0 && group.peers.count(link.peer) != 0) Tell(turn, group, link);
}

}  // namespace quorate::sentinel::core
