#include "server/persistence/rollback_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace quorate::server::persistence {
namespace {

constexpr std::string_view kFolder = "rollback";
constexpr uint32_t kMode = 0644;

std::string PathOf(std::string_view id, std::string_view ending) {
  return fmt::format("{}/{}.{}", kFolder, id, ending);
}

}  // namespace

struct RollbackRecords::Job {
  replication::runtime::DiscardedStream discarded;
  std::function<void(base::Status)> done;
  base::WallTime now;
  RollbackRecord record;
};

RollbackRecords::RollbackRecords(io::Io& io, const config::ServerSettings& settings,
                                 std::shared_ptr<const command::Registry> commands,
                                 log::Logger& logger)
    : io_(io), settings_(settings), commands_(std::move(commands)), logger_(logger) {}

RollbackRecords::~RollbackRecords() { *alive_ = false; }

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
        if (*alive) Write(job);
      });
}

void RollbackRecords::Write(const std::shared_ptr<Job>& job) {
  const RollbackSummary& summary = job->record.summary;
  if (summary.commands == 0 && summary.missing_bytes == 0) return Finish(*job, {});
  if (const base::Status made = io_.files().MakeDirectory(std::string(kFolder)); !made)
    return Finish(*job, made);
  io_.files().ReplaceAsync(PathOf(summary.id, "json"), ToJson(summary), kMode,
                           [this, job, alive = alive_](const base::Status& described) {
                             if (!*alive) return;
                             if (!described) return Finish(*job, described);
                             io_.files().ReplaceAsync(
                                 PathOf(job->record.summary.id, "aof"), std::move(job->record.file),
                                 kMode,
                                 [this, job, still_alive = alive_](const base::Status& written) {
                                   if (*still_alive) Finish(*job, written);
                                 });
                           });
}

void RollbackRecords::Finish(Job& job, const base::Status& status) {
  const RollbackSummary& summary = job.record.summary;
  last_write_ok_ = status.ok();
  if (!status) {
    logger_.Warning(
        fmt::format("Cannot record what this node has beyond the history of {} ({} commands on {} "
                    "keys, offsets "
                    "{} to {} of {}): {}",
                    summary.successor, summary.commands, summary.keys, summary.from.bytes(),
                    summary.to.bytes(), job.discarded.history.view(), status.error().message));
  } else if (summary.commands == 0 && summary.missing_bytes == 0) {
    logger_.Notice(fmt::format("Nothing is lost to the history of {}: {} bytes without a write",
                               summary.successor, summary.to - summary.from));
  } else {
    ++written_;
    logger_.Warning(fmt::format(
        "Rollback record {}: {} commands on {} keys that {} does not have{}{}",
        PathOf(summary.id, "aof"), summary.commands, summary.keys, summary.successor,
        summary.estimated ? " (estimated)" : "",
        summary.missing_bytes == 0
            ? ""
            : fmt::format("; {} bytes before them are lost for good", summary.missing_bytes)));
    Keep(summary);
  }
  job.done(status);
}

void RollbackRecords::Keep(const RollbackSummary& summary) {
  std::erase_if(records_, [&](const RollbackSummary& other) { return other.id == summary.id; });
  records_.push_back(summary);
  const auto over = [this] {
    return records_.size() > static_cast<size_t>(settings_.rollback_max_files) ||
           (settings_.rollback_max_size != 0 && Bytes() > settings_.rollback_max_size);
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
        for (const std::string_view ending : {"aof", "json"}) {
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
  for (const RollbackSummary& record : records_) bytes += record.bytes;
  return bytes;
}

engine::RollbackStatus RollbackRecords::status() const {
  return {.records = records_.size(),
          .bytes = Bytes(),
          .written = written_,
          .last_write_ok = last_write_ok_,
          .last_id = records_.empty() ? "" : records_.back().id};
}

}  // namespace quorate::server::persistence
