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
// What has to follow MONITOR.
constexpr base::Duration kSetLater = milliseconds(20);
// To read a snapshot file takes less.
constexpr base::Duration kLoadingTakes = std::chrono::seconds(2);

}  // namespace

Faults::Faults(Deployment& deployment, const SwarmOptions& options, base::Random random,
               std::function<void(const std::string&)> tell)
    : deployment_(deployment),
      world_(deployment.world()),
      options_(options),
      random_(random),
      tell_(std::move(tell)),
      operators_(deployment, random_.Fork(), tell_) {
  for (size_t i = 0; i < deployment_.servers().size(); ++i)
    deployment_.servers()[i]->SetEndObserver(
        [this, i](const std::string& last_words) { OnServerEnd(i, last_words); });
}

base::Duration Faults::Draw(int64_t low_ms, int64_t high_ms) {
  return milliseconds(random_.Between(low_ms, high_ms));
}

base::Duration Faults::DrawLasting(int64_t low_ms, int64_t high_ms) {
  const bool short_one = random_.Chance(1, 3);
  const int64_t limit = short_one ? base::ToMs(options_.safety) / 2 : high_ms;
  return Draw(low_ms, std::max(low_ms, std::min(high_ms, limit)));
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
      StopServer(false);
      return;
    case Fault::kPowerOffServer:
      StopServer(true);
      return;
    case Fault::kKillSentinel:
      return StopSentinel(AnySentinel(), false);
    case Fault::kPowerOffSentinel:
      return StopSentinel(AnySentinel(), true);
    case Fault::kPowerOffVoter:
      ++votes_to_hit_;
      StopServer(false);  // so that there is a vote
      return;
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
      return SpoilDisk(deployment_.sentinels()[AnySentinel()]->host(), fault);
    case Fault::kServerDisk: {
      constexpr Fault kKinds[] = {Fault::kDiskFull, Fault::kFailedSyncs, Fault::kSlowDisk};
      Host& host = deployment_.servers()[ServerToHit()]->host();
      return SpoilDisk(host, kKinds[random_.Below(std::size(kKinds))]);
    }
    case Fault::kClockRate:
    case Fault::kWallJump:
      return TouchClock(fault);
    case Fault::kSlowNetwork:
      return SlowNetwork();
    case Fault::kForcedFailover:
      return operators_.Failover();
    case Fault::kReset:
      return operators_.Reset();
    case Fault::kReparent:
      return operators_.Reparent();
    case Fault::kSlowLink:
      return SlowLink();
    case Fault::kSave:
      return operators_.Save();
    case Fault::kTornSnapshot:
      return TearSnapshot();
    case Fault::kTornSegment:
      return TearSegment();
    case Fault::kSwitchover:
      return operators_.Switchover();
    case Fault::kMaintenance:
      operators_.PauseOrResume();
      if (random_.Chance(1, 2))
        Later(DrawLasting(100, 2000), [this] { operators_.PauseOrResume(); });
      return;
    case Fault::kSet:
      return operators_.Set();
    case Fault::kRemove:
      if (random_.Chance(1, 2)) return RemoveGroup(AnySentinel());
      ++votes_to_forget_;
      StopServer(false);  // so that there is a vote
      return;
    case Fault::kReplaceSentinel:
      return ReplaceSentinel();
  }
}

Host& Faults::AnyHost() {
  if (random_.Chance(1, 2)) return deployment_.sentinels()[AnySentinel()]->host();
  return deployment_.servers()[ServerToHit()]->host();
}

size_t Faults::ServerToHit() {
  auto& servers = deployment_.servers();
  const size_t first = deployment_.FirstServerOf(random_.Below(deployment_.groups()));
  for (size_t n = 0; n < servers.size(); ++n) {
    const size_t i = (first + n) % servers.size();
    if (servers[i]->running() && !servers[i]->replication().is_replica() && random_.Chance(2, 3))
      return i;
  }
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

std::optional<size_t> Faults::StopServer(bool power) {
  const size_t index = ServerToHit();
  if (!Stop(*deployment_.servers()[index], power)) return std::nullopt;
  Later(DrawLasting(0, 8000), [this, index] { RestartServer(index); });
  return index;
}

size_t Faults::Damage(std::string& file) {
  const size_t at = random_.Below(file.size());
  if (random_.Chance(1, 2)) {
    file.resize(at);
  } else {
    file[at] = static_cast<char>(file[at] ^ (1 << random_.Below(8)));
  }
  return at;
}

void Faults::TearSnapshot() {
  const std::optional<size_t> stopped = StopServer(random_.Chance(1, 2));
  if (!stopped) return;
  ServerNode& node = *deployment_.servers()[*stopped];
  std::optional<std::string> file = node.host().disk().Peek(ServerNode::kSnapshotPath);
  if (!file || file->empty()) return;
  const size_t at = Damage(*file);
  tell_(fmt::format("{}: snapshot file damaged at byte {}", node.ip(), at));
  node.host().disk().Put(ServerNode::kSnapshotPath, *file);
  torn_[*stopped] = *file;
}

// Mostly the last one, as a crash does. What is left of the stream is a shorter one, and no reason
// not to start.
void Faults::TearSegment() {
  const std::optional<size_t> stopped = StopServer(random_.Chance(1, 2));
  if (!stopped) return;
  ServerNode& node = *deployment_.servers()[*stopped];
  const std::vector<std::string> segments = node.Segments();
  if (segments.empty()) return;
  const std::string& path =
      segments[random_.Chance(2, 3) ? segments.size() - 1 : random_.Below(segments.size())];
  std::string file = *node.host().disk().Peek(path);
  if (file.empty()) return;
  const size_t at = Damage(file);
  tell_(fmt::format("{}: {} damaged at byte {}", node.ip(), path, at));
  node.host().disk().Put(path, file);
}

// It may only end because its file is damaged, and then its operator sets the file aside.
void Faults::OnServerEnd(size_t index, const std::string& last_words) {
  ServerNode& node = *deployment_.servers()[index];
  tell_(fmt::format("{} ends: {}", node.ip(), last_words));
  Disk& disk = node.host().disk();
  const auto torn = torn_.find(index);
  const bool clear = last_words.find("Fatal error loading the DB") != std::string::npos;
  if (torn == torn_.end() || !clear || disk.Peek(ServerNode::kSnapshotPath) != torn->second) {
    failed_start_ = node.ip() + " ended: " + last_words;
    return;
  }
  torn_.erase(torn);
  base::Status set_aside =
      disk.Rename(ServerNode::kSnapshotPath, std::string(ServerNode::kSnapshotPath) + ".damaged");
  // Or it would be back after a power cut. An operator tries again.
  for (int tries = 0; set_aside && tries < 10; ++tries)
    if (disk.SyncDirectoryOf(ServerNode::kSnapshotPath)) break;
  if (!set_aside) failed_start_ = set_aside.error().message;
  RestartServer(index);
}

void Faults::StopSentinel(size_t index, bool power) {
  if (!Stop(*deployment_.sentinels()[index], power)) return;
  const base::Duration away = random_.Chance(1, 2) ? Draw(0, 300) : DrawLasting(300, 6000);
  Later(away, [this, index] { RestartSentinel(index); });
}

void Faults::OnEvent(size_t sentinel, std::string_view event) {
  if (healed_) return;
  const base::Duration soon = random_.Chance(1, 2) ? base::Duration{} : Draw(0, 10);
  if (event == "+vote-for-leader" && votes_to_hit_ > 0) {
    --votes_to_hit_;
    Later(soon, [this, sentinel] { StopSentinel(sentinel, true); });
  } else if (event == "+vote-for-leader" && votes_to_forget_ > 0) {
    --votes_to_forget_;
    Later(soon, [this, sentinel] { RemoveGroup(sentinel); });
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
  const base::Status started = node.Start();
  if (!started) return OnServerEnd(index, started.error().message);
  if (!torn_.contains(index)) return;
  world_.After(kLoadingTakes, [this, index, &node, start = node.starts()] {
    if (!torn_.contains(index) || !node.running() || node.starts() != start) return;
    if (!node.paused() && !node.engine().loading)
      failed_start_ = node.ip() + " started from a damaged snapshot file";
  });
}

void Faults::RestartSentinel(size_t index) {
  SentinelNode& node = *deployment_.sentinels()[index];
  if (node.running() || gone_ == index) return;
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
  Later(DrawLasting(50, 8000), [this, &node] {
    if (!node.paused()) return;
    tell_(node.ip() + " is resumed");
    node.Resume();
  });
}

// Everybody stands still for a moment, as when a hypervisor does.
void Faults::StallSentinels() {
  tell_("all sentinels stall");
  const base::Duration time = DrawLasting(100, 4000);
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
  Later(DrawLasting(100, 10000), [this, &from, &to] {
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
  Later(DrawLasting(500, 10000), [this] {
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
  Later(DrawLasting(500, 10000), [this, &a, &b] {
    world_.SetLatency(a, b, options_.world.network.latency, options_.world.network.jitter);
  });
}

void Faults::SlowLink() {
  auto& servers = deployment_.servers();
  Host& a = servers[AnyServer()]->host();
  Host& b = servers[AnyServer()]->host();
  if (&a == &b) return;
  const int64_t bytes_per_second = random_.Between(500, 25'000);
  tell_(fmt::format("{} bytes/s between {} and {}", bytes_per_second, a.ip(), b.ip()));
  world_.SetBandwidth(a, b, bytes_per_second);
  Later(DrawLasting(500, 10000), [this, &a, &b] { world_.SetBandwidth(a, b, 0); });
}

// ---- machines

void Faults::SpoilDisk(Host& host, Fault fault) {
  tell_(fmt::format("{}: {}", host.ip(), Name(fault)));
  if (fault == Fault::kFailedSyncs)
    return host.disk().FailNextSyncs(static_cast<int>(random_.Between(1, 5)));
  if (fault == Fault::kDiskFull) {
    host.disk().SetFull(true);
  } else {
    host.disk().SetLatency(Draw(1, 200), Draw(0, 1000));
  }
  Later(DrawLasting(100, 10000), [this, &host] {
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

void Faults::RemoveGroup(size_t index) {
  operators_.Remove(index);
  const base::Duration away = random_.Chance(1, 2) ? Draw(0, 50) : DrawLasting(50, 3000);
  for (const base::Duration later : {away, away + kSetLater})
    Later(later, [this, index] { operators_.MonitorAgain(index); });
}

void Faults::ReplaceSentinel() {
  const size_t index = AnySentinel();
  // One at a time, and until all know of it: that is for longer than a run lasts.
  if (replaced_ || !Stop(*deployment_.sentinels()[index], random_.Chance(1, 2))) return;
  replaced_ = true;
  gone_ = index;
  Later(DrawLasting(0, 2000), [this] { StartReplacement(); });
}

void Faults::StartReplacement() {
  if (!gone_) return;
  operators_.Replace(*gone_);
  RestartSentinel(*std::exchange(gone_, std::nullopt));
  Later(DrawLasting(0, 1000), [this] { operators_.ForgetReplaced(); });
}

void Faults::MendSentinels() {
  StartReplacement();
  operators_.MendSentinels();
}

void Faults::HealAll() {
  healed_ = true;
  tell_("all faults end");
  operators_.DropRequests();
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
    for (Host* other : hosts) world_.SetBandwidth(*host, *other, 0);
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
