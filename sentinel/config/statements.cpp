#include "sentinel/config/statements.h"

#include <algorithm>
#include <utility>

#include "sentinel/core/hello.h"
#include "sentinel/core/option_values.h"
#include "sentinel/core/timings.h"
#include "shared/base/address.h"
#include "shared/base/numbers.h"

namespace quorate::sentinel::config {

namespace {

using quorate::config::Args;
using quorate::config::Entry;
using quorate::config::Problem;

base::Status YesNo(const std::string& text, bool& target, const char* reason) {
  const std::optional<bool> yes = core::ParseYesNo(text);
  if (!yes) return base::Error{reason};
  target = *yes;
  return {};
}

base::Status ReadEpoch(const std::string& text, base::Epoch& target) {
  const std::optional<uint64_t> number = base::ParseUint64(text);
  if (!number || *number > core::kMaxEpoch) return base::Error{"Invalid epoch."};
  target = base::Epoch(*number);
  return {};
}

base::Status Milliseconds(const std::string& text, int64_t least, const char* reason,
                          base::Duration& target) {
  const std::optional<base::Duration> duration = core::ParseMilliseconds(text, least);
  if (!duration) return base::Error{reason};
  target = *duration;
  return {};
}

base::Status Count(const std::string& text, const char* reason, uint32_t& target) {
  const std::optional<uint32_t> number = core::ParseCount(text);
  if (!number) return base::Error{reason};
  target = *number;
  return {};
}

class Reader {
 public:
  Reader(const ScriptCheck& is_executable, Statements& result)
      : is_executable_(is_executable), result_(result) {}

  // ---- the process
  base::Status Myid(const Args& a) {
    const std::optional<base::RunId> id = base::RunId::Parse(a[0]);
    if (!id || id->IsZero()) return base::Error{"Malformed Sentinel id in myid option."};
    result_.durable.myid = *id;
    return {};
  }
  base::Status CurrentEpoch(const Args& a) {
    return ReadEpoch(a[0], result_.durable.current_epoch);
  }
  base::Status AnnounceIp(const Args& a) {
    if (!a[0].empty() && !core::IsValidHost(a[0])) return base::Error{"Invalid announce-ip."};
    result_.settings.announce_ip = a[0];
    return {};
  }
  base::Status AnnouncePort(const Args& a) {
    const std::optional<uint16_t> port = core::ParsePortOrNone(a[0]);
    if (!port) return base::Error{"Invalid announce-port."};
    result_.settings.announce_port = *port;
    return {};
  }
  base::Status DenyScriptsReconfig(const Args& a) {
    return YesNo(a[0], result_.settings.deny_scripts_reconfig,
                 "Please specify yes or no for the deny-scripts-reconfig options.");
  }
  base::Status ResolveHostnames(const Args& a) {
    return YesNo(a[0], result_.settings.resolve_hostnames,
                 "Please specify yes or no for the resolve-hostnames option.");
  }
  base::Status AnnounceHostnames(const Args& a) {
    return YesNo(a[0], result_.settings.announce_hostnames,
                 "Please specify yes or no for the announce-hostnames option.");
  }
  base::Status SentinelUser(const Args& a) {
    return result_.settings.sentinel_user = a[0], base::Status();
  }
  base::Status SentinelPass(const Args& a) {
    return result_.settings.sentinel_pass = a[0], base::Status();
  }

  // ---- groups
  base::Status Monitor(const Args& a) {
    core::DurableGroup group;
    group.name = a[0];
    if (base::Status status = Count(a[3], "Quorum must be 1 or greater.", group.options.quorum);
        !status)
      return status;
    if (!core::IsValidGroupName(group.name)) return base::Error{"Invalid master name."};
    if (Find(group.name) != nullptr) return base::Error{"Duplicate master name."};
    if (result_.durable.groups.size() >= core::kMaxGroups) return base::Error{"Too many masters."};
    base::Result<base::Endpoint> primary =
        ReadEndpoint(a[1], a[2], "Can't resolve instance hostname.");
    if (!primary) return primary.error();
    group.primary = *primary;
    group.vote.epoch = base::Epoch();
    result_.durable.groups.push_back(std::move(group));
    return {};
  }

  core::DurableGroup* Find(const std::string& name) {
    const auto it = std::ranges::find(result_.durable.groups, name, &core::DurableGroup::name);
    return it == result_.durable.groups.end() ? nullptr : &*it;
  }

  base::Status DownAfter(core::DurableGroup& g, const Args& a) {
    return Milliseconds(a[1], 1, "negative or zero time parameter.", g.options.down_after);
  }
  base::Status FailoverTimeout(core::DurableGroup& g, const Args& a) {
    return Milliseconds(a[1], 1, "negative or zero time parameter.", g.options.failover_timeout);
  }
  base::Status RebootDownAfter(core::DurableGroup& g, const Args& a) {
    return Milliseconds(a[1], 0, "negative time parameter.", g.options.reboot_down_after);
  }
  base::Status ParallelSyncs(core::DurableGroup& g, const Args& a) {
    return Count(a[1], "parallel-syncs must be 1 or greater.", g.options.parallel_syncs);
  }
  base::Status NotificationScript(core::DurableGroup& g, const Args& a) {
    if (!Executable(a[1]))
      return base::Error{"Notification script seems non existing or non executable."};
    g.options.notification_script = a[1];
    return {};
  }
  base::Status ClientReconfigScript(core::DurableGroup& g, const Args& a) {
    if (!Executable(a[1]))
      return base::Error{"Client reconfiguration script seems non existing or non executable."};
    g.options.client_reconfig_script = a[1];
    return {};
  }
  base::Status AuthPass(core::DurableGroup& g, const Args& a) {
    return g.options.auth_pass = a[1], base::Status();
  }
  base::Status AuthUser(core::DurableGroup& g, const Args& a) {
    return g.options.auth_user = a[1], base::Status();
  }
  base::Status FailureDetection(core::DurableGroup& g, const Args& a) {
    const auto detection = core::ParseFailureDetection(a[1]);
    if (!detection)
      return base::Error{"Please specify fast or classic for the failure-detection option."};
    return g.options.failure_detection = *detection, base::Status();
  }
  base::Status Electorate(core::DurableGroup& g, const Args& a) {
    const std::optional<uint32_t> count = core::ParseElectorate(a[1]);
    if (!count)
      return base::Error{"electorate must be the number of sentinels, or 0 for all ever known."};
    g.options.electorate = *count;
    return {};
  }
  base::Status MaxLagOnFailover(core::DurableGroup& g, const Args& a) {
    const std::optional<int64_t> bytes = core::ParseBytes(a[1]);
    if (!bytes) return base::Error{"max-lag-on-failover must be a number of bytes, or 0."};
    g.options.max_lag_on_failover = *bytes;
    return {};
  }
  base::Status FlapLimit(core::DurableGroup& g, const Args& a) {
    const std::optional<uint32_t> count = core::ParseFlapLimit(a[1]);
    if (!count) return base::Error{"flap-limit must be a number of failovers, at most 100, or 0."};
    g.options.flap_limit = *count;
    return {};
  }
  base::Status FlapWindow(core::DurableGroup& g, const Args& a) {
    return Milliseconds(a[1], 1, "negative or zero time parameter.", g.options.flap_window);
  }
  base::Status PreFailoverScript(core::DurableGroup& g, const Args& a) {
    if (!Executable(a[1]))
      return base::Error{"Pre-failover script seems non existing or non executable."};
    g.options.pre_failover_script = a[1];
    return {};
  }
  base::Status PreFailoverTimeout(core::DurableGroup& g, const Args& a) {
    return Milliseconds(a[1], 1, "negative or zero time parameter.",
                        g.options.pre_failover_timeout);
  }
  base::Status PreFailoverOnTimeout(core::DurableGroup& g, const Args& a) {
    const std::optional<core::NoVerdict> verdict = core::ParseNoVerdict(a[1]);
    if (!verdict)
      return base::Error{"Please specify proceed or veto for the pre-failover-on-timeout option."};
    g.options.pre_failover_on_timeout = *verdict;
    return {};
  }
  base::Status RenameCommand(core::DurableGroup& g, const Args& a) {
    if (a[1].empty() || a[2].empty())
      return base::Error{"Unrecognized sentinel configuration statement."};
    if (!g.options.renamed_commands.emplace(base::ToUpper(a[1]), a[2]).second)
      return base::Error{"Same command renamed multiple times with rename-command."};
    return {};
  }
  base::Status ConfigEpoch(core::DurableGroup& g, const Args& a) {
    return ReadEpoch(a[1], g.config_epoch);
  }
  base::Status LeaderEpoch(core::DurableGroup& g, const Args& a) {
    return ReadEpoch(a[1], g.vote.epoch);
  }
  base::Status KnownReplica(core::DurableGroup& g, const Args& a) {
    base::Result<base::Endpoint> address =
        ReadEndpoint(a[1], a[2], "Wrong hostname or port for replica.");
    if (!address) return address.error();
    if (std::ranges::count(g.replicas, *address) != 0)
      return base::Error{"Duplicate hostname and port for replica."};
    g.replicas.push_back(*address);
    return {};
  }
  // Without a run id, as very old versions wrote it, the line says nothing.
  base::Status KnownSentinel(core::DurableGroup& g, const Args& a) {
    if (a.size() < 4) return {};
    base::Result<base::Endpoint> address =
        ReadEndpoint(a[1], a[2], "Wrong hostname or port for sentinel.");
    if (!address) return address.error();
    const std::optional<base::RunId> id = base::RunId::Parse(a[3]);
    if (!id || id->IsZero()) return base::Error{"Malformed run id for sentinel."};
    if (std::ranges::count(g.peers, *id, &core::DurablePeer::id) != 0)
      return base::Error{"Duplicate runid for sentinel."};
    g.peers.push_back({*id, *address});
    return {};
  }

 private:
  bool Executable(const std::string& path) const { return !is_executable_ || is_executable_(path); }

  base::Result<base::Endpoint> ReadEndpoint(const std::string& host, const std::string& port_text,
                                            const char* bad_host) const {
    const std::optional<int64_t> port = base::ParseInt64(port_text);
    if (!port || *port < 1 || *port > UINT16_MAX) return base::Error{"Invalid port number."};
    if (!core::IsValidHost(host) ||
        (!result_.settings.resolve_hostnames && !base::IsIpLiteral(host)))
      return base::Error{bad_host};
    return base::Endpoint{host, static_cast<uint16_t>(*port)};
  }

  const ScriptCheck& is_executable_;
  Statements& result_;
};

enum class Pass { kProcess, kMonitor, kGroup };

struct Row {
  std::string_view name;
  Pass pass;
  size_t least_args;
  size_t most_args;
  base::Status (Reader::*process)(const Args&) = nullptr;
  base::Status (Reader::*group)(core::DurableGroup&, const Args&) = nullptr;
};

constexpr Row kRows[] = {
    {"announce-ip", Pass::kProcess, 1, 1, &Reader::AnnounceIp},
    {"announce-port", Pass::kProcess, 1, 1, &Reader::AnnouncePort},
    {"deny-scripts-reconfig", Pass::kProcess, 1, 1, &Reader::DenyScriptsReconfig},
    {"sentinel-user", Pass::kProcess, 1, 1, &Reader::SentinelUser},
    {"sentinel-pass", Pass::kProcess, 1, 1, &Reader::SentinelPass},
    {"current-epoch", Pass::kProcess, 1, 1, &Reader::CurrentEpoch},
    {"myid", Pass::kProcess, 1, 1, &Reader::Myid},
    {"resolve-hostnames", Pass::kProcess, 1, 1, &Reader::ResolveHostnames},
    {"announce-hostnames", Pass::kProcess, 1, 1, &Reader::AnnounceHostnames},
    {"monitor", Pass::kMonitor, 4, 4, &Reader::Monitor},
    {"down-after-milliseconds", Pass::kGroup, 2, 2, nullptr, &Reader::DownAfter},
    {"failover-timeout", Pass::kGroup, 2, 2, nullptr, &Reader::FailoverTimeout},
    {"parallel-syncs", Pass::kGroup, 2, 2, nullptr, &Reader::ParallelSyncs},
    {"notification-script", Pass::kGroup, 2, 2, nullptr, &Reader::NotificationScript},
    {"client-reconfig-script", Pass::kGroup, 2, 2, nullptr, &Reader::ClientReconfigScript},
    {"auth-pass", Pass::kGroup, 2, 2, nullptr, &Reader::AuthPass},
    {"auth-user", Pass::kGroup, 2, 2, nullptr, &Reader::AuthUser},
    {"master-reboot-down-after-period", Pass::kGroup, 2, 2, nullptr, &Reader::RebootDownAfter},
    {"failure-detection", Pass::kGroup, 2, 2, nullptr, &Reader::FailureDetection},
    {"electorate", Pass::kGroup, 2, 2, nullptr, &Reader::Electorate},
    {"max-lag-on-failover", Pass::kGroup, 2, 2, nullptr, &Reader::MaxLagOnFailover},
    {"flap-limit", Pass::kGroup, 2, 2, nullptr, &Reader::FlapLimit},
    {"flap-window", Pass::kGroup, 2, 2, nullptr, &Reader::FlapWindow},
    {"pre-failover-script", Pass::kGroup, 2, 2, nullptr, &Reader::PreFailoverScript},
    {"pre-failover-timeout", Pass::kGroup, 2, 2, nullptr, &Reader::PreFailoverTimeout},
    {"pre-failover-on-timeout", Pass::kGroup, 2, 2, nullptr, &Reader::PreFailoverOnTimeout},
    {"config-epoch", Pass::kGroup, 2, 2, nullptr, &Reader::ConfigEpoch},
    {"leader-epoch", Pass::kGroup, 2, 2, nullptr, &Reader::LeaderEpoch},
    {"known-replica", Pass::kGroup, 3, 3, nullptr, &Reader::KnownReplica},
    {"known-sentinel", Pass::kGroup, 3, 4, nullptr, &Reader::KnownSentinel},
    {"rename-command", Pass::kGroup, 3, 3, nullptr, &Reader::RenameCommand},
};

const Row* FindRow(std::string_view canonical) {
  const auto it = std::ranges::find(kRows, canonical, &Row::name);
  return it == std::end(kRows) ? nullptr : &*it;
}

const Row* RowOf(const Entry& entry) {
  if (entry.args.empty()) return nullptr;
  const Row* row = FindRow(CanonicalOption(entry.args[0]));
  const size_t count = entry.args.size() - 1;
  return row == nullptr || count < row->least_args || count > row->most_args ? nullptr : row;
}

base::Status Apply(Reader& reader, const Row* row, const Entry& entry) {
  if (row == nullptr) return base::Error{"Unrecognized sentinel configuration statement."};
  for (const std::string& arg : entry.args)
    if (core::HasControlCharacters(arg))
      return base::Error{"Values with control characters are refused."};
  const Args args(entry.args.begin() + 1, entry.args.end());
  if (row->process != nullptr) return (reader.*row->process)(args);
  core::DurableGroup* group = reader.Find(args[0]);
  if (group == nullptr) return base::Error{"No such master with specified name."};
  return (reader.*row->group)(*group, args);
}

}  // namespace

std::optional<Problem> ApplyStatements(const std::vector<Entry>& entries,
                                       const ScriptCheck& is_executable, Statements& result) {
  Reader reader(is_executable, result);
  for (const Pass pass : {Pass::kProcess, Pass::kMonitor, Pass::kGroup}) {
    for (const Entry& entry : entries) {
      const Row* row = RowOf(entry);
      // What is not understood is found with the groups' options, as Redis does.
      if ((row == nullptr ? Pass::kGroup : row->pass) != pass) continue;
      if (base::Status status = Apply(reader, row, entry); !status)
        return Problem{.file = entry.file,
                       .line = entry.line,
                       .text = entry.text,
                       .reason = status.error().message};
    }
  }
  std::ranges::sort(result.durable.groups, {}, &core::DurableGroup::name);
  return std::nullopt;
}

std::string CanonicalOption(std::string_view option) {
  std::string lower = base::ToLower(option);
  if (lower == "known-slave") return "known-replica";
  if (lower == "primary-reboot-down-after-period") return "master-reboot-down-after-period";
  return lower;
}

bool NamesGroup(std::string_view canonical_option) {
  const Row* row = FindRow(canonical_option);
  return row != nullptr && row->pass != Pass::kProcess;
}

}  // namespace quorate::sentinel::config
