#include "server/persistence/rollback_gate.h"

#include <algorithm>
#include <utility>

#include "server/persistence/rollback_reader.h"
#include "shared/base/numbers.h"
#include "shared/command/key_extraction.h"

namespace quorate::server::persistence {

std::vector<RollbackPiece> RollbackGate::Admit(std::span<const std::string_view> args,
                                               std::string_view raw) {
  const auto is = [&](std::string_view name) { return base::EqualsIgnoreCase(args[0], name); };
  if (is("select")) {
    const auto db = args.size() == 2 ? base::ParseInt64(args[1]) : std::nullopt;
    if (db && *db >= 0 && *db <= INT32_MAX) db_ = static_cast<int>(*db);
    if (!in_transaction_) return {{std::string(raw), false}};
  }
  if (is("multi")) in_transaction_ = true;
  if (is("exec")) in_transaction_ = false;
  Collect(args, raw);
  return in_transaction_ ? std::vector<RollbackPiece>() : EndUnit();
}

void RollbackGate::Collect(std::span<const std::string_view> args, std::string_view raw) {
  unit_.push_back({std::string(raw), !IsFraming(args[0])});
  if (!unit_.back().counts) return;
  const command::Command* const command = commands_->Resolve(args);
  command::KeyReferences keys;
  const bool found = command != nullptr && command->AcceptsCount(args.size()) &&
                     command::GetKeys(*command, args, &keys) && !keys.empty();
  if (!found) keyless_ = true;
  for (const command::KeyReference& key : keys)
    keys_.emplace_back(db_, args[static_cast<size_t>(key.position)]);
}

std::vector<RollbackPiece> RollbackGate::EndUnit() {
  const bool unchanged = !keyless_ && std::ranges::all_of(keys_, [this](const auto& key) {
    return base_.Matches(key, Now(key));
  });
  std::vector<RollbackPiece> unit = std::exchange(unit_, {});
  keyless_ = false;
  if (unchanged) return unit;
  skipped_ += static_cast<uint64_t>(std::ranges::count_if(unit, &RollbackPiece::counts));
  keys_.clear();
  return {};
}

void RollbackGate::Ran() {
  for (const RollbackBase::Key& key : keys_) base_.Set(key, Now(key));
  keys_.clear();
}

store::Digest RollbackGate::Now(const RollbackBase::Key& key) const {
  return RollbackBase::Now(engine_.databases(), key, engine_.wall());
}

}  // namespace quorate::server::persistence
