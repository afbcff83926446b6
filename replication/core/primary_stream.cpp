// What the primary's side puts into the stream besides the commands, and how much of it may wait
// for a slow replica.
#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "replication/core/primary.h"
#include "replication/core/wire.h"
#include "shared/base/numbers.h"

namespace quorate::replication::core {
namespace {

constexpr std::string_view kGetAck = "*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n";

// Without a hard limit: so much of a snapshot is kept for a replica that must be told its length
// first. Others slow their snapshot down; for this one all of it has to be in memory.
constexpr uint64_t kUnlimitedSpoolBytes = 1024ull * 1024 * 1024;

}  // namespace

void Primary::AppendMulti(int db) {
  if (history_.backlog()->wants_unit_start()) MarkUnit();
  if (db != selected_db_) Select(db);
  Feed(kMultiCommand);
  unit_open_ = true;
}

void Primary::AppendExec() {
  Feed(kExecCommand);
  unit_open_ = false;
}

void Primary::Select(int db) {
  std::array<char, base::kMaxInt64Chars> digits;
  const size_t n = base::FormatInt64(db, digits.data());
  std::string command = "*2\r\n$6\r\nSELECT\r\n$" + std::to_string(n) + "\r\n";
  command.append(digits.data(), n).append("\r\n");
  Feed(command);
  selected_db_ = db;
}

void Primary::SendGetAck() {
  getack_scheduled_ = false;
  if (streaming() && streaming_count_ != 0) Feed(kGetAck);
}

base::Offset Primary::AskForEveryByte() {
  SendGetAck();
  const base::Offset awaited = history_.offset();
  SendGetAck();
  return awaited;
}

void Primary::EndTurn(base::Instant now, PrimaryActions& actions) {
  if (getack_scheduled_ && !stream_held_) SendGetAck();
  if (replicas_.empty()) return;
  MaybeBeginSnapshot(now, actions);
  EnforceOutputLimits(now, actions);
}

void Primary::EnforceOutputLimits(base::Instant now, PrimaryActions& actions) {
  // A hard limit below the backlog's size would drop replicas that may come straight back for the
  // same bytes.
  const uint64_t hard = options_.output_hard_limit == 0
                            ? UINT64_MAX
                            : std::max<uint64_t>(options_.output_hard_limit, options_.backlog_size);
  const uint64_t soft = options_.output_soft_limit == 0 ? UINT64_MAX : options_.output_soft_limit;
  const uint64_t spool_limit = hard == UINT64_MAX ? kUnlimitedSpoolBytes : hard;
  std::vector<std::pair<ReplicaId, bool>> over;
  for (auto& [id, replica] : replicas_) {
    if (!replica.cursor.attached() && replica.snapshot_lag == 0) continue;
    const uint64_t stream = replica.cursor.attached() ? replica.cursor.pending() : 0;
    const uint64_t pending = stream + replica.snapshot_lag;
    if (pending <= soft) {
      replica.over_soft_limit_since = {};
    } else if (replica.over_soft_limit_since == base::Instant{}) {
      replica.over_soft_limit_since = now;
    }
    const bool too_long = replica.over_soft_limit_since != base::Instant{} &&
                          now - replica.over_soft_limit_since > options_.output_soft_time;
    const auto* sending = std::get_if<SendSnapshot>(&replica.state);
    const bool spooled = sending != nullptr && sending->framing == Framing::kLength;
    const uint64_t limit = spooled ? spool_limit : hard;
    if (pending > limit || too_long) over.emplace_back(id, spooled);
  }
  counters_.over_limit += over.size();
  for (const auto& [id, spooled] : over)
    Drop(id,
         spooled ? "its snapshot, which cannot be sent before its length is known, is beyond the "
                   "output limit (client-output-buffer-limit replica)"
                 : "output limit reached (client-output-buffer-limit replica)",
         actions);
}

void Primary::SetRole(Role role) {
  if (role == role_) return;
  role_ = role;
  selected_db_ = -1;
  alone_since_ = {};
  unit_open_ = false;
  most_acknowledged_.reset();
}

Backlog::Cursor* Primary::Stream(ReplicaId id) {
  const auto replica = replicas_.find(id);
  if (replica == replicas_.end() || !std::holds_alternative<Streaming>(replica->second.state)) {
    return nullptr;
  }
  return &replica->second.cursor;
}

}  // namespace quorate::replication::core
