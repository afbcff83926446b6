// A deterministic world in which whole daemons run in one test process: hosts with clocks and
// disks, processes on them, a network between them, and faults in all of it - at virtual time and
// from one seed. The same seed and the same calls give the same run, which TraceHash() shows.
// Nothing here knows what the daemons do.
//
//   World world(seed);
//   Host& a = world.AddHost("10.0.0.1");
//   Process& p = a.StartProcess("server");
//   auto app = std::make_unique<server::App>(p.io(), ...);   // the harness owns what runs in the
//   process world.RunFor(std::chrono::seconds(1)); p.Kill();     // first the kernel takes
//   everything away, app.reset();  // then the remains are destroyed: that has no effect on the
//   world
//
// A process is everything that holds its Io. To end one gracefully, destroy the app first, then
// Kill. Faults are called from outside of turns: between Run calls, or in actions given to At and
// After. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/random.h"
#include "shared/base/time.h"
#include "shared/io/io.h"
#include "tests/simulation/world/disk.h"
#include "tests/simulation/world/event_queue.h"
#include "tests/simulation/world/host_clock.h"
#include "tests/simulation/world/network.h"
#include "tests/simulation/world/sim_io.h"
#include "tests/simulation/world/trace.h"

namespace quorate::simulation {

class Host;
class World;

struct WorldOptions {
  NetworkOptions network = {};
  // Virtual time that every turn of a process takes.
  base::Duration turn_cost = std::chrono::microseconds(5);
  base::WallTime start = {1'700'000'000'000};
};

// One run of a program on a host, from start to kill. Stays valid, and dead, until the world ends.
class Process {
 public:
  Process(Host& host, std::string name, std::unique_ptr<SimIo> io);

  io::Io& io() { return *io_; }
  Host& host() { return host_; }
  const std::string& name() const { return name_; }
  bool alive() const { return io_->alive(); }
  bool paused() const { return io_->paused(); }

  // SIGKILL: its sockets are closed by the kernel, nothing that it planned happens any more.
  void Kill();
  // SIGSTOP and SIGCONT: while paused its timers and deliveries wait; the kernel goes on accepting
  // connections and bytes.
  void Pause();
  void Resume();
  // Paused for `time`, or until Resume.
  void Stall(base::Duration time);
  // As its own chdir would; `path` is absolute.
  void ChangeDirectory(const std::string& path) { io_->ChangeDirectory(path); }

  // How programs spawned by it end (default: code 0 after 10 ms), and the command lines of those
  // spawned so far.
  void SetSpawnHandler(std::function<SpawnOutcome(const std::vector<std::string>&)> handler);
  const std::vector<std::vector<std::string>>& spawned() const { return io_->spawned; }

 private:
  friend class Host;
  friend class World;
  Host& host_;
  const std::string name_;
  std::unique_ptr<SimIo> io_;
};

class Host {
 public:
  Host(World& world, HostId id, std::string ip);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  HostId id() const { return id_; }
  const std::string& ip() const { return ip_; }
  World& world() { return world_; }

  // Its working directory is "/<name>" on this host's disk. Precondition: powered.
  Process& StartProcess(const std::string& name);

  bool powered() const { return powered_; }
  // All its processes die without a word to their peers, and the disk loses what was not synced.
  void PowerOff();
  // Connections of before are unknown now: peers that speak on them get a reset.
  void PowerOn();

  Disk& disk() { return disk_; }
  // Monotonic time runs fast (> 0) or slow (< 0) by so many parts per million.
  void SetClockRate(int64_t ppm);
  void JumpWallClock(base::Duration by);
  // What its monotonic clock shows.
  base::Instant Now() const;

 private:
  friend class World;
  World& world_;
  const HostId id_;
  const std::string ip_;
  bool powered_ = true;
  Disk disk_;
  HostClock clock_;
  std::vector<std::unique_ptr<Process>> processes_;
};

class World {
 public:
  explicit World(uint64_t seed, const WorldOptions& options = {});
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  uint64_t seed() const { return seed_; }
  // Precondition: a new address, an IP literal.
  Host& AddHost(const std::string& ip);
  // Precondition: it was added.
  Host& host(const std::string& ip);
  // A host name that processes can resolve; an empty `ip` makes it unknown again.
  void SetName(const std::string& name, const std::string& ip);
  // For decisions of the harness.
  base::Random ForkRandom() { return random_.Fork(); }

  // ---- time
  // True time; processes see their hosts' clocks.
  base::Instant Now() const { return events_.now(); }
  void At(base::Instant when, std::function<void()> action);
  void After(base::Duration delay, std::function<void()> action);
  void RunFor(base::Duration time);
  // Until `done` (asked after every event) or for `limit`; true if `done`.
  bool RunUntil(const std::function<bool()>& done, base::Duration limit);

  // Called after every turn of a process, with its host: to look at what the turn has done.
  void SetTurnObserver(std::function<void(HostId)> observer) { on_turn_ = std::move(observer); }

  // ---- network. Bytes that meet a cut wait and flow again after it is healed; connection requests
  // are repeated.
  void CutOneWay(const Host& from, const Host& to);
  void HealOneWay(const Host& from, const Host& to);
  void Cut(const Host& a, const Host& b);
  void Heal(const Host& a, const Host& b);
  // Cuts every way between `side` and the other hosts.
  void Partition(std::span<Host* const> side);
  void HealAll();
  // Of both ways.
  void SetLatency(const Host& a, const Host& b, base::Duration latency, base::Duration jitter);
  void SetBandwidth(const Host& a, const Host& b, int64_t bytes_per_second);

  // ---- trace
  uint64_t TraceHash() const { return trace_.hash(); }
  Trace& trace() { return trace_; }

 private:
  friend class Host;
  friend class Process;

  const uint64_t seed_;
  const WorldOptions options_;
  base::Random random_;
  EventQueue events_;
  Trace trace_;
  Network network_;
  std::map<std::string, std::string> names_;
  std::function<void(HostId)> on_turn_;
  std::vector<std::unique_ptr<Host>> hosts_;
  uint64_t next_process_ = 1;
};

}  // namespace quorate::simulation
