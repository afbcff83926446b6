// R5 and R4, over all servers: of every replication id the bytes that its primary wrote are kept,
// and whatever a replica or sub-replica adds to its own history must be the same bytes at the same
// offsets. So a stream that skips, repeats or invents a byte is seen at the turn in which it is
// taken over, long before data differ by it; and so is an id under which two streams are written.
//
// It reads the backlogs of the servers. Bytes that a backlog had to drop within one turn are not
// compared.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "replication/core/history.h"

namespace quorate::simulation {

class Streams {
 public:
  explicit Streams(size_t servers) : seen_(servers) {}

  // Looks at what the server's turn has added. Returns what is wrong with it, in words.
  // `no_data`: it has no keys.
  std::optional<std::string> Observe(size_t index, const replication::core::History& history,
                                     bool is_replica, bool no_data);
  // The first `offset` bytes of that history, from an empty dataset on; nothing: not all of them
  // are known.
  std::optional<std::string_view> Beginning(const std::string& id, int64_t offset) const;
  // Its process has ended.
  void Forget(size_t index) { seen_[index].reset(); }

 private:
  struct Stream {
    int64_t start = 0;
    bool from_empty = false;  // there was no data at `start`, which is 0
    std::string bytes;
    std::vector<int64_t> units;  // where commands and transactions end, and `start`
    int64_t end() const { return start + static_cast<int64_t>(bytes.size()); }
  };
  struct Seen {
    std::string id;
    int64_t offset = 0;
    bool was_primary = false;
  };

  // Where the bytes begin that were added since `seen`.
  static int64_t AddedFrom(const std::optional<Seen>& seen,
                           const replication::core::History& history);
  static void FindUnits(Stream& stream);
  Stream BeginningOf(const replication::core::History& history, int64_t from) const;

  std::map<std::string, Stream> streams_;
  std::vector<std::optional<Seen>> seen_;
};

}  // namespace quorate::simulation
