#include "replication/core/views.h"

namespace quorate::replication::core {

std::string_view InfoName(ReplicaPhase phase) {
  switch (phase) {
    case ReplicaPhase::kWaitSnapshot:
      return "wait_bgsave";
    case ReplicaPhase::kSendSnapshot:
      return "send_bulk";
    case ReplicaPhase::kOnline:
      return "online";
  }
  return "";
}

std::string_view InfoName(SyncRefusal refusal) {
  switch (refusal) {
    case SyncRefusal::kEmpty:
      return "empty";
    case SyncRefusal::kEmptyUnsure:
      return "empty-unsure";
    case SyncRefusal::kOlder:
      return "older";
  }
  return "";
}

std::string_view RoleName(LinkState state) {
  switch (state) {
    case LinkState::kConnect:
      return "connect";
    case LinkState::kConnecting:
      return "connecting";
    case LinkState::kHandshake:
      return "handshake";
    case LinkState::kSync:
      return "sync";
    case LinkState::kConnected:
      return "connected";
  }
  return "unknown";
}

}  // namespace quorate::replication::core
