// Reads what a sentinel needs out of a data node's INFO text. The text is untrusted: every field is
// checked for form and range, a bad or missing field is absent from the result, and nothing here
// can fail or allocate beyond the input.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/ids.h"
#include "shared/base/time.h"

namespace quorate::sentinel::core {

enum class Role { kPrimary, kReplica };

struct InfoFacts {
  std::optional<base::RunId> run_id;
  std::optional<Role> role;
  // Of a primary; at most kMaxReplicasPerGroup, no duplicates.
  std::vector<base::Endpoint> replicas;

  // Of a replica.
  std::optional<base::Endpoint> primary;
  std::optional<bool> primary_link_up;
  std::optional<base::Duration> primary_link_down;  // since when; absent while up
  std::optional<bool> sync_in_progress;             // a full sync is being received
  std::optional<uint32_t> priority;
  std::optional<base::Offset> replica_offset;  // slave_repl_offset
  std::optional<bool> announced;
  // Our servers': it keeps its data from what the primary, which came back with less, would put in
  // its place (master_sync_refused).
  bool sync_refused = false;

  // Our servers': the newest rollback record; empty: none.
  std::string rollback_record;
  uint64_t rollback_commands = 0;
  uint64_t rollback_bytes = 0;

  // Our servers', which know QUORATE FENCE and HEARTBEAT.
  bool fencible = false;
  base::Duration primary_lease{};

  // Lineage; a stock server gives these too.
  std::optional<base::ReplicationId> replication_id;
  std::optional<base::ReplicationId> second_replication_id;  // absent if all zeros
  std::optional<base::Offset> primary_offset;                // master_repl_offset
};

InfoFacts ParseInfo(std::string_view text);

}  // namespace quorate::sentinel::core
