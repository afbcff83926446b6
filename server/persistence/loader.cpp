#include "server/persistence/loader.h"

namespace quorate::server::persistence {

Loader::Loader(io::Io& io, Dataset& dataset, std::optional<base::WallTime> drop_expired, Done done)
    : io_(io),
      dataset_(dataset),
      done_(std::move(done)),
      timer_(io.CreateTimer([this] { ReadSlice(); })),
      staging_(dataset.BeginLoading(drop_expired)) {
  reader_.emplace(*staging_, dataset.reader_options());
}

base::Status Loader::Start(const std::string& path) {
  base::Result<std::unique_ptr<io::ReadableFile>> file = io_.files().Open(path);
  if (!file) return file.error();
  path_ = path;
  file_ = std::move(*file);
  total_ = file_->size();
  slice_.resize(kSliceBytes);
  timer_->StartAt(io_.Now());
  return {};
}

void Loader::ReadSlice() {
  const uint64_t before = reader_->records();
  const base::Result<size_t> got = file_->Read(slice_.data(), slice_.size());
  if (!got) return Finish(got.error());
  if (*got == 0) return Finish(reader_->Finish());
  const base::Result<size_t> used = reader_->Push(std::string_view(slice_).substr(0, *got));
  if (!used) return Finish(base::Error{path_ + ": " + used.error().message});
  loaded_ += *used;
  if (*used < *got)
    return Finish(
        base::Error{path_ + ": bytes after the end at byte " + std::to_string(reader_->offset())});
  timer_->StartAt(io_.Now() + static_cast<int64_t>(reader_->records() - before) * rest_per_record_);
}

void Loader::Finish(base::Status outcome) {
  const Done done = std::move(done_);
  if (!outcome) {
    const std::string& text = outcome.error().message;
    return done(base::Error{text.starts_with(path_) ? text : path_ + ": " + text});
  }
  Loaded loaded;
  loaded.meta = reader_->meta();
  loaded.expired = staging_->TakeExpired();
  loaded.keys = reader_->records() - loaded.expired.size();
  reader_.reset();
  dataset_.CommitLoading(std::move(staging_));
  done(std::move(loaded));
}

}  // namespace quorate::server::persistence
