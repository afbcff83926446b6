// Carries out PersistState: one write at a time, durable before it is reported. What is asked for
// while a write runs is covered by the next one.
//
// What nobody waits for is gathered for kGather, so that one write serves all that is found when a
// sentinel starts, for each of its groups. What somebody waits for takes it along.
//
// What elections and failovers change is appended to the journal (config/journal.h); everything
// else, and whenever there is no journal to append to, is a rewrite of the whole state. A rewrite
// follows kConsolidateAfter behind the first append, so that the state's own file is never long
// behind, and begins a new journal. Each rewrite has a generation, so that a journal is known to go
// on from it.
//
//   state     | leaves when              | to
//   ----------+--------------------------+------------------------------------------
//   idle      | a write is wanted        | appending, or rewriting
//             | one was wanted soon,     |
//             | kGather ago              | appending, or rewriting
//             | appended to for 1 s      | rewriting
//   appending | durable                  | idle
//             | failed                   | idle, without a journal: the next is a rewrite
//   rewriting | durable                  | beginning a journal
//             | failed                   | idle, without a journal
//   beginning | it is there, or failed   | idle, with a journal or without
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "sentinel/config/process_settings.h"
#include "sentinel/core/actions.h"
#include "sentinel/core/durable.h"
#include "sentinel/core/inputs.h"
#include "sentinel/core/settings.h"
#include "shared/base/result.h"
#include "shared/io/io.h"
#include "shared/log/logger.h"

namespace quorate::sentinel::runtime {

// Passwords are in it.
inline constexpr uint32_t kStateMode = 0600;
inline constexpr base::Duration kConsolidateAfter = std::chrono::seconds(1);
// A sentinel that starts finds everybody within some messages.
inline constexpr base::Duration kGather = std::chrono::milliseconds(50);
inline constexpr size_t kMaxJournalBytes = 1 << 20;

class StateWriter {
 public:
  struct Paths {
    std::string state;
    std::string journal;
  };
  // What can change, and is kept.
  struct Saved {
    core::Settings settings;
    core::DurableState durable;
    config::LogLevel loglevel = config::LogLevel::kNotice;
  };
  // The newest; its bytes, as a file; and who is told the outcome of a write.
  using Snapshot = std::function<Saved()>;
  using Render = std::function<base::Result<std::string>(const Saved&)>;
  StateWriter(io::Io& io, log::Logger& logger, Paths paths, Snapshot snapshot, Render render,
              std::function<void(core::Persisted)> done);
  ~StateWriter();

  // Begins a journal to what was written before the start. Without it the first write is a rewrite.
  void Start(Saved on_disk);

  // Takes the order; EndTurn writes it, or whatever is newer by then.
  void Want(const core::PersistState& order);
  // Starts a write if one is due and none runs.
  void EndTurn();
  // The process ends in good order: the state's file says everything, unless a write is under way.
  // Waits for the disk.
  void Finish();

 private:
  struct Job;  // one append, or the beginning of a journal, off the loop

  void Append(Saved next, std::string line);
  void Rewrite(Saved next);
  void OnRewritten(Saved written, const base::Status& status);
  void BeginJournal();
  void Report(uint64_t version, const base::Status& status);
  bool MayAppend(const Saved& next, std::string& line) const;

  io::Io& io_;
  log::Logger& logger_;
  const Paths paths_;
  Snapshot snapshot_;
  Render render_;
  std::function<void(core::Persisted)> done_;
  uint64_t generation_ = 0;
  uint64_t wanted_ = 0;
  uint64_t started_ = 0;
  bool busy_ = false;
  Saved on_disk_;                              // with the journal
  std::shared_ptr<io::WritableFile> journal_;  // null: none
  size_t journal_bytes_ = 0;                   // appended
  bool due_ = false;                           // what is wanted is to be written now
  bool consolidate_ = false;                   // due
  std::unique_ptr<io::Timer> timer_;
  std::unique_ptr<io::Timer> gather_timer_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace quorate::sentinel::runtime
