#include "scripts/ops/round.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <set>
#include <utility>

#include "scripts/ops/agreement.h"
#include "scripts/ops/event_watch.h"
#include "scripts/ops/fault.h"
#include "scripts/ops/final_read.h"
#include "scripts/ops/observation.h"
#include "scripts/ops/preparation.h"
#include "scripts/ops/record_check.h"
#include "scripts/ops/record_read.h"
#include "scripts/ops/replica_cut.h"
#include "scripts/ops/resyncs.h"
#include "scripts/ops/writer.h"

namespace quorate::ops {
namespace {

constexpr base::Duration kWarmUp = std::chrono::seconds(1);          // of writing before the fault
constexpr base::Duration kAfterglow = std::chrono::seconds(1);       // of writing after recovery
constexpr base::Duration kRecoveryLimit = std::chrono::seconds(30);  // beyond down-after
constexpr base::Duration kRestoreLimit = std::chrono::seconds(90);
constexpr base::Duration kLastWritesLimit = std::chrono::seconds(2);
constexpr base::Duration kPollInterval = std::chrono::milliseconds(20);

base::Error Interrupted() { return base::Error{"interrupted"}; }

// Owns its writers, its watch and its history.
class Round {
 public:
  Round(Foreground& foreground, Deployment& deployment, const DrillOptions& options)
      : foreground_(foreground),
        deployment_(deployment),
        options_(options),
        watch_(foreground.io(), deployment.topology()),
        preparation_(foreground, deployment),
        fault_(foreground, deployment) {}
  Round(const Round&) = delete;
  Round& operator=(const Round&) = delete;

  base::Result<RoundReport> Run();

 private:
  size_t sentinels() const { return deployment_.topology().sentinels.size(); }
  base::Status Begin(RoundReport& report);
  void StartWriters();
  base::Status WarmUp();
  base::Status InjectFault(RoundReport& report);
  base::Status CutFirstReplica(RoundReport& report);
  base::Status AwaitRecovery();
  bool RoleMoved() const;
  base::Status AwaitMovedRole();
  base::Status AwaitEverythingBack();
  void StopWriters();
  base::Status Restore(RoundReport& report);
  void Measure(RoundReport& report) const;
  base::Status ExamineServers(RoundReport& report);
  base::Status ExamineData(RoundReport& report);
  RecordFindings ReadRecords(const FinalState& final, const std::vector<LostWrite>& lost);

  Foreground& foreground_;
  Deployment& deployment_;
  const DrillOptions& options_;
  History history_;
  EventWatch watch_;
  std::vector<std::unique_ptr<Writer>> writers_;
  Observation before_;
  std::string victim_;  // the old primary
  std::set<std::string> records_before_;
  Preparation preparation_;
  Fault fault_;
  base::Instant fault_at_;
};

base::Status Round::Begin(RoundReport& report) {
  auto ready = AwaitReady(foreground_, deployment_, kReadyLimit);
  if (!ready) return base::Error{"the deployment is not fit for a drill: " + ready.error().message};
  before_ = std::move(*ready);
  victim_ = ServerAt(deployment_.topology(), before_.AgreedPrimary()->port);
  report.old_primary = victim_;
  // An error is told when the records are to be read.
  if (const auto records = ListRecords(foreground_, deployment_, victim_))
    records_before_ = *records;
  return preparation_.Make(options_.scenario, victim_);
}

void Round::StartWriters() {
  WriterOptions options;
  const Topology& topology = deployment_.topology();
  options.group = topology.group;
  options.replicas = options_.replicas;
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

base::Status Round::InjectFault(RoundReport& report) {
  fault_at_ = foreground_.Now();
  if (options_.scenario == Scenario::kCutReplica) return CutFirstReplica(report);
  auto injected = fault_.Inject(options_.scenario, victim_);
  fault_at_ = fault_.begun();
  return injected;
}

base::Status Round::CutFirstReplica(RoundReport& report) {
  const Topology& topology = deployment_.topology();
  CutPlan plan;
  plan.primary = victim_;
  plan.replica = FirstReplica(before_, topology.EndpointOf(PortOf(topology, victim_)));
  if (plan.replica.empty()) return base::Error{victim_ + " has no replica to be cut"};
  plan.away = topology.down_after + kAfterglow;
  plan.in_step_limit = options_.limits.in_step;
  auto cut = CutReplica(foreground_, deployment_, fault_, plan);
  if (!cut) return cut.error();
  report.result.cut = std::move(*cut);
  return {};
}

base::Status Round::AwaitRecovery() {
  return MovesRole(options_.scenario) ? AwaitMovedRole() : AwaitEverythingBack();
}

bool Round::RoleMoved() const {
  const Phases phases =
      MeasurePhases(watch_.events(), deployment_.topology().group, fault_at_, sentinels());
  if (!phases.publication) return false;
  return std::ranges::all_of(writers_, [&](const auto& writer) {
    const Write& last = history_.writes()[*writer->last_ok()];
    return last.completed > fault_at_ && last.server == phases.new_primary->port;
  });
}

base::Status Round::AwaitMovedRole() {
  const base::Instant deadline = fault_at_ + deployment_.topology().down_after + kRecoveryLimit;
  while (!RoleMoved() && foreground_.Now() < deadline) {
    if (!foreground_.Pass(kPollInterval)) return Interrupted();
  }
  // A primary that wakes up again must not find writers that believe it: they keep writing
  // meanwhile.
  if (fault_.HasStopped()) {
    if (auto status = fault_.Undo(); !status) return status;
  }
  if (!foreground_.Pass(kAfterglow)) return Interrupted();
  return {};
}

base::Status Round::AwaitEverythingBack() {
  const base::Duration down_after = deployment_.topology().down_after;
  // What is missing at the end of the time is a finding of Restore.
  (void)AwaitReady(foreground_, deployment_, down_after + kRecoveryLimit);
  const base::Instant back = foreground_.Now();
  foreground_.WaitUntil(
      [&] {
        return std::ranges::all_of(writers_, [&](const auto& writer) {
          return history_.writes()[*writer->last_ok()].completed > back;
        });
      },
      kRecoveryLimit);
  // Sentinels that took the fault for the primary's death act by then.
  if (!foreground_.Pass(down_after + kAfterglow)) return Interrupted();
  return {};
}

void Round::StopWriters() {
  for (const auto& writer : writers_) writer->Stop();
  foreground_.WaitUntil(
      [this] { return std::ranges::all_of(writers_, [](const auto& w) { return w->Idle(); }); },
      kLastWritesLimit);
}

base::Status Round::Restore(RoundReport& report) {
  if (auto status = fault_.Undo(); !status) return status;
  const auto ready = AwaitReady(foreground_, deployment_, kRestoreLimit);
  if (foreground_.interrupted()) return Interrupted();
  report.result.restored = ready.ok();
  if (!ready) report.findings.push_back({"ready-again", false, ready.error().message});
  return {};
}

void Round::Measure(RoundReport& report) const {
  report.fault = fault_at_;
  report.result.phases =
      MeasurePhases(watch_.events(), deployment_.topology().group, fault_at_, sentinels());
  report.result.gaps = WriteGaps(history_, fault_at_);
  if (const auto& successor = report.result.phases.new_primary) {
    report.result.two_primaries = TwoPrimaries(history_, fault_at_, successor->port);
    report.new_primary = ServerAt(deployment_.topology(), successor->port);
  }
  std::ranges::copy_if(watch_.events(), std::back_inserter(report.events),
                       [this](const SentinelEvent& event) { return event.at >= fault_at_; });
}

base::Status Round::ExamineServers(RoundReport& report) {
  report.result.disagreement = AwaitAgreement(foreground_, deployment_, options_.limits.in_step);
  report.result.resyncs = ResyncsBetween(before_, Observe(foreground_, deployment_));
  if (foreground_.interrupted()) return Interrupted();
  return {};
}

base::Status Round::ExamineData(RoundReport& report) {
  const auto primary = AwaitAgreedPrimary(foreground_, deployment_, kReadyLimit);
  if (!primary)
    return base::Error{"no primary to read the surviving data from: " + primary.error().message};
  const auto final = ReadFinalState(foreground_, *primary, history_);
  if (!final) return final.error();
  report.result.writes = ExamineWrites(history_, *final, fault_at_);
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
  RoundReport report;
  if (auto status = Begin(report); !status) return status.error();
  StartWriters();
  if (auto status = WarmUp(); !status) return status.error();
  if (auto status = InjectFault(report); !status) return status.error();
  if (auto status = AwaitRecovery(); !status) return status.error();
  StopWriters();
  if (auto status = Restore(report); !status) return status.error();

  Measure(report);
  if (!MovesRole(options_.scenario)) {
    if (auto status = ExamineServers(report); !status) return status.error();
  }
  if (auto status = ExamineData(report); !status) return status.error();
  if (const auto undone = preparation_.Undo(); !undone)
    report.findings.push_back({"settings-restored", false, undone.error().message});
  const auto judged = Judge(options_.scenario, report.result, options_.limits, sentinels());
  report.findings.insert(report.findings.begin(), judged.begin(), judged.end());
  return report;
}

}  // namespace

base::Result<RoundReport> RunRound(Foreground& foreground, Deployment& deployment,
                                   const DrillOptions& options) {
  return Round(foreground, deployment, options).Run();
}

}  // namespace quorate::ops
