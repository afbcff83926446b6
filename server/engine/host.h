// What the engine asks of the process around it: clocks for durations, and the acts that leave the
// engine (closing a session, shutting down, writing files). server/runtime implements it; unit
// tests use a fake.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/result.h"
#include "shared/base/time.h"

namespace quorate::server::engine {

class Session;

struct ShutdownRequest {
  bool now = false;    // do not wait for replicas
  bool force = false;  // ignore failures
  bool abort = false;  // cancel a shutdown in progress
};

class Host {
 public:
  virtual ~Host() = default;

  // For measuring how long a command took. Decisions use the time given to Engine::BeginTurn.
  virtual base::Instant Now() = 0;
  // The session's close_now or close_after_reply was set outside its own request: the runtime must
  // look at it.
  virtual void CloseSoon(Session& session) = 0;
  // CLIENT PAUSE ended, or a session was unblocked: feed it what it has sent meanwhile, after the
  // current call.
  virtual void ResumeSoon(Session& session) = 0;
  // Ends the process in good order, or returns why not. With waiting replicas the answer is
  // deferred.
  virtual base::Status Shutdown(Session* requester, const ShutdownRequest& request) = 0;
  virtual base::Status RewriteConfig() = 0;
  // A setting changed that the runtime acts on (bind, port, maxclients, tcp-keepalive, loglevel,
  // hz, replication...).
  virtual base::Status ApplySetting(std::string_view name) = 0;
  // Frees a value later or elsewhere, so that the engine does not stall.
  virtual void FreeLater(std::function<void()> work) = 0;
  // Blocks this thread: DEBUG SLEEP only.
  virtual void Sleep(base::Duration duration) = 0;
  virtual uint64_t MemoryUsedBytes() = 0;  // allocator's view, for maxmemory and INFO
  virtual uint64_t ResidentBytes() = 0;
};

}  // namespace quorate::server::engine
