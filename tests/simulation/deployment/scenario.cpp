#include "tests/simulation/deployment/scenario.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <set>
#include <sstream>

#include "shared/base/check.h"

namespace quorate::simulation {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Duration kLook = milliseconds(10);

// Events that say little about who leads.
const std::set<std::string_view> kLeftOut = {
    "+slave",
    "+sentinel",
    "+failover-state-select-slave",
    "+failover-state-send-slaveof-noone",
    "+failover-state-reconf-slaves",
    "+slave-reconf-inprog",
};

// Of what servers say, what is about resynchronizations.
constexpr std::string_view kResyncWords[] = {
    "esynchronization", "Full resync", "full resync", "acklog", "Connection with master lost",
};

std::string_view FirstWord(std::string_view line) { return line.substr(0, line.find(' ')); }

bool IsEvent(std::string_view line) { return !line.empty() && (line[0] == '+' || line[0] == '-'); }

std::string RoleOf(const ServerNode& node) {
  if (!node.running()) return "stopped";
  if (!node.replication().is_replica()) return "is a primary";
  const auto upstream = node.replication().Upstream();
  return "follows " + upstream->primary.host;
}

}  // namespace

Scenario::Scenario(std::string name, uint64_t seed, const DeploymentOptions& options)
    : name_(std::move(name)), deployment_(seed, options), caller_(world(), "10.0.9.1") {
  events_of_.resize(options.sentinels);
  roles_.resize(options.follows.size());
  for (size_t i = 0; i < deployment_.sentinels().size(); ++i)
    deployment_.sentinels()[i]->SetLogObserver(
        [this, i](std::string_view line) { OnSentinelLog(i + 1, line); });
  for (size_t i = 0; i < deployment_.servers().size(); ++i)
    servers_[deployment_.servers()[i]->host().id()] = i + 1;
  const bool started = deployment_.Start();
  CHECK(started);
  Run(seconds(1));
  for (size_t i = 0; i < deployment_.sentinels().size(); ++i)
    names_[deployment_.sentinels()[i]->state().myid.ToString()] =
        fmt::format("<sentinel {}>", i + 1);
  for (size_t i = 0; i < deployment_.servers().size(); ++i)
    roles_[i] = RoleOf(*deployment_.servers()[i]);
  zero_ = world().Now();
  events_.clear();
  for (auto& events : events_of_) events.clear();
  world().SetTurnObserver([this](HostId host) { OnTurn(host); });
}

void Scenario::OnSentinelLog(size_t number, std::string_view line) {
  if (!IsEvent(line)) return;
  const std::string event(FirstWord(line));
  ++events_[event];
  ++events_of_[number - 1][event];
  if (zero_ && !kLeftOut.contains(event)) Add(fmt::format("sentinel {}", number), line);
}

void Scenario::OnTurn(HostId host) {
  const auto found = servers_.find(host);
  if (found == servers_.end() || !server(found->second).running()) return;
  std::string role = RoleOf(server(found->second));
  if (role == roles_[found->second - 1]) return;
  Add(fmt::format("server {}", found->second), role);
  roles_[found->second - 1] = std::move(role);
}

void Scenario::Note(const std::string& what) { Add("*", what); }

void Scenario::Add(const std::string& who, std::string_view what) {
  const int64_t ms = base::ToMs(world().Now() - *zero_);
  lines_.push_back(fmt::format("{:>4}.{:03}  {:<10}  {}", ms / 1000, ms % 1000, who,
                               WithNames(std::string(what))));
}

std::string Scenario::WithNames(std::string text) const {
  for (const auto& [id, name] : names_)
    for (size_t at = text.find(id); at != std::string::npos; at = text.find(id))
      text.replace(at, id.size(), name);
  return text;
}

bool Scenario::UntilPrimaryIs(size_t number, base::Duration limit) {
  const auto agreed = [&] {
    for (const auto& node : deployment_.sentinels())
      if (node->running() &&
          node->state().groups.at(kGroup).primary.address != server(number).endpoint())
        return false;
    return true;
  };
  return world().RunUntil(agreed, limit);
}

bool Scenario::UntilWell(base::Duration limit) {
  base::Duration well{};
  for (const base::Instant end = world().Now() + limit; well < seconds(1); Run(kLook)) {
    if (world().Now() >= end) return false;
    well = deployment_.Trouble() ? base::Duration{} : well + kLook;
  }
  Note("all is well");
  return true;
}

bool Scenario::UntilEvent(size_t sentinel, std::string_view event, base::Duration limit) {
  size_t& seen = events_of_.at(sentinel - 1)[std::string(event)];
  const size_t before = seen;
  return world().RunUntil([&] { return seen > before; }, limit);
}

std::string Scenario::Call(const base::Endpoint& to, std::initializer_list<std::string_view> args) {
  return caller_.Call(to, args);
}

void Scenario::ShowResyncs() {
  for (size_t i = 0; i < deployment_.servers().size(); ++i)
    deployment_.servers()[i]->SetLogObserver([this, i](std::string_view line) {
      if (std::ranges::any_of(kResyncWords, [&](std::string_view words) {
            return line.find(words) != std::string_view::npos;
          }))
        Add(fmt::format("server {}", i + 1), line);
    });
}

std::string Scenario::TurnOffDiskWhileRead(size_t number, base::Duration limit) {
  bool reads = false;
  world().trace().SetSink([&](const std::string& entry) {
    if (entry.find("file-read") != std::string::npos && entry.find("backlog-") != std::string::npos)
      reads = true;
  });
  const bool seen = world().RunUntil([&] { return reads; }, limit);
  world().trace().SetSink({});
  if (!seen) return "(nothing was read)";
  // It stands still until the command is there.
  server(number).Pause();
  world().After(milliseconds(50), [this, number] { server(number).Resume(); });
  return Call(server(number).endpoint(), {"CONFIG", "SET", "repl-backlog-disk-size", "0"});
}

size_t Scenario::CountLostWrites(size_t number) {
  deployment_.StopWriters();
  Run(seconds(1));
  return deployment_.LostWrites(server(number));
}

size_t Scenario::Count(std::string_view event) const {
  const auto found = events_.find(std::string(event));
  return found == events_.end() ? 0 : found->second;
}

bool Scenario::MatchesTranscript() const {
  const std::string path =
      std::string(QUORATE_SOURCE_DIR) + "/tests/simulation/scenarios/" + name_ + ".txt";
  std::string actual;
  for (const std::string& line : lines_) actual += line + "\n";
  if (std::getenv("QUORATE_REWRITE") != nullptr) {
    std::ofstream(path) << actual;
    return true;
  }
  std::ostringstream expected;
  expected << std::ifstream(path).rdbuf();
  if (expected.str() == actual) return true;
  std::cerr << path << " is not what happened (QUORATE_REWRITE=1 writes it anew):\n" << actual;
  return false;
}

}  // namespace quorate::simulation
