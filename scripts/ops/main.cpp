// The `quorate` command: up, down, status, drill, bench. Exit codes: 0 all is well, 1 the verdict
// failed (or status found something missing), 2 it could not be run safely, 3 the tool itself
// failed or was misused.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "scripts/ops/bench.h"
#include "scripts/ops/drill.h"
#include "scripts/ops/launcher.h"
#include "scripts/ops/replication_bench.h"
#include "scripts/ops/sentinel_bench.h"
#include "scripts/ops/status_table.h"

namespace quorate::ops {
namespace {

enum ExitCode : int { kWell = 0, kVerdictFailed = 1, kUnableToRun = 2, kToolError = 3 };

// What the command line said; each subcommand reads its part.
struct Options {
  std::string run_directory = "run";
  std::string topology = "configs/topologies/three-sentinels.yaml";
  std::string binaries;
  std::string peer = "quorate";
  bool json = false;
  bool purge = false;
  std::string scenario;
  int rounds = 1;
  int writers = 4;
  int replicas = 0;
  int down_after_ms = 0;
  std::string failure_detection;
  int max_gap_ms = 0;
  BenchOptions bench;
  SentinelBenchOptions sentinel_bench;
  std::string bench_of = "commands";
};

void Print(const std::string& text) { std::fputs(text.c_str(), stdout); }

void PrintProgress(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

ExitCode Complain(const std::string& message, ExitCode code) {
  std::fprintf(stderr, "quorate: %s\n", message.c_str());
  return code;
}

// The folder of this program: the daemons are built beside it.
std::string OwnFolder() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().string();
}

base::Result<Programs> ProgramsOf(const Options& options) {
  if (options.peer == "redis") return RedisPrograms();
  return OurPrograms(options.binaries.empty() ? OwnFolder() : options.binaries);
}

base::Result<Topology> TopologyOf(const Options& options) {
  auto topology = ReadTopology(options.topology);
  if (topology && options.down_after_ms > 0)
    topology->down_after = std::chrono::milliseconds(options.down_after_ms);
  if (topology && !options.failure_detection.empty())
    topology->quorate_sentinel_settings.emplace_back(
        "sentinel", "failure-detection " + topology->group + " " + options.failure_detection);
  return topology;
}

std::string NextCommands(const Topology& topology, uint16_t primary) {
  const std::string sentinel = std::to_string(topology.sentinels.front().port);
  return "\nTry next:\n"
         "  redis-cli -p " +
         sentinel + " sentinel get-master-addr-by-name " + topology.group +
         "\n"
         "  redis-cli -p " +
         std::to_string(primary) +
         " set greeting hello\n"
         "  scripts/drill kill-primary     kill the primary under writes, and see what it cost\n"
         "  scripts/status                 who is who now\n"
         "  scripts/down                   stop everything\n";
}

// What is in the run directory, or a new deployment there. Options that describe another one than
// is there are an error.
base::Result<Deployment> OpenOrCreate(const Options& options, bool describes_deployment) {
  const bool exists = Deployment::Exists(options.run_directory);
  if (exists && !describes_deployment) return Deployment::Open(options.run_directory);
  auto programs = ProgramsOf(options);
  if (!programs) return programs.error();
  auto topology = TopologyOf(options);
  if (!topology) return topology.error();
  if (!exists) {
    return Deployment::Create(options.run_directory, std::move(*topology), std::move(*programs));
  }
  auto deployment = Deployment::Open(options.run_directory);
  if (deployment && (deployment->topology() != *topology || deployment->programs() != *programs)) {
    return base::Error{options.run_directory +
                       " holds another deployment; `quorate down --purge` removes it"};
  }
  return deployment;
}

ExitCode Up(Foreground& foreground, const Options& options, bool describes_deployment) {
  auto deployment = OpenOrCreate(options, describes_deployment);
  if (!deployment) return Complain(deployment.error().message, kUnableToRun);
  const auto observation = BringUp(foreground, *deployment);
  if (!observation) return Complain(observation.error().message, kUnableToRun);
  const Topology& topology = deployment->topology();
  Print(options.json ? StatusJson(topology, *observation)
                     : StatusTable(topology, *observation) +
                           NextCommands(topology, observation->AgreedPrimary()->port));
  return kWell;
}

ExitCode Down(const Options& options) {
  auto deployment = Deployment::Open(options.run_directory);
  if (!deployment) return Complain(deployment.error().message, kUnableToRun);
  if (auto status = deployment->StopAll(); !status)
    return Complain(status.error().message, kToolError);
  if (!options.purge) return kWell;
  if (auto status = deployment->Remove(); !status)
    return Complain(status.error().message, kToolError);
  return kWell;
}

ExitCode Status(Foreground& foreground, const Options& options) {
  const auto deployment = Deployment::Open(options.run_directory);
  if (!deployment) return Complain(deployment.error().message, kUnableToRun);
  const Observation observation = Observe(foreground, *deployment);
  const Topology& topology = deployment->topology();
  Print(options.json ? StatusJson(topology, observation) : StatusTable(topology, observation));
  return WhatIsMissing(observation).empty() ? kWell : kVerdictFailed;
}

ExitCode RunDrillOn(Foreground& foreground, Deployment& deployment, const Options& options) {
  DrillOptions drill;
  for (const Scenario scenario : kScenarios) {
    if (ToString(scenario) == options.scenario) drill.scenario = scenario;
  }
  drill.rounds = options.rounds;
  drill.writers = options.writers;
  drill.replicas = options.replicas;
  drill.limits.write_gap = options.max_gap_ms > 0
                               ? std::chrono::milliseconds(options.max_gap_ms)
                               : DefaultWriteGap(drill.scenario, deployment.topology());
  const auto report = RunDrill(foreground, deployment, drill, PrintProgress);
  if (!report) return Complain(report.error().message, kUnableToRun);
  Print(options.json ? ToJson(*report) : ToTable(*report));
  return Passed(*report) ? kWell : kVerdictFailed;
}

ExitCode DrillOnTemporary(Foreground& foreground, const Options& options) {
  auto programs = ProgramsOf(options);
  if (!programs) return Complain(programs.error().message, kUnableToRun);
  auto topology = TopologyOf(options);
  if (!topology) return Complain(topology.error().message, kUnableToRun);
  auto temporary =
      TemporaryDeployment::Create(foreground, std::move(*topology), std::move(*programs));
  if (!temporary) return Complain(temporary.error().message, kUnableToRun);
  Deployment& deployment = (*temporary)->deployment();
  const auto keep = [&](ExitCode code) {
    (*temporary)->Keep();
    std::fprintf(stderr, "the logs are kept in %s\n", deployment.directory().c_str());
    return code;
  };
  if (const auto up = BringUp(foreground, deployment); !up)
    return keep(Complain(up.error().message, kUnableToRun));
  const ExitCode code = RunDrillOn(foreground, deployment, options);
  return code == kWell ? code : keep(code);
}

// Uses the deployment that is up, unless the options describe another one.
ExitCode Drill(Foreground& foreground, const Options& options, bool describes_deployment) {
  if (describes_deployment || !Deployment::Exists(options.run_directory))
    return DrillOnTemporary(foreground, options);
  auto deployment = Deployment::Open(options.run_directory);
  if (!deployment) return Complain(deployment.error().message, kUnableToRun);
  for (const std::string& name : deployment->Names()) {
    if (!deployment->Running(name)) return DrillOnTemporary(foreground, options);
  }
  return RunDrillOn(foreground, *deployment, options);
}

ReplicationBenchOptions ReplicationOptionsOf(const Options& options) {
  return {options.bench.rounds, options.bench.memory_keys, options.bench.requests / 2};
}

SentinelBenchOptions SentinelOptionsOf(const Options& options) {
  SentinelBenchOptions bench = options.sentinel_bench;
  bench.singles = options.bench.rounds;
  return bench;
}

base::Result<BenchReport> RunChosenBench(Foreground& foreground, const Programs& redis,
                                         const Programs& ours, const Options& options) {
  if (options.bench_of == "replication")
    return RunReplicationBench(foreground, redis, ours, ReplicationOptionsOf(options),
                               PrintProgress);
  if (options.bench_of == "sentinels")
    return RunSentinelBench(foreground, redis, ours, OwnFolder() + "/mock_servers",
                            SentinelOptionsOf(options), PrintProgress);
  return RunBench(foreground, redis, ours, options.bench, PrintProgress);
}

ExitCode Bench(Foreground& foreground, const Options& options) {
  const auto redis = RedisPrograms();
  if (!redis) return Complain(redis.error().message, kUnableToRun);
  const auto ours = OurPrograms(options.binaries.empty() ? OwnFolder() : options.binaries);
  if (!ours) return Complain(ours.error().message, kUnableToRun);
  const auto report = RunChosenBench(foreground, *redis, *ours, options);
  if (!report) return Complain(report.error().message, kUnableToRun);
  Print(options.json ? ToJson(*report) : ToTable(*report));
  return Passed(*report) ? kWell : kVerdictFailed;
}

void DescribeDeployment(CLI::App& command, Options& options) {
  auto* group = command.add_option_group("deployment");
  group->add_option("--topology", options.topology, "The drawing of the deployment (YAML)")
      ->capture_default_str();
  group->add_option("--binaries", options.binaries,
                    "The folder of quorate-server and quorate-sentinel");
  group
      ->add_option("--peer", options.peer,
                   "Whose programs run: quorate, or Debian's redis to compare")
      ->check(CLI::IsMember({"quorate", "redis"}))
      ->capture_default_str();
  group
      ->add_option("--down-after", options.down_after_ms,
                   "Silence in ms after which a primary counts as down")
      ->check(CLI::Range(1, 3'600'000));
  group
      ->add_option("--failure-detection", options.failure_detection,
                   "Of our sentinels. fast: a process that died is not waited for")
      ->check(CLI::IsMember({"fast", "classic"}));
}

bool DescribesDeployment(const CLI::App& command) {
  return command.get_option_group("deployment")->count_all() > 0;
}

// The subcommands, and the options that they fill in.
struct CommandLine {
  explicit CommandLine(Options& options);

  CLI::App app{"Quorate: starts, shows, drills and measures deployments on this machine"};
  CLI::App* up = app.add_subcommand("up", "Start the deployment and wait until it is ready");
  CLI::App* down = app.add_subcommand("down", "Stop the deployment");
  CLI::App* status =
      app.add_subcommand("status", "Show who is who; exit 1 if something is missing");
  CLI::App* drill =
      app.add_subcommand("drill", "Make a server fail under writes and measure what it cost");
  CLI::App* bench = app.add_subcommand("bench", "Measure ours beside Redis' own");
};

void DescribeDrill(CLI::App& drill, Options& options) {
  std::vector<std::string> scenarios;
  for (const Scenario scenario : kScenarios) scenarios.push_back(ToString(scenario));
  drill.add_option("scenario", options.scenario, "What is done to the primary or a replica")
      ->required()
      ->check(CLI::IsMember(scenarios));
  drill.add_option("--rounds", options.rounds, "How often")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  drill.add_option("--writers", options.writers, "Clients that write")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  drill
      .add_option("--wait", options.replicas,
                  "A write counts when WAIT says that so many replicas have it")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  drill.add_option("--max-gap", options.max_gap_ms, "Longest write gap in ms that passes")
      ->check(CLI::Range(1, 3'600'000));
}

void DescribeBench(CLI::App& bench, Options& options) {
  bench
      .add_option("what", options.bench_of,
                  "commands: rates and costs of one server; replication: full syncs, replicas; "
                  "sentinels: a trio that watches many groups")
      ->check(CLI::IsMember({"commands", "replication", "sentinels"}));
  bench.add_option("--binaries", options.binaries, "The folder of quorate-server");
  bench.add_option("--rounds", options.bench.rounds, "How often each is measured")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  bench.add_option("--requests", options.bench.requests, "Per round, with pipelining")
      ->check(CLI::Range(1000, 1'000'000'000))
      ->capture_default_str();
  bench
      .add_option("--memory-keys", options.bench.memory_keys,
                  "Keys of the memory figure and of the full syncs")
      ->check(CLI::Range(1000, 1'000'000'000))
      ->capture_default_str();
}

void DescribeSentinelBench(CLI::App& bench, SentinelBenchOptions& options) {
  bench.add_option("--groups", options.groups, "That the sentinels watch")
      ->check(CLI::Range(10, 800))
      ->capture_default_str();
}

CommandLine::CommandLine(Options& options) {
  app.require_subcommand(1);
  app.add_option("--run-dir", options.run_directory, "Where the deployment keeps its files")
      ->capture_default_str();
  for (CLI::App* command : {up, down, status, drill, bench})
    command->fallthrough();  // --run-dir anywhere
  for (CLI::App* command : {up, status, drill, bench})
    command->add_flag("--json", options.json, "Print JSON");
  for (CLI::App* command : {up, drill}) DescribeDeployment(*command, options);
  down->add_flag("--purge", options.purge, "Remove its files, too");
  DescribeDrill(*drill, options);
  DescribeBench(*bench, options);
  DescribeSentinelBench(*bench, options.sentinel_bench);
}

int Main(int argc, char** argv) {
  Options options;
  CommandLine line(options);
  try {
    line.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return line.app.exit(error) == 0 ? kWell : kToolError;
  }
  Foreground foreground;
  if (line.up->parsed()) return Up(foreground, options, DescribesDeployment(*line.up));
  if (line.down->parsed()) return Down(options);
  if (line.status->parsed()) return Status(foreground, options);
  if (line.bench->parsed()) return Bench(foreground, options);
  return Drill(foreground, options, DescribesDeployment(*line.drill));
}

}  // namespace
}  // namespace quorate::ops

int main(int argc, char** argv) {
  try {
    return quorate::ops::Main(argc, argv);
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "quorate: %s\n", exception.what());
    return 3;
  }
}
