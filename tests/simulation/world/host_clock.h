// The clocks of one simulated host. The monotonic one starts anywhere and runs fast or slow by some
// parts per million, but never falls; the wall clock follows true time plus whatever jumps were
// made.
#pragma once

#include <cstdint>

#include "shared/base/time.h"

namespace quorate::simulation {

class HostClock {
 public:
  // `world` is the true instant now, `local` what this host's clock shows at it.
  HostClock(base::Instant world, base::Instant local, base::WallTime wall);

  base::Instant Local(base::Instant world) const;
  // The earliest true instant at which the clock shows `local` or more; not before the last change
  // of the rate.
  base::Instant WorldAt(base::Instant local) const;
  base::WallTime Wall(base::Instant world) const;

  // From now on a true second takes (1 + ppm / 1e6) seconds here. |ppm| < 1e6.
  void SetRate(base::Instant world, int64_t ppm);
  void JumpWall(base::Duration by) { wall_.ms += base::ToMs(by); }

 private:
  base::Instant world_;  // where the present rate began
  base::Instant local_;
  int64_t ppm_ = 0;
  const base::Instant wall_world_;
  base::WallTime wall_;  // at wall_world_
};

}  // namespace quorate::simulation
