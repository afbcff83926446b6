// A state with everything in it, and the reading of texts, for the tests of sentinel/config.
#pragma once

#include <optional>
#include <string>

#include "sentinel/config/configuration.h"

namespace quorate::sentinel::config {

inline base::RunId Id(char digit) { return *base::RunId::Parse(std::string(40, digit)); }

// A state as a sentinel has it after a failover: two groups, replicas, peers, options that differ
// from the defaults.
inline core::DurableState SampleState() {
  core::DurableState state;
  state.myid = Id('a');
  state.current_epoch = base::Epoch(7);
  core::DurableGroup first;
  first.name = "cache";
  first.primary = {"10.0.0.2", 6379};
  first.options.quorum = 2;
  first.options.down_after = std::chrono::milliseconds(1500);
  first.options.parallel_syncs = 3;
  first.options.auth_pass = "two words \"quoted\" \\ #";
  first.options.auth_user = "watcher";
  first.options.renamed_commands = {{"CONFIG", "guarded"}, {"SLAVEOF", "follow"}};
  first.options.failure_detection = core::FailureDetection::kFast;
  first.options.electorate = 5;
  first.options.max_lag_on_failover = 4096;
  first.options.flap_limit = 3;
  first.options.flap_window = std::chrono::minutes(30);
  first.options.pre_failover_script = "/usr/local/bin/ask me first";
  first.options.pre_failover_timeout = std::chrono::milliseconds(700);
  first.options.pre_failover_on_timeout = core::NoVerdict::kVeto;
  first.shared = {{"auth-pass", {12, {"auth-pass", "two words \"quoted\" \\ #"}}},
                  {"quorum", {3, {"quorum", "2"}}},
                  {"rename-command SLAVEOF", {4, {"rename-command", "slaveof", "follow"}}}};
  first.config_epoch = base::Epoch(6);
  first.vote.epoch = base::Epoch(7);
  first.electorate_met = 5;
  first.replicas = {{"10.0.0.1", 6379}, {"fe80::1", 6380}};
  first.peers = {{Id('b'), {"10.0.1.1", 26379}}, {Id('c'), {"10.0.1.2", 26379}}};
  core::DurableGroup second;
  second.name = "store";
  second.primary = {"10.0.0.9", 7000};
  second.options.quorum = 1;
  second.options.failover_timeout = std::chrono::seconds(20);
  second.options.reboot_down_after = std::chrono::seconds(5);
  second.electorate_met = 0;
  state.groups = {first, second};
  state.retired = {{"gone", {base::Epoch(4), 3}}};
  state.retired_vote_floor = base::Epoch(2);
  state.journal = 31;
  return state;
}

inline core::Settings SampleSettings() {
  core::Settings settings;
  settings.announce_ip = "192.168.0.7";
  settings.announce_port = 5000;
  settings.sentinel_pass = "secret";
  settings.deny_scripts_reconfig = false;
  return settings;
}

// Loads one file's text; `state` is the state file's, for YAML.
inline base::Result<Configuration> LoadText(const std::string& path, const std::string& text,
                                            std::optional<std::string> state = std::nullopt) {
  Sources sources;
  sources.startup.file = {path, text};
  sources.state = std::move(state);
  const ProcessTable table = MakeDirectiveTable();
  return LoadConfiguration(sources, table);
}

// The error's text; empty if it loads.
inline std::string LoadError(const std::string& path, const std::string& text,
                             std::optional<std::string> state = std::nullopt) {
  const base::Result<Configuration> loaded = LoadText(path, text, std::move(state));
  return loaded ? std::string() : loaded.error().message;
}

inline bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace quorate::sentinel::config
