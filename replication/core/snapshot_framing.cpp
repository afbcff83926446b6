#include "replication/core/snapshot_framing.h"

#include <algorithm>
#include <utility>

#include "shared/base/numbers.h"

namespace quorate::replication::core {

base::Result<SnapshotFraming> SnapshotFraming::Parse(std::string_view header) {
  constexpr std::string_view kEof = "$EOF:";
  SnapshotFraming framing;
  if (header.starts_with(kEof)) {
    framing.mark_ = header.substr(kEof.size());
    if (framing.mark_.size() == kMarkBytes) return framing;
    return base::Error{"the snapshot's end mark is not 40 bytes long"};
  }
  if (!header.starts_with('$')) {
    return base::Error{"expected a snapshot, received '" + std::string(header.substr(0, 64)) + "'"};
  }
  const auto length = base::ParseInt64(header.substr(1));
  if (!length || *length < 0 || *length > (int64_t{1} << 62)) {
    return base::Error{"bad snapshot length '" + std::string(header.substr(0, 64)) + "'"};
  }
  framing.length_ = *length;
  framing.complete_ = *length == 0;
  return framing;
}

SnapshotFraming::Payload SnapshotFraming::Take(std::string_view& input) {
  Payload payload;
  if (complete_) return payload;
  if (length_ >= 0) {
    const auto left = static_cast<uint64_t>(length_ - received_);
    payload.first = input.substr(0, left);
    input.remove_prefix(payload.first.size());
    received_ += static_cast<int64_t>(payload.first.size());
    complete_ = received_ == length_;
    return payload;
  }
  const std::string_view bytes = std::exchange(input, {});
  const size_t total = held_.size() + bytes.size();
  const size_t hold = std::min(total, kMarkBytes);
  const size_t release = total - hold;
  const size_t from_held = std::min(release, held_.size());
  released_.assign(held_, 0, from_held);
  payload.first = released_;
  payload.second = bytes.substr(0, release - from_held);
  held_.erase(0, from_held);
  held_.append(bytes.substr(payload.second.size()));
  received_ += static_cast<int64_t>(release);
  complete_ = held_ == mark_;
  return payload;
}

}  // namespace quorate::replication::core
