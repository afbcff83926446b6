// Reads the snapshot file when the server starts: in slices between loop turns, so that INFO and
// whatever else may answer while loading does. The records are staged and become the dataset when
// the whole file was understood; the file is only read.
//
// Thread rule: the loop thread. Lifetime: destroying it stops the reading silently.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "replication/snapshot/reader.h"
#include "server/persistence/dataset.h"
#include "shared/base/result.h"
#include "shared/base/time.h"
#include "shared/io/io.h"

namespace quorate::server::persistence {

class Loader {
 public:
  // Read and decoded in one turn.
  static constexpr size_t kSliceBytes = 256 * 1024;

  struct Loaded {
    replication::snapshot::Meta meta;
    uint64_t keys = 0;
    // Not taken over, because they were expired.
    std::vector<std::pair<int, std::string>> expired;
  };
  using Done = std::function<void(base::Result<Loaded>)>;

  // `drop_expired`: leave out what is expired now (a primary); else it is loaded as it is. `done`
  // is called once, never from inside Start; the error names the file and the byte.
  Loader(io::Io& io, Dataset& dataset, std::optional<base::WallTime> drop_expired, Done done);

  // Reading rests so long for each record that it has read. Before Start.
  void set_rest_per_record(base::Duration rest) { rest_per_record_ = rest; }
  // Error: the file cannot be opened.
  base::Status Start(const std::string& path);
  uint64_t total_bytes() const { return total_; }
  uint64_t loaded_bytes() const { return loaded_; }
  // What the file says of the server that wrote it; 0 if nothing yet.
  uint64_t rdb_used_memory() const { return reader_ ? reader_->meta().used_memory.value_or(0) : 0; }

 private:
  void ReadSlice();
  void Finish(base::Status outcome);

  io::Io& io_;
  Dataset& dataset_;
  Done done_;
  const std::unique_ptr<io::Timer> timer_;
  std::string path_;
  std::unique_ptr<io::ReadableFile> file_;
  std::unique_ptr<StagedDatabases> staging_;
  std::optional<replication::snapshot::Reader> reader_;
  std::string slice_;
  base::Duration rest_per_record_{};
  uint64_t total_ = 0;
  uint64_t loaded_ = 0;
};

}  // namespace quorate::server::persistence
