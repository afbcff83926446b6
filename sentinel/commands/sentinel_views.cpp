// SENTINEL subcommands that only look.
#include <string>

#include "sentinel/commands/context.h"
#include "sentinel/commands/instances.h"
#include "sentinel/core/actions.h"
#include "sentinel/core/electorate.h"
#include "sentinel/core/explain.h"
#include "sentinel/core/names.h"
#include "sentinel/core/views.h"
#include "shared/base/numbers.h"
#include "shared/command/introspection.h"
#include "shared/resp/errors.h"

namespace quorate::sentinel::commands {

namespace {

// The group that args[2] names; nullptr: the error has been answered.
const core::Group* FindGroup(const Context& context) {
  const auto& groups = context.host.state().groups;
  const auto it = groups.find(context.text(2));
  if (it != groups.end()) return &it->second;
  context.Error(core::kNoSuchGroup);
  return nullptr;
}

}  // namespace

void SentinelMasters(Context& context) {
  const core::State& state = context.host.state();
  context.reply().ArrayHeader(state.groups.size());
  for (const auto& [name, group] : state.groups)
    WritePrimary(context.reply(), state, group, context.host.now());
}

void SentinelMaster(Context& context) {
  if (const core::Group* group = FindGroup(context))
    WritePrimary(context.reply(), context.host.state(), *group, context.host.now());
}

void SentinelReplicas(Context& context) {
  const core::Group* group = FindGroup(context);
  if (group == nullptr) return;
  const auto mark = context.reply().Defer();
  size_t count = 0;
  for (const auto& [address, replica] : group->replicas) {
    if (!replica.announced || replica.doubted_since) continue;
    WriteReplica(context.reply(), context.host.state(), *group, replica, context.host.now());
    ++count;
  }
  context.reply().FinishArray(mark, count);
}

void SentinelSentinels(Context& context) {
  const core::Group* group = FindGroup(context);
  if (group == nullptr) return;
  context.reply().ArrayHeader(group->peers.size());
  for (const auto& [id, peer] : group->peers)
    WritePeer(context.reply(), context.host.state(), *group, peer, context.host.now());
}

void SentinelMyid(Context& context) { context.reply().Bulk(context.host.state().myid.view()); }

void SentinelGetMasterAddrByName(Context& context) {
  const std::optional<base::Endpoint> primary =
      core::CurrentPrimary(context.host.state(), context.text(2));
  if (!primary) return context.reply().NullArray();
  context.reply().ArrayHeader(2);
  context.reply().Bulk(primary->host);
  context.reply().BulkInteger(primary->port);
}

namespace {

// Redis' texts know no electorate: it is told where it is not simply the sentinels listed.
std::string ElectorateNote(const core::Group& group) {
  if (!core::HasUnusualElectorate(group)) return {};
  return " (electorate " + std::to_string(core::Electorate(group)) + ", votes needed " +
         std::to_string(core::VotesNeeded(group)) + ")";
}

}  // namespace

void SentinelCkquorum(Context& context) {
  const core::Group* group = FindGroup(context);
  if (group == nullptr) return;
  const core::QuorumCheck check = core::CheckQuorum(context.host.state(), *group);
  const std::string usable = std::to_string(check.usable) + " usable Sentinels. ";
  if (check.quorum_reachable && check.majority_reachable)
    return context.reply().SimpleString("OK " + usable +
                                        "Quorum and failover authorization can be reached" +
                                        ElectorateNote(*group));
  std::string error = "NOQUORUM " + usable;
  if (!check.quorum_reachable)
    error += "Not enough available Sentinels to reach the specified quorum for this master";
  if (!check.majority_reachable) {
    if (!check.quorum_reachable) error += ". ";
    error += "Not enough available Sentinels to reach the majority and authorize a failover";
  }
  context.Error(error + ElectorateNote(*group));
}

namespace {

void WriteCachedInfo(resp::Writer& out, const core::DataNode& node, base::Instant now) {
  out.ArrayHeader(2);
  out.Integer(node.info_at ? base::ToMs(now - *node.info_at) : 0);
  if (node.info_text.empty()) return out.Null();
  out.Bulk(node.info_text);
}

}  // namespace

void SentinelInfoCache(Context& context) {
  const auto& groups = context.host.state().groups;
  const base::Instant now = context.host.now();
  resp::Writer& out = context.reply();
  const auto mark = out.Defer();
  size_t count = 0;
  for (size_t i = 2; i < context.argc(); ++i) {
    const auto it = groups.find(context.text(i));
    if (it == groups.end()) continue;
    const core::Group& group = it->second;
    out.Bulk(group.name);
    out.ArrayHeader(1 + core::ReplicaCount(group));
    WriteCachedInfo(out, group.primary, now);
    for (const auto& [address, replica] : group.replicas)
      if (!replica.doubted_since) WriteCachedInfo(out, replica, now);
    ++count;
  }
  out.FinishArray(mark, 2 * count);  // an array of names and answers in RESP3, too
}

namespace {

void WriteProspect(resp::Writer& out, const core::State& state, const core::Group& group,
                   const core::Prospect& prospect) {
  const core::Replica& replica = group.replicas.at(prospect.address);
  out.MapHeader(5);
  out.Bulk("address");
  out.Bulk(core::Shown(state, prospect.address).ToString());
  out.Bulk("if-primary-is-lost");
  out.Bulk(core::EligibilityName(prospect.if_lost));
  out.Bulk("if-planned");
  out.Bulk(core::EligibilityName(prospect.if_planned));
  out.Bulk("slave-repl-offset");
  out.BulkInteger(replica.offset.bytes());
  out.Bulk("slave-priority");
  out.BulkInteger(replica.priority);
}

void WriteHeir(resp::Writer& out, const core::State& state,
               const std::optional<base::Endpoint>& heir) {
  if (!heir) return out.Null();
  out.Bulk(core::Shown(state, *heir).ToString());
}

}  // namespace

void SentinelExplain(Context& context) {
  const core::Group* group = FindGroup(context);
  if (group == nullptr) return;
  const core::State& state = context.host.state();
  const core::Explanation said = core::Explain(state, *group, context.host.now());
  resp::Writer& out = context.reply();
  const auto add_number = [&out](std::string_view name, int64_t number) {
    out.Bulk(name);
    out.BulkInteger(number);
  };
  out.MapHeader(10);
  out.Bulk("name");
  out.Bulk(group->name);
  out.Bulk("heir-if-primary-is-lost");
  WriteHeir(out, state, said.heir_if_lost);
  out.Bulk("heir-if-planned");
  WriteHeir(out, state, said.heir_if_planned);
  add_number("electorate", static_cast<int64_t>(said.electorate));
  add_number("votes-needed", static_cast<int64_t>(said.votes_needed));
  add_number("votes-reachable", static_cast<int64_t>(said.votes_reachable));
  add_number("milliseconds-until-silence-counts", base::ToMs(said.until_silence_counts));
  add_number("milliseconds-until-death-counts", base::ToMs(said.until_death_counts));
  out.Bulk("obstacles");
  out.ArrayHeader(said.obstacles.size());
  for (const std::string& obstacle : said.obstacles) out.Bulk(obstacle);
  out.Bulk("replicas");
  out.ArrayHeader(said.replicas.size());
  for (const core::Prospect& prospect : said.replicas) WriteProspect(out, state, *group, prospect);
}

namespace {

constexpr size_t kDefaultHistory = 10;

void WriteEndpoint(resp::Writer& out, const core::State& state, const base::Endpoint& endpoint) {
  out.Bulk(core::Shown(state, endpoint).ToString());
}

void WriteDiscarded(resp::Writer& out, const core::State& state,
                    const core::DiscardedWrites& discarded) {
  out.MapHeader(4);
  out.Bulk("server");
  WriteEndpoint(out, state, discarded.server);
  out.Bulk("record");
  out.Bulk(discarded.record);
  out.Bulk("commands");
  out.Integer(static_cast<int64_t>(discarded.commands));
  out.Bulk("bytes");
  out.Integer(static_cast<int64_t>(discarded.bytes));
}

void WriteHistoryEntry(resp::Writer& out, const core::State& state,
                       const config::HistoryEntry& entry) {
  const core::FailoverRecord& record = entry.failover;
  out.MapHeader(16);
  out.Bulk("time");
  out.Integer(entry.at.ms);
  out.Bulk("attempts");
  out.Integer(static_cast<int64_t>(entry.attempts));
  out.Bulk("epoch");
  out.Integer(static_cast<int64_t>(record.epoch.number()));
  out.Bulk("outcome");
  out.Bulk(record.outcome);
  out.Bulk("cause");
  out.Bulk(core::CauseName(record.cause));
  out.Bulk("role");
  out.Bulk(record.led ? "leader" : "observer");
  out.Bulk("leader");
  record.leader ? out.Bulk(record.leader->view()) : out.Null();
  out.Bulk("from");
  WriteEndpoint(out, state, record.from);
  out.Bulk("to");
  record.to ? WriteEndpoint(out, state, *record.to) : out.Null();
  out.Bulk("evidence");
  out.ArrayHeader(record.evidence.size());
  for (const std::string& sentence : record.evidence) out.Bulk(sentence);
  out.Bulk("votes");
  out.ArrayHeader(record.votes.size());
  for (const base::RunId& id : record.votes) out.Bulk(id.view());
  out.Bulk("votes-needed");
  out.Integer(static_cast<int64_t>(record.votes_needed));
  out.Bulk("milliseconds");
  out.Integer(base::ToMs(record.took));
  out.Bulk("phases");
  out.MapHeader(record.phases.size());
  for (const core::PhaseSpan& phase : record.phases) {
    out.Bulk(phase.name);
    out.Integer(base::ToMs(phase.took));
  }
  out.Bulk("bytes-at-risk");
  record.bytes_at_risk ? out.Integer(*record.bytes_at_risk) : out.Null();
  out.Bulk("discarded");
  out.ArrayHeader(entry.discarded.size());
  for (const core::DiscardedWrites& discarded : entry.discarded)
    WriteDiscarded(out, state, discarded);
}

}  // namespace

void SentinelHistory(Context& context) {
  if (FindGroup(context) == nullptr) return;
  size_t count = kDefaultHistory;
  if (context.argc() > 4) return context.Error(resp::errors::kSyntax);
  if (context.argc() == 4) {
    const std::optional<uint64_t> asked = base::ParseUint64(context.arg(3));
    if (!asked || *asked == 0) return context.Error(resp::errors::kNotInteger);
    count = *asked;
  }
  const std::vector<config::HistoryEntry> entries = context.host.History(context.arg(2), count);
  context.reply().ArrayHeader(entries.size());
  for (const config::HistoryEntry& entry : entries)
    WriteHistoryEntry(context.reply(), context.host.state(), entry);
}

void SentinelPendingScripts(Context& context) {
  const std::vector<ScriptView> scripts = context.host.Scripts();
  resp::Writer& out = context.reply();
  out.ArrayHeader(scripts.size());
  for (const ScriptView& script : scripts) {
    out.MapHeader(5);
    out.Bulk("argv");
    out.ArrayHeader(script.argv.size());
    for (const std::string& word : script.argv) out.Bulk(word);
    out.Bulk("flags");
    out.Bulk(script.running ? "running" : "scheduled");
    out.Bulk("pid");
    out.BulkInteger(script.pid);
    out.Bulk(script.running ? "run-time" : "run-delay");
    out.BulkInteger(base::ToMs(script.time));
    out.Bulk("retry-num");
    out.BulkInteger(script.runs);
  }
}

void SentinelHelp(Context& context) {
  static constexpr std::string_view kLines[] = {
      "CKQUORUM <master-name>",
      "    Check if the current Sentinel configuration is able to reach the quorum",
      "    needed to failover a master and the majority needed to authorize the",
      "    failover.",
      "CONFIG SET <param> <value>",
      "    Set a global Sentinel configuration parameter.",
      "CONFIG GET <param>",
      "    Get global Sentinel configuration parameter.",
      "DEBUG [<param> <value> ...]",
      "    Show a list of configurable time parameters and their values (milliseconds).",
      "    Or update current configurable parameters values (one or more).",
      "EXPLAIN <master-name>",
      "    Show what a failover would do now, and what stands in its way. Nothing is done.",
      "GET-MASTER-ADDR-BY-NAME <master-name>",
      "    Return the ip and port number of the master with that name.",
      "FAILOVER <master-name> [COORDINATED]",
      "    Move the role of master to a replica, elected by the Sentinels like any",
      "    failover. With a healthy master no write is lost: it is paused meanwhile.",
      "    COORDINATED: not at all, if the master is not healthy or cannot be paused.",
      "FLUSHCONFIG",
      "    Force Sentinel to rewrite its configuration on disk, including the current",
      "    Sentinel state.",
      "FORGET <master-name> <runid>",
      "    Forget a Sentinel that is gone for good. Votes are no longer counted on it.",
      "HISTORY <master-name> [<count>]",
      "    Show the past failovers of the master, newest first: cause, votes, phases,",
      "    what was at risk, and the records of what was discarded.",
      "INFO-CACHE <master-name>",
      "    Return last cached INFO output from masters and all its replicas.",
      "IS-MASTER-DOWN-BY-ADDR <ip> <port> <current-epoch> <runid>",
      "    Check if the master specified by ip:port is down from current Sentinel's",
      "    point of view.",
      "MASTER <master-name>",
      "    Show the state and info of the specified master.",
      "MASTERS",
      "    Show a list of monitored masters and their state.",
      "MONITOR <name> <ip> <port> <quorum>",
      "    Start monitoring a new master with the specified name, ip, port and quorum.",
      "MYID",
      "    Return the ID of the Sentinel instance.",
      "PAUSE <master-name> <seconds> <reason>",
      "    No failover of the master for so long, unless it is ordered. All Sentinels.",
      "PENDING-SCRIPTS",
      "    Get pending scripts information.",
      "REMOVE <master-name>",
      "    Remove master from Sentinel's monitor list.",
      "REPLICAS <master-name>",
      "    Show a list of replicas for this master and their state.",
      "RESET <pattern>",
      "    Reset masters for specific master name matching this pattern.",
      "RESUME <master-name>",
      "    End a pause.",
      "SENTINELS <master-name>",
      "    Show a list of Sentinel instances for this master and their state.",
      "SET <master-name> <option> <value> [<option> <value> ...] [PROPAGATE]",
      "    Set configuration parameters for certain masters. PROPAGATE: at all Sentinels.",
      "SIMULATE-FAILURE [CRASH-AFTER-ELECTION] [CRASH-AFTER-PROMOTION] [HELP]",
      "    Simulate a Sentinel crash.",
      "SWITCHOVER <master-name> [TO <ip> <port>] [TIMEOUT <milliseconds>]",
      "    Move the role of a healthy master to the best replica, or to the given one,",
      "    which has that long to become equal. Replies when it is done or given up.",
  };
  command::ReplyHelp("SENTINEL", kLines, context.reply());
}

}  // namespace quorate::sentinel::commands
