#include "scripts/ops/replication_bench.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include "scripts/ops/ask.h"
#include "scripts/ops/bench_load.h"
#include "scripts/ops/pinned_server.h"
#include "scripts/ops/scratch_folder.h"
#include "shared/base/numbers.h"
#include "shared/base/random.h"
#include "shared/link/link.h"

namespace quorate::ops {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Server = std::unique_ptr<PinnedServer>;

constexpr base::Duration kLongestSync = seconds(120);
constexpr base::Duration kPingPeriod = milliseconds(1);
// A sample of time is the least of so many, since whatever else the machine does only adds; a sample
// of memory is the most of them.
constexpr int kSyncs = 3;
constexpr int kLoads = 3;
constexpr const char* kMeasuredCore = "0";
constexpr const char* kOtherCore = "1";

// The report's rows, in its order.
struct Figures {
  BenchFigure sync{"full sync of a new replica", "seconds", false, 0.4, {}, {}};
  BenchFigure ping{"longest PING meanwhile", "ms", false, 0.5, {}, {}};
  BenchFigure memory{"primary's memory meanwhile", "x at rest", false, 1.1, {}, {}, Judged::kOurs};
  BenchFigure alone{"SET without replicas, CPU", "us/request", false, 0.6, {}, {}};
  BenchFigure one{"SET with one replica, CPU", "us/request", false, 0.6, {}, {}};
  BenchFigure two{"SET with two replicas, CPU", "us/request", false, 0.6, {}, {}};
  BenchFigure second{
      "cost of the second replica", "x of a SET", false, 0.15, {}, {}, Judged::kOurs};
  BenchFigure middle{"write through a middle node, CPU", "us/write", false, 0.6, {}, {}};
  BenchFigure loss{"SETs lost while BGSAVE runs", "% of rate", false, 0, {}, {}, Judged::kNothing};
};

double Seconds(base::Duration time) { return std::chrono::duration<double>(time).count(); }

// Follows `primary`, and waits until it is in step.
base::Status Follow(Foreground& foreground, PinnedServer& replica, PinnedServer& primary) {
  const auto reply =
      replica.Call({"REPLICAOF", primary.endpoint().host, std::to_string(primary.endpoint().port)});
  if (!reply) return reply.error();
  const base::Instant deadline = foreground.Now() + kLongestSync;
  while (replica.InfoField("replication", "master_link_status") != "up") {
    if (!foreground.Pass(milliseconds(5))) return base::Error{"interrupted"};
    if (foreground.Now() > deadline) return base::Error{"a replica does not come into step"};
  }
  return {};
}

// Waits until `replica` has applied all that `primary` wrote.
base::Status AwaitEqual(Foreground& foreground, PinnedServer& replica, PinnedServer& primary) {
  const base::Instant deadline = foreground.Now() + kLongestSync;
  const std::string field = "master_repl_offset";
  while (replica.InfoField("replication", field) != primary.InfoField("replication", field)) {
    if (!foreground.Pass(milliseconds(5))) return base::Error{"interrupted"};
    if (foreground.Now() > deadline) return base::Error{"a replica does not catch up"};
  }
  return {};
}

// Sends PING once a millisecond, one at a time, and keeps the longest time to an answer.
class Pinger {
 public:
  Pinger(Foreground& foreground, const base::Endpoint& server)
      : foreground_(foreground), link_(foreground.io(), base::Random(1), Options(server), {}) {
    link_.Start();
    timer_ = foreground.io().CreateTimer([this] { Ping(); });
    Ping();
  }

  base::Duration longest() const { return longest_; }

 private:
  static link::LinkOptions Options(const base::Endpoint& server) {
    link::LinkOptions options;
    options.endpoint = server;
    return options;
  }

  void Ping() {
    const base::Instant sent = foreground_.Now();
    const std::array<std::string_view, 1> command = {"PING"};
    (void)link_.Send(command, sent + kLongestSync,
                     [this, sent](const base::Result<resp::Value>& reply) {
                       const base::Instant now = foreground_.Now();
                       if (reply && !first_) longest_ = std::max(longest_, now - sent);
                       first_ = false;  // that one waited for the connection
                       timer_->StartAt(now + kPingPeriod);
                     });
  }

  Foreground& foreground_;
  link::Link link_;
  std::unique_ptr<io::Timer> timer_;
  base::Duration longest_{};
  bool first_ = true;
};

struct Sync {
  double seconds = 0;
  double longest_ping_ms = 0;
  double most_resident = 0;  // the primary's, in bytes
};

class Contender {
 public:
  Contender(Foreground& foreground, std::string program, std::string folder,
            std::vector<double> BenchFigure::*side)
      : foreground_(foreground),
        program_(std::move(program)),
        folder_(std::move(folder)),
        side_(side) {
    std::error_code error;
    std::filesystem::create_directory(folder_, error);
  }

  base::Status MeasureSync(const ReplicationBenchOptions& options, Figures& figures);
  base::Status MeasureWrites(const ReplicationBenchOptions& options, Figures& figures);
  base::Status MeasureSave(const ReplicationBenchOptions& options, Figures& figures);
  // Of the server, once measured.
  const std::string& version() const { return version_; }

 private:
  // Each server has a folder of its own, without what the last one left there.
  base::Result<Server> Start(const char* core, const char* name) {
    const std::string folder = folder_ + "/" + name;
    std::error_code error;
    std::filesystem::remove_all(folder, error);
    std::filesystem::create_directory(folder, error);
    return PinnedServer::Start(foreground_, program_, core, folder,
                               {"--repl-diskless-sync-delay", "0"});
  }
  base::Result<Sync> SyncOnce(PinnedServer& primary, PinnedServer& replica);
  // Writes, waits until the last of the chain has it all, and returns what `measured` spent on one;
  // the least of kLoads.
  base::Result<double> CpuPerWrite(PinnedServer& primary, PinnedServer& measured,
                                   PinnedServer& last, const ReplicationBenchOptions& options);
  void Add(BenchFigure& figure, double sample) { (figure.*side_).push_back(sample); }

  Foreground& foreground_;
  std::string program_;
  std::string folder_;
  std::vector<double> BenchFigure::*side_;
  std::string version_;
};

base::Result<Sync> Contender::SyncOnce(PinnedServer& primary, PinnedServer& replica) {
  double most = primary.ResidentBytes();
  Pinger pinger(foreground_, primary.endpoint());
  std::unique_ptr<io::Timer> sampler = foreground_.io().CreateTimer([&] {
    most = std::max(most, primary.ResidentBytes());
    sampler->StartAt(foreground_.Now() + milliseconds(20));
  });
  sampler->StartAt(foreground_.Now());
  const base::Instant began = foreground_.Now();
  if (auto status = Follow(foreground_, replica, primary); !status) return status.error();
  return Sync{Seconds(foreground_.Now() - began), Seconds(pinger.longest()) * 1000, most};
}

base::Status Contender::MeasureSync(const ReplicationBenchOptions& options, Figures& figures) {
  auto primary = Start("", "primary");
  if (!primary) return primary.error();
  if (auto status = Fill(foreground_, (*primary)->endpoint(), options.keys); !status) return status;
  version_ = (*primary)->Version();
  constexpr double kMost = std::numeric_limits<double>::max();
  Sync sample{kMost, kMost, 0};
  const double at_rest = (*primary)->ResidentBytes();
  for (int i = 0; i < kSyncs; ++i) {
    auto replica = Start("", "first");
    if (!replica) return replica.error();
    const auto sync = SyncOnce(**primary, **replica);
    if (!sync) return sync.error();
    sample.seconds = std::min(sample.seconds, sync->seconds);
    sample.longest_ping_ms = std::min(sample.longest_ping_ms, sync->longest_ping_ms);
    sample.most_resident = std::max(sample.most_resident, sync->most_resident);
  }
  Add(figures.sync, sample.seconds);
  Add(figures.ping, sample.longest_ping_ms);
  Add(figures.memory, sample.most_resident / at_rest);
  return {};
}

base::Result<double> Contender::CpuPerWrite(PinnedServer& primary, PinnedServer& measured,
                                            PinnedServer& last,
                                            const ReplicationBenchOptions& options) {
  double least = std::numeric_limits<double>::max();
  for (int i = 0; i < kLoads; ++i) {
    const double before = measured.CpuSeconds();
    const auto load = RunLoad(foreground_, primary, {"set", 16, options.requests}, folder_);
    if (!load) return load.error();
    if (auto status = AwaitEqual(foreground_, last, primary); !status) return status.error();
    const double spent = measured.CpuSeconds() - before;
    least = std::min(least, spent * 1e6 / static_cast<double>(options.requests));
  }
  return least;
}

base::Status Contender::MeasureWrites(const ReplicationBenchOptions& options, Figures& figures) {
  auto primary = Start(kMeasuredCore, "primary");
  auto first = Start(kOtherCore, "first");
  auto second = Start(kOtherCore, "second");
  for (const auto* server : {&primary, &first, &second}) {
    if (!*server) return server->error();
  }
  const Load warm_up{"set", 16, options.requests};
  if (const auto run = RunLoad(foreground_, **primary, warm_up, folder_); !run) return run.error();

  double costs[3] = {};
  for (int replicas = 0; replicas < 3; ++replicas) {
    PinnedServer& last = replicas == 0 ? **primary : replicas == 1 ? **first : **second;
    if (replicas > 0) {
      if (auto status = Follow(foreground_, last, **primary); !status) return status;
    }
    const auto cost = CpuPerWrite(**primary, **primary, last, options);
    if (!cost) return cost.error();
    costs[replicas] = *cost;
  }
  Add(figures.alone, costs[0]);
  Add(figures.one, costs[1]);
  Add(figures.two, costs[2]);
  Add(figures.second, std::max(costs[2] - costs[1], 0.0) / costs[1]);

  // The measured core changes hands: the middle node gets it to itself.
  primary->reset();
  first->reset();
  second->reset();
  auto top = Start(kOtherCore, "primary");
  auto middle = Start(kMeasuredCore, "first");
  auto leaf = Start(kOtherCore, "second");
  for (const auto* server : {&top, &middle, &leaf}) {
    if (!*server) return server->error();
  }
  if (auto status = Follow(foreground_, **middle, **top); !status) return status;
  if (auto status = Follow(foreground_, **leaf, **middle); !status) return status;
  if (const auto run = RunLoad(foreground_, **top, warm_up, folder_); !run) return run.error();
  if (auto status = AwaitEqual(foreground_, **leaf, **top); !status) return status;
  const auto cost = CpuPerWrite(**top, **middle, **leaf, options);
  if (!cost) return cost.error();
  Add(figures.middle, *cost);
  return {};
}

base::Status Contender::MeasureSave(const ReplicationBenchOptions& options, Figures& figures) {
  auto server = Start("", "primary");
  if (!server) return server.error();
  if (auto status = Fill(foreground_, (*server)->endpoint(), options.keys); !status) return status;
  constexpr int64_t kUntilStopped = 1'000'000'000;
  const auto load = RunningLoad::Start((*server)->endpoint(), {"set", 16, kUntilStopped}, folder_);
  if (!load) return load.error();
  const auto written = [&] {
    return base::ParseDouble((*server)->InfoField("stats", "total_commands_processed")).value_or(0);
  };
  const auto rate_until = [&](const std::function<bool()>& done) {
    const base::Instant began = foreground_.Now();
    const double before = written();
    while (!done() && foreground_.Pass(milliseconds(10))) {
    }
    return (written() - before) / Seconds(foreground_.Now() - began);
  };
  if (!foreground_.Pass(seconds(1))) return base::Error{"interrupted"};
  const base::Instant quiet_end = foreground_.Now() + seconds(2);
  const double quiet = rate_until([&] { return foreground_.Now() > quiet_end; });
  if (const auto save = (*server)->Call({"BGSAVE"}); !save) return save.error();
  const double saving = rate_until(
      [&] { return (*server)->InfoField("persistence", "rdb_bgsave_in_progress") == "0"; });
  Add(figures.loss, 100 * (1 - saving / quiet));
  return {};
}

}  // namespace

base::Result<BenchReport> RunReplicationBench(
    Foreground& foreground, const Programs& redis, const Programs& ours,
    const ReplicationBenchOptions& options,
    const std::function<void(const std::string&)>& on_progress) {
  const auto scratch = ScratchFolder::Create("bench");
  if (!scratch) return scratch.error();
  Contender theirs(foreground, redis.server, (*scratch)->path() + "/redis", &BenchFigure::redis);
  Contender our(foreground, ours.server, (*scratch)->path() + "/quorate", &BenchFigure::ours);
  std::array<Contender*, 2> contenders = {&theirs, &our};
  Figures figures;
  for (int round = 1; round <= options.rounds; ++round) {
    for (const auto part :
         {&Contender::MeasureSync, &Contender::MeasureWrites, &Contender::MeasureSave}) {
      for (Contender* contender : contenders) {
        if (auto status = (contender->*part)(options, figures); !status) return status.error();
      }
    }
    std::swap(contenders.front(), contenders.back());  // who goes first changes, too
    on_progress("round " + std::to_string(round) + " of " + std::to_string(options.rounds));
  }
  return BenchReport{theirs.version(),
                     our.version(),
                     {figures.sync, figures.ping, figures.memory, figures.alone, figures.one,
                      figures.two, figures.second, figures.middle, figures.loss}};
}

}  // namespace quorate::ops
