// One connected byte stream (TCP or unix socket). The owner keeps its own output buffers: TryWrite
// takes what the kernel takes now, and NotifyWritable asks for one OnWritable when more will fit.
// So a backlog can be written from shared blocks without a copy, and a reply buffer of a whole turn
// leaves in one call.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "shared/base/ids.h"
#include "shared/base/result.h"
#include "shared/base/time.h"

namespace quorate::io {

// Why a stream died. The kinds matter to down detection: kReset and kRefused are evidence of death,
// silence is not.
struct CloseReason {
  enum class Kind { kEndOfFile, kReset, kRefused, kTimedOut, kUnreachable, kResolveFailed, kOther };
  Kind kind = Kind::kOther;
  std::string message;  // for people
};

// Callbacks of one stream; the observer outlives the stream or detaches by destroying it. The
// stream may be destroyed inside any of them.
class StreamObserver {
 public:
  virtual ~StreamObserver() = default;
  // Only for streams made by Io::Connect; the stream is writable from here on.
  virtual void OnConnected() {}
  // `bytes` is valid during the call only and never empty.
  virtual void OnBytes(std::string_view bytes) = 0;
  // Once after each NotifyWritable.
  virtual void OnWritable() {}
  // The stream is dead. Called once, and nothing after it.
  virtual void OnClosed(const CloseReason& reason) = 0;
};

class Stream {
 public:
  // Closes the socket (bytes that TryWrite accepted are still sent by the kernel); no callback
  // follows.
  virtual ~Stream() = default;

  // Accepted streams: must be called once, reading starts then. Connected streams have their
  // observer already; calling it again, also from inside a callback, hands the stream to another
  // observer.
  virtual void SetObserver(StreamObserver& observer) = 0;

  // Writes as many bytes of `slices`, in order, as are accepted without waiting; returns their
  // number (possibly 0). On a dead or not yet connected stream it returns 0; death is reported by
  // OnClosed alone.
  virtual size_t TryWrite(std::span<const std::string_view> slices) = 0;
  size_t TryWrite(std::string_view bytes) {
    return TryWrite(std::span<const std::string_view>(&bytes, 1));
  }
  // Asks for one OnWritable as soon as bytes would be accepted; idempotent until then.
  virtual void NotifyWritable() = 0;

  // Stops and resumes delivery of OnBytes (back-pressure). While paused a peer's close may go
  // unnoticed.
  virtual void PauseReading() = 0;
  virtual void ResumeReading() = 0;

  // Idle time after which the kernel probes the peer; zero turns it off.
  virtual void SetKeepAlive(base::Duration idle) = 0;
  // Small writes leave at once (as they do from the beginning), or may wait to be sent together.
  // Streams that never wait need no override.
  virtual void SetNoDelay(bool on) { (void)on; }

  // IP literals. For unix sockets the host is the path and the port 0.
  virtual const base::Endpoint& local() const = 0;
  virtual const base::Endpoint& peer() const = 0;
  virtual bool is_unix() const { return false; }
};

}  // namespace quorate::io
