// Whose orders about its role this server obeys, and whether it may accept writes as a primary: the
// server's part in what sentinels of ours add to Redis' protocol.
//
// Every configuration of a group has an epoch, won by an election. A sentinel tells the epoch of
// its own configuration with everything it says here:
//   Heartbeat  "in epoch e you are the primary", or "a replica": from every sentinel, every ping.
//   Fence      "an election was won for epoch e, and an order may follow": until an order of epoch
//              e or later comes, or the time is over, a primary refuses writes and a replica has no
//              link to its primary, so that the offsets which the leader reads are final.
//   Order      REPLICAOF or REPLICAOF NO ONE, of epoch e.
// An order without an epoch is an operator's, or a stock sentinel's.
//
// The lease. A heartbeat is answered with a stamp, this process' clock, which the sentinel's next
// heartbeat gives back: whoever gives back stamp s had received what was sent at s. A primary with
// primary-lease counts, for each sentinel, the latest such s; while a majority of the electorate
// has given one back that is younger than the lease, it has not been cut off from the majority.
// What lay in a buffer while the process, or the network, stood still proves nothing. And a
// sentinel that has had no answer for as long as the lease knows, without a clock in common, that
// no lease rests on it. The electorate is the largest that a sentinel has told since we are the
// primary: who has met fewer of the others must not make a smaller majority do. It is remembered
// across restarts, or a sentinel that has lost its disk and met nobody could give a lease to a
// primary that was replaced while it was off. Stock sentinels say nothing of the kind: an
// electorate that has one among them is told as 0, and there is no lease while somebody says so.
//
// Invariants
//   X1  word().epoch never falls. With the saved one handed to Restore that holds across restarts.
//   X2  an order, a fence or a heartbeat of an epoch before word().epoch is refused and changes
//       nothing; so is, while a fence stands, an order or heartbeat of an epoch before the fence's.
//   X3  after Restore writes are refused until a heartbeat or an order of that epoch or a later
//       one, or an order without an epoch, says who is the primary (the boot fence).
//   X4  a heartbeat that calls a primary a replica ends its writes: another was elected. What lets
//       them begin again is as in X3.
//   X5  word().electorate falls only on the word of a majority of as many as it says, fresh by the
//       lease; by our election, by an order without an epoch, and without a lease it may.
//
// Pure; the times are the engine's.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/ids.h"
#include "shared/base/result.h"
#include "shared/base/time.h"

namespace quorate::server::engine {

class Fencing {
 public:
  // More would be no electorate; those heard longest ago are forgotten.
  static constexpr size_t kMaxSentinels = 128;
  static constexpr base::Duration kLongestFence = std::chrono::minutes(1);
  // Who said that there are stock sentinels, and is silent for so long, may have been one of those
  // who were replaced.
  static constexpr base::Duration kStockMemory = std::chrono::minutes(1);

  enum class Role {
    kPrimary,
    kReplica,
    // An order without an epoch has made it a primary, or another one has handed the role over: it
    // is not the one that was elected in that epoch, and must not pass for it.
    kReleased,
  };
  // The last word of sentinels to this server: its role in that epoch.
  struct Word {
    base::Epoch epoch;
    Role role = Role::kPrimary;
    uint32_t electorate = 0;  // of the lease, the largest told; 0: none was
    friend bool operator==(const Word&, const Word&) = default;
  };
  // What an earlier process of this server has saved.
  void Restore(const Word& word);

  struct Heartbeat {
    base::RunId sentinel;
    base::Epoch epoch;
    uint32_t electorate = 1;                // sentinels whose majority counts; 0 = no lease
    bool primary = false;                   // what we are in that epoch
    std::optional<base::Instant> returned;  // the stamp of an earlier answer
  };
  // Error: the text of a RESP error with its code (X2).
  base::Status OnHeartbeat(base::Instant now, const Heartbeat& heartbeat);
  // `time` 0 lifts the fence of that epoch. Precondition: not negative.
  base::Status OnFence(base::Instant now, base::Epoch epoch, base::Duration time);
  // Before the order is carried out, which makes us a primary or not; absent: it has no epoch.
  // Error: it is not to be.
  base::Status OnOrder(base::Instant now, std::optional<base::Epoch> epoch, bool primary);
  // We have become a primary without an order: another one has handed the role over.
  void OnPromoted() { Release(); }

  // 0 = no lease.
  void SetLease(base::Duration lease);

  // To be saved when it has changed, and when the first sentinel has spoken.
  const Word& word() const { return word_; }
  // "primary", "replica", "released".
  static std::string_view RoleName(Role role);
  // Some sentinel of ours has spoken, to this process or an earlier one.
  bool watched() const { return watched_; }
  base::Duration lease() const { return lease_; }
  // A replica has no link to its primary before this.
  base::Instant held_until() const { return fence_ ? fence_->until : base::Instant{}; }

  enum class Refusal { kNone, kBooted, kDeposed, kFenced, kNoMajority };
  // Of a primary's writes (hot path).
  Refusal WritesRefused(base::Instant now) const {
    if (!watched_) return Refusal::kNone;
    return WhyRefused(now);
  }
  // INFO's write_fence.
  static std::string_view InfoName(Refusal refusal);
  // The text of the RESP error, with its code.
  std::string ErrorText(Refusal refusal) const;
  // Sentinels that have given a stamp back which is younger than the lease, and the electorate; 0 =
  // the lease has no effect.
  struct Majority {
    uint32_t heard = 0;
    uint32_t electorate = 0;
  };
  Majority CountHeard(base::Instant now) const;

 private:
  struct Fence {
    base::Epoch epoch;
    base::Instant until;
  };

  Refusal WhyRefused(base::Instant now) const;
  // X2.
  std::optional<base::Error> Stale(base::Instant now, base::Epoch epoch) const;
  void Release();
  void Note(const Heartbeat& heartbeat, base::Instant now);
  // X5.
  void RememberElectorate(base::Instant now);
  void ComputeLeaseEnd();
  // A lease is of one time as a primary: another may have had one since.
  void ForgetHeard();
  // The largest that is told; 0: somebody says that there are stock sentinels.
  uint32_t ToldElectorate() const;
  // 0 = no lease.
  uint32_t Electorate() const;

  // What a sentinel has told.
  struct Told {
    base::Instant at;                    // its last heartbeat
    uint32_t electorate = 0;             // in that
    std::optional<base::Instant> stamp;  // the latest that it gave back
  };

  Word word_;
  bool watched_ = false;
  bool confirmed_ = true;  // to this process
  std::optional<Fence> fence_;
  base::Duration lease_{};
  std::map<base::RunId, Told> told_;  // by sentinel, as long as we are the primary
  base::Instant lease_end_{};         // of the majority's latest stamps
};

}  // namespace quorate::server::engine
