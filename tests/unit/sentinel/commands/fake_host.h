// A sentinel's commands without a process: a core that was started with a given state, and one
// client that asks.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sentinel/commands/context.h"
#include "sentinel/core/sentinel.h"

namespace quorate::sentinel::commands {

class FakeHost final : public Host, public session::ClientDirectory {
 public:
  explicit FakeHost(const core::DurableState& durable) : core_(core::Settings{}, durable, 1) {
    RegisterAll(table_);
    core_.Step(clock_, core::Start{});
  }

  // The reply to one request, as bytes. What goes to the core is in `submitted`, and its answer, if
  // it comes at once, is not written.
  std::string Ask(const std::vector<std::string_view>& args, int protocol = 2) {
    client.output.Clear();
    client.writer = resp::Writer(client.output, protocol);
    submitted.reset();
    const command::Command* command = table_.Resolve(args);
    if (const std::string refusal = command::RefusalOf(table_, command, args); !refusal.empty())
      return "-" + refusal;
    Context context{*this, client, *command, args};
    table_.Run(*command, context);
    return std::string(client.output.view());
  }

  // What no client waits for.
  void Apply(const core::Input& input) { core_.Step(clock_, input); }

  // ---- Host
  const core::State& state() const override { return core_.state(); }
  base::Instant now() const override { return clock_; }
  base::WallTime wall_now() const override { return {1'700'000'000'000}; }
  const config::ProcessSettings& process() const override { return process_; }
  ProcessFacts Facts() const override { return {}; }
  Counters Count() const override { return {}; }
  std::vector<ScriptView> Scripts() const override { return scripts; }
  std::vector<config::HistoryEntry> History(std::string_view group, size_t count) const override {
    std::vector<config::HistoryEntry> view;
    for (const config::HistoryEntry& entry : history)
      if (entry.failover.group == group && view.size() < count) view.push_back(entry);
    return view;
  }
  session::PubSub& pubsub() override { return pubsub_; }
  const session::PubSub& pubsub() const override { return pubsub_; }
  session::ClientDirectory& clients() override { return *this; }
  const command::Registry& registry() const override { return table_; }
  void Submit(session::Client&, const std::function<core::Input(core::ClientId)>& make) override {
    submitted = make(core::ClientId{7});
  }
  bool IsExecutable(const std::string& path) const override { return path != "/missing"; }
  void SetLogLevel(config::LogLevel level) override { process_.loglevel = level; }
  unsigned simulated_failures() const override { return failures_; }
  void SimulateFailures(unsigned failures) override { failures_ = failures; }
  void Shutdown() override { shut_down = true; }

  // ---- session::ClientDirectory
  base::Instant ClientClock() const override { return clock_; }
  void ForEachClient(const std::function<void(session::Client&)>& visit) override { visit(client); }
  session::Client* FindClient(uint64_t id) override { return id == client.id ? &client : nullptr; }
  session::ClientFacts FactsOf(const session::Client&) const override { return {}; }
  void KillClient(session::Client&, std::string_view) override {}
  void PauseClients(session::PauseScope, base::Instant) override {}
  void UnpauseClients() override {}
  bool UnblockClient(session::Client&, bool) override { return false; }

  const CommandTable& table() const { return table_; }

  session::Client client{1, base::Instant{}};
  std::optional<core::Input> submitted;
  std::vector<ScriptView> scripts;
  std::vector<config::HistoryEntry> history;  // newest first
  bool shut_down = false;

 private:
  base::Instant clock_{std::chrono::seconds(100)};
  core::Sentinel core_;
  CommandTable table_;
  session::PubSub pubsub_{[](session::Client&) {}};
  config::ProcessSettings process_;
  unsigned failures_ = kNoFailure;
};

}  // namespace quorate::sentinel::commands
