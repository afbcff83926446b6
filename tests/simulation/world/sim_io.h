// The I/O seam of one simulated process. It turns as LoopIo does - sockets, completions, timers,
// deferred tasks, the end-of-turn hook - but at virtual instants, each turn taking a little virtual
// time. While the process is paused nothing turns and everything waits, while the kernel side
// (network.h) goes on taking bytes. Once it is killed, every object made here is dead: calls do
// nothing, and destroying them is harmless.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "shared/base/random.h"
#include "shared/io/io.h"
#include "shared/io/timer_queue.h"
#include "tests/simulation/world/disk.h"
#include "tests/simulation/world/event_queue.h"
#include "tests/simulation/world/host_clock.h"
#include "tests/simulation/world/network.h"
#include "tests/simulation/world/trace.h"

namespace quorate::simulation {

class SimFiles;
class SimListener;
class SimStream;

// What a process stands on.
struct Machine {
  EventQueue& events;
  Network& network;
  Trace& trace;
  HostClock& clock;
  Disk& disk;
  HostId host;
  const std::map<std::string, std::string>& names;  // host name -> IP
  const std::function<void(HostId)>& on_turn;       // after every turn; may be empty
};

// How a spawned program ends: nothing is run.
struct SpawnOutcome {
  int exit_code = 0;
  base::Duration after = std::chrono::milliseconds(10);
};

class SimIo final : public io::Io, public SocketOwner {
 public:
  SimIo(const Machine& machine, uint64_t process, std::string directory, base::Random random,
        base::Duration turn_cost);
  ~SimIo() override;

  // ---- the seam
  base::Instant Now() override;
  base::WallTime WallNow() override;
  uint64_t RandomSeed() override { return random_.Next(); }
  std::unique_ptr<io::Timer> CreateTimer(std::function<void()> on_fire) override;
  void Defer(std::function<void()> task) override;
  void SetEndOfTurn(std::function<void()> hook) override { end_of_turn_ = std::move(hook); }
  void Offload(std::function<void()> work, std::function<void()> done) override;
  base::Result<std::unique_ptr<io::Listener>> Listen(
      const io::ListenOptions& options,
      std::function<void(std::unique_ptr<io::Stream>)> on_accept) override;
  std::unique_ptr<io::Stream> Connect(const io::ConnectOptions& options,
                                      io::StreamObserver& observer) override;
  void Resolve(const std::string& host,
               std::function<void(base::Result<std::vector<std::string>>)> done) override;
  io::Files& files() override;
  base::Result<std::unique_ptr<io::Child>> Spawn(
      const std::vector<std::string>& argv, std::function<void(io::ChildExit)> on_exit) override;

  // ---- for the world
  bool alive() const { return alive_; }
  bool paused() const { return paused_; }
  bool in_turn() const { return in_turn_; }
  void Kill();
  void Pause();
  void Resume();
  // Looks again at when the next turn is due: the clock's rate changed, or a timer was armed.
  void Wake();
  // chdir, to an absolute path.
  void ChangeDirectory(std::string path) { directory_ = std::move(path); }

  std::function<SpawnOutcome(const std::vector<std::string>&)> on_spawn;
  std::vector<std::vector<std::string>> spawned;

  // ---- for the objects it makes
  const Machine& machine() const { return machine_; }
  // Absolute, in the process' own directory if `path` is relative.
  std::string PathOf(const std::string& path) const;
  // A synchronous call took so long: the next turn starts later.
  void Spend(base::Duration time) { busy_until_ += time; }
  // A step of a worker thread: runs after `delay`, later if the process is paused then, never once
  // it is dead.
  void AfterWork(base::Duration delay, std::function<void()> step);
  // Runs `callback` in the next turn.
  void Complete(std::function<void()> callback);
  void Attach(SocketId id, SimStream& stream) { streams_[id] = &stream; }
  void Detach(SocketId id);
  void DetachListener(ListenerId id);
  // The socket is looked at in the next turn.
  void OnSocketReady(SocketId id) override;

 private:
  void OnListenerReady(ListenerId id) override;
  bool HasWork() const;
  void Turn();
  void AcceptAll();
  void ServeSockets();
  void RunAll(std::vector<std::function<void()>>& tasks);
  void RunStep(std::function<void()> step);

  const Machine machine_;
  const uint64_t process_;
  std::string directory_;
  base::Random random_;
  const base::Duration turn_cost_;
  bool alive_ = true;
  bool paused_ = false;
  bool in_turn_ = false;
  base::Instant busy_until_;
  std::optional<EventQueue::Handle> wake_;

  io::TimerQueue timers_;
  std::vector<std::function<void()>> deferred_;
  std::vector<std::function<void()>> completions_;
  std::function<void()> end_of_turn_;
  std::vector<std::function<void()>> parked_steps_;
  std::vector<SocketId> ready_sockets_;  // in order, each once
  std::vector<SocketId> served_;         // in this turn, in the order in which they are
  std::set<ListenerId> ready_listeners_;
  std::map<SocketId, SimStream*> streams_;
  std::map<ListenerId, SimListener*> listeners_;
  std::unique_ptr<SimFiles> files_;
  int64_t next_pid_ = 1000;
};

}  // namespace quorate::simulation
