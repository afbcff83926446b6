// What the engine asks of the process around it: how long something took, when bounded work must
// end, figures for people, and the acts that leave the engine (closing a session, shutting down,
// writing files). server/runtime implements it; unit tests use a fake.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/config/settings.h"
#include "server/config/table.h"
#include "server/engine/fencing.h"
#include "server/store/keyspace.h"
#include "shared/base/result.h"
#include "shared/base/time.h"
#include "shared/config/config_set.h"

namespace quorate::server::engine {

class PersistencePort;
class RollbackPort;
class Session;

struct ShutdownRequest {
  enum class Saving { kIfSavePoints, kYes, kNo };
  Saving saving = Saving::kIfSavePoints;
  bool now = false;    // do not wait for replicas
  bool force = false;  // ignore failures
  bool abort = false;  // cancel a shutdown in progress
};

class Host {
 public:
  virtual ~Host() = default;

  // For measuring how long a command took, and for nothing else: decisions use the time given to
  // Engine::BeginTurn.
  virtual base::Instant Now() = 0;
  // For work that is done in steps until its time is spent: the answer becomes true once `budget`
  // has passed from this call on.
  virtual std::function<bool()> StartBudget(base::Duration budget) = 0;
  // The session's close_now or close_after_reply was set outside its own request: the runtime must
  // look at it.
  virtual void CloseSoon(Session& session) = 0;
  // CLIENT PAUSE ended, or a session was unblocked: feed it what it has sent meanwhile, after the
  // current call.
  virtual void ResumeSoon(Session& session) = 0;
  // Ends the process in good order, or returns why not. While replicas are waited for, the
  // requester is blocked; who asks meanwhile joins it.
  virtual base::Status Shutdown(Session* requester, const ShutdownRequest& request) = 0;
  virtual base::Status RewriteConfig() = 0;
  // A later process of this server is to be told of it (Fencing::Restore).
  virtual void SaveWord(const Fencing::Word& word) { (void)word; }
  virtual const config::ServerTable& directives() const = 0;
  // CONFIG SET: makes the running process agree with `after` (listeners, log level,
  // replication...), or says what failed and changes nothing.
  virtual std::optional<quorate::config::ApplyFailure> ApplySettings(
      const config::ServerSettings& before, config::ServerSettings& after,
      const std::vector<std::string>& changed) = 0;
  // CONFIG RESETSTAT for what the process counts itself.
  virtual void ResetStatistics() = 0;
  // Frees a value later or elsewhere, so that the engine does not stall.
  virtual void FreeLater(std::function<void()> work) = 0;
  // What a snapshot in the making still needs of contents that left the databases is moved out of
  // `contents`, to be freed when it is done.
  virtual void RetainForSnapshot(std::vector<store::Keyspace::Content>& contents) {
    (void)contents;
  }
  // SAVE, BGSAVE and what INFO says of them.
  virtual PersistencePort& persistence() = 0;
  // QUORATE ROLLBACK and what INFO says of the records; null: there are none.
  virtual RollbackPort* rollbacks() { return nullptr; }
  // DEBUG RELOAD: encodes the data as a snapshot in memory and replaces it by what that decodes to.
  virtual base::Status ReloadData() = 0;
  // Bytes of a string in a snapshot (DEBUG OBJECT).
  virtual size_t SerializedBytes(std::string_view value) const = 0;
  // MEMORY PURGE and MEMORY MALLOC-STATS.
  virtual void ReturnFreeMemory() = 0;
  virtual std::string AllocatorReport() = 0;
  // Blocks this thread: DEBUG SLEEP only.
  virtual void Sleep(base::Duration duration) = 0;
  // The allocator's view, for maxmemory and INFO. It may be a little old: the same figure twice
  // says nothing about what happened in between.
  virtual uint64_t MemoryUsedBytes() = 0;
  // Makes the next answer the truth of this moment, which costs more.
  virtual void RefreshMemory() {}
  // The part of it that no eviction can win back, for it is no data: what snapshots in the making
  // and slow replicas hold for a while.
  virtual uint64_t MemoryNotForEviction() = 0;
  virtual uint64_t ResidentBytes() = 0;
  // What INFO's Server section says of the process.
  struct ProcessInfo {
    int64_t pid = 0;
    uint16_t port = 0;             // bound TCP port, 0 if none
    std::string operating_system;  // name, release and machine
    std::string executable;
    std::string config_file;  // empty: none
    // While a shutdown waits for replicas: when it will wait no longer.
    std::optional<base::Instant> shutdown_deadline;
    double cpu_system_seconds = 0;
    double cpu_user_seconds = 0;
    uint64_t total_system_memory = 0;
    std::string allocator;
  };
  virtual ProcessInfo Process() = 0;
};

}  // namespace quorate::server::engine
