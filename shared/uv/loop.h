// One libuv loop with what every object on it shares: the turn, deferred tasks, timers, the read
// buffer and the reserve descriptor. LoopIo is its public face.
//
// A turn, in order: the callbacks of sockets, processes and finished work; timers that are due;
// deferred tasks; the end-of-turn hook; then sleep (linger.h: a busy loop polls a moment before
// that). Tasks deferred later than the deferred-tasks step run in the next turn, and the loop does
// not sleep before it.
#pragma once

#include <uv.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "shared/base/time.h"
#include "shared/io/timer_queue.h"
#include "shared/uv/handle.h"
#include "shared/uv/linger.h"
#include "shared/uv/socket.h"

namespace quorate::uv {

class Loop {
 public:
  // One recv takes at most this much.
  static constexpr size_t kReadBufferSize = 256 * 1024;

  Loop();
  // Waits for offloaded work in flight; its `done` is not called. Everything created on the loop is
  // gone by now.
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  uv_loop_t* get() { return &loop_; }
  static base::Instant Now();
  io::TimerQueue& timers() { return timers_; }
  // Shared by all streams: its content is dead once OnBytes has returned.
  char* read_buffer() { return read_buffer_.get(); }

  // A stream has bytes to read: it is their coming that says how busy the loop is.
  void NoteBytes();

  void Defer(std::function<void()> task) { deferred_.push_back(std::move(task)); }
  void SetEndOfTurn(std::function<void()> hook) { end_of_turn_ = std::move(hook); }
  // io::Io::SetPace. A loop with a pace does not linger.
  void SetPace(base::Duration pace) { pace_ = pace; }
  void Offload(std::function<void()> work, std::function<void()> done);

  void Run();
  void Stop();
  // Runs until `done` (asked before every turn) is true, Stop is called, or `limit` has passed;
  // true if `done` was.
  bool RunUntil(const std::function<bool()>& done, base::Duration limit);

  // A descriptor held back so that a connection can still be accepted, and closed, when the process
  // has run out of them.
  FileDescriptor& reserve_descriptor() { return reserve_; }
  void ReopenReserveDescriptor();

  bool closing() const { return closing_; }

 private:
  void FinishTurn();
  void ArmWakeUp();
  void LingerBeforeSleep();
  void KeepPace();

  uv_loop_t loop_;
  Handle<uv_prepare_t, Loop> prepare_;  // runs right before the loop sleeps
  Handle<uv_idle_t, Loop> stay_awake_;  // active: the loop does not sleep
  Handle<uv_timer_t, Loop> wake_up_;
  std::optional<base::Instant> wake_up_at_;
  base::Duration pace_{};
  base::Instant turn_began_at_{};  // of a loop with a pace
  Linger linger_;
  std::optional<base::Instant> slept_at_;  // until the first bytes of the turn that follows
  base::Instant first_bytes_at_{};         // of this turn, if streams_read_ > 0
  int streams_read_ = 0;                   // in this turn
  io::TimerQueue timers_;
  std::vector<std::function<void()>> deferred_;
  std::vector<std::function<void()>> running_;  // kept for its capacity
  std::function<void()> end_of_turn_;
  std::unique_ptr<char[]> read_buffer_;
  FileDescriptor reserve_;
  const std::function<bool()>* until_ = nullptr;  // during RunUntil
  bool stopped_ = false;
  bool closing_ = false;
};

}  // namespace quorate::uv
