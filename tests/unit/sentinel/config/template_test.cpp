// configs/sentinel.yaml and configs/sentinel.conf: the directives rendered from the table, then
// what is monitored, by hand.
#include "shared/config/template.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/unit/sentinel/config/samples.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::config {
namespace {

constexpr const char* kTitle =
    "The configuration of quorate-sentinel: every directive with its default.\n"
    "Generated from the directive table; to regenerate: QUORATE_WRITE_TEMPLATES=1 "
    "unit_sentinel_config";

constexpr const char* kYamlGroups = R"(
# Options of the sentinel itself. What is changed at run time (SENTINEL CONFIG SET) goes to the state file beside this one,
# sentinel.yaml.state, as all does that the sentinel learns; an edit here wins over it.
sentinel:
  # Address and port told to others, where they are not those of our connections (NAT, containers).
  # announce-ip: <address>
  # announce-port: <port>

  # Credentials towards other sentinels; without them `requirepass` is used.
  # sentinel-user: <text>
  # sentinel-pass: <text>

  # Take host names where an address is wanted; they are resolved again with every new connection. And what is told to
  # clients, peers and servers: the names, or the addresses behind them.
  resolve-hostnames: no
  announce-hostnames: no

  # Refuse SENTINEL SET of notification-script, client-reconfig-script and pre-failover-script.
  deny-scripts-reconfig: yes

# What is monitored: a primary and, found through it, its replicas and the other sentinels that watch it.
groups:
  - name: mymaster
    primary: 127.0.0.1:6379
    # Sentinels that must see the primary down. To be elected one needs a majority of all as well.
    quorum: 2
    # Sentinels, this one included, that an election counts on, dead or alive; 0: all ever met. A number that says how many you
    # run keeps sentinels that never were from inflating the majority.
    electorate: 0

    # A replica that is known to lack more than so many bytes of the primary's stream does not take a lost primary's place; 0: it
    # does. With none left there is no failover.
    max-lag-on-failover: 0

    # After so many failovers within the window that nobody ordered, all sentinels pause the group for as long (SENTINEL RESUME
    # ends it); 0: no limit. The window is in milliseconds.
    flap-limit: 0
    flap-window: 600000

    # Silence for this long is failure.
    down-after-milliseconds: 30000

    # fast: a process seen dead (its connections reset and refused) is failed over without waiting for
    # down-after-milliseconds. classic: as Redis Sentinel, silence alone counts.
    failure-detection: fast

    # Limit of each phase of a failover.
    failover-timeout: 180000

    # Replicas that are re-pointed at the same time after a failover.
    parallel-syncs: 1

    # A primary that restarts and loads for longer than this is down; 0: never.
    reboot-down-after-period: 0

    # Credentials towards the primary and its replicas.
    # auth-user: <text>
    # auth-pass: <text>

    # Called with <event> <payload> for every warning about the group.
    # notification-script: <path>
    # Called with <group> leader|observer start <from-ip> <from-port> <to-ip> <to-port> when the primary has changed.
    # client-reconfig-script: <path>
    # Asked before this sentinel begins a failover that nobody ordered, with <group> <ip> <port> <heir-ip> <heir-port>; any exit
    # code but 0 vetoes it. It has that long; if it says nothing by then, or cannot be run: proceed, or veto.
    # pre-failover-script: <path>
    pre-failover-timeout: 5000
    pre-failover-on-timeout: proceed

    # Commands that have other names on the servers.
    # rename-commands: {CONFIG: <name>}
)";

constexpr const char* kRedisGroups = R"(
# What is monitored. The sentinel writes what it learns into this file.
# sentinel monitor <name> <ip> <port> <quorum>
sentinel monitor mymaster 127.0.0.1 6379 2
# Sentinels, this one included, that an election counts on; 0: all ever met. Not known to redis-sentinel.
# sentinel electorate mymaster 0
# A replica that is known to lack more bytes does not take a lost primary's place; 0: it does. Not known to redis-sentinel.
# sentinel max-lag-on-failover mymaster 0
# After so many failovers within the window (milliseconds) that nobody ordered, all sentinels pause the group for as long; 0: no
# limit. Not known to redis-sentinel, like all down to the next that is on.
# sentinel flap-limit mymaster 0
# sentinel flap-window mymaster 600000
# Asked before this sentinel begins a failover that nobody ordered; any exit code but 0 vetoes it. Without a word in that time:
# proceed or veto.
# sentinel pre-failover-script mymaster <path>
# sentinel pre-failover-timeout mymaster 5000
# sentinel pre-failover-on-timeout mymaster proceed
# Silence for this long is failure.
sentinel down-after-milliseconds mymaster 30000
# fast: a process seen dead is failed over without waiting for down-after-milliseconds. Not known to redis-sentinel.
# sentinel failure-detection mymaster classic
sentinel failover-timeout mymaster 180000
# Replicas that are re-pointed at the same time after a failover.
sentinel parallel-syncs mymaster 1
# A primary that restarts and loads for longer than this is down; 0: never.
# sentinel master-reboot-down-after-period mymaster 0
# sentinel auth-user mymaster <text>
# sentinel auth-pass mymaster <text>
# sentinel notification-script mymaster <path>
# sentinel client-reconfig-script mymaster <path>
# sentinel rename-command mymaster CONFIG <name>

# Options of the sentinel itself.
# sentinel announce-ip <address>
# sentinel announce-port <port>
# sentinel sentinel-user <text>
# sentinel sentinel-pass <text>
# Take host names where an address is wanted; tell clients, peers and servers the names.
sentinel resolve-hostnames no
sentinel announce-hostnames no
sentinel deny-scripts-reconfig yes
)";

// The file's text; with QUORATE_WRITE_TEMPLATES set it is written first.
std::string FileText(const std::string& name, const std::string& rendered) {
  const std::string path = std::string(QUORATE_SOURCE_DIR "/configs/") + name;
  if (std::getenv("QUORATE_WRITE_TEMPLATES") != nullptr) std::ofstream(path) << rendered;
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void LoadsToDefaults(const char* name, const std::string& text, core::FailureDetection detection) {
  const base::Result<Configuration> loaded = LoadText(name, text);
  REQUIRE_MESSAGE(loaded.ok(), (loaded.ok() ? "" : loaded.error().message));
  CHECK(loaded->warnings.empty());
  CHECK(loaded->process == ProcessSettings{});
  CHECK(loaded->settings == core::Settings{});
  REQUIRE(loaded->durable.groups.size() == 1);
  core::GroupOptions expected;
  expected.failure_detection = detection;
  CHECK(loaded->durable.groups[0].options == expected);
}

TEST_CASE("templates: sentinel.yaml says what the table says, and loads to the defaults") {
  const ProcessTable table = MakeDirectiveTable();
  const ProcessSettings defaults;
  const std::string rendered =
      quorate::config::RenderYamlTemplate(kTitle, table.Bind(defaults)) + kYamlGroups;
  CHECK(FileText("sentinel.yaml", rendered) == rendered);
  LoadsToDefaults("sentinel.yaml", rendered, core::FailureDetection::kFast);
}

TEST_CASE("templates: sentinel.conf says what the table says, and loads to the defaults") {
  const ProcessTable table = MakeDirectiveTable();
  const ProcessSettings defaults;
  const std::string rendered =
      quorate::config::RenderRedisTemplate(kTitle, table.Bind(defaults)) + kRedisGroups;
  CHECK(FileText("sentinel.conf", rendered) == rendered);
  LoadsToDefaults("sentinel.conf", rendered, core::FailureDetection::kClassic);
}

}  // namespace
}  // namespace quorate::sentinel::config
