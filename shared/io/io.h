// The I/O seam. A daemon is wired over one injected Io and does nothing to the outside world but
// through it. There are two implementations: uv::LoopIo (libuv; the real world) and the simulator's
// SimIo (virtual clock, faults by seed).
//
// Threading: everything here belongs to one loop thread; callbacks run on it, never re-entrantly
// from inside a call made to the seam. Lifetime: objects are owned by unique_ptr; destroying one
// cancels it at once and silently - no callback follows - and this is allowed from inside its own
// callback.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "shared/base/ids.h"
#include "shared/base/result.h"
#include "shared/base/time.h"
#include "shared/io/files.h"
#include "shared/io/stream.h"

namespace quorate::io {

// Fires its callback once per Start. Restarting or destroying it is always allowed.
class Timer {
 public:
  virtual ~Timer() = default;
  // Fires at `when`, or in the next turn if that is past. Replaces an earlier Start.
  virtual void StartAt(base::Instant when) = 0;
  virtual void Stop() = 0;
  virtual bool armed() const = 0;
};

struct ListenOptions {
  base::Endpoint endpoint = {};  // host must be an IP literal; port 0 = any free port
  std::string unix_path = {};    // if not empty, listens here instead
  uint32_t unix_mode = 0700;     // permissions of the socket file
  int backlog = 511;
};

class Listener {
 public:
  virtual ~Listener() = default;
  // The bound endpoint, with the real port.
  virtual const base::Endpoint& endpoint() const = 0;
};

struct ConnectOptions {
  // Host is an IP literal, a name that is resolved asynchronously, or the path of a unix socket
  // (starts with '/').
  base::Endpoint endpoint = {};
  std::string source_address = {};  // IP literal to bind to first; empty = any
  base::Duration timeout =
      std::chrono::seconds(5);  // includes resolution; expiry is OnClosed("connection timed out")
};

// Runs a program by execve (no shell), own process group, no inherited descriptors.
class Child {
 public:
  virtual ~Child() = default;  // does not end the process
  virtual int64_t pid() const = 0;
  virtual void Kill(int signal) = 0;
};
struct ChildExit {
  int exit_code = 0;  // valid if signal == 0
  int signal = 0;
};

class Io {
 public:
  virtual ~Io() = default;

  // Monotonic; never falls.
  virtual base::Instant Now() = 0;
  // The wall clock; may jump. For expiry and for people only.
  virtual base::WallTime WallNow() = 0;
  // Seed for a base::Random: from the operating system, or from the simulation's seed.
  virtual uint64_t RandomSeed() = 0;

  virtual std::unique_ptr<Timer> CreateTimer(std::function<void()> on_fire) = 0;
  // Runs once, later in this turn or the next, after the current callback has returned.
  virtual void Defer(std::function<void()> task) = 0;
  // Called at the end of every loop turn, after its callbacks and before the loop sleeps: the place
  // to flush what the turn collected. At most one hook; an empty function removes it; not from
  // inside the hook itself.
  virtual void SetEndOfTurn(std::function<void()> hook) = 0;
  // Turns begin at least this far apart; zero, as it is at first: as soon as something happens. A
  // loop with thousands of streams meets together what comes meanwhile, and everything is as much
  // later. Implementations in which a turn costs nothing need no override.
  virtual void SetPace(base::Duration pace) { (void)pace; }
  // Runs `work` off the loop thread (no access to anything owned by the loop), then `done` on it.
  virtual void Offload(std::function<void()> work, std::function<void()> done) = 0;

  // Errors: address in use, permission, bad literal; the message is the operating system's.
  virtual base::Result<std::unique_ptr<Listener>> Listen(
      const ListenOptions& options, std::function<void(std::unique_ptr<Stream>)> on_accept) = 0;
  // Starts connecting; the outcome arrives as OnConnected or OnClosed of the observer, never from
  // inside this call.
  virtual std::unique_ptr<Stream> Connect(const ConnectOptions& options,
                                          StreamObserver& observer) = 0;
  // Resolves a host name to IP literals, preferred first; `done` is never called from inside this
  // call.
  virtual void Resolve(const std::string& host,
                       std::function<void(base::Result<std::vector<std::string>>)> done) = 0;

  virtual Files& files() = 0;
  virtual base::Result<std::unique_ptr<Child>> Spawn(const std::vector<std::string>& argv,
                                                     std::function<void(ChildExit)> on_exit) = 0;
};

}  // namespace quorate::io
