#include "scripts/ops/drill.h"

#include <signal.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <utility>

#include "scripts/ops/event_watch.h"
#include "scripts/ops/final_read.h"
#include "scripts/ops/observation.h"
#include "scripts/ops/record_check.h"
#include "scripts/ops/record_read.h"
#include "scripts/ops/writer.h"

namespace quorate::ops {
namespace {

constexpr base::Duration kReadyLimit = std::chrono::seconds(60);  // before a round
constexpr base::Duration kWarmUp = std::chrono::seconds(1);       // of writing before the fault
// The primary writes alone: shorter than what may be lost, and than sentinels take for a failure.
constexpr base::Duration kAlone = std::chrono::milliseconds(300);
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
  base::Status Stop(const std::string& name);
  // Lets the primary take writes that nobody else has.
  base::Status WriteAlone();
  base::Status UndoFault();
  bool Recovered() const;
  base::Status AwaitRecovery();
  void StopWriters();
  base::Status Restore(RoundReport& report);
  base::Status ExamineData(RoundReport& report);
  RecordFindings ReadRecords(const FinalState& final, const std::vector<LostWrite>& lost);

  Foreground& foreground_;
  Deployment& deployment_;
  const DrillOptions& options_;
  History history_;
  EventWatch watch_;
  std::vector<std::unique_ptr<Writer>> writers_;
  std::string victim_;  // the old primary
  base::Instant fault_;
  std::vector<std::string> stopped_;  // to be resumed
  std::vector<std::string> killed_;   // to be started again
  std::set<std::string> records_before_;
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
  if (options_.scenario == Scenario::kOldPrimaryReturns) {
    if (auto status = WriteAlone(); !status) return status;
  }
  fault_ = foreground_.Now();
  switch (options_.scenario) {
    case Scenario::kKillPrimary:
      killed_.push_back(victim_);
      return deployment_.Signal(victim_, SIGKILL);
    case Scenario::kPausePrimary:
      return Stop(victim_);
    case Scenario::kRestartEmptyPrimary:
      killed_.push_back(victim_);
      if (auto status = deployment_.Signal(victim_, SIGKILL); !status) return status;
      if (!foreground_.WaitUntil([this] { return !deployment_.Running(victim_); }, kCommandTimeout))
        return base::Error{victim_ + " was killed and runs still"};
      if (auto status = deployment_.RemoveData(victim_); !status) return status;
      return UndoFault();
    case Scenario::kOldPrimaryReturns: {
      const std::vector<std::string> replicas = stopped_;
      if (auto status = Stop(victim_); !status) return status;
      for (const std::string& name : replicas) {
        if (auto status = deployment_.Signal(name, SIGCONT); !status) return status;
        std::erase(stopped_, name);
      }
      return {};
    }
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

base::Status Round::Stop(const std::string& name) {
  stopped_.push_back(name);
  return deployment_.Signal(name, SIGSTOP);
}

base::Status Round::WriteAlone() {
  const Topology& topology = deployment_.topology();
  for (const ServerNode& server : topology.servers) {
    if (server.name == victim_) continue;
    if (auto status = Stop(server.name); !status) return status;
  }
  // What is on its way to a stopped process would reach it all the same: the links have to go.
  const auto cut = Ask(foreground_, topology.EndpointOf(PortOf(topology, victim_)),
                       {"CLIENT", "KILL", "TYPE", "replica"}, kCommandTimeout);
  if (!cut) return base::Error{"CLIENT KILL: " + cut.error().message};
  if (cut->is_error()) return base::Error{"CLIENT KILL: " + cut->text};
  if (!foreground_.Pass(kAlone)) return Interrupted();
  return {};
}

base::Status Round::UndoFault() {
  base::Status undone;
  for (const std::string& name : std::exchange(stopped_, {})) {
    if (auto status = deployment_.Signal(name, SIGCONT); !status) undone = status;
  }
  for (const std::string& name : std::exchange(killed_, {})) {
    if (auto status = deployment_.Start(name); !status) undone = status;
  }
  return undone;
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
  if (!stopped_.empty()) {
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
  if (options_.scenario == Scenario::kOldPrimaryReturns)
    report.result.record = ReadRecords(*final, report.result.writes.lost);
  return RemoveWrites(foreground_, *primary, history_);
}

RecordFindings Round::ReadRecords(const FinalState& final, const std::vector<LostWrite>& lost) {
  const auto records = ListRecords(foreground_, deployment_, victim_);
  std::vector<RecordedCommand> commands;
  base::Status read = records ? base::Status() : records.error();
  for (const std::string& id : records ? *records : std::set<std::string>()) {
    if (!read || records_before_.contains(id)) continue;
    read = ReadRecord(deployment_, victim_, id, commands);
  }
  RecordFindings findings = ExamineRecord(history_, final, lost, commands);
  if (!read) findings.problem = read.error().message;
  return findings;
}

base::Result<RoundReport> Round::Run() {
  const auto ready = AwaitReady(foreground_, deployment_, kReadyLimit);
  if (!ready) return Unfit(ready.error());
  RoundReport report;
  victim_ = ServerAt(deployment_.topology(), ready->AgreedPrimary()->port);
  report.old_primary = victim_;
  // An error is told when the records are to be read.
  if (const auto records = ListRecords(foreground_, deployment_, victim_))
    records_before_ = *records;

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
