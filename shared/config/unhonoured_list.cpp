// The list itself, area by area. Types, ranges and defaults are Redis 7.0.15's.
#include <algorithm>

#include "shared/base/numbers.h"
#include "shared/config/unhonoured.h"

namespace quorate::config {

namespace {

using List = std::vector<Unhonoured>;

template <typename T>
Unhonoured Make(std::string name, std::string fallback, const Codec<T>& codec) {
  Unhonoured directive;
  directive.name = std::move(name);
  directive.fallback = std::move(fallback);
  directive.values = codec.values;
  directive.yes_no = codec.yes_no;
  directive.read = [codec](std::string_view text) -> base::Result<std::string> {
    const base::Result<T> value = codec.parse(text);
    if (!value) return value.error();
    return codec.format(*value);
  };
  return directive;
}

Unhonoured Flag(std::string name, bool fallback) {
  return Make(std::move(name), fallback ? "yes" : "no", YesNo());
}
Unhonoured Number(std::string name, int64_t low, int64_t high, int64_t fallback) {
  return Make(std::move(name), std::to_string(fallback), Integer<int64_t>(low, high));
}
Unhonoured Size(std::string name, uint64_t fallback) {
  Unhonoured directive = Make(std::move(name), std::to_string(fallback), Memory(0, kInt64Max));
  directive.is_memory = true;
  return directive;
}
Unhonoured Any(std::string name, std::string fallback = "") {
  return Make(std::move(name), std::move(fallback), Text());
}
// One of `words`; the default is the first one, or the one given.
Unhonoured OneOf(std::string name, const std::vector<std::string>& words,
                 std::string fallback = "") {
  std::vector<std::pair<std::string, std::string>> choices;
  for (const std::string& word : words) choices.emplace_back(word, word);
  if (fallback.empty()) fallback = words.front();
  return Make(std::move(name), std::move(fallback), Choice(std::move(choices)));
}

Unhonoured Alias(std::string alias, Unhonoured directive) {
  directive.alias = std::move(alias);
  return directive;
}
Unhonoured AtStart(Unhonoured directive) {
  directive.immutable = true;
  return directive;
}
// Only the default is accepted, for the reason given.
Unhonoured Refused(std::string missing, Unhonoured directive) {
  directive.missing = std::move(missing);
  return directive;
}

Unhonoured OomScores() {
  Unhonoured directive = Any("oom-score-adj-values", "0 200 800");
  directive.shape = Shape::kWords;
  directive.values = "three numbers";
  directive.read = [](std::string_view text) -> base::Result<std::string> {
    constexpr int kMost = 2000;
    constexpr ptrdiff_t kClasses = 3;
    if (std::ranges::count(text, ' ') + 1 != kClasses)
      return base::Error{"wrong number of arguments"};
    for (std::string_view rest = text; !rest.empty();) {
      const std::string_view word = rest.substr(0, rest.find(' '));
      if (!ParseInteger(word, -kMost, kMost))
        return base::Error{
            "Invalid oom-score-adj-values, elements must be between -2000 and 2000."};
      rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    }
    return std::string(text);
  };
  return directive;
}

Unhonoured Percentiles() {
  Unhonoured directive = Any("latency-tracking-info-percentiles", "50 99 99.9");
  directive.shape = Shape::kWords;
  directive.values = "percentiles";
  return directive;
}

// Whatever it says, it is no longer known to CONFIG, as in Redis 7.
Unhonoured Gone(std::string name) {
  Unhonoured directive = Any(std::move(name));
  directive.file_only = true;
  return directive;
}

List Processes() {
  return {AtStart(Flag("always-show-logo", false)),
          AtStart(Flag("set-proc-title", true)),
          Any("proc-title-template", "{title} {listen-addr} {server-mode}"),
          Flag("crash-log-enabled", true),
          Flag("crash-memcheck-enabled", true),
          AtStart(Flag("disable-thp", true)),
          OneOf("oom-score-adj", {"no", "yes", "relative", "absolute"}),
          OomScores(),
          AtStart(Any("server_cpulist")),
          AtStart(Any("bio_cpulist")),
          AtStart(Any("aof_rewrite_cpulist")),
          AtStart(Any("bgsave_cpulist")),
          Any("ignore-warnings"),
          AtStart(Number("io-threads", 1, 128, 1)),
          AtStart(Flag("io-threads-do-reads", false)),
          Flag("dynamic-hz", true),
          AtStart(Any("syslog-ident", "redis")),
          AtStart(OneOf("syslog-facility",
                        {"user", "local0", "local1", "local2", "local3", "local4", "local5",
                         "local6", "local7"},
                        "local0")),
          Refused("the system log is not supported", AtStart(Flag("syslog-enabled", false))),
          Refused("a shutdown by signal saves and waits as SHUTDOWN does",
                  OneOf("shutdown-on-sigint", {"default", "save", "nosave", "now", "force"})),
          Refused("a shutdown by signal saves and waits as SHUTDOWN does",
                  OneOf("shutdown-on-sigterm", {"default", "save", "nosave", "now", "force"}))};
}

List Memories() {
  return {
      Alias("hash-max-ziplist-entries", Number("hash-max-listpack-entries", 0, kInt64Max, 512)),
      Alias("hash-max-ziplist-value", Size("hash-max-listpack-value", 64)),
      Alias("list-max-ziplist-size", Number("list-max-listpack-size", -kIntMax - 1, kIntMax, -2)),
      Number("list-compress-depth", 0, kIntMax, 0),
      Number("set-max-intset-entries", 0, kInt64Max, 512),
      Alias("zset-max-ziplist-entries", Number("zset-max-listpack-entries", 0, kInt64Max, 128)),
      Alias("zset-max-ziplist-value", Size("zset-max-listpack-value", 64)),
      Size("hll-sparse-max-bytes", 3000),
      Size("stream-node-max-bytes", 4096),
      Number("stream-node-max-entries", 0, kInt64Max, 100),
      Gone("list-max-ziplist-entries"),
      Gone("list-max-ziplist-value"),
      Flag("activerehashing", true),
      Flag("jemalloc-bg-thread", true),
      Flag("activedefrag", false),
      Number("active-defrag-cycle-max", 1, 99, 25),
      Number("active-defrag-cycle-min", 1, 99, 1),
      Size("active-defrag-ignore-bytes", 100 << 20),
      Number("active-defrag-max-scan-fields", 1, kInt64Max, 1000),
      Number("active-defrag-threshold-lower", 0, 1000, 10),
      Number("active-defrag-threshold-upper", 0, 1000, 100),
      Number("maxmemory-eviction-tenacity", 0, 100, 10),
      Flag("lazyfree-lazy-server-del", false),
      Flag("lazyfree-lazy-user-del", false),
      Number("tracking-table-max-keys", 0, kInt64Max, 1'000'000),
      Refused("clients are not evicted", Any("maxmemory-clients", "0"))};
}

// Several words as one value, judged by `read`.
Unhonoured SomeWords(std::string name, std::string fallback, std::string values,
                     std::function<base::Result<std::string>(std::string_view)> read) {
  Unhonoured directive = Any(std::move(name), std::move(fallback));
  directive.shape = Shape::kWords;
  directive.values = std::move(values);
  directive.read = std::move(read);
  return directive;
}

Unhonoured SavePoints() {
  return SomeWords("save", "3600 1 300 100 60 10000", "seconds and changes, or \"\"",
                   [](std::string_view text) -> base::Result<std::string> {
                     if (text.empty() || std::ranges::count(text, ' ') % 2 == 1)
                       return std::string(text);
                     return base::Error{"Invalid save parameters"};
                   });
}

Unhonoured OutputBufferLimits() {
  return SomeWords("client-output-buffer-limit",
                   "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
                   "class, hard limit, soft limit, seconds",
                   [](std::string_view text) -> base::Result<std::string> {
                     if (std::ranges::count(text, ' ') % 4 == 3) return std::string(text);
                     return base::Error{"Wrong number of arguments in buffer limit configuration."};
                   });
}

// What a server honours and a sentinel has no use for, in two parts.
List ServerOnly() {
  return {Percentiles(),
          Flag("latency-tracking", true),
          Number("latency-monitor-threshold", 0, kInt64Max, 0),
          Number("slowlog-log-slower-than", -1, kInt64Max, 10000),
          Number("slowlog-max-len", 0, kInt64Max, 128),
          Number("databases", 1, kIntMax, 16),
          Number("hz", 0, kIntMax, 10),
          Number("active-expire-effort", 1, 10, 1),
          Number("shutdown-timeout", 0, kIntMax, 10),
          Any("notify-keyspace-events"),
          AtStart(OneOf("enable-debug-command", {"no", "yes", "local"})),
          AtStart(OneOf("enable-protected-configs", {"no", "yes", "local"})),
          Size("proto-max-bulk-len", 512 << 20),
          OutputBufferLimits(),
          SavePoints(),
          Any("dbfilename", "dump.rdb"),
          Flag("rdbcompression", true),
          AtStart(Flag("rdbchecksum", true)),
          Flag("stop-writes-on-bgsave-error", true),
          Number("rdb-key-save-delay", 0, kIntMax, 0),
          Number("key-load-delay", 0, kIntMax, 0),
          Size("maxmemory", 0),
          OneOf("maxmemory-policy",
                {"noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru",
                 "volatile-lfu", "volatile-random", "volatile-ttl"}),
          Number("maxmemory-samples", 1, kIntMax, 5),
          Number("lfu-log-factor", 0, kIntMax, 10),
          Number("lfu-decay-time", 0, kIntMax, 1),
          Flag("lazyfree-lazy-eviction", false),
          Flag("lazyfree-lazy-expire", false),
          Flag("lazyfree-lazy-user-flush", false),
          Alias("slave-lazy-flush", Flag("replica-lazy-flush", false))};
}

List ServersReplication() {
  Unhonoured replicaof = Alias("slaveof", Any("replicaof"));
  replicaof.shape = Shape::kWords;
  return {std::move(replicaof),
          Any("masterauth"),
          Any("masteruser"),
          Alias("slave-announce-ip", Any("replica-announce-ip")),
          Alias("slave-announce-port", Number("replica-announce-port", 0, 65535, 0)),
          Flag("replica-announced", true),
          Alias("slave-ignore-maxmemory", Flag("replica-ignore-maxmemory", true)),
          Alias("slave-priority", Number("replica-priority", 0, kIntMax, 100)),
          Alias("slave-read-only", Flag("replica-read-only", true)),
          Alias("slave-serve-stale-data", Flag("replica-serve-stale-data", true)),
          Size("repl-backlog-size", 1 << 20),
          Number("repl-backlog-ttl", 0, kInt64Max, 3600),
          Number("repl-timeout", 1, kIntMax, 60),
          Alias("repl-ping-slave-period", Number("repl-ping-replica-period", 1, kIntMax, 10)),
          Flag("repl-diskless-sync", true),
          Number("repl-diskless-sync-delay", 0, kIntMax, 5),
          Number("repl-diskless-sync-max-replicas", 0, kIntMax, 0),
          OneOf("repl-diskless-load", {"disabled", "on-empty-db", "swapdb"}),
          OneOf("propagation-error-behavior", {"ignore", "panic", "panic-on-replicas"}),
          Flag("repl-disable-tcp-nodelay", false),
          Alias("min-slaves-to-write", Number("min-replicas-to-write", 0, kIntMax, 0)),
          Alias("min-slaves-max-lag", Number("min-replicas-max-lag", 0, kIntMax, 10))};
}

List Scripts() {
  return {Alias("lua-time-limit", Number("busy-reply-threshold", 0, kInt64Max, 5000)),
          Gone("lua-replicate-commands")};
}

List Files() {
  return {Refused("the append-only file is not supported", Flag("appendonly", false)),
          AtStart(Any("appendfilename", "appendonly.aof")),
          AtStart(Any("appenddirname", "appendonlydir")),
          OneOf("appendfsync", {"everysec", "always", "no"}),
          Flag("no-appendfsync-on-rewrite", false),
          Number("auto-aof-rewrite-percentage", 0, kIntMax, 100),
          Size("auto-aof-rewrite-min-size", 64 << 20),
          Flag("aof-load-truncated", true),
          Flag("aof-use-rdb-preamble", true),
          Flag("aof-timestamp-enabled", false),
          Flag("aof-disable-auto-gc", false),
          Flag("aof-rewrite-incremental-fsync", true),
          Flag("rdb-del-sync-files", false),
          Flag("rdb-save-incremental-fsync", true),
          Number("loading-process-events-interval-bytes", 1024, kIntMax, 2 << 20),
          OneOf("sanitize-dump-payload", {"no", "yes", "clients"})};
}

List Replication() { return {Flag("replica-ignore-disk-write-errors", false)}; }

List Connections() {
  return {Refused("outgoing connections leave from the address that the system chooses",
                  Any("bind-source-addr")),
          Refused("marks of sockets are not supported",
                  AtStart(Number("socket-mark-id", 0, 0xffff'ffff, 0)))};
}

List Security() {
  Unhonoured loadmodule =
      Refused("modules are not supported", AtStart(Any("loadmodule", "(none)")));
  loadmodule.shape = Shape::kRepeated;
  loadmodule.file_only = true;
  return {Number("acllog-max-len", 0, kInt64Max, 128),
          OneOf("acl-pubsub-default", {"allchannels", "resetchannels"}, "resetchannels"),
          Refused("users other than the default one are not supported", AtStart(Any("aclfile"))),
          Refused("modules are not supported",
                  AtStart(OneOf("enable-module-command", {"no", "yes", "local"}))),
          std::move(loadmodule)};
}

List Tls() {
  constexpr const char* kMissing = "TLS is not supported";
  List list = {Refused(kMissing, Number("tls-port", 0, 65535, 0)),
               Refused(kMissing, Flag("tls-replication", false)),
               Refused(kMissing, Flag("tls-cluster", false)),
               OneOf("tls-auth-clients", {"no", "yes", "optional"}, "yes"),
               Flag("tls-prefer-server-ciphers", false),
               Flag("tls-session-caching", true),
               Number("tls-session-cache-size", 0, kIntMax, 20480),
               Number("tls-session-cache-timeout", 0, kIntMax, 300)};
  for (const char* name :
       {"tls-ca-cert-dir", "tls-ca-cert-file", "tls-cert-file", "tls-ciphers", "tls-ciphersuites",
        "tls-client-cert-file", "tls-client-key-file", "tls-client-key-file-pass",
        "tls-dh-params-file", "tls-key-file", "tls-key-file-pass", "tls-protocols"})
    list.push_back(Any(name));
  return list;
}

List Cluster() {
  return {Refused("cluster mode is not supported", AtStart(Flag("cluster-enabled", false))),
          Flag("cluster-allow-pubsubshard-when-down", true),
          Flag("cluster-allow-reads-when-down", false),
          Flag("cluster-allow-replica-migration", true),
          Number("cluster-announce-bus-port", 0, 65535, 0),
          Any("cluster-announce-hostname"),
          Any("cluster-announce-ip"),
          Number("cluster-announce-port", 0, 65535, 0),
          Number("cluster-announce-tls-port", 0, 65535, 0),
          AtStart(Any("cluster-config-file", "nodes.conf")),
          Size("cluster-link-sendbuf-limit", 0),
          Number("cluster-migration-barrier", 0, kIntMax, 1),
          Number("cluster-node-timeout", 0, kInt64Max, 15000),
          AtStart(Number("cluster-port", 0, 65535, 0)),
          OneOf("cluster-preferred-endpoint-type", {"ip", "hostname", "unknown-endpoint"}),
          Alias("cluster-slave-no-failover", Flag("cluster-replica-no-failover", false)),
          Alias("cluster-slave-validity-factor",
                Number("cluster-replica-validity-factor", 0, kIntMax, 10)),
          Flag("cluster-require-full-coverage", true)};
}

}  // namespace

const std::vector<Unhonoured>& UnhonouredDirectives() {
  static const List all = [] {
    List joined;
    for (List area : {Processes(), Memories(), ServerOnly(), ServersReplication(), Scripts(),
                      Files(), Replication(), Connections(), Security(), Tls(), Cluster()})
      for (Unhonoured& directive : area) joined.push_back(std::move(directive));
    return joined;
  }();
  return all;
}

}  // namespace quorate::config
