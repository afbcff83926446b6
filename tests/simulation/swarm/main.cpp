// swarm --seeds N [--seed S] [--twice] [--verbose]: runs N seeds from S on, stops at the first that
// fails, and says how to run it again. swarm --canary: whether the alarm works.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <functional>
#include <string>

#include "tests/simulation/swarm/run.h"

namespace {

using quorate::simulation::DrawOptions;
using quorate::simulation::RunCanary;
using quorate::simulation::RunSeed;
using quorate::simulation::Verdict;

// For the handler of a failed CHECK, which must not allocate.
char g_replay[128];

void OnAbort(int) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, g_replay, strlen(g_replay));
  signal(SIGABRT, SIG_DFL);
  raise(SIGABRT);
}

std::string ReplayCommand(uint64_t seed) {
  return "swarm --seed " + std::to_string(seed) + " --seeds 1 --verbose";
}

struct Totals {
  uint64_t elections = 0;
  uint64_t configurations = 0;
  uint64_t acknowledged = 0;
  uint64_t loss_checked = 0;
  uint64_t resumed_from_disk = 0;
  uint64_t replayed = 0;
  uint64_t recorded = 0;

  void Add(const Verdict& verdict) {
    elections += verdict.elections;
    configurations += verdict.configurations;
    acknowledged += verdict.acknowledged;
    loss_checked += verdict.loss_checked ? 1 : 0;
    resumed_from_disk += verdict.resumed_from_disk;
    replayed += verdict.replayed;
    recorded += verdict.recorded;
  }
};

void Report(uint64_t seed, const std::string& violation) {
  printf("FAILED seed %llu\n%s\n%s\nreplay: %s\n", static_cast<unsigned long long>(seed),
         violation.c_str(), DrawOptions(seed).Describe().c_str(), ReplayCommand(seed).c_str());
}

// Each canary has to be found dead. The exit status.
int RunCanaries(uint64_t first, uint64_t seeds) {
  uint64_t planted = 0;
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    const Verdict verdict = RunCanary(seed);
    planted += verdict.planted ? 1 : 0;
    if (!verdict.planted || verdict.violation) continue;
    printf("The canary of seed %llu was lost, and nobody noticed\n",
           static_cast<unsigned long long>(seed));
    return 1;
  }
  printf("%llu seeds, %llu canaries, each one missed\n", static_cast<unsigned long long>(seeds),
         static_cast<unsigned long long>(planted));
  return planted > 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Runs simulated deployments under random faults, by seed");
  uint64_t first = 1;
  uint64_t seeds = 100;
  bool twice = false;
  bool verbose = false;
  bool keep_going = false;
  bool canary = false;
  app.add_option("--seeds", seeds, "how many");
  app.add_option("--seed", first, "the first");
  app.add_flag("--twice", twice, "run each twice and compare the hashes of their traces");
  app.add_flag("--verbose", verbose, "print options, faults and events");
  app.add_flag("--keep-going", keep_going, "report every failing seed, not only the first");
  app.add_flag("--canary", canary, "lose a key in each run; succeed if every run then fails");
  CLI11_PARSE(app, argc, argv);
  if (canary) return RunCanaries(first, seeds);

  signal(SIGABRT, OnAbort);
  std::function<void(const std::string&)> tell;
  if (verbose) tell = [](const std::string& line) { puts(line.c_str()); };

  Totals totals;
  uint64_t failures = 0;
  const std::clock_t begin = std::clock();
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    snprintf(g_replay, sizeof g_replay, "CRASHED seed %llu\nreplay: %s\n",
             static_cast<unsigned long long>(seed), ReplayCommand(seed).c_str());
    if (verbose)
      printf("seed %llu: %s\n", static_cast<unsigned long long>(seed),
             DrawOptions(seed).Describe().c_str());
    Verdict verdict = RunSeed(seed, tell);
    if (twice && !verdict.violation && RunSeed(seed, tell).trace_hash != verdict.trace_hash)
      verdict.violation = "two runs of this seed took different paths";
    totals.Add(verdict);
    if (!verdict.violation) continue;
    Report(seed, *verdict.violation);
    ++failures;
    if (!keep_going) break;
  }
  const double took = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  if (failures == 0 || keep_going)
    printf(
        "%llu seeds%s, %llu failed; %llu elections won, %llu configurations, %llu acknowledged "
        "writes; %llu seeds allowed no loss; %llu resyncs from disk, %llu replays; "
        "%llu discarded writes found in records; %.1f s of a core, %.0f seeds a second\n",
        static_cast<unsigned long long>(seeds), twice ? " twice" : "",
        static_cast<unsigned long long>(failures),
        static_cast<unsigned long long>(totals.elections),
        static_cast<unsigned long long>(totals.configurations),
        static_cast<unsigned long long>(totals.acknowledged),
        static_cast<unsigned long long>(totals.loss_checked),
        static_cast<unsigned long long>(totals.resumed_from_disk),
        static_cast<unsigned long long>(totals.replayed),
        static_cast<unsigned long long>(totals.recorded), took,
        static_cast<double>(twice ? 2 * seeds : seeds) / took);
  return failures == 0 ? 0 : 1;
}
