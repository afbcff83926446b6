#include "shared/uv/loop_io.h"

#include <sys/random.h>

#include <cerrno>
#include <chrono>
#include <map>
#include <utility>

#include "shared/base/check.h"
#include "shared/uv/child_process.h"
#include "shared/uv/disk_files.h"
#include "shared/uv/listener.h"
#include "shared/uv/loop.h"
#include "shared/uv/prompt_thread.h"
#include "shared/uv/resolver.h"
#include "shared/uv/stream.h"

namespace quorate::uv {

namespace {

// One signal and its callback.
class SignalWatch {
 public:
  SignalWatch(Loop& loop, int signal, std::function<void()> callback)
      : callback_(std::move(callback)) {
    CHECK(handle_.Initialise(
              *this, [&loop](uv_signal_t* h) { return uv_signal_init(loop.get(), h); }) == 0);
    const int rc = uv_signal_start(
        handle_.get(),
        [](uv_signal_t* h, int) {
          SignalWatch* self = Handle<uv_signal_t, SignalWatch>::OwnerOf(h);
          if (self == nullptr) return;
          const auto call = self->callback_;  // it may replace itself
          call();
        },
        signal);
    CHECK(rc == 0);  // fails for SIGKILL and SIGSTOP only
  }

 private:
  std::function<void()> callback_;
  Handle<uv_signal_t, SignalWatch> handle_;
};

}  // namespace

struct LoopIo::Parts {
  ~Parts() {
    signals.clear();
    owned_loop.reset();  // waits for work in flight, which may still use `files`
  }

  std::unique_ptr<Loop> owned_loop = std::make_unique<Loop>();
  Loop& loop = *owned_loop;
  DiskFiles files{loop};
  std::map<int, std::unique_ptr<SignalWatch>> signals;
};

LoopIo::LoopIo() : parts_(std::make_unique<Parts>()) { AskForShortSlices(); }
LoopIo::~LoopIo() = default;

void LoopIo::Run() { parts_->loop.Run(); }
void LoopIo::Stop() { parts_->loop.Stop(); }
bool LoopIo::RunUntil(const std::function<bool()>& done, base::Duration limit) {
  return parts_->loop.RunUntil(done, limit);
}

void LoopIo::WatchSignal(int signal, std::function<void()> callback) {
  parts_->signals[signal] =
      std::make_unique<SignalWatch>(parts_->loop, signal, std::move(callback));
}

base::Instant LoopIo::Now() { return Loop::Now(); }

base::WallTime LoopIo::WallNow() {
  const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count()};
}

uint64_t LoopIo::RandomSeed() {
  uint64_t seed = 0;
  ssize_t n;
  do {
    n = getrandom(&seed, sizeof seed, 0);
  } while (n < 0 && errno == EINTR);
  CHECK(n == sizeof seed);
  return seed;
}

std::unique_ptr<io::Timer> LoopIo::CreateTimer(std::function<void()> on_fire) {
  return parts_->loop.timers().Create(std::move(on_fire));
}
void LoopIo::Defer(std::function<void()> task) { parts_->loop.Defer(std::move(task)); }
void LoopIo::SetEndOfTurn(std::function<void()> hook) {
  parts_->loop.SetEndOfTurn(std::move(hook));
}
void LoopIo::SetPace(base::Duration pace) { parts_->loop.SetPace(pace); }
void LoopIo::Offload(std::function<void()> work, std::function<void()> done) {
  parts_->loop.Offload(std::move(work), std::move(done));
}

base::Result<std::unique_ptr<io::Listener>> LoopIo::Listen(
    const io::ListenOptions& options, std::function<void(std::unique_ptr<io::Stream>)> on_accept) {
  return SocketListener::Create(parts_->loop, options, std::move(on_accept));
}

std::unique_ptr<io::Stream> LoopIo::Connect(const io::ConnectOptions& options,
                                            io::StreamObserver& observer) {
  return std::make_unique<SocketStream>(parts_->loop, options, observer);
}

void LoopIo::Resolve(const std::string& host,
                     std::function<void(base::Result<std::vector<std::string>>)> done) {
  ResolveHost(parts_->loop, host, 0,
              [done = std::move(done)](const base::Result<std::vector<SocketAddress>>& found) {
                if (!found) return done(found.error());
                std::vector<std::string> literals;
                for (const SocketAddress& address : *found)
                  literals.push_back(address.ToEndpoint().host);
                done(std::move(literals));
              });
}

io::Files& LoopIo::files() { return parts_->files; }

base::Result<std::unique_ptr<io::Child>> LoopIo::Spawn(const std::vector<std::string>& argv,
                                                       std::function<void(io::ChildExit)> on_exit) {
  return SpawnChild(parts_->loop, argv, std::move(on_exit));
}

}  // namespace quorate::uv
