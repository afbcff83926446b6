// The real world behind the I/O seam: sockets, timers, files and processes on one libuv loop.
// main.cpp makes one, wires the daemon over it and calls Run. This header does not show <uv.h>.
//
// Everything created through it must be destroyed before it. It ignores SIGPIPE for the whole
// process. One thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "shared/io/io.h"

namespace quorate::uv {

class LoopIo : public io::Io {
 public:
  LoopIo();
  // Waits for offloaded work in flight, which may still use files(), without calling its `done`.
  ~LoopIo() override;
  LoopIo(const LoopIo&) = delete;
  LoopIo& operator=(const LoopIo&) = delete;

  // Turns the loop until Stop; the turn in which Stop is called is finished first, with its
  // end-of-turn hook.
  void Run();
  // Loop thread only (signal callbacks run on it too).
  void Stop();
  // Turns the loop until `done` (asked before every turn) holds, Stop is called or `limit` has
  // passed; true if it held.
  bool RunUntil(const std::function<bool()>& done, base::Duration limit);

  // Calls `callback` on the loop for every arrival of `signal` (SIGTERM, SIGINT, SIGHUP, ...),
  // instead of its default effect. Watching a signal again replaces its callback.
  void WatchSignal(int signal, std::function<void()> callback);

  base::Instant Now() override;
  base::WallTime WallNow() override;
  uint64_t RandomSeed() override;
  std::unique_ptr<io::Timer> CreateTimer(std::function<void()> on_fire) override;
  void Defer(std::function<void()> task) override;
  void SetEndOfTurn(std::function<void()> hook) override;
  void SetPace(base::Duration pace) override;
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

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace quorate::uv
