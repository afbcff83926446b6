#include <algorithm>

#include "server/config/table.h"
#include "shared/base/numbers.h"

namespace quorate::server::config {

using quorate::config::Args;
using quorate::config::Choice;
using quorate::config::Custom;
using quorate::config::Integer;
using quorate::config::kInt64Max;
using quorate::config::kIntMax;
using quorate::config::Memory;
using quorate::config::OptionalText;
using quorate::config::Shape;
using quorate::config::Value;
using quorate::config::YesNo;
using S = ServerSettings;

namespace {

base::Status SetReplicaOf(S& settings, const Args& args) {
  if (args.size() != 2) return base::Error{"wrong number of arguments"};
  if (base::EqualsIgnoreCase(args[0], "no") && base::EqualsIgnoreCase(args[1], "one")) {
    settings.replicaof.reset();
    return {};
  }
  const std::optional<int64_t> port = base::ParseInt64(args[1]);
  if (!port || *port < 1 || *port > 65535) return base::Error{"Invalid master port"};
  if (args[0].empty()) return base::Error{"Invalid master host"};
  settings.replicaof = base::Endpoint{.host = args[0], .port = static_cast<uint16_t>(*port)};
  return {};
}
std::vector<Args> ReplicaOfLines(const S& settings) {
  if (!settings.replicaof) return {};
  return {{settings.replicaof->host, std::to_string(settings.replicaof->port)}};
}

quorate::config::Codec<SnapshotArrival> ArrivalChoice() {
  auto codec = Choice<SnapshotArrival>({{"disabled", SnapshotArrival::kOldData},
                                        {"on-empty-db", SnapshotArrival::kOldDataIfAny},
                                        {"swapdb", SnapshotArrival::kOldDataIfOfTheSameHistory}});
  codec.parse = [parse = codec.parse](std::string_view text) -> base::Result<SnapshotArrival> {
    if (base::EqualsIgnoreCase(text, "flush-before-load"))
      return base::Error{
          "a replica never gives its data up before it holds what replaces it whole"};
    return parse(text);
  };
  return codec;
}

std::vector<ServerRow> UpstreamRows() {
  return {
      Custom<S>("replicaof", Shape::kWords, "host and port of the primary",
                "Be a replica of this primary (which may be a replica itself).", SetReplicaOf,
                ReplicaOfLines)
          .Alias("slaveof")
          .Immutable(),
      Value("masterauth", &S::masterauth, OptionalText(), "Password for the primary.")
          .Alias("primaryauth")
          .Sensitive(),
      Value("masteruser", &S::masteruser, OptionalText(),
            "User name for the primary; empty is the default user.")
          .Alias("primaryuser")
          .Sensitive(),
      Value("replica-announce-ip", &S::replica_announce_ip, OptionalText(),
            "Address to tell the primary, where the one it sees would be wrong (NAT, containers).")
          .Alias("slave-announce-ip"),
      Value("replica-announce-port", &S::replica_announce_port, Integer<uint16_t>(0, 65535),
            "Port to tell the primary; 0 is the one of 'port'.")
          .Alias("slave-announce-port"),
      Value("replica-announced", &S::replica_announced, YesNo(),
            "Let sentinels list this replica to clients."),
      Value("replica-ignore-maxmemory", &S::replica_ignore_maxmemory, YesNo(),
            "A replica leaves maxmemory to its primary, whose evictions it follows.")
          .Alias("slave-ignore-maxmemory"),
      Value("replica-priority", &S::replica_priority, Integer<int>(0, kIntMax),
            "Sentinels prefer the lowest number when they choose a new primary; 0 is never chosen.")
          .Alias("slave-priority"),
      Value("replica-read-only", &S::replica_read_only, YesNo(),
            "Refuse writes of clients on a replica.")
          .Alias("slave-read-only"),
      Value("replica-refuse-empty-primary", &S::replica_refuse_empty_primary, YesNo(),
            "Keep the keys and refuse a full sync when the primary, in sync with us before, has "
            "come back with no keys or with an older history; after a restart of our own, when it "
            "has no keys and nothing of our history. INFO shows master_sync_refused. "
            "REPLICAOF, also to the same primary, or 'no' here lets it happen."),
      Value("replica-serve-stale-data", &S::replica_serve_stale_data, YesNo(),
            "Answer reads while the link to the primary is down.")
          .Alias("slave-serve-stale-data"),
      Value("repl-diskless-load", &S::repl_diskless_load, ArrivalChoice(),
            "A snapshot from the primary is received beside the old data, in memory and without a "
            "file, and replaces it at once when it is whole. Meanwhile clients see the old data "
            "('disabled'), -LOADING if there is none ('on-empty-db'), or -LOADING if it is of "
            "another history than the snapshot ('swapdb'; else INFO shows async_loading)."),
      Value(
          "propagation-error-behavior", &S::propagation_error_behavior,
          Choice<PropagationErrors>({{"ignore", PropagationErrors::kIgnore},
                                     {"panic", PropagationErrors::kPanic},
                                     {"panic-on-replicas", PropagationErrors::kPanicOnReplicas}}),
          "When a command of the primary's stream answers an error here: 'ignore' logs it, counts "
          "it and goes on, as its own client got an error as well. 'panic' and "
          "'panic-on-replicas' end the process with exit code 1, unsaved, unless replica-read-only "
          "is 'no'. A command that cannot be run here at all is never passed over: 'ignore' stops "
          "the link before it."),
  };
}

constexpr int64_t kMostLease = 3'600'000;
constexpr uint64_t kLeastBacklog = 16 * 1024;

// As Redis: what is too little is raised.
quorate::config::Codec<uint64_t> BacklogSize() {
  quorate::config::Codec<uint64_t> codec = Memory(1, kInt64Max);
  codec.parse = [parse = codec.parse](std::string_view text) -> base::Result<uint64_t> {
    const base::Result<uint64_t> bytes = parse(text);
    if (!bytes) return bytes.error();
    return std::max(*bytes, kLeastBacklog);
  };
  return codec;
}

std::vector<ServerRow> RollbackRows() {
  return {
      Value("rollback-max-files", &S::rollback_max_files, Integer<int>(0, kIntMax),
            "Before a full synchronisation throws writes away that the new primary does not have, "
            "they are written to the folder 'rollback', and the whole dataset where no command "
            "tells of it; the last so many records are kept, 0 makes none."),
      Value("rollback-max-size", &S::rollback_max_size, Memory(0, kInt64Max),
            "Bytes of rollback records that are kept (the last one in any case), and the most that "
            "the dataset in one may have; 0 is no limit."),
      Value("rollback-required", &S::rollback_required, YesNo(),
            "If a rollback record cannot be written, keep the old data and try again, instead of "
            "going on without it."),
  };
}

std::vector<ServerRow> DownstreamRows() {
  return {
      Value("repl-backlog-size", &S::repl_backlog_size, BacklogSize(),
            "Replication history kept for replicas that come back after a short cut."),
      Value("repl-backlog-disk-size", &S::repl_backlog_disk_size, Memory(0, kInt64Max),
            "Replication history kept in files of the working directory, from which replicas come "
            "back after a long cut and a restart replays what the snapshot file lacks; 0 keeps "
            "none, and CONFIG SET to 0 removes them. A snapshot file is written, whatever 'save' "
            "says, when a restart would need one to begin with. To go back to an older snapshot "
            "file, or to start empty, remove backlog-*.seg as well, or what they hold is "
            "replayed.")
          .RefusedWhileLoading(),
      Value("repl-backlog-ttl", &S::repl_backlog_ttl, Integer<std::chrono::seconds>(0, kInt64Max),
            "Seconds without replicas after which a primary frees the backlog; 0 never."),
      Value("repl-timeout", &S::repl_timeout, Integer<std::chrono::seconds>(1, kIntMax),
            "Seconds of silence after which a replication link is given up."),
      Value("repl-ping-replica-period", &S::repl_ping_replica_period,
            Integer<std::chrono::seconds>(1, kIntMax),
            "Seconds between the pings that a primary sends to its replicas.")
          .Alias("repl-ping-slave-period"),
      Value("repl-diskless-sync", &S::repl_diskless_sync, YesNo(),
            "Snapshots for replicas always go straight to them, without a file. \"yes\": a full "
            "synchronisation waits repl-diskless-sync-delay for more replicas to share it. \"no\": "
            "it "
            "begins at once."),
      Value("repl-diskless-sync-delay", &S::repl_diskless_sync_delay,
            Integer<std::chrono::seconds>(0, kIntMax),
            "Seconds that a full synchronisation waits for more replicas to join."),
      Value("repl-diskless-sync-max-replicas", &S::repl_diskless_sync_max_replicas,
            Integer<int>(0, kIntMax),
            "Replicas after which a full synchronisation waits no longer; 0 waits in any case."),
      Value("repl-max-concurrent-full-syncs", &S::repl_max_concurrent_full_syncs,
            Integer<int>(0, kIntMax),
            "Full synchronisations at a time; 0 is no limit. Replicas that share a snapshot count "
            "as one. Others are told to come again, and meanwhile keep what they have."),
      Value("repl-disable-tcp-nodelay", &S::repl_disable_tcp_nodelay, YesNo(),
            "Let the kernel collect small writes to replicas: fewer packets, more delay."),
      Value("min-replicas-to-write", &S::min_replicas_to_write, Integer<int>(0, kIntMax),
            "Refuse writes with fewer good replicas than this; 0 accepts them always.")
          .Alias("min-slaves-to-write"),
      Value("min-replicas-max-lag", &S::min_replicas_max_lag,
            Integer<std::chrono::seconds>(0, kIntMax),
            "Seconds since its last acknowledgement up to which a replica is good; 0 turns the "
            "check off.")
          .Alias("min-slaves-max-lag"),
      Value(
          "primary-lease", &S::primary_lease, Integer<std::chrono::milliseconds>(0, kMostLease),
          "Milliseconds for which a primary goes on accepting writes (then -NOQUORUM) after it "
          "has last heard a majority of its sentinels; 0 is for ever. It has no effect before "
          "the first one was heard, nor with stock sentinels among them. The same on every server "
          "of a group. Up to half of the sentinels' down-after-milliseconds it costs no time in a "
          "failover."),
  };
}

}  // namespace

std::vector<ServerRow> ReplicationRows() {
  std::vector<ServerRow> rows = UpstreamRows();
  for (ServerRow& row : DownstreamRows()) rows.push_back(std::move(row));
  for (ServerRow& row : RollbackRows()) rows.push_back(std::move(row));
  return rows;
}

}  // namespace quorate::server::config
