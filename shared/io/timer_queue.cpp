#include "shared/io/timer_queue.h"

namespace quorate::io {

class TimerQueue::QueuedTimer : public Timer {
 public:
  QueuedTimer(TimerQueue& queue, std::function<void()> on_fire)
      : queue_(queue), on_fire_(std::make_shared<std::function<void()>>(std::move(on_fire))) {}
  ~QueuedTimer() override { QueuedTimer::Stop(); }

  void StartAt(base::Instant when) override {
    Stop();
    entry_ = Entry{when, queue_.next_sequence_++, this};
    queue_.waiting_.insert(*entry_);
  }

  void Stop() override {
    if (!entry_) return;
    if (queue_.waiting_.erase(*entry_) == 0) queue_.firing_.erase(*entry_);
    entry_.reset();
  }

  bool armed() const override { return entry_.has_value(); }

  // The queue has taken the entry out. The callback may destroy this timer.
  void Fire() {
    entry_.reset();
    const std::shared_ptr<std::function<void()>> keep = on_fire_;
    (*keep)();
  }

 private:
  TimerQueue& queue_;
  std::shared_ptr<std::function<void()>> on_fire_;
  std::optional<Entry> entry_;
};

std::unique_ptr<Timer> TimerQueue::Create(std::function<void()> on_fire) {
  return std::make_unique<QueuedTimer>(*this, std::move(on_fire));
}

void TimerQueue::FireDue(base::Instant now) {
  while (!waiting_.empty() && waiting_.begin()->when <= now) {
    firing_.insert(waiting_.extract(waiting_.begin()));
  }
  while (!firing_.empty()) {
    QueuedTimer* timer = firing_.begin()->timer;
    firing_.erase(firing_.begin());
    timer->Fire();
  }
}

std::optional<base::Instant> TimerQueue::Next() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.begin()->when;
}

}  // namespace quorate::io
