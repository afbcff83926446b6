// Records copied out of the keyspace at a cut, so that another thread can encode them while the
// originals change. One growing block of bytes and one row per record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "replication/snapshot/record.h"
#include "replication/snapshot/writer.h"
#include "shared/base/buffer.h"

namespace quorate::server::persistence {

class RecordBatch {
 public:
  void Add(size_t database, const replication::snapshot::StringRecord& record);

  bool empty() const { return rows_.empty(); }
  // What it holds in memory.
  size_t bytes() const { return bytes_.size() + rows_.size() * sizeof(Row); }
  // What its storage takes, with what is kept for later.
  size_t capacity() const { return bytes_.capacity() + rows_.capacity() * sizeof(Row); }
  void Clear();

  // Visits (database, StringRecord) in the order of adding.
  template <typename Visitor>
  void ForEach(Visitor&& visitor) const {
    std::string_view rest = bytes_.view();
    for (const Row& row : rows_) {
      replication::snapshot::StringRecord record;
      record.key = rest.substr(0, row.key_size);
      record.value = rest.substr(row.key_size, row.value_size);
      record.expires_at = row.expires_at;
      record.idle_seconds = row.idle_seconds;
      record.frequency = row.frequency;
      rest.remove_prefix(row.key_size + row.value_size);
      visitor(static_cast<size_t>(row.database), record);
    }
  }

 private:
  struct Row {
    uint32_t database;
    uint32_t key_size;
    uint64_t value_size;
    std::optional<base::WallTime> expires_at;
    std::optional<uint64_t> idle_seconds;
    std::optional<uint8_t> frequency;
  };

  base::Buffer bytes_;  // key and value, one record after another
  std::vector<Row> rows_;
};

}  // namespace quorate::server::persistence
