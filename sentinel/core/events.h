// The events of the core: one row per event with its channel and level, and how instances are
// described in payloads. Names and payloads of what Redis has are Redis', byte for byte, so that
// its clients and tools understand them. Those about scripts (-script-error...) are in
// sentinel/runtime/script_queue.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "shared/base/ids.h"

namespace quorate::sentinel::core {

// kDebug events are logged and not published.
enum class EventLevel { kDebug, kVerbose, kNotice, kWarning };

// One enumerator per event; rows in events.cpp.
enum class EventType {
  kMonitor,
  kMonitorEnd,
  kSet,
  kSetRefused,
  kResetMaster,
  kSlave,
  kSentinel,
  kSentinelEnd,
  kReboot,
  kSentinelAddressSwitch,
  kSentinelInvalidAddress,
  kSentinelAddressUpdate,
  kHelloUnproven,
  kRoleChange,
  kRoleChangeWrong,
  kDataLost,
  kForeignPrimary,
  kSdown,
  kSdownEnd,
  kOdown,
  kOdownEnd,
  kNewEpoch,
  kTryFailover,
  kTryConfirm,
  kElectedLeader,
  kVoteForLeader,
  kVoteRefused,
  kVetoed,
  kNoVerdict,
  kStateSelectSlave,
  kStateSendSlaveofNoOne,
  kStateWaitPromotion,
  kStateReconfSlaves,
  kAbortNotElected,
  kAbortNoGoodSlave,
  kAbortSlaveTimeout,
  kAbortMasterTimeout,
  kAbortPauseRefused,
  kSelectedSlave,
  kPromotedSlave,
  kSlaveReconfSent,
  kSlaveReconfInProgress,
  kSlaveReconfDone,
  kSlaveReconfSentTimeout,
  kSlaveReconfSentBestEffort,
  kConvertToSlave,
  kFixSlaveConfig,
  kFixMasterConfig,
  kFailoverEndForTimeout,
  kFailoverEnd,
  kConfigUpdateFrom,
  kConfigConflict,
  kSwitchMaster,
  kPause,
  kPauseEnd,
  kTilt,
  kTiltEnd,
  kCommandLinkReconnection,
  kPubsubLinkReconnection,
  kDuplicateMyid,
  kDuplicateMyidGone,
};

struct EventRow {
  EventType type;
  std::string_view name;  // channel, e.g. "+sdown"
  EventLevel level;
  bool runs_script;  // a warning that runs the group's notification script, as Redis' do
};
const EventRow& Row(EventType type);

struct Event {
  EventType type{};
  std::string payload;
  std::string group;  // empty if about the process

  std::string_view name() const { return Row(type).name; }
  EventLevel level() const { return Row(type).level; }
};

// Redis' "%@": "<master|slave|sentinel> <name> <ip> <port>", followed for all but masters by
// " @ <group> <primary-ip> <primary-port>".
std::string DescribePrimary(std::string_view group, const base::Endpoint& primary);
std::string DescribeReplica(const base::Endpoint& replica, std::string_view group,
                            const base::Endpoint& primary);
std::string DescribePeer(const base::RunId& id, const base::Endpoint& peer, std::string_view group,
                         const base::Endpoint& primary);
// What a peer said, fit for the end of a payload: "#<text>".
std::string Quoted(std::string_view text);
// "<group> <old-ip> <old-port> <new-ip> <new-port>", the payload of +switch-master.
std::string DescribeSwitch(std::string_view group, const base::Endpoint& from,
                           const base::Endpoint& to);

}  // namespace quorate::sentinel::core
