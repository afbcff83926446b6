#include "replication/core/stream_tracker.h"

#include "shared/base/numbers.h"

namespace quorate::replication::core {

StreamTracker::Verdict StreamTracker::Classify(std::span<const std::string_view> args) {
  if (args.empty() || !base::EqualsIgnoreCase(args[0], "replconf")) return Verdict::kApply;
  const bool getack = args.size() >= 2 && base::EqualsIgnoreCase(args[1], "getack");
  return getack ? Verdict::kGetAck : Verdict::kSkip;
}

std::string_view StreamTracker::Applied(std::span<const std::string_view> args,
                                        std::string_view raw) {
  if (released_) {
    pending_.Clear();
    released_ = false;
  }
  const std::string_view name = args.empty() ? std::string_view() : args[0];
  if (name.size() == 6 && args.size() == 2 && base::EqualsIgnoreCase(name, "select")) {
    if (const auto db = base::ParseInt64(args[1])) {
      (in_transaction_ ? transaction_db_ : db_) = static_cast<int>(*db);
    }
  }
  if (!in_transaction_) {
    if (name.size() != 5 || !base::EqualsIgnoreCase(name, "multi")) return raw;
    in_transaction_ = true;
    transaction_db_ = db_;
    pending_.Append(raw);
    return {};
  }
  pending_.Append(raw);
  const bool exec = base::EqualsIgnoreCase(name, "exec");
  if (!exec && !base::EqualsIgnoreCase(name, "discard")) return {};
  in_transaction_ = false;
  if (exec) db_ = transaction_db_;
  released_ = true;
  return pending_.view();
}

void StreamTracker::Restart(int db) {
  in_transaction_ = false;
  released_ = false;
  db_ = db;
  pending_.Clear();
}

}  // namespace quorate::replication::core
