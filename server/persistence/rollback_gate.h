// Which commands of a rollback record a replay runs that is to leave changed keys alone: those whose
// keys all hold what they held when the record was made, or what the replay itself has made of them.
// A transaction is run whole or not at all. What has no keys of its own (FLUSHALL) is not run.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/engine/engine.h"
#include "server/persistence/rollback_base.h"
#include "shared/command/registry.h"

namespace quorate::server::persistence {

// A command that a replay is to run.
struct RollbackPiece {
  std::string raw;
  bool counts = false;  // a write, not SELECT, MULTI or EXEC
};

class RollbackGate {
 public:
  RollbackGate(engine::Engine& engine, std::shared_ptr<const command::Registry> commands,
               RollbackBase base)
      : engine_(engine), commands_(std::move(commands)), base_(std::move(base)) {}

  // The record's next command. Returns what is to be run now, in order: none inside a transaction,
  // or if it is left out. Call Ran() when it has run.
  std::vector<RollbackPiece> Admit(std::span<const std::string_view> args, std::string_view raw);
  void Ran();

  uint64_t skipped() const { return skipped_; }  // commands, without SELECT, MULTI and EXEC

 private:
  // Adds a command to the unit.
  void Collect(std::span<const std::string_view> args, std::string_view raw);
  std::vector<RollbackPiece> EndUnit();
  store::Digest Now(const RollbackBase::Key& key) const;

  engine::Engine& engine_;
  const std::shared_ptr<const command::Registry> commands_;
  RollbackBase base_;
  int db_ = 0;
  bool in_transaction_ = false;
  // The unit at hand: a command or a transaction.
  std::vector<RollbackPiece> unit_;
  std::vector<RollbackBase::Key> keys_;
  bool keyless_ = false;  // a command of it has no keys
  uint64_t skipped_ = 0;
};

}  // namespace quorate::server::persistence
