#include "tests/simulation/world/sim_io.h"

#include <algorithm>
#include <utility>

#include "shared/base/check.h"
#include "tests/simulation/world/sim_files.h"
#include "tests/simulation/world/sim_stream.h"

namespace quorate::simulation {

namespace {

constexpr base::Duration kWorkerDelay = std::chrono::microseconds(50);
constexpr int64_t kWorkerJitterNs = 500'000;
constexpr int kAcceptsPerTurn = 1000;

// Arming wakes the process.
class SimTimer : public io::Timer {
 public:
  SimTimer(SimIo& io, std::unique_ptr<io::Timer> timer) : io_(io), timer_(std::move(timer)) {}
  void StartAt(base::Instant when) override {
    timer_->StartAt(when);
    io_.Wake();
  }
  void Stop() override { timer_->Stop(); }
  bool armed() const override { return timer_->armed(); }

 private:
  SimIo& io_;
  const std::unique_ptr<io::Timer> timer_;
};

// The program is not run: it ends as the harness decided, or at once by a signal.
class SimChild : public io::Child {
 public:
  struct Run {
    std::function<void(io::ChildExit)> on_exit;
    bool ended = false;
  };
  SimChild(SimIo& io, int64_t pid, std::shared_ptr<Run> run)
      : io_(io), pid_(pid), run_(std::move(run)) {}
  ~SimChild() override { run_->on_exit = nullptr; }
  int64_t pid() const override { return pid_; }
  void Kill(int signal) override { End(io_, run_, {.exit_code = 0, .signal = signal}); }

  static void End(SimIo& io, const std::shared_ptr<Run>& run, io::ChildExit exit) {
    if (std::exchange(run->ended, true)) return;
    io.Complete([run, exit] {
      const auto on_exit = std::move(run->on_exit);
      if (on_exit) on_exit(exit);
    });
  }

 private:
  SimIo& io_;
  const int64_t pid_;
  const std::shared_ptr<Run> run_;
};

}  // namespace

SimIo::SimIo(const Machine& machine, uint64_t process, std::string directory, base::Random random,
             base::Duration turn_cost)
    : machine_(machine),
      process_(process),
      directory_(std::move(directory)),
      random_(random),
      turn_cost_(turn_cost),
      busy_until_(machine.events.now()),
      files_(std::make_unique<SimFiles>(*this)) {
  Complete([] {});  // the first turn comes without an event, as a real loop's does
}

SimIo::~SimIo() = default;

// ---- clocks and tasks

base::Instant SimIo::Now() { return machine_.clock.Local(machine_.events.now()); }
base::WallTime SimIo::WallNow() { return machine_.clock.Wall(machine_.events.now()); }

std::unique_ptr<io::Timer> SimIo::CreateTimer(std::function<void()> on_fire) {
  return std::make_unique<SimTimer>(*this, timers_.Create(std::move(on_fire)));
}

void SimIo::Defer(std::function<void()> task) {
  if (!alive_) return;
  deferred_.push_back(std::move(task));
  Wake();
}

void SimIo::Complete(std::function<void()> callback) {
  if (!alive_) return;
  completions_.push_back(std::move(callback));
  Wake();
}

void SimIo::Offload(std::function<void()> work, std::function<void()> done) {
  const base::Duration delay = kWorkerDelay + base::Duration(random_.Between(0, kWorkerJitterNs));
  AfterWork(delay, [this, work = std::move(work), done = std::move(done)] {
    work();
    Complete(done);
  });
}

void SimIo::AfterWork(base::Duration delay, std::function<void()> step) {
  if (!alive_) return;
  machine_.events.After(delay, [this, step = std::move(step)] { RunStep(step); });
}

void SimIo::RunStep(std::function<void()> step) {
  if (!alive_) return;
  if (paused_) {
    parked_steps_.push_back(std::move(step));
  } else {
    step();
  }
}

// ---- network

base::Result<std::unique_ptr<io::Listener>> SimIo::Listen(const io::ListenOptions& options,
                                                          SimListener::OnAccept on_accept) {
  if (!alive_) return base::Error{"the process is dead"};
  const base::Endpoint endpoint =
      options.unix_path.empty() ? options.endpoint : base::Endpoint{PathOf(options.unix_path), 0};
  const auto id = machine_.network.Listen(*this, machine_.host, endpoint, options.backlog);
  if (!id) return id.error();
  auto listener = std::make_unique<SimListener>(*this, *id, std::move(on_accept));
  listeners_[*id] = listener.get();
  return std::unique_ptr<io::Listener>(std::move(listener));
}

std::unique_ptr<io::Stream> SimIo::Connect(const io::ConnectOptions& options,
                                           io::StreamObserver& observer) {
  return std::make_unique<SimStream>(*this, options, observer);
}

void SimIo::Resolve(const std::string& host,
                    std::function<void(base::Result<std::vector<std::string>>)> done) {
  const bool is_literal = host.find_first_not_of("0123456789.") == std::string::npos ||
                          host.find(':') != std::string::npos;
  if (is_literal)
    return Complete([host, done = std::move(done)] { done(std::vector<std::string>{host}); });
  const base::Duration delay = kWorkerDelay + base::Duration(random_.Between(0, kWorkerJitterNs));
  AfterWork(delay, [this, host, done = std::move(done)] {
    const auto found = machine_.names.find(host);
    if (found == machine_.names.end()) {
      return Complete([host, done] {
        done(base::Error{"cannot resolve '" + host + "': unknown node or service"});
      });
    }
    Complete([ip = found->second, done] { done(std::vector<std::string>{ip}); });
  });
}

void SimIo::Detach(SocketId id) {
  streams_.erase(id);
  std::erase(ready_sockets_, id);
}

void SimIo::DetachListener(ListenerId id) {
  listeners_.erase(id);
  ready_listeners_.erase(id);
}

void SimIo::OnSocketReady(SocketId id) {
  const auto place = std::ranges::lower_bound(ready_sockets_, id);
  if (place == ready_sockets_.end() || *place != id) ready_sockets_.insert(place, id);
  Wake();
}

void SimIo::OnListenerReady(ListenerId id) {
  ready_listeners_.insert(id);
  Wake();
}

// ---- files and programs

io::Files& SimIo::files() { return *files_; }

std::string SimIo::PathOf(const std::string& path) const {
  if (path.starts_with('/')) return path;
  return directory_ + "/" + (path.starts_with("./") ? path.substr(2) : path);
}

base::Result<std::unique_ptr<io::Child>> SimIo::Spawn(const std::vector<std::string>& argv,
                                                      std::function<void(io::ChildExit)> on_exit) {
  if (!alive_) return base::Error{"the process is dead"};
  if (argv.empty()) return base::Error{"no program to run"};
  machine_.trace.Add(machine_.events.now(), "spawn", process_, 0, argv[0]);
  spawned.push_back(argv);
  const SpawnOutcome outcome = on_spawn ? on_spawn(argv) : SpawnOutcome{};
  auto run = std::make_shared<SimChild::Run>(SimChild::Run{.on_exit = std::move(on_exit)});
  AfterWork(outcome.after, [this, run, outcome] {
    SimChild::End(*this, run, {outcome.exit_code, 0});
  });
  return std::unique_ptr<io::Child>(std::make_unique<SimChild>(*this, next_pid_++, run));
}

// ---- life

void SimIo::Kill() {
  CHECK(!in_turn_);
  if (!alive_) return;
  alive_ = false;
  if (wake_) machine_.events.Cancel(*wake_);
  wake_.reset();
  std::vector<SocketId> sockets;
  for (const auto& [id, stream] : streams_) sockets.push_back(id);
  for (const SocketId id : sockets) machine_.network.CloseForKill(id);
  std::vector<ListenerId> listening;
  for (const auto& [id, listener] : listeners_) listening.push_back(id);
  for (const ListenerId id : listening) machine_.network.CloseListener(id);
  streams_.clear();
  listeners_.clear();
  ready_sockets_.clear();
  ready_listeners_.clear();
  // What the closures own may call back here while it is destroyed; being dead, nothing comes of
  // it.
  const auto deferred = std::exchange(deferred_, {});
  const auto completions = std::exchange(completions_, {});
  const auto steps = std::exchange(parked_steps_, {});
  end_of_turn_ = nullptr;
}

void SimIo::Pause() {
  CHECK(!in_turn_);
  paused_ = true;
  if (wake_) machine_.events.Cancel(*wake_);
  wake_.reset();
}

void SimIo::Resume() {
  if (!std::exchange(paused_, false)) return;
  for (std::function<void()>& step : std::exchange(parked_steps_, {}))
    AfterWork({}, std::move(step));
  Wake();
}

// ---- the turn

bool SimIo::HasWork() const {
  return !ready_sockets_.empty() || !ready_listeners_.empty() || !completions_.empty() ||
         !deferred_.empty();
}

void SimIo::Wake() {
  if (!alive_ || paused_ || in_turn_) return;
  base::Instant when = machine_.events.now();
  if (!HasWork()) {
    const std::optional<base::Instant> next = timers_.Next();
    if (!next) {
      if (wake_) machine_.events.Cancel(*wake_);
      wake_.reset();
      return;
    }
    when = std::max(when, machine_.clock.WorldAt(*next));
  }
  when = std::max(when, busy_until_);
  if (wake_ && wake_->when == when) return;
  if (wake_) machine_.events.Cancel(*wake_);
  wake_ = machine_.events.At(when, [this] { Turn(); });
}

void SimIo::Turn() {
  wake_.reset();
  in_turn_ = true;
  machine_.trace.Add(machine_.events.now(), "turn", process_);
  busy_until_ = machine_.events.now() + turn_cost_;
  AcceptAll();
  ServeSockets();
  RunAll(completions_);
  timers_.FireDue(Now());
  RunAll(deferred_);
  if (end_of_turn_) end_of_turn_();
  in_turn_ = false;
  Wake();
  if (machine_.on_turn) machine_.on_turn(machine_.host);
}

void SimIo::AcceptAll() {
  if (ready_listeners_.empty()) return;
  for (const ListenerId id : std::exchange(ready_listeners_, {})) {
    for (int i = 0; i < kAcceptsPerTurn; ++i) {
      const auto found = listeners_.find(id);
      if (found == listeners_.end()) break;
      const std::optional<SocketId> socket = machine_.network.Accept(id);
      if (!socket) break;
      const std::shared_ptr<SimListener::OnAccept> keep = found->second->on_accept();
      (*keep)(std::make_unique<SimStream>(*this, *socket));
    }
  }
}

void SimIo::ServeSockets() {
  served_.clear();
  served_.swap(ready_sockets_);
  for (size_t i = served_.size(); i > 1; --i) std::swap(served_[i - 1], served_[random_.Below(i)]);
  for (const SocketId id : served_) {
    const auto found = streams_.find(id);
    if (found != streams_.end()) found->second->Serve();
  }
}

void SimIo::RunAll(std::vector<std::function<void()>>& tasks) {
  if (tasks.empty()) return;
  for (const std::function<void()>& task : std::exchange(tasks, {})) task();
}

}  // namespace quorate::simulation
