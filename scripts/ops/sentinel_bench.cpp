#include "scripts/ops/sentinel_bench.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scripts/ops/ask.h"
#include "scripts/ops/free_ports.h"
#include "scripts/ops/process.h"
#include "scripts/ops/scratch_folder.h"
#include "shared/base/random.h"
#include "shared/link/link.h"

namespace quorate::ops {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* kHost = "127.0.0.1";
constexpr int kSentinels = 3;
constexpr int kNodesPerGroup = 3;
constexpr int kQuorum = 2;
constexpr base::Duration kAnswerTimeout = seconds(5);
constexpr base::Duration kLongestDiscovery = seconds(180);
// Who has not switched by then lost an election and waits out failover-timeout.
constexpr base::Duration kLongestFailover = seconds(30);
// Between the last thing that happened and the next measurement: hellos and the first full round of
// INFO are through.
constexpr base::Duration kSettling = seconds(12);
// A rest in which a primary was called down (the machine was too busy) is none.
constexpr int kRestAttempts = 4;
constexpr base::Duration kSettlingBetweenFailovers = seconds(3);

// The report's rows, in its order.
struct Figures {
  BenchFigure cpu{"CPU at rest, the three together", "% of a core", false, 0.5, {}, {}};
  BenchFigure memory{"memory of a sentinel", "MB", false, 0, {}, {}, Judged::kNothing};
  BenchFigure one{"failover of one group", "seconds", false, 0, {}, {}, Judged::kNothing};
  BenchFigure many{"failover of many at once", "seconds", false, 0, {}, {}, Judged::kNothing};
  BenchFigure spread{"many at once", "x of one", false, 3, {}, {}, Judged::kOurs};
};

double Seconds(base::Duration time) { return std::chrono::duration<double>(time).count(); }

std::string NameOf(int group) { return "g" + std::to_string(group); }

// The process that plays the groups' data nodes.
class MockServers {
 public:
  static base::Result<std::unique_ptr<MockServers>> Start(Foreground& foreground,
                                                          const std::string& program, int groups,
                                                          const std::string& folder) {
    const int ports = kNodesPerGroup * groups + 1;
    base::Random random(foreground.io().RandomSeed());
    for (int attempt = 0; attempt < 20; ++attempt) {  // one of the ports may be taken
      const auto first = static_cast<uint16_t>(random.Between(10000, 32000 - ports));
      const auto process = StartDetached(
          {program, kHost, std::to_string(first), std::to_string(groups)}, folder + "/mock.log");
      if (!process) return process.error();
      std::unique_ptr<MockServers> mock(
          new MockServers(foreground, *process, first, static_cast<uint16_t>(first + ports - 1)));
      if (mock->AwaitAnswer()) return mock;
      if (foreground.interrupted()) return base::Error{"interrupted"};
    }
    return base::Error{program + " does not start; see " + folder + "/mock.log"};
  }
  ~MockServers() { (void)StopProcess(process_); }
  MockServers(const MockServers&) = delete;
  MockServers& operator=(const MockServers&) = delete;

  uint16_t PrimaryOf(int group) const {
    return static_cast<uint16_t>(first_ + kNodesPerGroup * group);
  }
  // Kills the primaries of the groups [first, first + count).
  base::Status Kill(int first, int count) {
    const auto reply =
        Ask(foreground_, {kHost, director_},
            {"KILL", std::to_string(first), std::to_string(first + count - 1)}, kAnswerTimeout);
    if (!reply) return reply.error();
    return reply->is_error() ? base::Error{reply->text} : base::Status();
  }

 private:
  MockServers(Foreground& foreground, ProcessId process, uint16_t first, uint16_t director)
      : foreground_(foreground), process_(std::move(process)), first_(first), director_(director) {}
  bool AwaitAnswer() {
    while (IsAlive(process_)) {
      if (Ask(foreground_, {kHost, director_}, {"PING"}, kAnswerTimeout)) return IsAlive(process_);
      if (!foreground_.Pass(milliseconds(50))) return false;
    }
    return false;
  }

  Foreground& foreground_;
  ProcessId process_;
  uint16_t first_;
  uint16_t director_;
};

// Three sentinels, and what they say of groups that were failed over.
class Trio {
 public:
  Trio(Foreground& foreground, std::string folder)
      : foreground_(foreground), folder_(std::move(folder)) {}
  ~Trio() {
    for (const ProcessId& process : processes_) (void)StopProcess(process);
  }
  Trio(const Trio&) = delete;
  Trio& operator=(const Trio&) = delete;

  base::Status Start(const std::string& program, const MockServers& mock,
                     const SentinelBenchOptions& options) {
    const auto ports = FreePorts(foreground_.io(), kHost, kSentinels);
    if (!ports) return ports.error();
    ports_ = *ports;
    switched_.resize(kSentinels);
    base::Random random(foreground_.io().RandomSeed());
    for (int i = 0; i < kSentinels; ++i) ids_.push_back(base::RunId::Generate(random));
    for (int i = 0; i < kSentinels; ++i) {
      const std::string path = folder_ + "/" + std::to_string(i);
      WriteConfiguration(path + ".conf", ports_[i], ids_[i], mock, options);
      const auto process = StartDetached({program, path + ".conf"}, path + ".out");
      if (!process) return process.error();
      processes_.push_back(*process);
      Listen(i);
    }
    return {};
  }

  // Every sentinel has everyone of every group, and no primary is down.
  base::Status AwaitHealthy(int groups) {
    const base::Instant deadline = foreground_.Now() + kLongestDiscovery;
    while (!IsHealthy(groups)) {
      if (!foreground_.Pass(milliseconds(500))) return base::Error{"interrupted"};
      if (foreground_.Now() > deadline) return base::Error{"not every group is known and well"};
    }
    return {};
  }
  // Waits until every sentinel has switched the groups [first, first + count); the limit, if they
  // do not.
  base::Result<base::Duration> AwaitSwitched(base::Instant since, int first, int count) {
    const auto done = [&] {
      return std::ranges::all_of(switched_, [&](const std::set<std::string>& known) {
        for (int group = first; group < first + count; ++group)
          if (!known.contains(NameOf(group))) return false;
        return true;
      });
    };
    if (foreground_.WaitUntil(done, kLongestFailover)) return last_switch_ - since;
    if (foreground_.interrupted()) return base::Error{"interrupted"};
    return kLongestFailover;
  }

  // How often a sentinel has said +odown.
  uint64_t downs() const { return downs_; }
  double CpuSeconds() const {
    double sum = 0;
    for (const ProcessId& process : processes_) sum += ops::CpuSeconds(process);
    return sum;
  }
  double ResidentBytesOfOne() const {
    double sum = 0;
    for (const ProcessId& process : processes_) sum += ops::ResidentBytes(process);
    return sum / kSentinels;
  }
  std::string Version() {
    const auto info = Ask(foreground_, {kHost, ports_[0]}, {"INFO", "server"}, kAnswerTimeout);
    if (!info) return "";
    const std::string ours = Field(info->text, "quorate_version");
    return ours.empty() ? Field(info->text, "redis_version") : ours;
  }

 private:
  static std::string Field(const std::string& info, const std::string& name) {
    const size_t at = info.find("\n" + name + ":");
    if (at == std::string::npos) return "";
    const size_t start = at + name.size() + 2;
    return info.substr(start, info.find('\r', start) - start);
  }

  // As they stand after an earlier run: to meet everyone of so many groups for the first time takes
  // redis-sentinel minutes, in which it writes its file thousands of times.
  void WriteConfiguration(const std::string& path, uint16_t port, const base::RunId& id,
                          const MockServers& mock, const SentinelBenchOptions& options) const {
    std::ofstream file(path, std::ios::trunc);
    file << "port " << port << "\nbind " << kHost << "\ndir " << folder_ << "\nlogfile " << path
         << ".log\nsentinel myid " << id.view() << "\n";
    for (int group = 0; group < options.groups; ++group) {
      const std::string name = NameOf(group);
      const int primary = mock.PrimaryOf(group);
      file << "sentinel monitor " << name << " " << kHost << " " << primary << " " << kQuorum
           << "\nsentinel down-after-milliseconds " << name << " " << base::ToMs(options.down_after)
           << "\n";
      for (int replica = primary + 1; replica < primary + kNodesPerGroup; ++replica)
        file << "sentinel known-replica " << name << " " << kHost << " " << replica << "\n";
      for (int peer = 0; peer < kSentinels; ++peer)
        if (ports_[peer] != port)
          file << "sentinel known-sentinel " << name << " " << kHost << " " << ports_[peer] << " "
               << ids_[peer].view() << "\n";
    }
  }

  void Listen(int sentinel) {
    link::LinkOptions options;
    options.endpoint = {kHost, ports_[sentinel]};
    options.backoff.delay = milliseconds(50);
    options.setup = {{.args = {"SUBSCRIBE", "+switch-master"}, .required = true},
                     {.args = {"SUBSCRIBE", "+odown"}}};
    link::LinkCallbacks callbacks;
    callbacks.on_push = [this, sentinel](const resp::Value& message) {
      // message, channel, "<group> <old ip> <old port> <new ip> <new port>"
      if (message.items.size() != 3 || message.items[0].text != "message") return;
      if (message.items[1].text == "+odown") ++downs_;
      if (message.items[1].text != "+switch-master") return;
      const std::string& payload = message.items[2].text;
      switched_[sentinel].insert(payload.substr(0, payload.find(' ')));
      last_switch_ = foreground_.Now();
    };
    links_.push_back(std::make_unique<link::Link>(
        foreground_.io(), base::Random(foreground_.io().RandomSeed()), options, callbacks));
    links_.back()->Start();
  }

  bool IsHealthy(int groups) {
    std::vector<Question> questions;
    for (const uint16_t port : ports_) questions.push_back({{kHost, port}, {{"INFO", "sentinel"}}});
    const std::vector<Answer> answers = AskAll(foreground_, questions, kAnswerTimeout);
    return std::ranges::all_of(answers, [&](const Answer& answer) {
      return answer && HealthyGroups(answer->front().text) == groups;
    });
  }
  static int HealthyGroups(const std::string& info) {
    int healthy = 0;
    for (size_t at = 0; (at = info.find("\nmaster", at)) != std::string::npos; ++at) {
      const std::string line = info.substr(at, info.find('\r', at) - at);
      if (line.find(",status=ok,") != std::string::npos && line.ends_with(",slaves=2,sentinels=3"))
        ++healthy;
    }
    return healthy;
  }

  Foreground& foreground_;
  std::string folder_;
  std::vector<uint16_t> ports_;
  std::vector<base::RunId> ids_;
  std::vector<ProcessId> processes_;
  std::vector<std::unique_ptr<link::Link>> links_;
  std::vector<std::set<std::string>> switched_;  // by each sentinel
  base::Instant last_switch_{};
  uint64_t downs_ = 0;
};

// One program's turn; samples go to its side.
class Contender {
 public:
  Contender(Foreground& foreground, const SentinelBenchOptions& options, Figures& figures,
            std::vector<double> BenchFigure::*samples,
            const std::function<void(const std::string&)>& on_progress)
      : foreground_(foreground),
        options_(options),
        figures_(figures),
        samples_(samples),
        on_progress_(on_progress) {}

  // Returns its version.
  base::Result<std::string> Measure(const std::string& program, const std::string& mock_servers,
                                    const std::string& folder) {
    std::error_code error;
    fs::create_directory(folder, error);
    auto mock = MockServers::Start(foreground_, mock_servers, options_.groups, folder);
    if (!mock) return mock.error();
    Trio trio(foreground_, folder);
    on_progress_(program + ": meets " + std::to_string(options_.groups) + " groups");
    if (auto status = trio.Start(program, **mock, options_); !status) return status.error();
    if (auto status = trio.AwaitHealthy(options_.groups); !status)
      return base::Error{program + ": " + status.error().message};
    if (auto status = MeasureRest(trio); !status) return status.error();
    if (auto status = MeasureFailovers(trio, **mock); !status) return status.error();
    return trio.Version();
  }

 private:
  void Add(BenchFigure& figure, double sample) { (figure.*samples_).push_back(sample); }

  base::Status MeasureRest(Trio& trio) {
    for (int attempt = 0; attempt < kRestAttempts; ++attempt) {
      on_progress_("  at rest");
      if (auto status = trio.AwaitHealthy(options_.groups); !status) return status;
      if (!foreground_.Pass(kSettling)) return base::Error{"interrupted"};
      const base::Instant began = foreground_.Now();
      const double before = trio.CpuSeconds();
      const uint64_t downs = trio.downs();
      if (!foreground_.Pass(options_.rest)) return base::Error{"interrupted"};
      const double used = trio.CpuSeconds() - before;
      if (trio.downs() != downs) continue;
      Add(figures_.cpu, 100 * used / Seconds(foreground_.Now() - began));
      Add(figures_.memory, trio.ResidentBytesOfOne() / 1e6);
      return {};
    }
    return base::Error{"the sentinels do not come to rest: they call primaries down that are well"};
  }

  base::Status MeasureFailovers(Trio& trio, MockServers& mock) {
    on_progress_("  failovers");
    int next = 0;
    for (int i = 0; i < options_.singles; ++i, ++next)
      if (auto status = FailOver(trio, mock, next, 1, figures_.one); !status) return status;
    const int at_once =
        std::min(options_.at_once, (options_.groups - options_.singles) / options_.bursts);
    for (int i = 0; i < options_.bursts; ++i, next += at_once)
      if (auto status = FailOver(trio, mock, next, at_once, figures_.many); !status) return status;
    Add(figures_.spread, Median(figures_.many.*samples_) / Median(figures_.one.*samples_));
    return {};
  }

  base::Status FailOver(Trio& trio, MockServers& mock, int first, int count, BenchFigure& figure) {
    if (stuck_) return {};
    if (auto status = trio.AwaitHealthy(options_.groups); !status) return status;
    if (!foreground_.Pass(kSettlingBetweenFailovers)) return base::Error{"interrupted"};
    const base::Instant began = foreground_.Now();
    if (auto status = mock.Kill(first, count); !status) return status;
    const auto took = trio.AwaitSwitched(began, first, count);
    if (!took) return took.error();
    Add(figure, Seconds(*took));
    stuck_ = *took == kLongestFailover;
    if (stuck_) on_progress_("  not every group was failed over");
    return {};
  }

  Foreground& foreground_;
  const SentinelBenchOptions& options_;
  Figures& figures_;
  std::vector<double> BenchFigure::*samples_;
  const std::function<void(const std::string&)>& on_progress_;
  bool stuck_ = false;  // groups are left without a primary: no further failovers
};

}  // namespace

base::Result<BenchReport> RunSentinelBench(
    Foreground& foreground, const Programs& redis, const Programs& ours,
    const std::string& mock_servers, const SentinelBenchOptions& options,
    const std::function<void(const std::string&)>& on_progress) {
  if (!fs::exists(mock_servers))
    return base::Error{mock_servers + ": is not there; build it first (scripts/build)"};
  const auto scratch = ScratchFolder::Create("bench");
  if (!scratch) return scratch.error();
  const std::string& folder = (*scratch)->path();
  Figures figures;
  const auto theirs = Contender(foreground, options, figures, &BenchFigure::redis, on_progress)
                          .Measure(redis.sentinel, mock_servers, folder + "/redis");
  if (!theirs) return theirs.error();
  const auto our = Contender(foreground, options, figures, &BenchFigure::ours, on_progress)
                       .Measure(ours.sentinel, mock_servers, folder + "/quorate");
  if (!our) return our.error();
  return BenchReport{*theirs,
                     *our,
                     {figures.cpu, figures.memory, figures.one, figures.many, figures.spread},
                     "redis-sentinel",
                     "quorate-sentinel"};
}

}  // namespace quorate::ops
