#include "shared/uv/loop.h"

#include <fcntl.h>
#include <poll.h>

#include <algorithm>
#include <csignal>
#include <ctime>
#include <utility>

#include "shared/base/check.h"

namespace quorate::uv {

namespace {

using std::chrono::milliseconds;

// Rounds up, so that the wake-up never comes before the timer is due.
uint64_t CeilMs(base::Instant instant) {
  const auto ms = std::chrono::ceil<milliseconds>(instant.time_since_epoch()).count();
  return ms < 0 ? 0 : static_cast<uint64_t>(ms);
}

struct OffloadedWork {
  uv_work_t request;
  Loop* loop;
  std::function<void()> work;
  std::function<void()> done;
};

}  // namespace

Loop::Loop() : read_buffer_(new char[kReadBufferSize]) {
  // A peer that hangs up is an error code here, never a signal.
  std::signal(SIGPIPE, SIG_IGN);
  CHECK(uv_loop_init(&loop_) == 0);
  CHECK(prepare_.Initialise(*this,
                            [this](uv_prepare_t* h) { return uv_prepare_init(&loop_, h); }) == 0);
  CHECK(stay_awake_.Initialise(*this, [this](uv_idle_t* h) { return uv_idle_init(&loop_, h); }) ==
        0);
  CHECK(wake_up_.Initialise(*this, [this](uv_timer_t* h) { return uv_timer_init(&loop_, h); }) ==
        0);
  uv_prepare_start(prepare_.get(), [](uv_prepare_t* h) {
    if (Loop* self = Handle<uv_prepare_t, Loop>::OwnerOf(h)) self->FinishTurn();
  });
  ReopenReserveDescriptor();
}

Loop::~Loop() {
  closing_ = true;
  deferred_.clear();
  end_of_turn_ = nullptr;
  prepare_.Reset();
  stay_awake_.Reset();
  wake_up_.Reset();
  // What is left belongs to nobody any more (children that are still running).
  uv_walk(
      &loop_,
      [](uv_handle_t* handle, void*) {
        if (!uv_is_closing(handle)) uv_close(handle, DeleteBox);
      },
      nullptr);
  uv_run(&loop_, UV_RUN_DEFAULT);
  CHECK(uv_loop_close(&loop_) == 0);
}

base::Instant Loop::Now() {
  timespec ts;
  clock_gettime(CLOCK_MONOTONIC, &ts);
  return base::Instant(std::chrono::seconds(ts.tv_sec) + std::chrono::nanoseconds(ts.tv_nsec));
}

void Loop::Offload(std::function<void()> work, std::function<void()> done) {
  auto* item = new OffloadedWork{{}, this, std::move(work), std::move(done)};
  item->request.data = item;
  const int rc = uv_queue_work(
      &loop_, &item->request,
      [](uv_work_t* request) { static_cast<OffloadedWork*>(request->data)->work(); },
      [](uv_work_t* request, int) {
        const std::unique_ptr<OffloadedWork> finished(static_cast<OffloadedWork*>(request->data));
        if (!finished->loop->closing()) finished->done();
      });
  CHECK(rc == 0);  // fails only without a work function
}

void Loop::Run() {
  stopped_ = false;
  while (!stopped_) uv_run(&loop_, UV_RUN_ONCE);
  FinishTurn();
}

void Loop::Stop() {
  stopped_ = true;
  uv_idle_start(stay_awake_.get(), [](uv_idle_t*) {});
}

bool Loop::RunUntil(const std::function<bool()>& done, base::Duration limit) {
  stopped_ = false;
  const base::Instant deadline = Now() + limit;
  const auto wake = timers_.Create([] {});
  wake->StartAt(deadline);
  until_ = &done;
  while (!done() && !stopped_ && Now() < deadline) uv_run(&loop_, UV_RUN_ONCE);
  until_ = nullptr;
  return done();
}

void Loop::FinishTurn() {
  timers_.FireDue(Now());
  running_.swap(deferred_);
  for (std::function<void()>& task : running_) task();
  running_.clear();
  if (end_of_turn_) end_of_turn_();
  ArmWakeUp();
}

void Loop::NoteBytes() {
  if (++streams_read_ > 1) return;
  first_bytes_at_ = Now();
  if (!slept_at_) return;
  linger_.Woken(first_bytes_at_ - *slept_at_);
  slept_at_.reset();
}

void Loop::LingerBeforeSleep() {
  const int streams_read = std::exchange(streams_read_, 0);
  if (linger_.Begin()) {
    base::Instant now = Now();
    if (Linger::Gathers(streams_read, now - first_bytes_at_)) {
      for (const base::Instant until = now + Linger::kGather; now < until;) now = Now();
    }
    pollfd events{uv_backend_fd(&loop_), POLLIN, 0};
    const base::Instant until = now + Linger::kLimit;
    bool event = false;
    do {
      event = poll(&events, 1, 0) > 0;
    } while (!event && Now() < until);
    linger_.End(event);
    if (event) return slept_at_.reset();
  }
  slept_at_ = Now();
}

// The loop is about to sleep, and to begin a turn when it wakes.
void Loop::KeepPace() {
  const base::Instant next = turn_began_at_ + pace_;
  timespec rest{};
  for (base::Duration left = next - Now(); left > base::Duration::zero(); left = next - Now()) {
    rest.tv_nsec = std::min<base::Duration>(left, milliseconds(100)).count();
    nanosleep(&rest, nullptr);
  }
  turn_began_at_ = Now();
}

void Loop::ArmWakeUp() {
  const std::optional<base::Instant> next = timers_.Next();
  const bool finished = stopped_ || (until_ != nullptr && (*until_)());
  if (finished || !deferred_.empty() || (next && *next <= Now())) {
    uv_idle_start(stay_awake_.get(), [](uv_idle_t*) {});
    return;
  }
  uv_idle_stop(stay_awake_.get());
  if (pace_ > base::Duration::zero())
    KeepPace();
  else
    LingerBeforeSleep();
  if (!next) {
    uv_timer_stop(wake_up_.get());
    wake_up_at_.reset();
    return;
  }
  // The sleep is counted from the loop's time, and the turn may have taken long.
  uv_update_time(&loop_);
  if (wake_up_at_ == next && uv_is_active(reinterpret_cast<uv_handle_t*>(wake_up_.get()))) return;
  wake_up_at_ = next;
  const uint64_t due = CeilMs(*next);
  const uint64_t loop_now = uv_now(&loop_);
  uv_timer_start(
      wake_up_.get(), [](uv_timer_t*) {}, due > loop_now ? due - loop_now : 0, 0);
}

void Loop::ReopenReserveDescriptor() {
  if (!reserve_.valid()) reserve_ = FileDescriptor(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

}  // namespace quorate::uv
