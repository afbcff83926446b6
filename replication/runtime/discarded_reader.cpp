#include "replication/runtime/discarded_reader.h"

#include <algorithm>
#include <span>
#include <utility>

#include "replication/core/backlog.h"
#include "replication/runtime/disk_backlog.h"

namespace quorate::replication::runtime {
namespace {

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

struct DiscardedReader::Reading {
  DiscardedStream discarded;
  Done done;
  core::UnitStart begin;
  base::Offset memory_from;
  std::string memory;
  std::optional<core::UnitStart> memory_unit;  // if the disk cannot be read
  std::string disk;
  std::shared_ptr<SegmentReader> reader;
};

void DiscardedReader::Read(DiscardedStream discarded, DiskBacklog* disk, Done done) {
  reading_.reset();
  discarded.begin = discarded.end;
  if (history_.backlog() == nullptr || discarded.fork.at == discarded.end)
    return done(std::move(discarded));
  core::Backlog& backlog = *history_.backlog();
  const std::optional<core::History::DiskRange>& range = history_.disk();
  std::optional<base::Offset> on_disk;
  if (disk != nullptr && range && range->start < backlog.start() && range->end >= backlog.start())
    on_disk = std::max(range->start, backlog.start() - kMostFromDisk);
  const std::optional<core::UnitStart> unit = backlog.FindUnit(discarded.fork.at, on_disk);
  if (unit && unit->at < backlog.start()) {
    reading_ = std::make_shared<Reading>();
    reading_->memory_unit = backlog.FindUnit(discarded.fork.at);
    reading_->discarded = std::move(discarded);
    reading_->done = std::move(done);
    reading_->begin = *unit;
    reading_->memory_from = backlog.start();
    reading_->memory = BytesFrom(backlog, backlog.start());
    reading_->reader = disk->ReaderFrom(unit->at);
    return ReadOn(reading_, *disk);
  }
  if (unit) {
    discarded.begin = unit->at;
    discarded.db = unit->db;
    discarded.bytes = BytesFrom(backlog, unit->at);
  }
  done(std::move(discarded));
}

void DiscardedReader::ReadOn(const std::shared_ptr<Reading>& reading, DiskBacklog& disk) {
  const auto take = [this, &disk,
                     weak = std::weak_ptr(reading)](const base::Result<std::string>& bytes) {
    const std::shared_ptr<Reading> read = weak.lock();
    if (!read || reading_ != read) return;
    if (!bytes) return Finish(bytes.error().message);
    read->disk += *bytes;
    if (read->reader->next() >= read->memory_from) return Finish("");
    if (bytes->empty()) return Finish("it ends before memory begins");
    ReadOn(read, disk);
  };
  disk.Read(reading->reader, kPieceBytes, take);
}

void DiscardedReader::OnDiskGone() {
  if (reading_) Finish("it was turned off");
}

void DiscardedReader::Finish(const std::string& problem) {
  const std::shared_ptr<Reading> reading = std::exchange(reading_, nullptr);
  DiscardedStream& discarded = reading->discarded;
  if (problem.empty()) {
    discarded.begin = reading->begin.at;
    discarded.db = reading->begin.db;
    discarded.bytes = std::move(reading->disk);
    discarded.bytes.resize(static_cast<size_t>(reading->memory_from - discarded.begin));
    discarded.bytes += reading->memory;
  } else {
    note_("The rollback record has only what memory holds; the on-disk backlog: " + problem);
    if (const std::optional<core::UnitStart>& unit = reading->memory_unit) {
      discarded.begin = unit->at;
      discarded.db = unit->db;
      discarded.bytes =
          reading->memory.substr(static_cast<size_t>(unit->at - reading->memory_from));
    }
  }
  reading->done(std::move(discarded));
}

}  // namespace quorate::replication::runtime
