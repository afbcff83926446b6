// Replication's part in rollback records: collects the bytes of our history that a full
// synchronization throws away, from memory and, for what memory has lost, from the on-disk backlog.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "replication/runtime/disk_backlog.h"
#include "replication/runtime/replication.h"
#include "replication/runtime/upstream_link.h"

namespace quorate::replication::runtime {
namespace {

// The most that is read from disk for a record, all of it held in memory; what lies before counts
// as missing.
constexpr int64_t kMostFromDisk = 256 * 1024 * 1024;
constexpr size_t kPieceBytes = 1024 * 1024;

// The backlog's bytes from `from` on. Precondition: it has them.
std::string BytesFrom(core::Backlog& backlog, base::Offset from) {
  std::string bytes;
  core::Backlog::Cursor cursor = *backlog.FindOffset(from);
  bytes.reserve(cursor.pending());
  while (cursor.pending() != 0) {
    std::string_view slice;
    cursor.Peek(std::span(&slice, 1));
    bytes += slice;
    cursor.Advance(slice.size());
  }
  return bytes;
}

}  // namespace

// Memory's bytes are taken at once, since they may be trimmed while the disk is read.
struct Replication::DiscardedRead {
  uint64_t number = 0;  // of the RecordDiscarded
  DiscardedStream discarded;
  core::UnitStart begin;
  base::Offset memory_from;
  std::string memory;
  std::optional<core::UnitStart> memory_unit;  // if the disk cannot be read
  std::string disk;
  std::shared_ptr<SegmentReader> reader;
};

void Replication::NoteOffset() {
  if (history_.offset() != offset_clock_.latest())
    offset_clock_.Note(history_.offset(), io_.WallNow());
}

void Replication::Record(const core::RecordDiscarded& record) {
  upstream_->PauseReading();
  NoteOffset();
  DiscardedStream discarded;
  discarded.history = history_.id();
  discarded.fork = record.fork;
  discarded.unrelated = record.unrelated;
  discarded.end = history_.offset();
  discarded.begin = history_.offset();
  discarded.not_before = offset_clock_.NotBefore(record.fork.at);
  discarded.not_after = offset_clock_.Reached(discarded.end);
  discarded.successor = record.successor;
  discarded.successor_history = record.id;
  discarded.successor_offset = record.offset;

  if (history_.backlog() == nullptr || record.fork.at == discarded.end)
    return GiveToRecorder(record.number, std::move(discarded));
  core::Backlog& backlog = *history_.backlog();
  const std::optional<core::History::DiskRange>& disk = history_.disk();
  std::optional<base::Offset> on_disk;
  if (disk_ && disk && disk->start < backlog.start() && disk->end >= backlog.start())
    on_disk = std::max(disk->start, backlog.start() - kMostFromDisk);
  const std::optional<core::UnitStart> unit = backlog.FindUnit(record.fork.at, on_disk);
  if (unit && unit->at < backlog.start()) {
    discarded_read_ = std::make_shared<DiscardedRead>();
    DiscardedRead& read = *discarded_read_;
    read.number = record.number;
    read.discarded = std::move(discarded);
    read.begin = *unit;
    read.memory_from = backlog.start();
    read.memory = BytesFrom(backlog, backlog.start());
    read.memory_unit = backlog.FindUnit(record.fork.at);
    read.reader = disk_->ReaderFrom(unit->at);
    return ReadDiscarded();
  }
  if (unit) {
    discarded.begin = unit->at;
    discarded.db = unit->db;
    discarded.bytes = BytesFrom(backlog, unit->at);
  }
  GiveToRecorder(record.number, std::move(discarded));
}

void Replication::ReadDiscarded() {
  const auto take = [this, read = discarded_read_](const base::Result<std::string>& bytes) {
    if (discarded_read_ != read) return;
    if (!bytes) return EndDiscardedRead(bytes.error().message);
    read->disk += *bytes;
    if (read->reader->next() >= read->memory_from) return EndDiscardedRead("");
    if (bytes->empty()) return EndDiscardedRead("it ends before memory begins");
    ReadDiscarded();
  };
  disk_->Read(discarded_read_->reader, kPieceBytes, take);
}

void Replication::EndDiscardedRead(const std::string& problem) {
  const std::shared_ptr<DiscardedRead> read = std::exchange(discarded_read_, nullptr);
  DiscardedStream& discarded = read->discarded;
  if (problem.empty()) {
    discarded.begin = read->begin.at;
    discarded.db = read->begin.db;
    discarded.bytes = std::move(read->disk);
    discarded.bytes.resize(static_cast<size_t>(read->memory_from - discarded.begin));
    discarded.bytes += read->memory;
  } else {
    Note("The rollback record has only what memory holds; the on-disk backlog: " + problem, true);
    if (const std::optional<core::UnitStart>& unit = read->memory_unit) {
      discarded.begin = unit->at;
      discarded.db = unit->db;
      discarded.bytes = read->memory.substr(static_cast<size_t>(unit->at - read->memory_from));
    }
  }
  GiveToRecorder(read->number, std::move(discarded));
}

void Replication::GiveToRecorder(uint64_t number, DiscardedStream discarded) {
  const auto done = [this, alive = alive_, number](const base::Status& status) {
    if (!*alive) return;
    Run(replica_.Step(io_.Now(), core::DiscardedRecorded{number, status.ok()}));
    ArmTimer();
  };
  ports_.rollback->Record(std::move(discarded), done);
}

}  // namespace quorate::replication::runtime
