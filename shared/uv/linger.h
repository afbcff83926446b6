// Whether the loop asks for events a moment longer before it sleeps.
//
// Why: a process that sleeps is woken by the peer whose bytes arrive, and that peer pays for it.
// When many clients send one request at a time, a fast loop drains them all, sleeps for some
// microseconds, and slows its own clients down: it falls behind a slower server that never gets to
// sleep. A loop that is that busy polls for up to kLimit before it sleeps ("lingers").
//
// An idle loop never lingers: only a sleep that lasted less than kBusySleep makes the next one
// wait. A linger that ends without an event (the peer needs this very core, or the burst is over)
// doubles the number of sleeps taken without one, up to kMostSkipped, so that it cannot cost much
// where it does not help; one that ends with an event forgets that.
//
// A loop that lingers after a short turn with a crowd (kCrowd streams or more that brought bytes)
// does not even look during the first kGather: the next turn then answers several clients in one
// go, and a client process that serves many connections finds many replies at once. A long turn
// gathers by itself.
//
// Pure: the loop measures and polls, this class decides.
#pragma once

#include <algorithm>
#include <chrono>

#include "shared/base/time.h"

namespace quorate::uv {

class Linger {
 public:
  static constexpr base::Duration kLimit = std::chrono::microseconds(25);
  static constexpr base::Duration kBusySleep = 2 * kLimit;
  static constexpr int kMostSkipped = 64;
  static constexpr base::Duration kGather = std::chrono::microseconds(25);
  static constexpr int kCrowd = 3;

  // The loop is about to sleep: whether to linger first.
  bool Begin() {
    if (!busy_) return false;
    if (to_skip_ == 0) return true;
    --to_skip_;
    return false;
  }

  // Whether a linger begins with a time in which the loop does not look, given the turn before it.
  static bool Gathers(int streams_read, base::Duration turn) {
    return streams_read >= kCrowd && turn < kGather;
  }

  // A linger ended, because an event was there or because kLimit had passed.
  void End(bool event) {
    skipped_ = event ? 0 : std::clamp(2 * skipped_, 1, kMostSkipped);
    to_skip_ = skipped_;
  }

  // Bytes came after a sleep of this length.
  void Woken(base::Duration slept) { busy_ = slept < kBusySleep; }

 private:
  bool busy_ = false;
  int skipped_ = 0;  // sleeps that the last fruitless linger costs
  int to_skip_ = 0;  // of those, still to come
};

}  // namespace quorate::uv
