#include "replication/core/backlog.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "shared/base/check.h"

namespace quorate::replication::core {

struct Backlog::Block {
  Block(base::Offset first, size_t bytes) : start(first), capacity(bytes), data(new char[bytes]) {}

  const base::Offset start;
  const size_t capacity;
  size_t used = 0;
  size_t references = 0;  // cursors that sit here
  Block* next = nullptr;
  std::optional<size_t> unit_at;  // the mark's position
  int unit_db = -1;
  const std::unique_ptr<char[]> data;  // uninitialised beyond `used`
};

Backlog::Cursor::Cursor(Backlog* backlog, Block* block, size_t position)
    : backlog_(backlog), block_(block), position_(position) {
  ++block_->references;
  ++backlog_->cursors_;
}

Backlog::Cursor::Cursor(Cursor&& other) noexcept
    : backlog_(std::exchange(other.backlog_, nullptr)),
      block_(std::exchange(other.block_, nullptr)),
      position_(other.position_) {}

Backlog::Cursor& Backlog::Cursor::operator=(Cursor&& other) noexcept {
  std::swap(backlog_, other.backlog_);
  std::swap(block_, other.block_);
  std::swap(position_, other.position_);
  return *this;
}

void Backlog::Cursor::Release() {
  if (block_ == nullptr) return;
  --block_->references;
  --backlog_->cursors_;
  block_ = nullptr;
  backlog_->Trim();
  backlog_ = nullptr;
}

base::Offset Backlog::Cursor::offset() const {
  return block_->start + static_cast<int64_t>(position_);
}

uint64_t Backlog::Cursor::pending() const {
  return static_cast<uint64_t>(backlog_->end_ - offset());
}

size_t Backlog::Cursor::Peek(std::span<std::string_view> slices) const {
  size_t count = 0;
  size_t position = position_;
  for (const Block* block = block_; block != nullptr && count < slices.size();
       block = block->next, position = 0) {
    if (block->used == position) continue;
    slices[count++] = {block->data.get() + position, block->used - position};
  }
  return count;
}

void Backlog::Cursor::Advance(uint64_t n) {
  DCHECK(n <= pending());
  Block* const origin = block_;
  position_ += n;
  // A cursor at the end of a full block moves on, so that it does not pin bytes that it has read.
  while (position_ >= block_->used && block_->next != nullptr) {
    position_ -= block_->used;
    block_ = block_->next;
  }
  CHECK(position_ <= block_->used);
  if (block_ == origin) return;
  --origin->references;
  ++block_->references;
  backlog_->Trim();
}

Backlog::Backlog(size_t limit, base::Offset start) : limit_(limit), end_(start) { AddBlock(0); }

Backlog::~Backlog() { CHECK(cursors_ == 0); }

base::Offset Backlog::start() const { return blocks_.front()->start; }

void Backlog::Append(std::string_view bytes) {
  if (bytes.empty()) return;
  Block* tail = blocks_.back().get();
  end_ += static_cast<int64_t>(bytes.size());
  const size_t fits = std::min(bytes.size(), tail->capacity - tail->used);
  std::memcpy(tail->data.get() + tail->used, bytes.data(), fits);
  tail->used += fits;
  if (fits == bytes.size()) return;

  bytes.remove_prefix(fits);
  while (!bytes.empty()) {
    tail = AddBlock(bytes.size());
    const size_t n = std::min(bytes.size(), tail->capacity);
    std::memcpy(tail->data.get(), bytes.data(), n);
    tail->used = n;
    bytes.remove_prefix(n);
  }
  Trim();
}

std::optional<Backlog::Cursor> Backlog::FindOffset(base::Offset offset) {
  if (offset < start() || offset > end_) return std::nullopt;
  // The last block that starts at or before the offset.
  const auto after =
      std::upper_bound(blocks_.begin(), blocks_.end(), offset,
                       [](base::Offset o, const auto& block) { return o < block->start; });
  Block* const block = std::prev(after)->get();
  return Cursor(this, block, static_cast<size_t>(offset - block->start));
}

Backlog::Cursor Backlog::AtEnd() {
  Block* const tail = blocks_.back().get();
  return Cursor(this, tail, tail->used);
}

void Backlog::SetLimit(size_t limit) {
  limit_ = limit;
  Trim();
}

void Backlog::Reset(base::Offset start) {
  CHECK(cursors_ == 0);
  blocks_.clear();
  gone_.Clear();
  memory_ = 0;
  end_ = start;
  AddBlock(0);
}

size_t Backlog::UsualBlockBytes() const {
  return std::clamp(limit_ / 16, kMinBlockBytes, kMaxBlockBytes);
}

size_t Backlog::excess() const {
  const uint64_t kept = limit_ + UsualBlockBytes();
  return size() <= kept ? 0 : size() - kept;
}

void Backlog::NoteUnitStart(int db) {
  Block& tail = *blocks_.back();
  tail.unit_at = tail.used;
  tail.unit_db = db;
  wants_unit_start_ = false;
}

std::optional<UnitStart> Backlog::FindUnit(base::Offset offset,
                                           std::optional<base::Offset> elsewhere) const {
  std::optional<UnitStart> found;
  if (elsewhere) found = gone_.Find(*elsewhere, offset);
  for (const auto& block : blocks_) {
    if (!block->unit_at) continue;
    const base::Offset at = block->start + static_cast<int64_t>(*block->unit_at);
    if (found && at > offset) break;
    found = UnitStart{at, block->unit_db};
  }
  return found;
}

Backlog::Block* Backlog::AddBlock(size_t wanted) {
  const size_t bytes = std::clamp(wanted, UsualBlockBytes(), kMaxBlockBytes);
  const base::Offset first =
      blocks_.empty() ? end_ : blocks_.back()->start + static_cast<int64_t>(blocks_.back()->used);
  auto block = std::make_unique<Block>(first, bytes);
  if (!blocks_.empty()) blocks_.back()->next = block.get();
  memory_ += sizeof(Block) + bytes;
  blocks_.push_back(std::move(block));
  wants_unit_start_ = true;
  return blocks_.back().get();
}

void Backlog::Trim() {
  while (blocks_.size() > 1) {
    const Block& front = *blocks_.front();
    if (front.references != 0 || size() - front.used < limit_) return;
    if (front.unit_at)
      gone_.Add({front.start + static_cast<int64_t>(*front.unit_at), front.unit_db});
    memory_ -= sizeof(Block) + front.capacity;
    blocks_.pop_front();
  }
}

void Backlog::CheckInvariants() const {
  CHECK(!blocks_.empty());
  base::Offset at = blocks_.front()->start;
  size_t references = 0;
  size_t memory = 0;
  for (size_t i = 0; i < blocks_.size(); ++i) {
    const Block& block = *blocks_[i];
    CHECK(block.start == at);
    CHECK(block.used <= block.capacity);
    if (block.unit_at) CHECK(*block.unit_at <= block.used);
    CHECK(block.next == (i + 1 < blocks_.size() ? blocks_[i + 1].get() : nullptr));
    at += static_cast<int64_t>(block.used);
    references += block.references;
    memory += sizeof(Block) + block.capacity;
  }
  CHECK(at == end_);
  CHECK(references == cursors_);
  CHECK(memory == memory_);
  gone_.CheckInvariants();
}

}  // namespace quorate::replication::core
