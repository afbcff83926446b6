#include "sentinel/config/state_file.h"

#include "tests/unit/sentinel/config/samples.h"

#include <doctest/doctest.h>

namespace quorate::sentinel::config {
namespace {

StateFile Sample() {
  StateFile file;
  file.current = {SampleSettings(), SampleState()};
  file.current.durable.groups[0].vote.leader = Id('b');
  file.configured.durable.groups = {SampleState().groups[1]};
  return file;
}

Statements Yaml(std::vector<core::DurableGroup> groups) {
  Statements yaml;
  yaml.durable.groups = std::move(groups);
  return yaml;
}

core::DurableGroup Group(const std::string& name, uint16_t port, uint32_t quorum) {
  core::DurableGroup group;
  group.name = name;
  group.primary = {"10.0.0.1", port};
  group.options.quorum = quorum;
  return group;
}

TEST_CASE("state file: what was written is read back") {
  const StateFile file = Sample();
  const base::Result<StateFile> read = ReadStateFile(WriteStateFile(file));
  REQUIRE(read);
  CHECK(read->current.durable == file.current.durable);
  CHECK(read->current.settings == file.current.settings);
  CHECK(read->configured.durable == file.configured.durable);
}

TEST_CASE("state file: texts of any bytes are read back as they were") {
  std::string bytes;
  for (int c = 1; c < 256; ++c) bytes += static_cast<char>(c);
  for (const std::string& text : {bytes,
                                  std::string("p\xe9"
                                              "ch\xe9"),
                                  std::string("\xff"), std::string("\xc3\x28"),
                                  std::string("p\xc3\xa9"
                                              "ch\xc3\xa9")}) {
    CAPTURE(text);
    StateFile file = Sample();
    core::GroupOptions& options = file.current.durable.groups[0].options;
    options.auth_user = options.auth_pass = options.client_reconfig_script =
        options.notification_script = text;
    options.renamed_commands = {{text, text}, {"CONFIG", text}};
    file.current.settings.sentinel_user = file.current.settings.sentinel_pass = text;
    file.configured.durable.groups[0].options.auth_pass = text;
    const base::Result<StateFile> read = ReadStateFile(WriteStateFile(file));
    REQUIRE_MESSAGE(read.ok(), (read.ok() ? "" : read.error().message));
    CHECK(read->current.durable == file.current.durable);
    CHECK(read->current.settings == file.current.settings);
    CHECK(read->configured.durable == file.configured.durable);
  }
}

TEST_CASE("state file: cut anywhere or with any byte changed, it is refused") {
  const std::string text = WriteStateFile(Sample());
  for (size_t cut = 0; cut < text.size(); ++cut) {
    CAPTURE(cut);
    CHECK_FALSE(ReadStateFile(text.substr(0, cut)));
  }
  for (size_t at = 0; at < text.size(); ++at) {
    CAPTURE(at);
    std::string damaged = text;
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    CHECK_FALSE(ReadStateFile(damaged));
  }
}

TEST_CASE("state file: a torn one stops the start, with its name in the error") {
  const std::string yaml = "groups:\n- {name: a, primary: \"10.0.0.1:6379\", quorum: 2}\n";
  const std::string state = WriteStateFile(Sample());
  CHECK(LoadError("s.yaml", yaml, state).empty());
  CHECK(Contains(LoadError("s.yaml", yaml, state.substr(0, state.size() / 2)), "s.yaml.state"));
  CHECK(Contains(LoadError("s.yaml", yaml, ""), "s.yaml.state"));
}

TEST_CASE("merge: what was learned and changed at run time goes on") {
  StateFile last;
  last.configured = Yaml({Group("a", 6379, 2)});
  last.current = Yaml({Group("a", 7000, 3)});
  last.current.durable.groups[0].config_epoch = base::Epoch(5);
  last.current.durable.current_epoch = base::Epoch(8);
  const Statements merged = Merge(Yaml({Group("a", 6379, 2)}), last);
  CHECK(merged.durable == last.current.durable);
}

TEST_CASE("merge: what the operator has edited since wins") {
  StateFile last;
  last.configured = Yaml({Group("a", 6379, 2)});
  last.current = Yaml({Group("a", 7000, 3)});
  last.current.durable.groups[0].config_epoch = base::Epoch(5);
  Statements yaml = Yaml({Group("a", 6379, 4)});
  yaml.settings.announce_ip = "10.0.0.5";
  const Statements merged = Merge(yaml, last);
  CHECK(merged.durable.groups[0].options.quorum == 4);
  CHECK(merged.durable.groups[0].primary.port == 7000);
  CHECK(merged.durable.groups[0].config_epoch == base::Epoch(5));
  CHECK(merged.settings.announce_ip == "10.0.0.5");
  const Statements moved = Merge(Yaml({Group("a", 6400, 2)}), last);
  CHECK(moved.durable.groups[0].primary.port == 6400);
  CHECK(moved.durable.groups[0].config_epoch == base::Epoch(0));  // as by SENTINEL MONITOR
  CHECK(moved.durable.current_epoch == last.current.durable.current_epoch);
}

TEST_CASE(
    "merge: a group added at run time and failed over keeps its primary when the YAML gets it") {
  StateFile last;
  last.current = Yaml({Group("a", 7000, 3)});
  last.current.durable.groups[0].config_epoch = base::Epoch(5);
  last.current.durable.groups[0].replicas = {{"10.0.0.1", 6379}};
  const core::DurableGroup merged = Merge(Yaml({Group("a", 6379, 4)}), last).durable.groups[0];
  CHECK(merged.primary.port == 7000);
  CHECK(merged.config_epoch == base::Epoch(5));
  CHECK(merged.replicas.size() == 1);
  CHECK(merged.options.quorum == 4);
}

TEST_CASE("merge: a log level set at run time lasts until the YAML's is edited") {
  const ProcessTable table = MakeDirectiveTable();
  base::Result<Configuration> first = LoadText("s.yaml", "loglevel: verbose\n");
  REQUIRE(first);
  first->process.loglevel = LogLevel::kWarning;
  const std::string state = RenderState("s.yaml", "", table, *first);
  const auto level = [&state](const std::string& yaml) {
    const base::Result<Configuration> loaded = LoadText("s.yaml", yaml, state);
    REQUIRE(loaded);
    return loaded->process.loglevel;
  };
  CHECK((level("loglevel: verbose\n") == LogLevel::kWarning));
  CHECK((level("loglevel: debug\n") == LogLevel::kDebug));
  CHECK((MergeLogLevel(LogLevel::kDebug, Sample()) == LogLevel::kDebug));  // of an older version
}

TEST_CASE("merge: groups come and go with the YAML, and with commands") {
  StateFile last;
  last.configured = Yaml({Group("dropped", 1, 1), Group("removed", 2, 1)});
  last.current = Yaml({Group("added", 3, 1), Group("dropped", 1, 1)});
  last.current.durable.groups[1].vote.epoch = base::Epoch(6);
  const Statements merged = Merge(Yaml({Group("new", 4, 1), Group("removed", 2, 1)}), last);
  REQUIRE(merged.durable.groups.size() == 2);
  CHECK(merged.durable.groups[0].name == "added");  // SENTINEL MONITOR
  CHECK(merged.durable.groups[1].name == "new");    // written into the YAML
  CHECK(merged.durable.retired.at("dropped").vote == base::Epoch(6));
  // SENTINEL REMOVE holds until the entry is edited.
  CHECK(Merge(Yaml({Group("removed", 2, 9)}), last).durable.groups[1].name == "removed");
}

}  // namespace
}  // namespace quorate::sentinel::config
