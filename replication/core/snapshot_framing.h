// How a snapshot is delimited on the wire, read incrementally:
//
//   "$<length>\r\n"        and exactly that many bytes, or
//   "$EOF:<40 bytes>\r\n"  and bytes until the same 40 come again.
//
// With the mark, the last 40 bytes received are always held back, because they may be it; the
// primary sends nothing after the mark until we acknowledge, so looking at the end of what has
// arrived suffices.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/result.h"

namespace quorate::replication::core {

class SnapshotFraming {
 public:
  static constexpr size_t kMarkBytes = 40;

  // `header` is the line without CRLF. Fails unless it is one of the two forms, with a length of at
  // most 2^62.
  static base::Result<SnapshotFraming> Parse(std::string_view header);

  // Payload pieces found in the bytes given: up to two, because held-back bytes come first. Valid
  // until the next call.
  struct Payload {
    std::string_view first;
    std::string_view second;
  };
  // Takes bytes off the front of `input`: all of them with a mark, at most the rest of the snapshot
  // with a length.
  Payload Take(std::string_view& input);
  bool complete() const { return complete_; }

  // -1 with a mark.
  int64_t total() const { return length_; }
  int64_t received() const { return received_; }

 private:
  int64_t length_ = -1;
  int64_t received_ = 0;  // payload bytes handed out
  bool complete_ = false;
  std::string mark_;
  std::string held_;      // at most kMarkBytes, may be the mark
  std::string released_;  // backs Payload::first
};

}  // namespace quorate::replication::core
