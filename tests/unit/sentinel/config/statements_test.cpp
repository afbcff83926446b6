#include "sentinel/config/statements.h"

#include "tests/unit/sentinel/config/samples.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::config {
namespace {

const std::string kMonitor = "sentinel monitor a 127.0.0.1 6379 2\n";

TEST_CASE("statements: the order of lines is free") {
  const auto loaded = LoadText("s.conf",
                               "sentinel known-replica a 10.0.0.3 6379\n"
                               "sentinel down-after-milliseconds a 1234\n" +
                                   kMonitor + "sentinel current-epoch 9\nport 5000\n");
  REQUIRE(loaded);
  REQUIRE(loaded->durable.groups.size() == 1);
  const core::DurableGroup& group = loaded->durable.groups[0];
  CHECK(group.options.down_after == std::chrono::milliseconds(1234));
  CHECK(group.replicas == std::vector<base::Endpoint>{{"10.0.0.3", 6379}});
  CHECK(loaded->durable.current_epoch == base::Epoch(9));
  CHECK(loaded->process.port == 5000);
  CHECK(loaded->settings.listen_port == 5000);
}

TEST_CASE("statements: older and newer names of options mean the same") {
  const auto loaded = LoadText("s.conf", kMonitor +
                                             "sentinel known-slave a 10.0.0.3 6379\n"
                                             "sentinel primary-reboot-down-after-period a 700\n");
  REQUIRE(loaded);
  CHECK(loaded->durable.groups[0].replicas.size() == 1);
  CHECK(loaded->durable.groups[0].options.reboot_down_after == std::chrono::milliseconds(700));
}

TEST_CASE("statements: what is wrong is said in Redis' words, with the line") {
  const std::string id(40, 'd');
  const struct {
    std::string text;
    std::string reason;
  } cases[] = {
      {"sentinel foo bar\n", "Unrecognized sentinel configuration statement."},
      {"sentinel\n", "Unrecognized sentinel configuration statement."},
      {"sentinel monitor a 127.0.0.1 6379\n", "Unrecognized sentinel configuration statement."},
      {"sentinel monitor a 127.0.0.1 6379 0\n", "Quorum must be 1 or greater."},
      {"sentinel monitor a 127.0.0.1 99999 2\n", "Invalid port number."},
      {"sentinel monitor a nohost 6379 2\n", "Can't resolve instance hostname."},
      {kMonitor + kMonitor, "Duplicate master name."},
      {"sentinel auth-pass b x\n", "No such master with specified name."},
      {kMonitor + "sentinel down-after-milliseconds a x\n", "negative or zero time parameter."},
      {kMonitor + "sentinel failover-timeout a 0\n", "negative or zero time parameter."},
      {kMonitor + "sentinel master-reboot-down-after-period a -1\n", "negative time parameter."},
      {kMonitor + "sentinel rename-command a CONFIG x\nsentinel rename-command a config y\n",
       "Same command renamed multiple times with rename-command."},
      {kMonitor + "sentinel known-replica a 1.1.1.1 2\nsentinel known-replica a 1.1.1.1 2\n",
       "Duplicate hostname and port for replica."},
      {kMonitor + "sentinel known-sentinel a 1.1.1.1 2 " + id +
           "\nsentinel known-sentinel a 1.1.1.1 3 " + id + "\n",
       "Duplicate runid for sentinel."},
      {"sentinel myid abc\n", "Malformed Sentinel id in myid option."},
      {"sentinel deny-scripts-reconfig x\n",
       "Please specify yes or no for the deny-scripts-reconfig options."},
      {"sentinel resolve-hostnames x\n",
       "Please specify yes or no for the resolve-hostnames option."},
      {"sentinel current-epoch x\n", "Invalid epoch."},
      {"sentinel current-epoch 9223372036854775807\n", "Invalid epoch."},
      {kMonitor + "sentinel auth-pass a \"x\\ny\"\n",
       "Values with control characters are refused."},
      {"nonsense 1\n", "Bad directive or wrong number of arguments"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    const std::string error = LoadError("s.conf", c.text);
    CHECK(Contains(error, c.reason + "\n"));
    CHECK(Contains(error, "*** FATAL CONFIG FILE ERROR"));
  }
}

TEST_CASE("statements: a known sentinel without its run id says nothing") {
  const auto loaded = LoadText("s.conf", kMonitor + "sentinel known-sentinel a 1.1.1.1 2\n");
  REQUIRE(loaded);
  CHECK(loaded->durable.groups[0].peers.empty());
}

TEST_CASE("statements: names of hosts are taken where they are to be resolved") {
  const auto loaded = LoadText(
      "s.conf", "sentinel monitor a primary.example 6379 2\nsentinel resolve-hostnames yes\n");
  REQUIRE(loaded);
  CHECK(loaded->durable.groups[0].primary == base::Endpoint{"primary.example", 6379});
}

TEST_CASE("statements: groups of the command line and of included files survive a restart") {
  Sources sources;
  sources.startup.file = {"s.conf", "include groups.conf\n"};
  sources.startup.include = [](const std::string& path) {
    return std::vector<quorate::config::SourceFile>{
        {path, "sentinel monitor b 127.0.0.2 6379 1\nsentinel rename-command b CONFIG guarded\n"}};
  };
  sources.startup.command_line =
      quorate::config::ParseCommandLine({"--sentinel", "monitor", "a", "127.0.0.1", "6379", "2",
                                         "--sentinel", "failover-timeout", "a", "5000"})
          .entries;
  const ProcessTable table = MakeDirectiveTable();
  base::Result<Configuration> loaded = LoadConfiguration(sources, table);
  REQUIRE_MESSAGE(loaded.ok(), (loaded.ok() ? "" : loaded.error().message));
  REQUIRE(loaded->durable.groups.size() == 2);
  loaded->durable.myid = Id('a');
  loaded->durable.groups[0].primary.port = 7000;  // a failover
  sources.startup.file->text = RenderState("s.conf", sources.startup.file->text, table, *loaded);
  const base::Result<Configuration> again = LoadConfiguration(sources, table);
  REQUIRE_MESSAGE(again.ok(), (again.ok() ? "" : again.error().message));
  CHECK(again->durable == loaded->durable);
  // Twice in one source is a mistake, as ever.
  sources.startup.command_line.push_back(sources.startup.command_line[0]);
  sources.startup.file->text = "";
  const base::Result<Configuration> twice = LoadConfiguration(sources, table);
  REQUIRE_FALSE(twice);
  CHECK(Contains(twice.error().message, "Duplicate master name."));
}

TEST_CASE("statements: a script that cannot be run is refused") {
  Sources sources;
  sources.startup.file = {"s.conf", kMonitor + "sentinel notification-script a /x\n"};
  sources.is_executable = [](const std::string& path) { return path != "/x"; };
  const ProcessTable table = MakeDirectiveTable();
  const auto loaded = LoadConfiguration(sources, table);
  REQUIRE_FALSE(loaded);
  CHECK(Contains(loaded.error().message,
                 "Notification script seems non existing or non executable."));
}

}  // namespace
}  // namespace quorate::sentinel::config
