// One client of the drill, as a good Sentinel client behaves: it asks the sentinels who is primary,
// connects, makes sure by ROLE, and writes one write at a time at a steady pace. On any error or
// timeout it asks again at once, another sentinel each time. A write is never repeated, so that
// each has one outcome in the history. With `replicas`, one that too few replicas confirm in time has
// an unknown outcome.
//
//   Locating --address--> Verifying --ROLE says master--> Writing
//   any --error, timeout, lost connection, other role--> Locating (after a short pause)     any
//   --Stop--> Stopped
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scripts/ops/history.h"
#include "shared/base/random.h"
#include "shared/io/io.h"
#include "shared/link/link.h"

namespace quorate::ops {

struct WriterOptions {
  std::vector<base::Endpoint> sentinels;
  std::string group;
  base::Duration pace = std::chrono::milliseconds(1);       // from one write to the next
  base::Duration timeout = std::chrono::milliseconds(200);  // of every request, connecting included
  base::Duration pause = std::chrono::milliseconds(5);  // between two attempts to find the primary
  int replicas = 0;  // a write is acknowledged when WAIT says that so many have it
};

class Writer {
 public:
  // The history outlives the writer.
  Writer(io::Io& io, int number, WriterOptions options, History& history);
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void Start();
  // No write begins after this; one in flight still gets its outcome.
  void Stop();
  bool Idle() const { return !pending_; }
  // The last write that was acknowledged; nothing before the first.
  std::optional<History::Index> last_ok() const { return last_ok_; }

 private:
  void Locate();
  void OnAddress(const base::Result<resp::Value>& reply);
  void Verify(const base::Endpoint& primary);
  void WriteNext();
  void OnWritten(const base::Result<resp::Value>& reply);
  void OnConfirmed(int64_t result, const base::Result<resp::Value>& reply);
  // The pending write has been acknowledged with this result.
  void Succeed(int64_t result);
  // Leaves the present connection and looks for the primary again, after the pause.
  void StartOver();
  void Connect(const base::Endpoint& endpoint);
  void OnDown(const std::string& why);

  io::Io& io_;
  const int number_;
  const WriterOptions options_;
  History& history_;
  base::Random random_;
  uint16_t server_ = 0;  // the port of the primary that it writes to
  size_t next_sentinel_;
  int64_t sequence_ = 0;
  bool stopped_ = false;
  std::optional<History::Index> pending_;
  std::optional<History::Index> last_ok_;
  std::unique_ptr<link::Link> link_;  // to a sentinel while locating, then to the primary
  std::unique_ptr<io::Timer> next_step_;
  void (Writer::*step_)() = nullptr;  // what next_step_ does
};

}  // namespace quorate::ops
