#include "tests/simulation/swarm/faults.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace quorate::simulation {

namespace {

using std::chrono::milliseconds;

constexpr base::Duration kUsualDiskLatency = std::chrono::microseconds(100);
constexpr base::Duration kUsualDiskJitter = std::chrono::microseconds(400);
// After these it matters most who fails.
const std::set<std::string_view> kSteps = {
    "+odown",          "+try-failover",   "+vote-for-leader",
    "+elected-leader", "+selected-slave", "+failover-state-wait-promotion",
    "+promoted-slave", "+switch-master",  "+slave-reconf-sent",
};

constexpr int64_t kMostClockPpm = 100'000;

}  // namespace

Faults::Faults(Deployment& deployment, const SwarmOptions& options, base::Random random,
               std::function<void(const std::string&)> tell)
    : deployment_(deployment),
      world_(deployment.world()),
      options_(options),
      random_(random),
      tell_(std::move(tell)),
      operator_(world_.AddHost("10.0.9.1").StartProcess("operator")) {}

base::Duration Faults::Draw(int64_t low_ms, int64_t high_ms) {
  return milliseconds(random_.Between(low_ms, high_ms));
}

void Faults::Later(base::Duration delay, std::function<void()> action) {
  world_.After(delay, [this, action = std::move(action)] {
    if (!healed_) action();
  });
}

Fault Faults::AnyFault() {
  return *std::next(options_.faults.begin(),
                    static_cast<std::ptrdiff_t>(random_.Below(options_.faults.size())));
}

void Faults::Plan() {
  timely_strikes_ = options_.timely_strikes;
  for (int i = 0; i < options_.strikes; ++i) {
    const Fault fault = AnyFault();
    Later(Draw(0, base::ToMs(options_.safety)), [this, fault] { Strike(fault); });
  }
}

void Faults::Strike(Fault fault) {
  switch (fault) {
    case Fault::kKillServer:
      return StopServer(false);
    case Fault::kPowerOffServer:
      return StopServer(true);
    case Fault::kKillSentinel:
      return StopSentinel(AnySentinel(), false);
    case Fault::kPowerOffSentinel:
      return StopSentinel(AnySentinel(), true);
    case Fault::kPowerOffVoter:
      ++votes_to_hit_;
      return StopServer(false);  // so that there is a vote
    case Fault::kPauseServer:
      return Pause(*deployment_.servers()[ServerToHit()]);
    case Fault::kPauseSentinel:
      return Pause(*deployment_.sentinels()[AnySentinel()]);
    case Fault::kStall:
      return StallSentinels();
    case Fault::kCutOneWay:
      return CutWays(false);
    case Fault::kCutBothWays:
      return CutWays(true);
    case Fault::kPartition:
      return Partition();
    case Fault::kDiskFull:
    case Fault::kFailedSyncs:
    case Fault::kSlowDisk:
      return SpoilDisk(fault);
    case Fault::kClockRate:
    case Fault::kWallJump:
      return TouchClock(fault);
    case Fault::kSlowNetwork:
      return SlowNetwork();
    case Fault::kForcedFailover:
      return Operate("FAILOVER");
    case Fault::kReset:
      return Operate("RESET");
  }
}

Host& Faults::AnyHost() {
  if (random_.Chance(1, 2)) return deployment_.sentinels()[AnySentinel()]->host();
  return deployment_.servers()[ServerToHit()]->host();
}

size_t Faults::ServerToHit() {
  auto& servers = deployment_.servers();
  for (size_t i = 0; i < servers.size(); ++i)
    if (servers[i]->running() && !servers[i]->replication().is_replica() && random_.Chance(2, 3))
      return i;
  return AnyServer();
}

// ---- processes

template <typename Node>
bool Faults::Stop(Node& node, bool power) {
  if (!node.running()) return false;
  tell_(fmt::format("{} {}", node.ip(), power ? "loses power" : "is killed"));
  if (power) {
    node.PowerOff();
  } else {
    node.Kill();
  }
  return true;
}

void Faults::StopServer(bool power) {
  const size_t index = ServerToHit();
  if (!Stop(*deployment_.servers()[index], power)) return;
  Later(Draw(0, 8000), [this, index] { RestartServer(index); });
}

void Faults::StopSentinel(size_t index, bool power) {
  if (!Stop(*deployment_.sentinels()[index], power)) return;
  const base::Duration away = random_.Chance(1, 2) ? Draw(0, 300) : Draw(300, 6000);
  Later(away, [this, index] { RestartSentinel(index); });
}

void Faults::OnEvent(size_t sentinel, std::string_view event) {
  if (healed_) return;
  const base::Duration soon = random_.Chance(1, 2) ? base::Duration{} : Draw(0, 10);
  if (event == "+vote-for-leader" && votes_to_hit_ > 0) {
    --votes_to_hit_;
    Later(soon, [this, sentinel] { StopSentinel(sentinel, true); });
  }
  if (timely_strikes_ > 0 && kSteps.contains(event) && random_.Chance(1, 4)) {
    --timely_strikes_;
    Later(soon, [this] { Strike(AnyFault()); });
  }
}

void Faults::RestartServer(size_t index) {
  ServerNode& node = *deployment_.servers()[index];
  if (node.running()) return;
  tell_(node.ip() + " starts");
  node.Start();
}

void Faults::RestartSentinel(size_t index) {
  SentinelNode& node = *deployment_.sentinels()[index];
  if (node.running()) return;
  tell_(node.ip() + " starts");
  const base::Status started = node.Start();
  if (started.ok()) return;
  // With faults of the disk that may be; without, the state was damaged by what we did before.
  const bool disk_faults =
      options_.faults.contains(Fault::kDiskFull) || options_.faults.contains(Fault::kFailedSyncs);
  if (healed_ || !disk_faults) failed_start_ = node.ip() + ": " + started.error().message;
  Later(Draw(100, 1000), [this, index] { RestartSentinel(index); });
}

template <typename Node>
void Faults::Pause(Node& node) {
  if (!node.running() || node.paused()) return;
  tell_(node.ip() + " is paused");
  node.Pause();
  Later(Draw(50, 8000), [this, &node] {
    if (!node.paused()) return;
    tell_(node.ip() + " is resumed");
    node.Resume();
  });
}

// Everybody stands still for a moment, as when a hypervisor does.
void Faults::StallSentinels() {
  tell_("all sentinels stall");
  const base::Duration time = Draw(100, 4000);
  for (const auto& node : deployment_.sentinels()) {
    if (!node->running() || node->paused() || random_.Chance(1, 3)) continue;
    node->Pause();
    Later(time, [raw = node.get()] {
      if (raw->paused()) raw->Resume();
    });
  }
}

// ---- network

void Faults::CutWays(bool both) {
  Host& from = AnyHost();
  Host& to = AnyHost();
  if (&from == &to) return;
  tell_(fmt::format("cut {} {} {}", from.ip(), both ? "<->" : "->", to.ip()));
  world_.CutOneWay(from, to);
  if (both) world_.CutOneWay(to, from);
  Later(Draw(100, 10000), [this, &from, &to] {
    tell_(fmt::format("heal {} <-> {}", from.ip(), to.ip()));
    world_.Heal(from, to);
  });
}

void Faults::Partition() {
  std::vector<Host*> side;
  for (const auto& node : deployment_.servers())
    if (random_.Chance(1, 2)) side.push_back(&node->host());
  for (const auto& node : deployment_.sentinels())
    if (random_.Chance(1, 2)) side.push_back(&node->host());
  std::string who;
  for (const Host* host : side) who += " " + host->ip();
  tell_("partition of" + who);
  world_.Partition(side);
  Later(Draw(500, 10000), [this] {
    tell_("the network is whole");
    world_.HealAll();
  });
}

void Faults::SlowNetwork() {
  Host& a = AnyHost();
  Host& b = AnyHost();
  if (&a == &b) return;
  tell_(fmt::format("slow {} <-> {}", a.ip(), b.ip()));
  world_.SetLatency(a, b, Draw(1, 400), Draw(0, 400));
  Later(Draw(500, 10000), [this, &a, &b] {
    world_.SetLatency(a, b, options_.world.network.latency, options_.world.network.jitter);
  });
}

// ---- machines

void Faults::SpoilDisk(Fault fault) {
  Host& host = deployment_.sentinels()[AnySentinel()]->host();
  tell_(fmt::format("{}: {}", host.ip(), Name(fault)));
  if (fault == Fault::kFailedSyncs)
    return host.disk().FailNextSyncs(static_cast<int>(random_.Between(1, 5)));
  if (fault == Fault::kDiskFull) {
    host.disk().SetFull(true);
  } else {
    host.disk().SetLatency(Draw(1, 200), Draw(0, 1000));
  }
  Later(Draw(100, 10000), [this, &host] {
    tell_(host.ip() + ": disk well");
    host.disk().SetFull(false);
    host.disk().SetLatency(kUsualDiskLatency, kUsualDiskJitter);
  });
}

void Faults::TouchClock(Fault fault) {
  Host& host = AnyHost();
  tell_(fmt::format("{}: {}", host.ip(), Name(fault)));
  if (fault == Fault::kWallJump) {
    host.JumpWallClock(milliseconds(random_.Between(-3'600'000, 3'600'000)));
  } else {
    host.SetClockRate(random_.Between(-kMostClockPpm, kMostClockPpm));
  }
}

// ---- operators

void Faults::Operate(const std::string& command) {
  const SentinelNode& node = *deployment_.sentinels()[AnySentinel()];
  tell_(fmt::format("SENTINEL {} at {}", command, node.ip()));
  link::LinkOptions options;
  options.endpoint = node.endpoint();
  requests_.push_back(
      std::make_unique<link::Link>(operator_.io(), random_.Fork(), options, link::LinkCallbacks{}));
  requests_.back()->Start();
  const bool sent = requests_.back()->Send(
      {"SENTINEL", command, kGroup}, operator_.io().Now() + std::chrono::seconds(3),
      [this, command](const base::Result<resp::Value>& reply) {
        tell_(fmt::format("SENTINEL {}: {}", command,
                          reply.ok() ? reply->ToString() : reply.error().message));
      });
  if (!sent) tell_("not sent");
}

void Faults::HealAll() {
  healed_ = true;
  tell_("all faults end");
  // Requests that wait for a reply must not start anything any more.
  requests_.clear();
  world_.HealAll();
  std::vector<Host*> hosts;
  for (const auto& node : deployment_.servers()) hosts.push_back(&node->host());
  for (const auto& node : deployment_.sentinels()) hosts.push_back(&node->host());
  for (Host* host : hosts) {
    host->disk().SetFull(false);
    host->disk().FailNextSyncs(0);
    host->disk().SetLatency(kUsualDiskLatency, kUsualDiskJitter);
    host->SetClockRate(0);
    for (Host* other : hosts)
      if (host != other)
        world_.SetLatency(*host, *other, options_.world.network.latency,
                          options_.world.network.jitter);
  }
  for (size_t i = 0; i < deployment_.servers().size(); ++i) {
    if (deployment_.servers()[i]->paused()) deployment_.servers()[i]->Resume();
    RestartServer(i);
  }
  for (size_t i = 0; i < deployment_.sentinels().size(); ++i) {
    if (deployment_.sentinels()[i]->paused()) deployment_.sentinels()[i]->Resume();
    RestartSentinel(i);
  }
}

}  // namespace quorate::simulation
