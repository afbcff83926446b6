// The only source of randomness: xoshiro256++ seeded explicitly. The daemons seed it from the
// operating system, tests and the simulator from a number, so that every run can be replayed.
#pragma once

#include <array>
#include <cstdint>

namespace quorate::base {

class Random {
 public:
  explicit Random(uint64_t seed);
  uint64_t Next();
  // Uniform in [0, bound). Precondition: bound > 0.
  uint64_t Below(uint64_t bound);
  // Uniform in [low, high]. Precondition: low <= high.
  int64_t Between(int64_t low, int64_t high);
  // True with probability numerator/denominator.
  bool Chance(uint64_t numerator, uint64_t denominator) { return Below(denominator) < numerator; }
  // An independent generator, seeded from this one.
  Random Fork() { return Random(Next()); }

 private:
  std::array<uint64_t, 4> state_;
};

}  // namespace quorate::base
