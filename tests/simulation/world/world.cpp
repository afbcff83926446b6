#include "tests/simulation/world/world.h"

#include <algorithm>
#include <utility>

#include "shared/base/check.h"

namespace quorate::simulation {

// ---- Process

Process::Process(Host& host, std::string name, std::unique_ptr<SimIo> io)
    : host_(host), name_(std::move(name)), io_(std::move(io)) {}

void Process::Kill() {
  World& world = host_.world();
  world.trace_.Add(world.Now(), "kill", host_.id(), 0, name_);
  io_->Kill();
}

void Process::Pause() {
  World& world = host_.world();
  world.trace_.Add(world.Now(), "pause", host_.id(), 0, name_);
  io_->Pause();
}

void Process::Resume() {
  World& world = host_.world();
  world.trace_.Add(world.Now(), "resume", host_.id(), 0, name_);
  io_->Resume();
}

void Process::Stall(base::Duration time) {
  Pause();
  host_.world().After(time, [this] { Resume(); });
}

void Process::SetSpawnHandler(
    std::function<SpawnOutcome(const std::vector<std::string>&)> handler) {
  io_->on_spawn = std::move(handler);
}

// ---- Host

Host::Host(World& world, HostId id, std::string ip)
    : world_(world),
      id_(id),
      ip_(std::move(ip)),
      disk_(world.random_.Fork()),
      clock_(world.Now(),
             world.Now() + std::chrono::milliseconds(world.random_.Below(1'000'000'000)),
             world.options_.start) {}

Process& Host::StartProcess(const std::string& name) {
  CHECK(powered_);
  const uint64_t number = world_.next_process_++;
  world_.trace_.Add(world_.Now(), "start", id_, number, name);
  const base::Status made = disk_.MakeDirectory("/" + name);
  CHECK(made.ok());
  const Machine machine{world_.events_, world_.network_, world_.trace_, clock_, disk_, id_,
                        world_.names_,  world_.on_turn_};
  auto io = std::make_unique<SimIo>(machine, number, "/" + name, world_.random_.Fork(),
                                    world_.options_.turn_cost);
  processes_.push_back(std::make_unique<Process>(*this, name, std::move(io)));
  return *processes_.back();
}

void Host::PowerOff() {
  if (!std::exchange(powered_, false)) return;
  world_.network_.SetPower(id_, false);
  for (const auto& process : processes_) process->io_->Kill();
  disk_.PowerCut();
}

void Host::PowerOn() {
  if (std::exchange(powered_, true)) return;
  world_.network_.SetPower(id_, true);
}

void Host::SetClockRate(int64_t ppm) {
  world_.trace_.Add(world_.Now(), "clock-rate", id_, static_cast<uint64_t>(ppm));
  clock_.SetRate(world_.Now(), ppm);
  for (const auto& process : processes_) process->io_->Wake();
}

base::Instant Host::Now() const { return clock_.Local(world_.Now()); }

void Host::JumpWallClock(base::Duration by) {
  world_.trace_.Add(world_.Now(), "wall-jump", id_, static_cast<uint64_t>(by.count()));
  clock_.JumpWall(by);
}

// ---- World

World::World(uint64_t seed, const WorldOptions& options)
    : seed_(seed),
      options_(options),
      random_(seed),
      network_(events_, trace_, random_.Fork(), options.network) {}

World::~World() {
  // Whatever the last events own is destroyed while its processes still exist, dead.
  for (const auto& host : hosts_) {
    for (const auto& process : host->processes_) process->io_->Kill();
  }
  events_.CancelAll();
}

Host& World::AddHost(const std::string& ip) {
  const HostId id = network_.AddHost(ip);
  hosts_.push_back(std::make_unique<Host>(*this, id, ip));
  return *hosts_.back();
}

Host& World::host(const std::string& ip) {
  const auto id = network_.HostOf(ip);
  CHECK(id.has_value());
  return *hosts_[*id];
}

void World::SetName(const std::string& name, const std::string& ip) {
  if (ip.empty()) {
    names_.erase(name);
  } else {
    names_[name] = ip;
  }
}

void World::At(base::Instant when, std::function<void()> action) {
  events_.At(when, std::move(action));
}
void World::After(base::Duration delay, std::function<void()> action) {
  events_.After(delay, std::move(action));
}

void World::RunFor(base::Duration time) {
  const base::Instant end = Now() + time;
  while (events_.RunNext(end)) {
  }
  events_.AdvanceTo(end);
}

bool World::RunUntil(const std::function<bool()>& done, base::Duration limit) {
  const base::Instant end = Now() + limit;
  while (!done()) {
    if (events_.RunNext(end)) continue;
    events_.AdvanceTo(end);
    return done();
  }
  return true;
}

void World::CutOneWay(const Host& from, const Host& to) { network_.CutOneWay(from.id(), to.id()); }
void World::HealOneWay(const Host& from, const Host& to) {
  network_.HealOneWay(from.id(), to.id());
}

void World::Cut(const Host& a, const Host& b) {
  CutOneWay(a, b);
  CutOneWay(b, a);
}

void World::Heal(const Host& a, const Host& b) {
  HealOneWay(a, b);
  HealOneWay(b, a);
}

void World::Partition(std::span<Host* const> side) {
  for (Host* inside : side) {
    for (const auto& other : hosts_) {
      if (std::ranges::find(side, other.get()) == side.end()) Cut(*inside, *other);
    }
  }
}

void World::HealAll() {
  for (const auto& from : hosts_) {
    for (const auto& to : hosts_) {
      if (from != to) HealOneWay(*from, *to);
    }
  }
}

void World::SetLatency(const Host& a, const Host& b, base::Duration latency,
                       base::Duration jitter) {
  network_.SetLatency(a.id(), b.id(), latency, jitter);
  network_.SetLatency(b.id(), a.id(), latency, jitter);
}

void World::SetBandwidth(const Host& a, const Host& b, int64_t bytes_per_second) {
  network_.SetBandwidth(a.id(), b.id(), bytes_per_second);
  network_.SetBandwidth(b.id(), a.id(), bytes_per_second);
}

}  // namespace quorate::simulation
