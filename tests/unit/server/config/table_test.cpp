#include "server/config/table.h"

#include <map>

#include "shared/config/config_set.h"
#include "shared/config/loader.h"
#include "shared/config/rewrite.h"
#include "shared/config/unhonoured.h"

#include <doctest/doctest.h>

using namespace quorate::server::config;
namespace config = quorate::config;

namespace {

using Texts = std::vector<std::string_view>;

// Loads Redis' syntax over the defaults; `reason` is the problem, empty if there is none.
struct Load {
  explicit Load(const std::string& text) {
    const ServerTable table = MakeDirectiveTable();
    const config::Loaded loaded = config::Load({.file = config::SourceFile{"test.conf", text},
                                                .standard_input = {},
                                                .command_line = {},
                                                .include = {}},
                                               table.Bind(settings));
    if (loaded.problem) reason = loaded.problem->reason;
  }
  ServerSettings settings;
  std::string reason;
};

std::string Reason(const std::string& text) { return Load(text).reason; }

std::string Get(const ServerSettings& settings, std::string_view name) {
  const ServerTable table = MakeDirectiveTable();
  const auto found = config::ConfigGet(table.Bind(settings), Texts{name});
  return found.size() == 1 ? found[0].second : "(" + std::to_string(found.size()) + " found)";
}

// CONFIG SET of one value: the reason of the refusal, or CONFIG GET's text after it.
std::string Set(ServerSettings& settings, std::string_view name, std::string_view value) {
  const ServerTable table = MakeDirectiveTable();
  const std::string prefix = config::ConfigSetFailed(name, "");
  const config::Staged staged =
      config::ConfigSet<ServerSettings>(table, settings, Texts{name, value}, {}, nullptr);
  if (staged.error.starts_with(prefix)) return staged.error.substr(prefix.size());
  return staged.error.empty() ? Get(settings, name) : staged.error;
}

// What redis-server 7.0.15 answers to CONFIG GET * at its defaults, as far as we
// honour the directive; tests/system/test_drop_in.py compares the rest with a living one.
const std::map<std::string, std::string>& RedisDefaults() {
  static const std::map<std::string, std::string> defaults = {
      {"active-expire-effort", "1"},
      {"bind", "* -::*"},
      {"client-output-buffer-limit",
       "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"},
      {"client-query-buffer-limit", "1073741824"},
      {"daemonize", "no"},
      {"databases", "16"},
      {"dbfilename", "dump.rdb"},
      {"enable-debug-command", "no"},
      {"enable-protected-configs", "no"},
      {"hz", "10"},
      {"latency-monitor-threshold", "0"},
      {"latency-tracking-info-percentiles", "50 99 99.9"},
      {"latency-tracking", "yes"},
      {"lazyfree-lazy-eviction", "no"},
      {"lazyfree-lazy-expire", "no"},
      {"lazyfree-lazy-user-flush", "no"},
      {"lfu-decay-time", "1"},
      {"lfu-log-factor", "10"},
      {"logfile", ""},
      {"loglevel", "notice"},
      {"masterauth", ""},
      {"masteruser", ""},
      {"maxclients", "10000"},
      {"maxmemory-policy", "noeviction"},
      {"maxmemory-samples", "5"},
      {"maxmemory", "0"},
      {"min-replicas-max-lag", "10"},
      {"min-replicas-to-write", "0"},
      {"min-slaves-max-lag", "10"},
      {"min-slaves-to-write", "0"},
      {"notify-keyspace-events", ""},
      {"pidfile", ""},
      {"port", "6379"},
      {"primary-lease", "0"},
      {"protected-mode", "yes"},
      {"proto-max-bulk-len", "536870912"},
      {"key-load-delay", "0"},
      {"rdb-key-save-delay", "0"},
      {"rdbchecksum", "yes"},
      {"rdbcompression", "yes"},
      {"repl-backlog-size", "1048576"},
      {"repl-backlog-ttl", "3600"},
      {"repl-disable-tcp-nodelay", "no"},
      {"repl-diskless-sync-delay", "5"},
      {"repl-diskless-sync-max-replicas", "0"},
      {"repl-diskless-sync", "yes"},
      {"propagation-error-behavior", "ignore"},
      {"repl-diskless-load", "disabled"},
      {"repl-ping-replica-period", "10"},
      {"repl-ping-slave-period", "10"},
      {"repl-timeout", "60"},
      {"replica-announce-ip", ""},
      {"replica-announce-port", "0"},
      {"replica-announced", "yes"},
      {"replica-ignore-maxmemory", "yes"},
      {"replica-lazy-flush", "no"},
      {"replica-priority", "100"},
      {"replica-read-only", "yes"},
      {"replica-serve-stale-data", "yes"},
      {"replicaof", ""},
      {"requirepass", ""},
      {"save", "3600 1 300 100 60 10000"},
      {"shutdown-timeout", "10"},
      {"slave-announce-ip", ""},
      {"slave-announce-port", "0"},
      {"slave-ignore-maxmemory", "yes"},
      {"slave-lazy-flush", "no"},
      {"slave-priority", "100"},
      {"slave-read-only", "yes"},
      {"slave-serve-stale-data", "yes"},
      {"slaveof", ""},
      {"slowlog-log-slower-than", "10000"},
      {"slowlog-max-len", "128"},
      {"stop-writes-on-bgsave-error", "yes"},
      {"supervised", "no"},
      {"tcp-backlog", "511"},
      {"tcp-keepalive", "300"},
      {"timeout", "0"},
      {"unixsocketperm", "0"},
      {"unixsocket", ""},
  };
  return defaults;
}

}  // namespace

TEST_CASE("directives: CONFIG GET of the defaults is what Redis 7.0.15 answers") {
  const ServerTable table = MakeDirectiveTable();
  const ServerSettings settings;
  std::map<std::string, std::string> ours;
  for (const auto& [name, value] : config::ConfigGet(table.Bind(settings), Texts{"*"}))
    if (table.catalog().infos()[*table.catalog().Find(name)].in_template) ours[name] = value;
  for (const char* our_own : {"primaryauth", "primaryuser", "dir", "repl-backlog-disk-size",
                              "replica-refuse-empty-primary", "repl-max-concurrent-full-syncs"})
    CHECK(ours.erase(our_own) == 1);
  for (const char* our_own : {"rollback-max-files", "rollback-max-size", "rollback-required"})
    CHECK(ours.erase(our_own) == 1);
  CHECK(ours == RedisDefaults());
}

TEST_CASE("directives: every one has a sentence, values and a group") {
  const ServerTable table = MakeDirectiveTable();
  for (const config::DirectiveInfo& info : table.catalog().infos()) {
    CAPTURE(info.name);
    CHECK(info.doc.ends_with("."));
    CHECK_FALSE(info.values.empty());
    CHECK_FALSE(info.group.empty());
  }
}

TEST_CASE("directives: values as CONFIG GET prints them") {
  ServerSettings s;
  CHECK(Set(s, "maxmemory", "1gb") == "1073741824");
  CHECK(Set(s, "bind", "127.0.0.1 -::1") == "127.0.0.1 -::1");
  CHECK(Set(s, "bind", "") == "");
  CHECK(Set(s, "hz", "5000") == "500");
  CHECK(Set(s, "hz", "0") == "1");
  CHECK(Set(s, "loglevel", "DEBUG") == "debug");
  CHECK(Set(s, "notify-keyspace-events", "xKnmE$") == "$xnKEm");
  CHECK(Set(s, "latency-tracking-info-percentiles", "50.0 99.9999 1") == "50 99.9999 1");
  CHECK(Set(s, "latency-tracking-info-percentiles", "") == "");
  CHECK(Set(s, "client-output-buffer-limit", "slave 1mb 1kb 3 normal 7 0 0") ==
        "normal 7 0 0 slave 1048576 1024 3 pubsub 33554432 8388608 60");
  CHECK(Set(s, "slave-priority", "7") == "7");
  CHECK(s.replica_priority == 7);
  CHECK(Set(s, "slowlog-log-slower-than", "-1") == "-1");
}

TEST_CASE("directives: refusals in Redis' words") {
  ServerSettings s;
  CHECK(Set(s, "port", "70000") == "argument must be between 0 and 65535 inclusive");
  CHECK(Set(s, "timeout", "5000000000") == "argument must be between 0 and 2147483647 inclusive");
  CHECK(Set(s, "repl-timeout", "0") == "argument must be between 1 and 2147483647 inclusive");
  CHECK(Set(s, "maxclients", "0") == "argument must be between 1 and 4294967295 inclusive");
  CHECK(Set(s, "client-query-buffer-limit", "1") ==
        "argument must be between 1048576 and 9223372036854775807 inclusive");
  CHECK(Set(s, "slowlog-log-slower-than", "-5") ==
        "argument must be between -1 and 9223372036854775807 inclusive");
  CHECK(Set(s, "maxmemory", "x") == "argument must be a memory value");
  CHECK(Set(s, "maxmemory-policy", "foo") ==
        "argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, "
        "volatile-ttl, "
        "allkeys-lru, allkeys-lfu, allkeys-random, noeviction");
  CHECK(Set(s, "loglevel", "nothing") ==
        "argument(s) must be one of the following: debug, verbose, notice, warning");
  CHECK(Set(s, "notify-keyspace-events", "Q") ==
        "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.");
  CHECK(Set(s, "client-output-buffer-limit", "foo 1 2 3") ==
        "Invalid client class specified in buffer limit configuration.");
  CHECK(Set(s, "client-output-buffer-limit", "normal 1 2") ==
        "Wrong number of arguments in buffer limit configuration.");
  CHECK(Set(s, "client-output-buffer-limit", "normal 1 2 -3") ==
        "Error in hard, soft or soft_seconds setting in buffer limit configuration.");
  CHECK(Set(s, "latency-tracking-info-percentiles", "50 101") ==
        "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
  CHECK(Set(s, "latency-tracking-info-percentiles", "x") ==
        "Invalid latency-tracking-info-percentiles parameters");
  CHECK(Set(s, "dir", "/") == "can't set protected config");
  for (const char* name : {"daemonize", "unixsocket", "unixsocketperm", "databases", "logfile",
                           "pidfile", "supervised", "tcp-backlog", "replicaof", "rdbchecksum",
                           "enable-debug-command", "enable-protected-configs"})
    CHECK(Set(s, name, "1") == "can't set immutable config");
  CHECK(s == ServerSettings{});
}

TEST_CASE("directives: configuration files in Redis' words") {
  CHECK(Reason("port 1 1") == "wrong number of arguments");
  CHECK(Reason("replicaof a") == "wrong number of arguments");
  CHECK(Reason("replicaof a x") == "Invalid master port");
  CHECK(Reason("bind a b c d e f g h i j k l m n o p q r s") ==
        "Too many bind addresses specified.");
  CHECK(Reason("rename-command a") == "wrong number of arguments");
  CHECK(Reason("no-such-directive yes") == "Bad directive or wrong number of arguments");
}

TEST_CASE("directives: replicaof, and back") {
  const Load load("slaveof 10.0.0.1 7000\n");
  REQUIRE(load.reason == "");
  CHECK(load.settings.replicaof->ToString() == "10.0.0.1:7000");
  CHECK(Get(load.settings, "replicaof") == "10.0.0.1 7000");
  CHECK_FALSE(Load("replicaof a 1\nreplicaof no one\n").settings.replicaof.has_value());
}

TEST_CASE(
    "directives: what turns missing features off is accepted, what would turn them on is not") {
  const Load load(
      "appendonly no\ncluster-enabled no\ntls-port 0\naclfile "
      "''\n");
  CHECK(load.reason == "");
  CHECK(Reason("appendonly yes") ==
        "the append-only file is not supported: only 'appendonly no' is accepted");
  CHECK(Reason("appendonly x") == "argument must be 'yes' or 'no'");
  CHECK(Reason("cluster-enabled yes") ==
        "cluster mode is not supported: only 'cluster-enabled no' is accepted");
  CHECK(Reason("tls-port 6380") == "TLS is not supported: only 'tls-port 0' is accepted");
  CHECK(Reason("aclfile users.acl") ==
        "users other than the default one are not supported: only 'aclfile \"\"' is accepted");
  CHECK(Reason("loadmodule x.so 1") == "modules are not supported");
  ServerSettings s;
  CHECK(Set(s, "tls-replication", "yes") ==
        "TLS is not supported: only 'tls-replication no' is accepted");
  CHECK(Set(s, "aclfile", "x") == "can't set immutable config");
  CHECK(s == ServerSettings{});
}

TEST_CASE("directives: what only tunes Redis' internals is checked, kept and shown") {
  ServerSettings s;
  CHECK(Get(s, "hash-max-ziplist-entries") == "512");
  CHECK(Set(s, "hash-max-listpack-entries", "7") == "7");
  CHECK(Set(s, "hash-max-listpack-entries", "x") == "argument couldn't be parsed into an integer");
  CHECK(Set(s, "auto-aof-rewrite-min-size", "1mb") == "1048576");
  CHECK(Set(s, "active-defrag-cycle-max", "100") == "argument must be between 1 and 99 inclusive");
  CHECK(Set(s, "oom-score-adj-values", "1 2 3") == "1 2 3");
  CHECK(Set(s, "oom-score-adj-values", "1 2") == "wrong number of arguments");
  CHECK(Set(s, "oom-score-adj-values", "1 2 3 4") == "wrong number of arguments");
  CHECK(Set(s, "sanitize-dump-payload", "clients") == "clients");
  const ServerTable table = MakeDirectiveTable();
  const std::string text = config::RewriteRedis("activerehashing yes\n", table.Bind(s));
  CHECK(text ==
        "activerehashing yes\n\n# Generated by CONFIG REWRITE\noom-score-adj-values 1 2 3\n"
        "hash-max-listpack-entries 7\nauto-aof-rewrite-min-size 1mb\n"
        "sanitize-dump-payload clients\n");
  CHECK(Load(text).settings == s);
  CHECK(Set(s, "sanitize-dump-payload", "no") == "no");
  CHECK(s.kept.size() == 3);
}

TEST_CASE("directives: how a snapshot may not arrive") {
  ServerSettings s;
  CHECK(Set(s, "repl-diskless-load", "swapdb") == "swapdb");
  CHECK(Set(s, "repl-diskless-load", "flush-before-load") ==
        "a replica never gives its data up before it holds what replaces it whole");
  CHECK(Set(s, "repl-diskless-load", "x").starts_with("argument(s) must be one of"));
}

TEST_CASE("directives: one warning for each file names what has no effect, and where it stands") {
  const ServerTable table = MakeDirectiveTable();
  ServerSettings settings;
  const config::Loaded loaded =
      config::Load({.file = config::SourceFile{"a.conf",
                                               "hz 9\nio-threads 4\n\nsave ''\n"
                                               "Activerehashing no\nsave 60 10000\n"},
                    .standard_input = {},
                    .command_line = config::ParseCommandLine({"--dynamic-hz", "no"}).entries,
                    .include = {}},
                   table.Bind(settings));
  REQUIRE(!loaded.problem);
  REQUIRE(loaded.warnings.size() == 2);
  CHECK(loaded.warnings[0] ==
        "a.conf: no effect here: io-threads (line 2), Activerehashing (line 5)");
  CHECK(loaded.warnings[1] == "(command line): no effect here: dynamic-hz");
  CHECK(config::InertWarning(table.catalog(), "CONFIG SET", {"port", "activerehashing"}) ==
        "CONFIG SET: no effect here: activerehashing");
  CHECK(config::InertWarning(table.catalog(), "CONFIG SET", {"port", "tls-port"}) == "");
}

TEST_CASE("directives: the save points of a file replace the defaults and add up") {
  const auto save_of = [](const std::string& text) {
    const Load load(text);
    REQUIRE(load.reason == "");
    return Get(load.settings, "save");
  };
  CHECK(save_of("") == "3600 1 300 100 60 10000");
  CHECK(save_of("save 900 1\nsave 300 10\n") == "900 1 300 10");
  CHECK(save_of("save 900 1 300 10\n") == "900 1 300 10");
  CHECK(save_of("save \"\"\n") == "");
  CHECK(save_of("save 900 1\nsave \"\"\nsave 60 5\n") == "60 5");
  CHECK(Reason("save 10") == "Invalid save parameters");
  CHECK(Reason("save a 1") == "Invalid save parameters");
  CHECK(Reason("save 0 1") == "Invalid save parameters");
  CHECK(Reason("save 1 -1") == "Invalid save parameters");
}

TEST_CASE("directives: dbfilename is a name, not a path") {
  CHECK(Reason("dbfilename a/b") == "dbfilename can't be a path, just a filename");
  CHECK(Load("dbfilename other.rdb\n").settings.dbfilename == "other.rdb");
}

TEST_CASE("directives: rename-command accumulates, and CONFIG does not show it") {
  const Load load("rename-command FLUSHALL \"\"\nrename-command KEYS k\n");
  REQUIRE(load.reason == "");
  CHECK(load.settings.rename_command ==
        std::vector<std::pair<std::string, std::string>>{{"FLUSHALL", ""}, {"KEYS", "k"}});
  CHECK(Get(load.settings, "rename-command") == "(0 found)");
}

TEST_CASE("directives: limits of one class leave the others alone") {
  const Load load(
      "client-output-buffer-limit replica 1mb 0 0\nclient-output-buffer-limit pubsub 0 0 0\n");
  REQUIRE(load.reason == "");
  CHECK(load.settings.output_buffer_limit(ClientClass::kReplica) ==
        OutputBufferLimit{1 << 20, 0, std::chrono::seconds(0)});
  CHECK(load.settings.output_buffer_limit(ClientClass::kPubSub) == OutputBufferLimit{});
}

TEST_CASE("directives: every changed setting survives a rewrite in both syntaxes") {
  const ServerTable table = MakeDirectiveTable();
  // A value that differs from the default for every directive that CONFIG REWRITE writes.
  const Load changed(
      "port 1\nbind 127.0.0.1\nunixsocket /tmp/s\nunixsocketperm 700\ntcp-backlog 5\ntcp-keepalive "
      "6\ntimeout 7\n"
      "protected-mode no\nrequirepass \"a b\"\nenable-debug-command "
      "local\nenable-protected-configs yes\n"
      "rename-command KEYS \"\"\ndatabases 4\nloglevel debug\nlogfile x.log\ndaemonize "
      "yes\npidfile p.pid\n"
      "supervised systemd\ndir /tmp\nhz 50\nactive-expire-effort 3\nshutdown-timeout 1\n"
      "rdbcompression no\nrdbchecksum no\nrdb-key-save-delay 5\nkey-load-delay 7\n"
      "maxmemory 1000001\nmaxmemory-policy allkeys-lfu\nmaxmemory-samples 9\nlfu-log-factor "
      "1\nlfu-decay-time 2\n"
      "lazyfree-lazy-eviction yes\nlazyfree-lazy-expire yes\nlazyfree-lazy-user-flush "
      "yes\nreplica-lazy-flush "
      "yes\nmaxclients 5\n"
      "client-output-buffer-limit normal 1mb 1kb 9\nclient-query-buffer-limit "
      "2mb\nproto-max-bulk-len 3mb\n"
      "replicaof h 1\nmasterauth \"\\xff\"\nmasteruser u\nreplica-announce-ip "
      "::1\nreplica-announce-port 9\n"
      "replica-ignore-maxmemory no\nrepl-diskless-load swapdb\npropagation-error-behavior panic\n"
      "replica-announced no\nreplica-refuse-empty-primary no\nreplica-priority "
      "0\nreplica-read-only no\nreplica-serve-stale-data "
      "no\n"
      "save 5 6\ndbfilename d.rdb\nstop-writes-on-bgsave-error no\nrepl-backlog-size "
      "2mb\nrepl-backlog-disk-size 9mb\nrepl-backlog-ttl 0\nrepl-timeout 5\n"
      "repl-ping-replica-period 3\nrepl-diskless-sync no\nrepl-diskless-sync-delay 0\n"
      "repl-diskless-sync-max-replicas 2\nrepl-max-concurrent-full-syncs "
      "3\nrepl-disable-tcp-nodelay yes\nmin-replicas-to-write 1\n"
      "min-replicas-max-lag 3\nprimary-lease 500\nnotify-keyspace-events "
      "AnKE\nslowlog-log-slower-than "
      "-1\nslowlog-max-len 0\n"
      "rollback-max-files 3\nrollback-max-size 5mb\nrollback-required yes\n"
      "latency-monitor-threshold 5\nlatency-tracking no\nlatency-tracking-info-percentiles 50\n");
  REQUIRE(changed.reason == "");
  const config::Binding binding = table.Bind(changed.settings);
  for (const config::BoundDirective& directive : binding.all()) {
    CAPTURE(directive.info->name);
    if (directive.info->name != "save" && directive.info->in_template)
      CHECK(directive.lines() != *directive.default_lines);
  }
  const Load again(config::RewriteRedis("", binding));
  CHECK(again.reason == "");
  CHECK(again.settings == changed.settings);

  ServerSettings utf8 = changed.settings;
  utf8.masterauth = "é \"";
  const auto yaml = config::RewriteYaml("", table.Bind(utf8));
  REQUIRE(yaml.ok());
  ServerSettings loaded;
  CHECK_FALSE(config::Load({.file = config::SourceFile{"a.yaml", *yaml},
                            .standard_input = {},
                            .command_line = {},
                            .include = {}},
                           table.Bind(loaded))
                  .problem.has_value());
  CHECK(loaded == utf8);
}

TEST_CASE("directives: too small a backlog is made larger") {
  CHECK(Load("repl-backlog-size 1\n").settings.repl_backlog_size == 16384);
  CHECK(Load("repl-backlog-size 16384\n").settings.repl_backlog_size == 16384);
  CHECK(Load("repl-backlog-size 20000\n").settings.repl_backlog_size == 20000);
  CHECK(Load("repl-backlog-size 0\n").reason != "");
}
