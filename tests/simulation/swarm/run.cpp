#include "tests/simulation/swarm/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "server/persistence/rollback_form.h"
#include "tests/simulation/swarm/checkers.h"
#include "tests/simulation/swarm/faults.h"

namespace quorate::simulation {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr base::Duration kLook = milliseconds(100);
constexpr base::Duration kSettleLook = seconds(1);
// All must be well for so long without a break, and for half of that after all that was stuck in a
// cut has arrived.
constexpr base::Duration kSteady = milliseconds(600);
// An operator looks after what sentinels have not mended by then.
constexpr base::Duration kOperatorComes = seconds(20);
// What is still missing at sentinels is put right so often.
constexpr base::Duration kMends = milliseconds(500);
// Requests of writers that were told to stop are over after this, or when they have been answered.
constexpr base::Duration kLastRequests = seconds(1);
constexpr base::Duration kShortLook = milliseconds(20);
// What was stuck in a cut has arrived so long after the last of it is sent again.
constexpr base::Duration kArrives = milliseconds(300);
// L3: elections of a group that may be won until all is well; more are a livelock.
constexpr uint64_t kMostElections = 4;
// Then the last writes reach every server within this.
constexpr base::Duration kDrain = seconds(10);
// Lines of a server's log that are told after a violation.
constexpr size_t kLastWords = 20;

uint64_t CountLines(const ServerNode& server, std::string_view words) {
  return static_cast<uint64_t>(std::ranges::count_if(server.log(), [&](const std::string& line) {
    return line.find(words) != std::string::npos;
  }));
}

class Run {
 public:
  Run(uint64_t seed, const std::function<void(const std::string&)>& tell);
  ~Run() { deployment_.world().SetTurnObserver({}); }
  Verdict Execute();
  // RunCanary.
  void PlantCanary() { canary_ = true; }

 private:
  void Watch();
  void OnTurn(HostId host);
  void OnLog(size_t index, std::string_view line);
  void OnSentinelTurn(size_t index);
  void OnServerTurn(size_t index);
  void DemandOneLease(size_t index);
  bool Violated();
  // Until the time is over or something was violated.
  void RunFor(base::Duration time);
  void DemandLiveness();
  void DemandEqualData();
  void DemandWrites();
  void ObserveAcknowledged();
  // What the primary has whose group the writer writes to. Precondition: all is well.
  const server::store::Databases& DataFor(size_t writer) const;
  // D3, D4.
  void NoteSettled();
  void DemandSettled();
  // What is lost although every server kept its memory was discarded, and is in a rollback record.
  void DemandRecords();
  // R6.
  void DemandWholeTransactions(const ServerNode& server);
  // A replica loses a key; false: there is none.
  bool LoseKey();
  void Tell(const std::string& what);
  // The last words of every server, which sentinels' events leave out.
  void TellServers();

  const SwarmOptions options_;
  const std::function<void(const std::string&)>& tell_;
  Deployment deployment_;
  Faults faults_;
  Checkers checkers_;
  base::Instant started_;
  base::Instant end_{};  // all is well by then, or never
  // Of every host, which sentinel or server it is.
  struct Watched {
    std::optional<size_t> sentinel;
    std::optional<size_t> server;
  };
  Watched& At(const Host& host);
  std::vector<Watched> watched_;
  // Which start of it was seen last.
  std::vector<int> sentinel_starts_;
  std::vector<int> server_starts_;
  std::vector<char> was_replica_;  // servers, in their last turn
  // Of every writer.
  struct Settled {
    std::set<uint64_t> acknowledged;
    std::set<std::string> absent;  // of these
  };
  std::vector<Settled> settled_;
  int settled_starts_ = 0;  // of servers, by then
  uint64_t discarded_ = 0;  // acknowledged writes, all found in records
  bool canary_ = false;
  base::Instant next_settled_{};
};

Run::Run(uint64_t seed, const std::function<void(const std::string&)>& tell)
    : options_(DrawOptions(seed)),
      tell_(tell),
      deployment_(seed, options_.deployment, options_.world),
      faults_(deployment_, options_, deployment_.world().ForkRandom(),
              [this](const std::string& what) { Tell("!! " + what); }),
      checkers_(options_.deployment.sentinels, options_.deployment.follows.size()),
      started_(deployment_.world().Now()) {
  Watch();
}

void Run::Tell(const std::string& what) {
  if (!tell_) return;
  const double now = static_cast<double>((deployment_.world().Now() - started_).count()) / 1e9;
  tell_(fmt::format("{:11.6f} {}", now, what));
}

void Run::TellServers() {
  for (const auto& server : deployment_.servers()) {
    const std::vector<std::string>& log = server->log();
    for (size_t i = log.size() - std::min(log.size(), kLastWords); i < log.size(); ++i)
      Tell(server->ip() + " said " + log[i]);
  }
}

void Run::Watch() {
  for (size_t i = 0; i < deployment_.sentinels().size(); ++i) {
    SentinelNode& node = *deployment_.sentinels()[i];
    At(node.host()).sentinel = i;
    node.SetLogObserver([this, i](std::string_view line) { OnLog(i, line); });
  }
  for (size_t i = 0; i < deployment_.servers().size(); ++i)
    At(deployment_.servers()[i]->host()).server = i;
  sentinel_starts_.resize(deployment_.sentinels().size());
  server_starts_.resize(deployment_.servers().size());
  was_replica_.resize(deployment_.servers().size());
  deployment_.world().SetTurnObserver([this](HostId host) { OnTurn(host); });
}

Run::Watched& Run::At(const Host& host) {
  if (watched_.size() <= host.id()) watched_.resize(host.id() + 1);
  return watched_[host.id()];
}

void Run::OnLog(size_t index, std::string_view line) {
  if (tell_) Tell(fmt::format("{} {}", deployment_.sentinels()[index]->ip(), line));
  faults_.OnEvent(index, line.substr(0, line.find(' ')));
}

void Run::OnTurn(HostId host) {
  if (host >= watched_.size()) return;
  const Watched& watched = watched_[host];
  if (watched.sentinel) return OnSentinelTurn(*watched.sentinel);
  if (watched.server) OnServerTurn(*watched.server);
}

void Run::OnSentinelTurn(size_t index) {
  const SentinelNode& node = *deployment_.sentinels()[index];
  if (!node.running()) return;
  if (std::exchange(sentinel_starts_[index], node.starts()) != node.starts())
    checkers_.ForgetSentinel(index, node.id());
  checkers_.ObserveSentinel(index, node.state());
}

void Run::OnServerTurn(size_t index) {
  const ServerNode& node = *deployment_.servers()[index];
  if (!node.running()) return;
  if (std::exchange(server_starts_[index], node.starts()) != node.starts()) {
    checkers_.ForgetServer(index);
    was_replica_[index] = false;
  }
  const bool is_replica = node.replication().is_replica();
  checkers_.ObserveServer(index, {node.replication().history(), node.engine().databases(),
                                  is_replica, node.engine().loading});
  if (std::exchange(was_replica_[index], is_replica) != 0 && !is_replica)
    DemandWholeTransactions(node);
  DemandOneLease(index);
}

// Z1.
void Run::DemandOneLease(size_t index) {
  const auto holds = [](const ServerNode& node) {
    server::engine::Engine& engine = node.engine();
    const server::engine::Fencing& fencing = engine.fencing();
    return !node.replication().is_replica() && fencing.lease() != base::Duration::zero() &&
           fencing.CountHeard(node.host().Now()).heard != 0 &&
           fencing.WritesRefused(node.host().Now()) == server::engine::Fencing::Refusal::kNone;
  };
  const ServerNode& node = *deployment_.servers()[index];
  if (!holds(node)) return;
  for (size_t i = 0; i < deployment_.servers().size(); ++i) {
    const ServerNode& other = *deployment_.servers()[i];
    if (i != index && deployment_.GroupOf(i) == deployment_.GroupOf(index) && other.running() &&
        !other.paused() && holds(other))
      checkers_.Violate(fmt::format("Z1: {} and {} accept writes", node.ip(), other.ip()));
  }
}

bool Run::Violated() {
  if (faults_.failed_start()) checkers_.Violate("start: " + *faults_.failed_start());
  return checkers_.violation().has_value();
}

void Run::RunFor(base::Duration time) {
  for (const base::Instant end = deployment_.world().Now() + time; !Violated();) {
    const base::Duration left = end - deployment_.world().Now();
    if (left <= base::Duration::zero()) return;
    deployment_.world().RunUntil([this] { return Violated(); }, std::min(left, kLook));
    ObserveAcknowledged();
    NoteSettled();
  }
}

void Run::ObserveAcknowledged() {
  for (const auto& server : deployment_.servers()) {
    if (!server->running()) continue;
    for (const auto& replica : server->replication().Replicas())
      for (size_t i = 0; i < deployment_.servers().size(); ++i)
        if (deployment_.servers()[i]->ip() == replica.ip && replica.acknowledges)
          checkers_.ObserveAcknowledged(i, server->replication().history().id(),
                                        replica.acknowledged);
  }
}

const server::store::Databases& Run::DataFor(size_t writer) const {
  return deployment_.primary(deployment_.GroupOfWriter(writer)).engine().databases();
}

// What every server has, and none was stopped since: nothing can lose it.
void Run::NoteSettled() {
  int starts = 0;
  bool equal = true;
  for (const auto& server : deployment_.servers()) {
    starts += server->starts();
    if (!server->running()) return settled_.clear();
  }
  for (size_t i = 0; i < deployment_.servers().size(); ++i) {
    const size_t first = deployment_.FirstServerOf(deployment_.GroupOf(i));
    equal = equal && deployment_.servers()[i]->replication().offset() ==
                         deployment_.servers()[first]->replication().offset();
  }
  if (std::exchange(settled_starts_, starts) != starts) settled_.clear();
  if (!equal || deployment_.world().Now() < next_settled_ || deployment_.Trouble()) return;
  next_settled_ = deployment_.world().Now() + kSettleLook;
  settled_.clear();
  for (size_t i = 0; i < deployment_.writers().size(); ++i) {
    const Writer& writer = *deployment_.writers()[i];
    settled_.push_back({writer.acknowledged(), writer.Absent(writer.acknowledged(), DataFor(i))});
  }
}

void Run::DemandSettled() {
  for (size_t i = 0; i < settled_.size(); ++i) {
    const auto absent = deployment_.writers()[i]->Absent(settled_[i].acknowledged, DataFor(i));
    if (!std::ranges::includes(settled_[i].absent, absent))
      checkers_.Violate("D3: writes are lost that all servers had, and none was stopped since");
    if (absent.size() < settled_[i].absent.size())
      checkers_.Violate("D4: writes are back that no server had");
  }
}

void Run::DemandRecords() {
  if (std::ranges::any_of(options_.faults, HurtsServers)) return;
  // A strike at a step of a failover may have killed one all the same.
  if (std::ranges::any_of(deployment_.servers(), [](const auto& s) { return s->starts() > 1; }))
    return;
  std::string recorded;
  for (const auto& server : deployment_.servers()) {
    const Disk& disk = server->host().disk();
    for (const std::string& path : disk.List()) {
      if (path.find("/rollback/") == std::string::npos) continue;
      const std::string text = *disk.Peek(path);
      if (path.ends_with(".aof")) recorded += text;
      if (!path.ends_with(".json")) continue;
      const auto summary = server::persistence::ParseRollbackSummary(text);
      if (!summary) return checkers_.Violate("record: " + summary.error().message);
      // The backlog did not reach back so far.
      if (summary->missing_bytes != 0) return;
    }
  }
  for (size_t i = 0; i < deployment_.writers().size(); ++i) {
    const Writer& writer = *deployment_.writers()[i];
    for (const std::string& absent : writer.Absent(writer.acknowledged(), DataFor(i))) {
      const std::string key = absent.substr(absent.find(':') + 1);
      ++discarded_;
      if (recorded.find("\r\n" + key + "\r\n") == std::string::npos)
        return checkers_.Violate("record: " + key +
                                 " was acknowledged and discarded, and is in none");
    }
  }
}

Verdict Run::Execute() {
  if (!deployment_.Start()) checkers_.Violate("start: " + *deployment_.Trouble());
  if (!Violated()) {
    Tell("all is well; faults begin");
    faults_.Plan();
    RunFor(options_.safety);
  }
  if (!Violated()) {
    faults_.HealAll();
    DemandLiveness();
  }
  Verdict verdict;
  if (!Violated()) verdict.planted = canary_ && LoseKey();
  if (!Violated()) DemandEqualData();
  if (!Violated()) DemandWrites();
  if (Violated()) TellServers();
  verdict.violation = checkers_.violation();
  verdict.trace_hash = deployment_.world().TraceHash();
  verdict.elections = checkers_.elections();
  verdict.configurations = checkers_.configurations();
  verdict.recorded = discarded_;
  verdict.loss_checked = std::ranges::none_of(options_.faults, MayLoseWrites);
  for (const auto& writer : deployment_.writers())
    verdict.acknowledged += writer->acknowledged().size();
  for (const auto& server : deployment_.servers()) {
    verdict.resumed_from_disk += CountLines(*server, "bytes of the on-disk backlog");
    verdict.replayed += CountLines(*server, "commands replayed");
  }
  return verdict;
}

bool Run::LoseKey() {
  for (const auto& server : deployment_.servers()) {
    if (!server->replication().is_replica()) continue;
    server::store::Databases& databases = server->engine().databases();
    for (size_t i = 0; i < databases.count(); ++i) {
      const server::store::Record* victim = nullptr;
      databases[i].ForEach([&victim](const server::store::Record* record) {
        if (!record->has_expiry()) victim = record;
      });
      if (victim == nullptr) continue;
      const std::string key(victim->key());
      return databases[i].Delete(databases[i].Prepare(key));
    }
  }
  return false;
}

// L1 and L3. A command that was stuck in a cut may still arrive and undo what was well; so it
// counts when it stays, and longer than anything is under way.
void Run::DemandLiveness() {
  const base::Duration bound =
      2 * options_.deployment.failover_timeout + options_.deployment.down_after + seconds(30);
  end_ = deployment_.world().Now() + bound;
  const base::Instant arrived =
      deployment_.world().Now() + options_.world.network.retransmit_within + kArrives;
  base::Instant operator_comes = deployment_.world().Now() + kOperatorComes;
  base::Instant mends = deployment_.world().Now();
  const uint64_t elections_before = checkers_.elections();
  base::Duration well{};
  while ((well < kSteady || deployment_.world().Now() < arrived + kSteady / 2) && !Violated()) {
    RunFor(kLook);
    if (deployment_.world().Now() >= mends) {
      faults_.MendSentinels();
      mends = deployment_.world().Now() + kMends;
    }
    if (deployment_.world().Now() >= operator_comes) {
      faults_.operators().AllowRefusedSyncs();
      faults_.operators().AttachStrays();
      operator_comes = deployment_.world().Now() + kOperatorComes / 4;
    }
    const std::optional<std::string> trouble = deployment_.Trouble();
    well = trouble ? base::Duration{} : well + kLook;
    if (trouble && deployment_.world().Now() >= end_)
      checkers_.Violate(
          fmt::format("L1: {} ms after the last fault: {}", base::ToMs(bound), *trouble));
  }
  const uint64_t elections = checkers_.elections() - elections_before;
  if (elections > kMostElections * deployment_.groups())
    checkers_.Violate(fmt::format("L3: {} elections won after the last fault", elections));
  if (!Violated()) Tell("all is well again");
}

// R2.
void Run::DemandEqualData() {
  deployment_.StopWriters();
  const base::Instant answered = deployment_.world().Now() + kLastRequests;
  const auto waits = [](const auto& writer) { return writer->waits(); };
  do {
    RunFor(kShortLook);
  } while (!Violated() && deployment_.world().Now() < answered &&
           std::ranges::any_of(deployment_.writers(), waits));
  end_ = std::max(end_, deployment_.world().Now() + kDrain);
  while (!Violated()) {
    std::optional<std::string> difference = deployment_.Trouble();
    if (!difference) difference = deployment_.Difference();
    if (!difference) return;
    if (deployment_.world().Now() >= end_) return checkers_.Violate("R2: " + *difference);
    RunFor(kShortLook);
  }
}

void Run::DemandWrites() {
  for (size_t group = 0; group < deployment_.groups(); ++group) {
    const ServerNode& primary = deployment_.primary(group);
    DemandWholeTransactions(primary);
    if (std::ranges::any_of(options_.faults, MayLoseWrites)) continue;
    const size_t lost = deployment_.LostWrites(primary);
    if (lost > 0)
      checkers_.Violate(fmt::format("D1: {} acknowledged writes lost, and nobody died", lost));
  }
  DemandSettled();
  DemandRecords();
}

void Run::DemandWholeTransactions(const ServerNode& server) {
  for (const auto& writer : deployment_.writers())
    if (const auto torn = writer->TornTransaction(server.engine().databases()))
      checkers_.Violate(fmt::format("R6: at {} {}", server.ip(), *torn));
}

}  // namespace

Verdict RunSeed(uint64_t seed, const std::function<void(const std::string&)>& tell) {
  return Run(seed, tell).Execute();
}

Verdict RunCanary(uint64_t seed) {
  const std::function<void(const std::string&)> nobody;
  Run run(seed, nobody);
  run.PlantCanary();
  return run.Execute();
}

}  // namespace quorate::simulation
