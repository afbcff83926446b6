// The first two files of a rollback record (rollback_base.h has the third): the commands, as an
// append-only file begins (redis-cli --pipe takes it), and a summary in JSON for people and
// programs. Made of a part of a replication stream, in memory, without I/O: it may run in a worker.
//
// The summary's fields
//   id                    <replication id>-<from>-<to>, the files' name
//   from, to              offsets: the history's bytes [from, to) are what was thrown away
//   fork                  "exact", or "estimated" if the new primary did not say where it parted
//   missing_bytes         of those, what could not be recorded any more (memory and disk had lost it)
//   commands, keys        writes in the file, without SELECT, MULTI and EXEC; distinct keys of them
//   key_names             the first of them as "db:key", other bytes than printable ones as \xHH
//   bytes                 size of the file
//   dataset_bytes         size of the snapshot file beside it; 0: there is none
//   written_after_ms, written_before_ms   Unix times between which they were written; null: unknown
//   recorded_ms           Unix time of the record
//   took_over             whose history replaced it: address, replication_id, offset
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "replication/runtime/ports.h"
#include "server/persistence/rollback_base.h"
#include "shared/base/result.h"
#include "shared/base/time.h"
#include "shared/command/registry.h"

namespace quorate::server::persistence {

struct RollbackSummary {
  std::string id;
  base::Offset from;
  base::Offset to;
  bool estimated = false;
  uint64_t missing_bytes = 0;
  uint64_t commands = 0;
  uint64_t keys = 0;
  std::vector<std::string> key_names;
  uint64_t bytes = 0;
  uint64_t dataset_bytes = 0;
  std::optional<base::WallTime> written_after;
  std::optional<base::WallTime> written_before;
  base::WallTime recorded;
  std::string successor;
  std::string successor_history;
  base::Offset successor_offset;

  friend bool operator==(const RollbackSummary&, const RollbackSummary&) = default;
};

std::string ToJson(const RollbackSummary& summary);
// Error: not a summary. Unknown fields are ignored.
base::Result<RollbackSummary> ParseRollbackSummary(std::string_view json);

struct RollbackRecord {
  RollbackSummary summary;
  std::string file;
  std::vector<RollbackBase::Key> keys;  // of its commands; none if there are too many to remember
};
// `commands` tells keys; a command that it does not know has none.
RollbackRecord MakeRollbackRecord(const replication::runtime::DiscardedStream& discarded,
                                  const command::Registry& commands, base::WallTime now);

// "<40 hexadecimal digits>-<from>-<to>" and nothing else: what may be part of a path.
bool IsRollbackId(std::string_view id);

}  // namespace quorate::server::persistence
