#include "scripts/ops/drill.h"

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <memory>

#include "scripts/ops/event_watch.h"
#include "scripts/ops/final_read.h"
#include "scripts/ops/observation.h"
#include "scripts/ops/writer.h"

namespace quorate::ops {
namespace {

constexpr base::Duration kReadyLimit = std::chrono::seconds(60);     // before a round
constexpr base::Duration kWarmUp = std::chrono::seconds(1);          // of writing before the fault
constexpr base::Duration kAfterglow = std::chrono::seconds(1);       // of writing after recovery
constexpr base::Duration kRecoveryLimit = std::chrono::seconds(30);  // beyond down-after
constexpr base::Duration kRestoreLimit = std::chrono::seconds(90);
constexpr base::Duration kCommandTimeout = std::chrono::seconds(2);

base::Error Interrupted() { return base::Error{"interrupted"}; }
base::Error Unfit(const base::Error& why) {
  return base::Error{"the deployment is not fit for a drill: " + why.message};
}

// One round: owns its writers, its watch and its history, and undoes its fault whatever happens.
class Round {
 public:
  Round(Foreground& foreground, Deployment& deployment, const DrillOptions& options)
      : foreground_(foreground),
        deployment_(deployment),
        options_(options),
        watch_(foreground.io(), deployment.topology()) {}
  ~Round() { (void)UndoFault(); }
  Round(const Round&) = delete;
  Round& operator=(const Round&) = delete;

  base::Result<RoundReport> Run();

 private:
  size_t sentinels() const { return deployment_.topology().sentinels.size(); }
  void StartWriters();
  base::Status WarmUp();
  base::Status InjectFault();
  base::Status UndoFault();
  bool Recovered() const;
  base::Status AwaitRecovery();
  void StopWriters();
  base::Status Restore(RoundReport& report);
  base::Status ExamineData(RoundReport& report);

  Foreground& foreground_;
  Deployment& deployment_;
  const DrillOptions& options_;
  History history_;
  EventWatch watch_;
  std::vector<std::unique_ptr<Writer>> writers_;
  std::string victim_;  // the old primary
  base::Instant fault_;
  bool fault_stands_ = false;  // something has to be restarted or resumed
};

void Round::StartWriters() {
  WriterOptions options;
  const Topology& topology = deployment_.topology();
  options.group = topology.group;
  for (const SentinelNode& sentinel : topology.sentinels)
    options.sentinels.push_back(topology.EndpointOf(sentinel.port));
  for (int i = 0; i < options_.writers; ++i) {
    writers_.push_back(std::make_unique<Writer>(foreground_.io(), i, options, history_));
    writers_.back()->Start();
  }
}

base::Status Round::WarmUp() {
  const auto writing = [this] {
    return watch_.Listening() &&
           std::ranges::all_of(writers_, [](const auto& w) { return w->last_ok().has_value(); });
  };
  if (!foreground_.WaitUntil(writing, kReadyLimit))
    return base::Error{"the writers could not begin"};
  if (!foreground_.Pass(kWarmUp)) return Interrupted();
  return {};
}

base::Status Round::InjectFault() {
  fault_stands_ = options_.scenario != Scenario::kSwitchover;
  fault_ = foreground_.Now();
  switch (options_.scenario) {
    case Scenario::kKillPrimary:
      return deployment_.Signal(victim_, SIGKILL);
    case Scenario::kPausePrimary:
      return deployment_.Signal(victim_, SIGSTOP);
    case Scenario::kSwitchover: {
      const Topology& topology = deployment_.topology();
      const auto reply = Ask(foreground_, topology.EndpointOf(topology.sentinels.front().port),
                             {"SENTINEL", "FAILOVER", topology.group}, kCommandTimeout);
      if (!reply) return base::Error{"SENTINEL FAILOVER: " + reply.error().message};
      if (reply->is_error()) return base::Error{"SENTINEL FAILOVER: " + reply->text};
      return {};
    }
  }
  return {};
}

base::Status Round::UndoFault() {
  if (!fault_stands_) return {};
  fault_stands_ = false;
  if (options_.scenario == Scenario::kPausePrimary) return deployment_.Signal(victim_, SIGCONT);
  return deployment_.Start(victim_);
}

bool Round::Recovered() const {
  const Phases phases =
      MeasurePhases(watch_.events(), deployment_.topology().group, fault_, sentinels());
  if (!phases.publication) return false;
  return std::ranges::all_of(writers_, [&](const auto& writer) {
    const Write& last = history_.writes()[*writer->last_ok()];
    return last.completed > fault_ && last.server == phases.new_primary->port;
  });
}

base::Status Round::AwaitRecovery() {
  const base::Duration limit = deployment_.topology().down_after + kRecoveryLimit;
  const base::Instant deadline = fault_ + limit;
  while (!Recovered() && foreground_.Now() < deadline) {
    if (!foreground_.Pass(std::chrono::milliseconds(20))) return Interrupted();
  }
  // A primary that wakes up again must not find writers that believe it: they keep writing
  // meanwhile.
  if (options_.scenario == Scenario::kPausePrimary) {
    if (auto status = UndoFault(); !status) return status;
  }
  if (!foreground_.Pass(kAfterglow)) return Interrupted();
  return {};
}

void Round::StopWriters() {
  for (const auto& writer : writers_) writer->Stop();
  foreground_.WaitUntil(
      [this] { return std::ranges::all_of(writers_, [](const auto& w) { return w->Idle(); }); },
      kCommandTimeout);
}

base::Status Round::Restore(RoundReport& report) {
  if (auto status = UndoFault(); !status) return status;
  const auto ready = AwaitReady(foreground_, deployment_, kRestoreLimit);
  if (foreground_.interrupted()) return Interrupted();
  report.result.restored = ready.ok();
  if (!ready) report.findings.push_back({"ready-again", false, ready.error().message});
  return {};
}

base::Status Round::ExamineData(RoundReport& report) {
  const auto primary = AwaitAgreedPrimary(foreground_, deployment_, kReadyLimit);
  if (!primary)
    return base::Error{"no primary to read the surviving data from: " + primary.error().message};
  const auto final = ReadFinalState(foreground_, *primary, history_);
  if (!final) return final.error();
  report.result.writes = ExamineWrites(history_, *final, fault_);
  return RemoveWrites(foreground_, *primary, history_);
}

base::Result<RoundReport> Round::Run() {
  const auto ready = AwaitReady(foreground_, deployment_, kReadyLimit);
  if (!ready) return Unfit(ready.error());
  RoundReport report;
  victim_ = ServerAt(deployment_.topology(), ready->AgreedPrimary()->port);
  report.old_primary = victim_;

  StartWriters();
  if (auto status = WarmUp(); !status) return status.error();
  if (auto status = InjectFault(); !status) return status.error();
  if (auto status = AwaitRecovery(); !status) return status.error();
  StopWriters();
  if (auto status = Restore(report); !status) return status.error();

  report.fault = fault_;
  report.result.phases =
      MeasurePhases(watch_.events(), deployment_.topology().group, fault_, sentinels());
  report.result.gaps = WriteGaps(history_, fault_);
  if (const auto& successor = report.result.phases.new_primary) {
    report.result.two_primaries = TwoPrimaries(history_, fault_, successor->port);
    report.new_primary = ServerAt(deployment_.topology(), successor->port);
  }
  std::ranges::copy_if(watch_.events(), std::back_inserter(report.events),
                       [this](const SentinelEvent& event) { return event.at >= fault_; });
  if (auto status = ExamineData(report); !status) return status.error();
  const auto judged = Judge(options_.scenario, report.result, options_.limits, sentinels());
  report.findings.insert(report.findings.begin(), judged.begin(), judged.end());
  return report;
}

std::string Label(const std::string& program, const std::string& version) {
  return std::filesystem::path(program).filename().string() + " " + version;
}

}  // namespace

base::Duration DefaultWriteGap(Scenario scenario, const Topology& topology) {
  const base::Duration beyond = std::chrono::seconds(2);
  return scenario == Scenario::kSwitchover ? beyond : topology.down_after + beyond;
}

base::Result<DrillReport> RunDrill(Foreground& foreground, Deployment& deployment,
                                   const DrillOptions& options,
                                   const std::function<void(const std::string&)>& on_progress) {
  DrillReport report;
  report.scenario = options.scenario;
  report.topology = deployment.topology();
  report.writers = options.writers;
  const auto before = AwaitReady(foreground, deployment, kReadyLimit);
  if (!before) return Unfit(before.error());
  report.server = Label(deployment.programs().server, before->servers.front().version);
  report.sentinel = Label(deployment.programs().sentinel, before->sentinels.front().version);
  for (int i = 1; i <= options.rounds; ++i) {
    auto round = Round(foreground, deployment, options).Run();
    if (!round) return base::Error{"round " + std::to_string(i) + ": " + round.error().message};
    const auto gap = WriteGap(round->result);
    on_progress("round " + std::to_string(i) + " of " + std::to_string(options.rounds) + ": " +
                round->old_primary + " -> " +
                (round->new_primary.empty() ? "nobody" : round->new_primary) + ", write gap " +
                (gap ? std::to_string(base::ToMs(*gap)) + " ms" : "without end"));
    report.rounds.push_back(std::move(*round));
  }
  return report;
}

}  // namespace quorate::ops
