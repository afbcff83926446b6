// Walks all databases in order and yields their records for the snapshot writer. The keyspace must
// not change between calls.
#pragma once

#include <cstddef>
#include <cstdint>

#include "replication/snapshot/writer.h"
#include "server/store/access.h"
#include "server/store/databases.h"

namespace quorate::server::persistence {

// Which of the access bits a snapshot carries, by the eviction policy.
enum class AccessForm { kNone, kIdle, kFrequency };

class RecordSource final : public replication::snapshot::RecordSource {
 public:
  RecordSource(const store::Databases& databases, AccessForm access, base::WallTime now,
               store::LfuSettings lfu)
      : databases_(databases), access_(access), now_(now), lfu_(lfu) {}

  replication::snapshot::Record Next() override;

 private:
  bool EnterNextDatabase();

  const store::Databases& databases_;
  const AccessForm access_;
  const base::WallTime now_;
  const store::LfuSettings lfu_;
  size_t next_database_ = 0;
  const store::Keyspace* keyspace_ = nullptr;  // being walked
  uint64_t cursor_ = 0;
  bool last_group_ = false;
  store::Table::Group group_;
  size_t next_in_group_ = 0;
  store::IntegerText scratch_;
};

}  // namespace quorate::server::persistence
