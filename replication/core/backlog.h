// The replication stream's recent bytes: one list of reference-counted blocks that the partial
// resyncs and every attached replica read from. A replica costs a Cursor (a block, a position) and
// a writev; nothing is copied per replica.
//
// Ranges are half-open: the backlog holds the bytes [start(), end()) of the history, so start() ==
// n means that byte number n+1 in Redis' 1-based counting is the first one held.
//
// Invariants
//   B1  end() - start() == the sum of the bytes in the blocks; end() falls only by Reset.
//   B2  start() rises only by trimming whole blocks from the front, and only while at least
//       limit() bytes remain and no cursor sits in the block removed. A slow cursor therefore
//       makes the backlog exceed limit(), and that excess serves partial resyncs too.
//   B3  every cursor c satisfies start() <= c.offset() <= end().
//   B4  a block's bytes never move and never change once appended.
//   B5  at a noted start a unit begins: a command, or a whole transaction. A block has at most
//       one.
//
// Thread rule: one thread. Cursors must be gone before Reset and before the backlog is destroyed
// (checked).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

#include "replication/core/unit_marks.h"
#include "shared/base/ids.h"

namespace quorate::replication::core {

class Backlog {
  struct Block;

 public:
  static constexpr size_t kMinBlockBytes = 16 * 1024;
  static constexpr size_t kMaxBlockBytes = 1024 * 1024;

  // A reader's position. Movable; an empty cursor (default constructed) reads nothing and has no
  // offset.
  class Cursor {
   public:
    Cursor() = default;
    ~Cursor() { Release(); }
    Cursor(Cursor&& other) noexcept;
    Cursor& operator=(Cursor&& other) noexcept;
    Cursor(const Cursor&) = delete;
    Cursor& operator=(const Cursor&) = delete;

    bool attached() const { return block_ != nullptr; }
    // The next byte to read. Precondition: attached().
    base::Offset offset() const;
    // Bytes appended and not yet read. Precondition: attached().
    uint64_t pending() const;
    // Fills `slices` with the next unread bytes, in order; returns how many slices were filled.
    // They stay valid until this cursor moves or the backlog is reset.
    size_t Peek(std::span<std::string_view> slices) const;
    // Moves `n` bytes on. Precondition: n <= pending().
    void Advance(uint64_t n);
    void Release();

   private:
    friend class Backlog;
    Cursor(Backlog* backlog, Block* block, size_t position);

    Backlog* backlog_ = nullptr;
    Block* block_ = nullptr;
    size_t position_ = 0;
  };

  Backlog(size_t limit, base::Offset start);
  ~Backlog();
  Backlog(const Backlog&) = delete;
  Backlog& operator=(const Backlog&) = delete;

  base::Offset start() const;
  base::Offset end() const { return end_; }
  uint64_t size() const { return static_cast<uint64_t>(end_ - start()); }
  size_t limit() const { return limit_; }
  // Memory held, block headers included.
  size_t memory() const { return memory_; }
  // About how much of it is there only because a cursor still needs it.
  size_t excess() const;
  size_t cursor_count() const { return cursors_; }

  // The hot path. Allocates only when the last block is full.
  void Append(std::string_view bytes);
  // A cursor whose next byte is at `offset`; nullopt if that is outside [start(), end()].
  std::optional<Cursor> FindOffset(base::Offset offset);
  Cursor AtEnd();
  // CONFIG SET repl-backlog-size: keeps what it has and trims if it shrank.
  void SetLimit(size_t limit);
  // Forgets every byte and continues at `start`. Precondition: no cursor.
  void Reset(base::Offset start);

  // ---- where reading may begin

  // True after a new block: whoever appends is to call NoteUnitStart when its next unit begins.
  bool wants_unit_start() const { return wants_unit_start_; }
  void NoteUnitStart(int db);
  // The last noted start at or before `offset`; if there is none, the first of all; nothing if none
  // was noted.
  // It may lie before start(), but not before `elsewhere`: what follows that can be read from
  // somewhere else.
  std::optional<UnitStart> FindUnit(base::Offset offset,
                                    std::optional<base::Offset> elsewhere = std::nullopt) const;
  // Units that began before this backlog did.
  void RememberUnits(UnitMarks units) { gone_ = std::move(units); }

  // Aborts if an invariant is broken.
  void CheckInvariants() const;

 private:
  // What a block takes unless more is needed at once.
  size_t UsualBlockBytes() const;
  Block* AddBlock(size_t wanted);
  void Trim();

  size_t limit_;
  base::Offset end_;
  size_t memory_ = 0;
  size_t cursors_ = 0;
  bool wants_unit_start_ = true;
  UnitMarks gone_;                             // of blocks that were trimmed
  std::deque<std::unique_ptr<Block>> blocks_;  // never empty
};

}  // namespace quorate::replication::core
