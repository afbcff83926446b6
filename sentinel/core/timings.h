// The periods, timeouts and limits of the sentinel in one place. Timings can be changed at run time
// (SENTINEL DEBUG); the limits are constants. Defaults are those of Redis Sentinel unless said
// otherwise.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "shared/base/time.h"

namespace quorate::sentinel::core {

struct Timings {
  base::Duration info_period = std::chrono::seconds(10);
  base::Duration ping_period = std::chrono::seconds(1);
  base::Duration ask_period = std::chrono::seconds(1);
  base::Duration publish_period = std::chrono::seconds(2);
  base::Duration default_down_after = std::chrono::seconds(30);
  base::Duration default_failover_timeout = std::chrono::minutes(3);
  // A step that comes this much later than it was asked for is a stall of this process.
  base::Duration tilt_trigger = std::chrono::seconds(2);
  // How long a stall suspends acting and voting. Ours is short: it needs only fresh replies (Redis:
  // 30 s).
  base::Duration tilt_period = std::chrono::seconds(1);
  // After that long without a hello of another process under our id, it is gone.
  base::Duration duplicate_quiet = std::chrono::seconds(15);
  base::Duration replica_reconf_timeout = std::chrono::seconds(10);
  base::Duration min_link_reconnect_period = std::chrono::seconds(15);
  base::Duration election_timeout = std::chrono::seconds(10);
  base::Duration script_max_runtime = std::chrono::seconds(60);
  base::Duration script_retry_delay = std::chrono::seconds(30);

  friend bool operator==(const Timings&, const Timings&) = default;
};

// INFO period of replicas while their primary is in trouble, and of a replica that lost its
// primary.
inline constexpr base::Duration kInfoFastPeriod = std::chrono::seconds(1);
// INFO period of a replica that is being re-pointed.
inline constexpr base::Duration kInfoReconfPeriod = std::chrono::milliseconds(200);
// Attempts to connect to who does not answer become as rare as this, by doubling (links.cpp).
inline constexpr base::Duration kReconnectPeriod = std::chrono::seconds(1);
// First reconnect after a link that was up has broken: at once would spin against a listener that
// accepts and closes.
inline constexpr base::Duration kFirstReconnectDelay = std::chrono::milliseconds(20);
inline constexpr base::Duration kConnectTimeout = std::chrono::seconds(3);
// A ping is sent at least every down-after / kPingsPerDownAfter, so that silence is noticed
// down-after plus little.
inline constexpr int kPingsPerDownAfter = 5;
inline constexpr base::Duration kMinPingPeriod = std::chrono::milliseconds(20);
// Answers to "is the primary down?" count for this long.
inline constexpr base::Duration kAnswerValidity = std::chrono::seconds(5);
// Re-asking because a peer asked us (it suspects too) is spaced by this.
inline constexpr base::Duration kHintedAskSpacing = std::chrono::milliseconds(20);
// A failed election among live peers is tried again after a random delay in this range, doubled per
// failure in a row.
inline constexpr base::Duration kElectionRetryMin = std::chrono::milliseconds(50);
inline constexpr base::Duration kElectionRetryMax = std::chrono::milliseconds(150);
inline constexpr int kElectionRetryMaxDoublings = 6;
// After voting for another we leave it this long to finish before standing ourselves (at most 2 x
// failover-timeout).
inline constexpr base::Duration kLeaderGrace = std::chrono::seconds(5);
// A vote for another adds a random part up to this to the wait before standing (Redis'
// SENTINEL_MAX_DESYNC).
inline constexpr base::Duration kMaxDesync = std::chrono::seconds(1);
// A replica that claims to be primary is demoted after this many hello periods without
// contradicting news.
inline constexpr int kRoleChangeGracePeriods = 4;
// After a failover the leader has this long to demote the old primary, if that is alive, before the
// other sentinels do.
inline constexpr base::Duration kLeaderDemotes = std::chrono::seconds(1);
// Failure detection "fast": this many refused connections in a row, and this long after the link
// broke, are death.
inline constexpr int kDeathRefusals = 3;
inline constexpr base::Duration kCrashDebounce = std::chrono::milliseconds(100);
// How often replicas are asked whether they still hold their link to a primary that seems dead.
inline constexpr base::Duration kDeathInfoPeriod = std::chrono::milliseconds(50);
// For so long after a primary was started anew its replicas are asked that often whether it still
// has what they have.
inline constexpr base::Duration kNewProcessWatch = std::chrono::seconds(3);
// After ODOWN each sentinel waits a random part of this before it stands, so that they do not split
// the vote.
inline constexpr base::Duration kCandidacyJitter = std::chrono::milliseconds(20);
// A peer that has missed this many hellos is no longer counted as speaking.
inline constexpr int kHellosUntilSilent = 5;
// Dial-back (strangers.h): a claimed address has this long to say who lives there, connecting (at
// most kConnectTimeout) included, and its standing is kept, and not asked for again, this long.
inline constexpr base::Duration kDialBackTimeout = std::chrono::seconds(5);
inline constexpr base::Duration kDialBackPause = std::chrono::seconds(5);
// A name is not resolved more often than this.
inline constexpr base::Duration kNameFreshness = std::chrono::seconds(1);
// One that is nobody's and was not told for so long makes room for another when there is none.
inline constexpr base::Duration kNameKept = std::chrono::minutes(1);
// After RESET nobody stands until the peers are likely to be known again.
inline constexpr base::Duration kResetGrace = std::chrono::seconds(5);
// After RESET the electorate keeps its size, and unconfirmed replicas stay watched, for this long:
// time for every living process to be met again.
inline constexpr base::Duration kResetSettling = std::chrono::seconds(30);
// A promotion that the heir refused (it is loading, say) is sent again after this.
inline constexpr base::Duration kPromotionRetryPeriod = std::chrono::milliseconds(100);
// Elections that a forced failover may lose before it gives up.
inline constexpr int kForcedElections = 3;
// Failed persists are tried again after this.
inline constexpr base::Duration kPersistRetryPeriod = std::chrono::seconds(1);
// Offsets asked for after an election are waited for this long at most.
inline constexpr base::Duration kFreshInfoWait = std::chrono::milliseconds(200);
// SENTINEL PAUSE: a week at most, so that a forgotten one ends; reasons go into events and INFO.
inline constexpr int64_t kLongestPauseSeconds = 7 * 24 * 3600;
inline constexpr size_t kMaxPauseReason = 200;
inline constexpr uint64_t kMaxMaintenanceVersion = uint64_t{1} << 62;
// The most failovers that a flap-limit may count.
inline constexpr uint32_t kMaxFlapLimit = 100;
// A vetoed failover is asked for again after this, while the primary stays lost.
inline constexpr base::Duration kVetoBackoff = std::chrono::seconds(10);
// Versions of shared settings, and options that can be shared in one group.
inline constexpr uint64_t kMaxSharedVersion = uint64_t{1} << 62;
inline constexpr size_t kMaxSharedOptions = 100;
// Of an option, in bytes, by SENTINEL SET.
inline constexpr size_t kMaxOptionValue = 4096;
// Of a rollback record's name in a server's INFO.
inline constexpr size_t kMaxRollbackRecordName = 128;
// A fence ends this long after it was raised if no order comes (at most failover-timeout).
inline constexpr base::Duration kFenceTime = std::chrono::seconds(5);
// What a server says of a later epoch is acted on after so many publish periods: the sentinels who
// know of that have said so by then.
inline constexpr int kRefusalPatience = 3;
// Pause of writes in a planned switchover, renewed while it is needed.
inline constexpr base::Duration kSwitchoverPause = std::chrono::seconds(2);
// The heir must be equal this long after the pause began, unless the operator says otherwise.
inline constexpr base::Duration kCatchUpTime = kSwitchoverPause / 2;
inline constexpr base::Duration kMaxCatchUpTime = std::chrono::minutes(1);
// Until the old primary lets its clients go, the other sentinels have this long to adopt the new
// configuration.
inline constexpr base::Duration kAdoptionWait = std::chrono::milliseconds(100);
// Spacing of the questions for the heir's offset during a switchover.
inline constexpr base::Duration kCatchUpPollPeriod = std::chrono::milliseconds(2);
// A stall shorter than the TILT trigger but longer than this moves the clocks of unanswered pings.
inline constexpr base::Duration kStallForgiven = std::chrono::milliseconds(200);

inline constexpr size_t kMaxGroups = 10000;
inline constexpr size_t kMaxReplicasPerGroup = 256;
inline constexpr size_t kMaxPeersPerGroup = 128;
// Addresses that are asked who lives there, or were a moment ago; hellos that wait for one of them.
inline constexpr size_t kMaxStrangers = 128;
inline constexpr size_t kMaxClaims = 512;
inline constexpr size_t kMaxRetiredGroups = 1000;
inline constexpr size_t kMaxAnnouncedAddresses = 256;
inline constexpr size_t kMaxNames = 10000;
inline constexpr size_t kMaxAddressesPerName = 16;
inline constexpr size_t kMaxHostLength = 255;
inline constexpr size_t kMaxGroupNameLength = 255;
inline constexpr size_t kMaxHelloLength = 1024;
inline constexpr size_t kMaxInfoLength = 1 << 20;
// Answers that wait until what they promise is on disk. At the limit (a disk that hangs) votes and
// changes are refused at once and nothing is changed.
inline constexpr size_t kMaxHeldReplies = 1000;
// Of a server's error text in an event.
inline constexpr size_t kMaxQuotedError = 200;
inline constexpr int kMaxPendingCommands = 100;
// An epoch heard from outside may be ahead of ours by at most this.
inline constexpr uint64_t kMaxEpochJump = uint64_t{1} << 32;
// No epoch grows beyond this, so that arithmetic on epochs (and Redis' signed printing of them) is
// safe.
inline constexpr uint64_t kMaxEpoch = uint64_t{1} << 62;

}  // namespace quorate::sentinel::core
