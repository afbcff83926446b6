#include "tests/simulation/world/host_clock.h"

#include <cstdlib>

#include "shared/base/check.h"

namespace quorate::simulation {

namespace {

constexpr int64_t kMillion = 1'000'000;

// value * ppm / 1e6 without overflow.
int64_t Share(int64_t value, int64_t ppm) {
  return value / kMillion * ppm + value % kMillion * ppm / kMillion;
}

}  // namespace

HostClock::HostClock(base::Instant world, base::Instant local, base::WallTime wall)
    : world_(world), local_(local), wall_world_(world), wall_(wall) {}

base::Instant HostClock::Local(base::Instant world) const {
  if (ppm_ == 0) return local_ + (world - world_);
  const int64_t elapsed = (world - world_).count();
  return local_ + base::Duration(elapsed + Share(elapsed, ppm_));
}

base::Instant HostClock::WorldAt(base::Instant local) const {
  if (local <= local_) return world_;
  if (ppm_ == 0) return world_ + (local - local_);
  const int64_t elapsed = (local - local_).count();
  // A first guess from below, then the few nanoseconds that rounding left.
  const double scale = 1.0 / (1.0 + static_cast<double>(ppm_) / 1e6);
  auto guess = world_ + base::Duration(static_cast<int64_t>(static_cast<double>(elapsed) * scale));
  while (Local(guess) >= local && guess > world_)
    guess -= base::Duration(1 + (Local(guess) - local).count());
  while (Local(guess) < local) guess += base::Duration(1);
  return guess;
}

base::WallTime HostClock::Wall(base::Instant world) const {
  return {wall_.ms + base::ToMs(world - wall_world_)};
}

void HostClock::SetRate(base::Instant world, int64_t ppm) {
  CHECK(std::abs(ppm) < kMillion);
  local_ = Local(world);
  world_ = world;
  ppm_ = ppm;
}

}  // namespace quorate::simulation
