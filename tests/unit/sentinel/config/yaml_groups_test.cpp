#include "sentinel/config/yaml_groups.h"

#include "tests/unit/sentinel/config/samples.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::config {
namespace {

TEST_CASE("yaml: groups, options of the process and directives stand side by side") {
  const auto loaded = LoadText("s.yaml", R"(
network: {port: 5000}
loglevel: verbose
sentinel:
  announce-ip: 10.0.0.9
  resolve-hostnames: true
groups:
  - name: a
    primary: primary.example:6379
    quorum: 2
    down-after-milliseconds: 1500
    reboot-down-after-period: 10
    auth-pass: "two words"
    rename-commands: {CONFIG: guarded}
  - {name: b, primary: "[::1]:6380", quorum: 1, failure-detection: classic}
)");
  REQUIRE_MESSAGE(loaded.ok(), (loaded.ok() ? "" : loaded.error().message));
  CHECK(loaded->process.port == 5000);
  CHECK((loaded->process.loglevel == LogLevel::kVerbose));
  CHECK(loaded->settings.announce_ip == "10.0.0.9");
  REQUIRE(loaded->durable.groups.size() == 2);
  const core::DurableGroup& a = loaded->durable.groups[0];
  CHECK(a.primary == base::Endpoint{"primary.example", 6379});
  CHECK(a.options.down_after == std::chrono::milliseconds(1500));
  CHECK(a.options.auth_pass == "two words");
  CHECK(a.options.renamed_commands.at("CONFIG") == "guarded");
  CHECK((a.options.failure_detection == core::FailureDetection::kFast));
  const core::DurableGroup& b = loaded->durable.groups[1];
  CHECK(b.primary == base::Endpoint{"::1", 6380});
  CHECK((b.options.failure_detection == core::FailureDetection::kClassic));
}

TEST_CASE("yaml: true and false are yes and no only where yes or no is asked for") {
  const auto loaded = LoadText("s.yaml", R"(
sentinel: {sentinel-pass: false, resolve-hostnames: true, deny-scripts-reconfig: false}
groups:
  - {name: a, primary: "10.0.0.1:6379", quorum: 2, auth-pass: true, auth-user: False}
)");
  REQUIRE_MESSAGE(loaded.ok(), (loaded.ok() ? "" : loaded.error().message));
  CHECK(loaded->settings.sentinel_pass == "false");
  CHECK(loaded->settings.resolve_hostnames);
  CHECK_FALSE(loaded->settings.deny_scripts_reconfig);
  CHECK(loaded->durable.groups[0].options.auth_pass == "true");
  CHECK(loaded->durable.groups[0].options.auth_user == "False");
}

TEST_CASE("yaml: a bad group is refused with its line") {
  const struct {
    const char* text;
    const char* reason;
    const char* line;
  } cases[] = {
      {"groups: 3\n", "'groups' is a list", "line 1"},
      {"groups:\n  - name: a\n", "a group needs name, primary and quorum", "line 2"},
      {"groups:\n  - name: a\n    primary: here\n    quorum: 2\n", "'primary' is host:port",
       "line 3"},
      {"groups:\n  - name: a\n    primary: 10.0.0.1:1\n    quorum: 0\n",
       "Quorum must be 1 or greater.", "line 2"},
      {"groups:\n  - name: a\n    primary: 10.0.0.1:1\n    quorum: 1\n    color: red\n",
       "unknown option 'color'", "line 5"},
      {"sentinel:\n  color: red\n", "unknown option 'color'", "line 2"},
      {"sentinel: [1]\n", "'sentinel' is a map of options", "line 1"},
      {"colour: red\n", "Bad directive", "line 1"},
      {"groups:\n  - name: a\n    primary: 10.0.0.1:1\n    quorum: 1\n    auth-pass: \"x\\ny\"\n",
       "Values with control characters are refused.", "line 5"},
  };
  for (const auto& c : cases) {
    CAPTURE(c.text);
    const std::string error = LoadError("s.yaml", c.text);
    CHECK(Contains(error, c.reason));
    CHECK(Contains(error, c.line));
  }
}

}  // namespace
}  // namespace quorate::sentinel::config
