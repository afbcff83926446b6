// The loop of a command line program: turned until what is waited for has happened, time is up, or
// the user interrupts (SIGINT, SIGTERM). Once interrupted, every wait ends at once, so that the
// program unwinds and tidies up.
#pragma once

#include <functional>

#include "shared/base/time.h"
#include "shared/uv/loop_io.h"

namespace quorate::ops {

class Foreground {
 public:
  Foreground();
  Foreground(const Foreground&) = delete;
  Foreground& operator=(const Foreground&) = delete;

  uv::LoopIo& io() { return io_; }
  base::Instant Now() { return io_.Now(); }
  bool interrupted() const { return interrupted_; }

  // True if `done` held within `limit`.
  bool WaitUntil(const std::function<bool()>& done, base::Duration limit);
  // Lets time pass; false if interrupted.
  bool Pass(base::Duration time);

 private:
  uv::LoopIo io_;
  bool interrupted_ = false;
};

}  // namespace quorate::ops
