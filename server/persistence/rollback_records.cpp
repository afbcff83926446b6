#include "server/persistence/rollback_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <utility>

#include "server/persistence/save_file.h"
#include "server/persistence/saver.h"

namespace quorate::server::persistence {
namespace {

constexpr std::string_view kFolder = "rollback";
constexpr uint32_t kMode = 0644;
// Read at once for SHOW.
constexpr size_t kShownBytes = 256 * 1024;
// Until it is looked again whether another snapshot is still in the making.
constexpr base::Duration kSnapshotPause = std::chrono::milliseconds(10);
// Fingerprints taken in one turn.
constexpr size_t kKeysPerTurn = 500;

std::string PathOf(std::string_view id, std::string_view ending) {
  return fmt::format("{}/{}.{}", kFolder, id, ending);
}

}  // namespace

struct RollbackRecords::Job {
  replication::runtime::DiscardedStream discarded;
  std::function<void(base::Status)> done;
  base::WallTime now;
  RollbackRecord record;
  std::shared_ptr<SaveFile> file;  // of the dataset
  std::shared_ptr<SnapshotJob> snapshot;
  // Bytes of it; the worker counts, perhaps longer than this job lives.
  std::shared_ptr<std::atomic<uint64_t>> written = std::make_shared<std::atomic<uint64_t>>(0);
  base::Status dataset_status;  // why it is not there though it should be
  std::string folder;           // from the root: the working directory may change meanwhile
};

RollbackRecords::RollbackRecords(io::Io& io, engine::Engine& engine, Snapshots& snapshots,
                                 std::shared_ptr<const command::Registry> commands,
                                 log::Logger& logger)
    : io_(io),
      engine_(engine),
      snapshots_(snapshots),
      commands_(std::move(commands)),
      logger_(logger),
      snapshot_timer_(io.CreateTimer([this] { WriteDataset(std::exchange(waiting_, nullptr)); })),
      notes_timer_(io.CreateTimer([this] { NoteSomeKeys(); })) {}

RollbackRecords::~RollbackRecords() { *alive_ = false; }

void RollbackRecords::Load() {
  records_.clear();
  if (!io_.files().Exists(std::string(kFolder))) return;
  const auto names = io_.files().List(std::string(kFolder));
  if (!names) return logger_.Warning(fmt::format("Rollback records: {}", names.error().message));
  for (const std::string& name : *names) {
    LookAtDataset(name);
    if (!name.ends_with(".aof")) continue;
    const std::string id = name.substr(0, name.size() - 4);
    if (!IsRollbackId(id)) continue;
    const auto text = io_.files().Read(PathOf(id, "json"));
    auto summary = text ? ParseRollbackSummary(*text) : text.error();
    if (summary && summary->id != id) summary = base::Error{"it is the summary of another record"};
    if (summary) {
      records_.push_back(std::move(*summary));
    } else {
      logger_.Warning(
          fmt::format("Rollback record {} is left alone, its summary is not readable: {}", id,
                      summary.error().message));
    }
  }
  std::sort(records_.begin(), records_.end(), [](const auto& a, const auto& b) {
    return std::pair(a.recorded, a.id) < std::pair(b.recorded, b.id);
  });
}

void RollbackRecords::LookAtDataset(const std::string& name) {
  if (!name.ends_with(".rdb")) return;
  const std::string id = name.substr(0, name.size() - 4);
  if (IsRollbackId(id)) {
    if (!io_.files().Exists(PathOf(id, "aof")))
      logger_.Warning(
          fmt::format("{} is left alone, there is no record beside it", PathOf(id, "rdb")));
    return;
  }
  // Of a process that has died; but ours may be at it.
  if (!name.starts_with("temp-") || name.find("-rollback-") == std::string::npos ||
      name.find(engine_.run_id().view()) != std::string::npos)
    return;
  if (const base::Status removed = io_.files().Remove(std::string(kFolder) + "/" + name); !removed)
    logger_.Warning(fmt::format("Rollback records: {}", removed.error().message));
}

void RollbackRecords::Record(replication::runtime::DiscardedStream discarded,
                             std::function<void(base::Status)> done) {
  const auto job = std::make_shared<Job>();
  job->discarded = std::move(discarded);
  job->done = std::move(done);
  job->now = io_.WallNow();
  io_.Offload(
      [job, commands = commands_] {
        job->record = MakeRollbackRecord(job->discarded, *commands, job->now);
        job->discarded.bytes = {};
      },
      [this, job, alive = alive_] {
        if (!*alive) return;
        const RollbackSummary& summary = job->record.summary;
        const bool whole = WantsDataset(*job);
        if (summary.commands == 0 && summary.missing_bytes == 0 && !whole) return Finish(*job, {});
        if (const base::Status made = io_.files().MakeDirectory(std::string(kFolder)); !made)
          return Finish(*job, made);
        const auto folder = io_.files().Absolute(std::string(kFolder));
        if (!folder) return Finish(*job, folder.error());
        job->folder = *folder + "/";
        whole ? WriteDataset(job) : Write(job);
      });
}

bool RollbackRecords::WantsDataset(const Job& job) const {
  return (job.discarded.unrelated || job.record.summary.missing_bytes != 0) &&
         engine_.databases().TotalKeys() != 0;
}

void RollbackRecords::WriteDataset(const std::shared_ptr<Job>& job) {
  if (snapshots_.busy()) {
    const std::shared_ptr<Job> other = std::exchange(waiting_, job);
    if (other) EndDataset(other, base::Error{"another record is made in its place"});
    return snapshot_timer_->StartAt(io_.Now() + kSnapshotPause);
  }
  auto file =
      SaveFile::Create(io_.files(), job->folder + job->record.summary.id + ".rdb",
                       fmt::format("{}-rollback-{}", engine_.run_id().view(), ++datasets_begun_));
  if (!file) return EndDataset(job, file.error());
  job->file = *file;
  const uint64_t most = engine_.settings().rollback_max_size;
  const auto append = [written = job->written, target = *file,
                       most](std::string_view bytes) -> base::Status {
    *written += bytes.size();
    if (most != 0 && *written > most) return base::Error{"it is larger than rollback-max-size"};
    return target->Append(bytes);
  };
  in_snapshot_.push_back(job);
  job->snapshot =
      snapshots_.Begin({.meta = HistoryOf(engine_.replication()),
                        .write = append,
                        .on_progress = [this, made = job.get()] { OnDatasetProgress(*made); }});
}

void RollbackRecords::OnDatasetProgress(Job& made) {
  if (!made.snapshot->complete()) return;
  const auto found = std::ranges::find(in_snapshot_, &made, &std::shared_ptr<Job>::get);
  const std::shared_ptr<Job> job = *found;
  in_snapshot_.erase(found);
  const auto outcome = std::make_shared<base::Status>(job->snapshot->status());
  job->snapshot.reset();
  io_.Offload(
      [file = std::exchange(job->file, nullptr), outcome] {
        if (*outcome) *outcome = file->Sync();
        if (*outcome) *outcome = file->Publish();
      },
      [this, job, outcome, alive = alive_] {
        if (*alive) EndDataset(job, *outcome);
      });
}

void RollbackRecords::EndDataset(const std::shared_ptr<Job>& job, const base::Status& status) {
  job->dataset_status = status;
  if (status) {
    job->record.summary.dataset_bytes = *job->written;
  } else {
    logger_.Warning(
        fmt::format("The dataset that is thrown away is not kept beside the record {}: {}",
                    job->record.summary.id, status.error().message));
  }
  Write(job);
}

void RollbackRecords::Write(const std::shared_ptr<Job>& job) {
  const RollbackSummary& summary = job->record.summary;
  io_.files().ReplaceAsync(job->folder + summary.id + ".json", ToJson(summary), kMode,
                           [this, job, alive = alive_](const base::Status& described) {
                             if (!*alive) return;
                             if (!described) return Finish(*job, described);
                             io_.files().ReplaceAsync(
                                 job->folder + job->record.summary.id + ".aof",
                                 std::move(job->record.file), kMode,
                                 [this, job, still_alive = alive_](const base::Status& written) {
                                   if (*still_alive) Finish(*job, written);
                                 });
                           });
}

void RollbackRecords::Finish(Job& job, const base::Status& status) {
  const RollbackSummary& summary = job.record.summary;
  last_write_ok_ = status.ok() && job.dataset_status.ok();
  if (!status) {
    logger_.Warning(
        fmt::format("Cannot record what this node has beyond the history of {} ({} commands on {} "
                    "keys, offsets "
                    "{} to {} of {}{}): {}",
                    summary.successor, summary.commands, summary.keys, summary.from.bytes(),
                    summary.to.bytes(), job.discarded.history.view(),
                    summary.dataset_bytes == 0
                        ? ""
                        : fmt::format("; the whole dataset is in {}{}.rdb", job.folder, summary.id),
                    status.error().message));
  } else if (job.folder.empty()) {
    logger_.Notice(fmt::format("Nothing is lost to the history of {}: {} bytes without a write",
                               summary.successor, summary.to - summary.from));
  } else {
    ++written_;
    logger_.Warning(fmt::format(
        "Rollback record {}: {} commands on {} keys that {} does not have{}{}",
        PathOf(summary.id, "aof"), summary.commands, summary.keys, summary.successor,
        summary.estimated ? " (estimated)" : "",
        summary.dataset_bytes != 0
            ? fmt::format("; the whole dataset is in {}", PathOf(summary.id, "rdb"))
        : summary.missing_bytes != 0
            ? fmt::format("; {} bytes before them are lost for good", summary.missing_bytes)
            : ""));
    Keep(summary);
  }
  job.done(status ? job.dataset_status : status);
  // The new data has taken the place of the old one now.
  if (status) NoteKeys(job.record);
}

void RollbackRecords::NoteKeys(const RollbackRecord& record) {
  if (record.keys.empty()) return;
  notes_ = {record.summary.id, record.keys, 0, {}};
  notes_timer_->StartAt(io_.Now());
}

void RollbackRecords::NoteSomeKeys() {
  const size_t end = std::min(notes_.done + kKeysPerTurn, notes_.keys.size());
  for (; notes_.done < end; ++notes_.done) {
    const RollbackBase::Key& key = notes_.keys[notes_.done];
    notes_.base.Set(key, RollbackBase::Now(engine_.databases(), key, io_.WallNow()));
  }
  if (notes_.done < notes_.keys.size()) return notes_timer_->StartAt(io_.Now());
  io_.files().ReplaceAsync(
      PathOf(notes_.id, "keys"), notes_.base.Encode(), kMode,
      [this, alive = alive_](const base::Status& written) {
        if (*alive && !written)
          logger_.Warning(fmt::format("Cannot note what the keys of a rollback record are now: {}",
                                      written.error().message));
      });
  notes_ = {};
}

base::Result<RollbackBase> RollbackRecords::ReadKeys(std::string_view id) const {
  const std::string path = PathOf(id, "keys");
  if (!io_.files().Exists(path))
    return base::Error{"ERR It was not noted what the keys of that record were"};
  const auto file = io_.files().Read(path);
  if (!file) return base::Error{"ERR " + file.error().message};
  auto keys = RollbackBase::Parse(*file);
  if (!keys) return base::Error{fmt::format("ERR {}: {}", path, keys.error().message)};
  return keys;
}

void RollbackRecords::Keep(const RollbackSummary& summary) {
  std::erase_if(records_, [&](const RollbackSummary& other) { return other.id == summary.id; });
  records_.push_back(summary);
  const config::ServerSettings& settings = engine_.settings();
  const auto over = [&] {
    return records_.size() > static_cast<size_t>(settings.rollback_max_files) ||
           (settings.rollback_max_size != 0 && Bytes() > settings.rollback_max_size);
  };
  while (records_.size() > 1 && over()) {
    Discard(records_.front());
    records_.erase(records_.begin());
  }
}

void RollbackRecords::Discard(const RollbackSummary& summary) {
  logger_.Notice(fmt::format("Rollback record {} is removed, newer ones take its place",
                             PathOf(summary.id, "aof")));
  const auto failure = std::make_shared<std::string>();
  io_.Offload(
      [&files = io_.files(), id = summary.id, failure] {
        // The commands first: what has commands has a summary.
        for (const std::string_view ending : {"aof", "json", "keys", "rdb"}) {
          if (!files.Exists(PathOf(id, ending))) continue;
          const base::Status removed = files.Remove(PathOf(id, ending));
          if (!removed && failure->empty()) *failure = removed.error().message;
        }
      },
      [this, failure, alive = alive_] {
        if (*alive && !failure->empty())
          logger_.Warning(fmt::format("Cannot remove a rollback record: {}", *failure));
      });
}

uint64_t RollbackRecords::Bytes() const {
  uint64_t bytes = 0;
  for (const RollbackSummary& record : records_) bytes += record.bytes + record.dataset_bytes;
  return bytes;
}

engine::RollbackStatus RollbackRecords::status() const {
  return {.records = records_.size(),
          .bytes = Bytes(),
          .written = written_,
          .last_write_ok = last_write_ok_,
          .last_id = records_.empty() ? "" : records_.back().id,
          .last_commands = records_.empty() ? 0 : records_.back().commands,
          .last_bytes = records_.empty() ? 0 : records_.back().bytes,
          .replaying = replay_ != nullptr,
          .replay_id = replay_id_,
          .replay_commands = replay_ ? replay_->commands() : replay_commands_,
          .replay_errors = replay_ ? replay_->errors() : replay_errors_,
          .replay_skipped = replay_ ? replay_->skipped() : replay_skipped_};
}

// ---- QUORATE ROLLBACK

std::vector<engine::RollbackEntry> RollbackRecords::List() const {
  const auto unix_ms = [](const std::optional<base::WallTime>& time) {
    return time ? time->ms : -1;
  };
  std::vector<engine::RollbackEntry> entries;
  for (const RollbackSummary& record : records_)
    entries.push_back({.id = record.id,
                       .commands = record.commands,
                       .keys = record.keys,
                       .bytes = record.bytes,
                       .dataset_bytes = record.dataset_bytes,
                       .missing_bytes = record.missing_bytes,
                       .estimated = record.estimated,
                       .written_after_ms = unix_ms(record.written_after),
                       .written_before_ms = unix_ms(record.written_before),
                       .recorded_ms = record.recorded.ms,
                       .took_over = record.successor});
  return entries;
}

base::Result<std::unique_ptr<io::ReadableFile>> RollbackRecords::Open(std::string_view id) const {
  const bool known = std::any_of(records_.begin(), records_.end(),
                                 [&](const RollbackSummary& record) { return record.id == id; });
  if (!known) return base::Error{"ERR No such rollback record"};
  auto file = io_.files().Open(PathOf(id, "aof"));
  if (!file) return base::Error{"ERR " + file.error().message};
  return file;
}

base::Result<engine::RollbackPort::Commands> RollbackRecords::Show(std::string_view id,
                                                                   size_t count) {
  const auto file = Open(id);
  if (!file) return file.error();
  std::string bytes(kShownBytes, '\0');
  size_t size = 0;
  while (size < bytes.size()) {
    const base::Result<size_t> read = (*file)->Read(bytes.data() + size, bytes.size() - size);
    if (!read) return base::Error{"ERR " + read.error().message};
    if (*read == 0) break;
    size += *read;
  }
  RollbackReader reader;
  reader.Push(std::string_view(bytes).substr(0, size));
  Commands commands;
  while (commands.size() < count) {
    const base::Result<bool> next = reader.Next();
    if (!next)
      return base::Error{fmt::format("ERR The record is damaged: {}", next.error().message)};
    if (!*next) break;
    commands.emplace_back(reader.args().begin(), reader.args().end());
  }
  return commands;
}

base::Status RollbackRecords::Replay(std::string_view id, bool if_unchanged) {
  if (replay_ != nullptr) return base::Error{"ERR A replay is already in progress"};
  auto file = Open(id);
  if (!file) return file.error();
  std::unique_ptr<RollbackGate> gate;
  if (if_unchanged) {
    auto keys = ReadKeys(id);
    if (!keys) return keys.error();
    gate = std::make_unique<RollbackGate>(engine_, commands_, std::move(*keys));
  }
  replay_id_ = id;
  logger_.Notice(fmt::format("Replay of rollback record {} started", id));
  replay_ =
      std::make_unique<RollbackReplay>(io_, engine_, std::move(*file), std::move(gate),
                                       [this](const base::Status& status) { OnReplayed(status); });
  return {};
}

void RollbackRecords::OnReplayed(const base::Status& status) {
  replay_commands_ = replay_->commands();
  replay_errors_ = replay_->errors();
  replay_skipped_ = replay_->skipped();
  std::string outcome =
      fmt::format("{} commands, {} errors{}{}", replay_commands_, replay_errors_,
                  replay_errors_ == 0 ? "" : ", the first: ", replay_->first_error());
  if (replay_skipped_ != 0)
    outcome += fmt::format("; {} left out, because their keys have changed", replay_skipped_);
  replay_.reset();
  if (status) {
    logger_.Notice(fmt::format("Replay of rollback record {} finished: {}", replay_id_, outcome));
  } else {
    logger_.Warning(fmt::format("Replay of rollback record {} ended early: {} ({})", replay_id_,
                                status.error().message, outcome));
  }
}

}  // namespace quorate::server::persistence
