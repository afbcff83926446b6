#include "scripts/ops/foreground.h"

#include <signal.h>

namespace quorate::ops {

Foreground::Foreground() {
  for (const int signal : {SIGINT, SIGTERM}) {
    io_.WatchSignal(signal, [this] {
      interrupted_ = true;
      io_.Stop();
    });
  }
}

bool Foreground::WaitUntil(const std::function<bool()>& done, base::Duration limit) {
  return !interrupted_ && io_.RunUntil(done, limit);
}

bool Foreground::Pass(base::Duration time) {
  WaitUntil([] { return false; }, time);
  return !interrupted_;
}

}  // namespace quorate::ops
