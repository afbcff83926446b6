#include "replication/runtime/disk_segments.h"

#include <algorithm>

#include "shared/base/numbers.h"

namespace quorate::replication::runtime {
namespace {

using core::SegmentParser;

constexpr std::string_view kPrefix = "backlog-";
constexpr std::string_view kSuffix = ".seg";
constexpr std::string_view kUnfinished = ".new";  // after a segment's name
constexpr size_t kNumberDigits = 16;
constexpr uint32_t kMode = 0600;
constexpr size_t kReadBytes = 256 * 1024;

std::string UnfinishedPath(const std::string& folder, uint64_t number) {
  return SegmentPath(folder, number).append(kUnfinished);
}

// The whole records of one file.
struct Scanned {
  std::optional<core::LogPosition> position;
  base::Offset end;
  uint64_t file_bytes = 0;
  std::string problem;
};

base::Result<Scanned> Scan(io::Files& files, const std::string& path) {
  base::Result<std::unique_ptr<io::ReadableFile>> file = files.Open(path);
  if (!file) return file.error();
  Scanned found;
  found.file_bytes = (*file)->size();
  SegmentParser parser;
  std::string input;
  size_t position = 0;
  while (true) {
    const SegmentParser::Outcome outcome = parser.Next(std::string_view(input).substr(position));
    if (outcome == SegmentParser::Outcome::kBad) {
      found.problem = path + ": " + std::string(parser.error());
      return found;
    }
    if (outcome != SegmentParser::Outcome::kNeedMore) {
      position += parser.consumed();
      found.position = parser.position();
      found.end = parser.end();
      continue;
    }
    input.erase(0, position);
    position = 0;
    const size_t had = input.size();
    input.resize(std::max(parser.needed(), had + kReadBytes));
    const base::Result<size_t> got = (*file)->Read(input.data() + had, input.size() - had);
    if (!got) return got.error();
    input.resize(had + *got);
    if (*got != 0) continue;
    if (had != 0 || !found.position) found.problem = path + ": torn at its end";
    return found;
  }
}

}  // namespace

std::string SegmentPath(const std::string& folder, uint64_t number) {
  const std::string digits = std::to_string(number);
  std::string path = folder;
  path.append(kPrefix).append(kNumberDigits - std::min(kNumberDigits, digits.size()), '0');
  return path.append(digits).append(kSuffix);
}

std::optional<uint64_t> SegmentNumber(const std::string& name) {
  if (name.size() != kPrefix.size() + kNumberDigits + kSuffix.size() ||
      !name.starts_with(kPrefix) || !name.ends_with(kSuffix))
    return std::nullopt;
  const std::string_view digits = std::string_view(name).substr(kPrefix.size(), kNumberDigits);
  uint64_t number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<uint64_t>(c - '0');
  }
  return number == 0 ? std::nullopt : std::optional(number);
}

bool IsUnfinishedSegment(const std::string& name) {
  return name.ends_with(kUnfinished) &&
         SegmentNumber(name.substr(0, name.size() - kUnfinished.size())).has_value();
}

FoundSegments ScanSegments(io::Files& files, const std::string& folder,
                           const std::vector<uint64_t>& numbers) {
  FoundSegments found;
  for (const uint64_t number : numbers) {
    const std::string path = SegmentPath(folder, number);
    base::Result<Scanned> segment = Scan(files, path);
    if (!segment) {
      found.status = segment.error();
      return found;
    }
    if (!segment->problem.empty()) found.problems.push_back(std::move(segment->problem));
    if (segment->position) {
      found.index.Add({number, segment->file_bytes, *segment->position, segment->end});
    } else {
      found.index.AddUnreadable(number, segment->file_bytes);
    }
    // The process before may have been killed before it made this durable, or failed to; what it
    // had written counts as ours from here on.
    if (base::Status synced = files.Sync(path); !synced) found.durable = std::move(synced);
  }
  return found;
}

ClearedSegments ClearSegments(io::Files& files, const std::string& folder) {
  ClearedSegments cleared;
  const base::Result<std::vector<std::string>> names = files.List(folder);
  if (!names) {
    cleared.status = names.error();
    return cleared;
  }
  // The oldest first: whatever ends this in between, what is left does not reach back further.
  for (const std::string& name : *names) {
    const std::optional<uint64_t> number = SegmentNumber(name);
    if (!number && !IsUnfinishedSegment(name)) continue;
    if (number) cleared.last_number = *number;
    base::Status removed = files.Remove(folder + name);
    if (!removed)
      cleared.status = std::move(removed);
    else if (number)
      ++cleared.removed;
  }
  return cleared;
}

// ---- writing

void SegmentWriter::Write(DiskBatch& batch) {
  batch.status = WriteBytes(batch);
  batch.file_bytes = file_bytes_;
  if (!batch.status) file_.reset();
  std::vector<std::string> unwanted;
  for (const uint64_t number : batch.surplus) unwanted.push_back(SegmentPath(folder_, number));
  if (!batch.status && batch.begins) {
    unwanted.push_back(SegmentPath(folder_, batch.segment));
    unwanted.push_back(UnfinishedPath(folder_, batch.segment));
  }
  // What cannot be removed now is found, and counted, at the next start.
  for (const std::string& path : unwanted) {
    if (!files_.Exists(path)) continue;
    if (const base::Status removed = files_.Remove(path); !removed) continue;
  }
}

base::Status SegmentWriter::WriteBytes(const DiskBatch& batch) {
  encoded_.clear();
  if (batch.begins) {
    if (file_) {
      if (const base::Status synced = file_->Sync(); !synced) return synced;
    }
    file_.reset();
    base::Result<std::unique_ptr<io::WritableFile>> file =
        files_.Create(UnfinishedPath(folder_, batch.segment), kMode);
    if (!file) return file.error();
    file_ = std::move(*file);
    file_bytes_ = 0;
    core::AppendSegmentStart(*batch.begins, encoded_);
  }
  if (!batch.bytes.empty()) core::AppendBytesRecord(batch.offset, batch.bytes, encoded_);
  file_bytes_ += encoded_.size();
  if (const base::Status written = file_->Append(encoded_); !written) return written;
  if (batch.sync) {
    if (const base::Status synced = file_->Sync(); !synced) return synced;
  }
  if (!batch.begins) return {};
  // Only a rename makes the name durable too.
  return files_.Rename(UnfinishedPath(folder_, batch.segment), SegmentPath(folder_, batch.segment));
}

// ---- reading

base::Status SegmentReader::Read(const std::vector<core::DiskRun::Piece>& pieces, size_t budget,
                                 std::string& out) {
  for (const core::DiskRun::Piece& piece : pieces) {
    if (const base::Status read = ReadPiece(piece, budget, out); !read) return read;
    if (out.size() >= budget) break;
  }
  return {};
}

base::Status SegmentReader::ReadPiece(const core::DiskRun::Piece& piece, size_t budget,
                                      std::string& out) {
  bool opened = false;
  if (number_ != piece.number) {
    if (base::Status open = Open(piece.number); !open) return open;
    opened = true;
  }
  while (next_ < piece.end && out.size() < budget) {
    const SegmentParser::Outcome outcome = parser_.Next(std::string_view(input_).substr(position_));
    if (outcome == SegmentParser::Outcome::kBad)
      return base::Error{SegmentPath(folder_, number_) + ": " + std::string(parser_.error())};
    if (outcome == SegmentParser::Outcome::kNeedMore) {
      const base::Result<bool> more = Fill(parser_.needed());
      if (!more) return more.error();
      if (*more) continue;
      // It may have grown since it was opened.
      if (opened) return base::Error{SegmentPath(folder_, number_) + ": ends too early"};
      if (base::Status open = Open(piece.number); !open) return open;
      opened = true;
      continue;
    }
    position_ += parser_.consumed();
    if (outcome != SegmentParser::Outcome::kBytes || parser_.end() <= next_) continue;
    if (parser_.offset() > next_)
      return base::Error{SegmentPath(folder_, number_) + ": begins too late"};
    const auto skip = static_cast<size_t>(next_ - parser_.offset());
    const auto wanted = static_cast<size_t>(std::min(piece.end, parser_.end()) - next_);
    out.append(parser_.bytes().substr(skip, wanted));
    next_ += static_cast<int64_t>(wanted);
  }
  return {};
}

base::Status SegmentReader::Open(uint64_t number) {
  base::Result<std::unique_ptr<io::ReadableFile>> file = files_.Open(SegmentPath(folder_, number));
  if (!file) return file.error();
  file_ = std::move(*file);
  number_ = number;
  parser_ = {};
  input_.clear();
  position_ = 0;
  return {};
}

base::Result<bool> SegmentReader::Fill(size_t wanted) {
  input_.erase(0, position_);
  position_ = 0;
  const size_t had = input_.size();
  input_.resize(std::max(wanted, had + kReadBytes));
  const base::Result<size_t> got = file_->Read(input_.data() + had, input_.size() - had);
  input_.resize(had + (got ? *got : 0));
  if (!got) return got.error();
  return *got != 0;
}

}  // namespace quorate::replication::runtime
