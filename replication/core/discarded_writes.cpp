#include "replication/core/discarded_writes.h"

#include <algorithm>

#include "replication/core/wire.h"
#include "shared/base/numbers.h"

namespace quorate::replication::core {
namespace {

bool Is(std::string_view name, std::string_view wanted) {
  return name.size() == wanted.size() && base::EqualsIgnoreCase(name, wanted);
}

// What the stream carries besides writes.
bool IsNoWrite(std::string_view name) {
  return Is(name, "ping") || Is(name, "replconf") || Is(name, "publish") || Is(name, "spublish");
}

}  // namespace

DiscardedWrites::DiscardedWrites(base::Offset begin, int db, base::Offset from,
                                 ForEachKey for_each_key)
    : from_(from), for_each_key_(std::move(for_each_key)), at_(begin), db_(std::max(db, 0)) {}

void DiscardedWrites::Add(std::span<const std::string_view> args, std::string_view raw) {
  at_ += static_cast<int64_t>(raw.size());
  if (args.empty() || IsNoWrite(args[0])) return;
  const std::string_view name = args[0];
  if (Is(name, "select")) {
    const auto db = args.size() == 2 ? base::ParseInt64(args[1]) : std::nullopt;
    if (db && *db >= 0 && *db <= INT32_MAX) db_ = static_cast<int>(*db);
  } else if (Is(name, "multi")) {
    unit_.clear();
    in_transaction_ = true;
    db_before_unit_ = db_;
  } else if (Is(name, "exec") || Is(name, "discard")) {
    EndTransaction(Is(name, "exec"));
  } else if (in_transaction_) {
    unit_.emplace_back(db_, std::vector<std::string>(args.begin(), args.end()));
  } else if (at_ > from_) {
    Write(args, raw, db_);
  }
}

void DiscardedWrites::EndTransaction(bool executed) {
  if (!in_transaction_) return;
  in_transaction_ = false;
  if (!executed) db_ = db_before_unit_;
  if (!executed || unit_.empty() || at_ <= from_) return unit_.clear();
  // The first database is selected before MULTI, as a primary does.
  if (unit_.front().first != written_db_) {
    written_db_ = unit_.front().first;
    file_ += EncodeCommand({"SELECT", std::to_string(written_db_)});
  }
  file_ += kMultiCommand;
  for (const auto& [db, command] : unit_) {
    const std::vector<std::string_view> args(command.begin(), command.end());
    Write(args, {}, db);
  }
  file_ += kExecCommand;
  unit_.clear();
}

void DiscardedWrites::Write(std::span<const std::string_view> args, std::string_view raw, int db) {
  if (db != written_db_) {
    written_db_ = db;
    file_ += EncodeCommand({"SELECT", std::to_string(db)});
  }
  if (raw.empty()) {
    file_ += EncodeCommand(args);
  } else {
    file_ += raw;
  }
  ++commands_;
  CountKeys(args, db);
}

void DiscardedWrites::CountKeys(std::span<const std::string_view> args, int db) {
  if (!for_each_key_) return;
  for_each_key_(args, [&](std::string_view key) {
    const auto [entry, added] = seen_.emplace(db, key);
    if (added && named_keys_.size() < kNamedKeys) named_keys_.push_back(*entry);
  });
}

}  // namespace quorate::replication::core
