// Runs the commands of a rollback record as ordinary writes, in a session of its own: judged like
// any client's (role, memory, pauses, transactions), and in slices, so that clients are served in
// between. An error of a command is counted and the next one runs; a damaged file, or the loss of
// the role, ends it.
//
// Thread rule: the loop thread. Lifetime: the engine outlives it; destroying it ends it silently.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "server/engine/engine.h"
#include "server/engine/session.h"
#include "server/persistence/rollback_gate.h"
#include "server/persistence/rollback_reader.h"
#include "shared/base/result.h"
#include "shared/io/io.h"

namespace quorate::server::persistence {

class RollbackReplay {
 public:
  // Read and run in one turn.
  static constexpr size_t kSliceBytes = 64 * 1024;
  // While clients are paused it looks again this often.
  static constexpr base::Duration kPauseCheck = std::chrono::milliseconds(20);

  // `done` is called once, never from inside the constructor; it may destroy this.
  // With a `gate`, only what it admits is run.
  RollbackReplay(io::Io& io, engine::Engine& engine, std::unique_ptr<io::ReadableFile> file,
                 std::unique_ptr<RollbackGate> gate, std::function<void(base::Status)> done);
  ~RollbackReplay();
  RollbackReplay(const RollbackReplay&) = delete;
  RollbackReplay& operator=(const RollbackReplay&) = delete;

  uint64_t commands() const { return commands_; }  // run so far, without SELECT, MULTI and EXEC
  uint64_t errors() const { return errors_; }
  uint64_t skipped() const { return gate_ ? gate_->skipped() : 0; }
  const std::string& first_error() const { return first_error_; }

 private:
  void Step();
  // Nothing: the slice has run, or waits. Else how it all ended.
  std::optional<base::Status> RunSlice();
  // Takes one command from the file, or reads on; adds its size to `taken`. As RunSlice.
  std::optional<base::Status> Pull(size_t& taken);
  // Looks at the answer to the command that has just run.
  void Account();
  void NoteError(std::string_view text);

  io::Io& io_;
  engine::Engine& engine_;
  const std::unique_ptr<io::ReadableFile> file_;
  const std::unique_ptr<RollbackGate> gate_;
  std::function<void(base::Status)> done_;
  engine::Session session_;
  RollbackReader reader_;
  const std::unique_ptr<io::Timer> timer_;
  std::deque<RollbackPiece> ready_;  // to be run
  RollbackPiece piece_;              // being run
  bool answer_due_ = false;          // a pause put the command off
  uint64_t commands_ = 0;
  uint64_t errors_ = 0;
  std::string first_error_;
};

}  // namespace quorate::server::persistence
