// What a snapshot consists of, independent of its encoding: what the server hands to the writer and
// gets from the reader.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "shared/base/ids.h"
#include "shared/base/time.h"

namespace quorate::replication::snapshot {

// A database starts. When read, the sizes are hints from an untrusted file: never allocate by them.
struct DatabaseRecord {
  int index = 0;
  uint64_t keys = 0;
  uint64_t expires = 0;
};

// Views are borrowed: valid until the next record is asked for (writer) or until the callback
// returns (reader).
struct StringRecord {
  std::string_view key;
  std::string_view value;
  std::optional<base::WallTime> expires_at;
  std::optional<uint64_t> idle_seconds;  // maxmemory-policy *lru
  std::optional<uint8_t> frequency;      // maxmemory-policy *lfu
};

// The auxiliary fields. When reading, unset = not in the file.
struct Meta {
  std::string server_version = "7.0.15";
  std::optional<int64_t> created_unix_seconds;
  std::optional<uint64_t> used_memory;
  // History the snapshot is a prefix of; present if the writer has one.
  std::optional<int> stream_db;
  std::optional<base::ReplicationId> replication_id;
  std::optional<base::Offset> replication_offset;
};

}  // namespace quorate::replication::snapshot
