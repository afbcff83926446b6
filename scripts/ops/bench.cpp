#include "scripts/ops/bench.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "scripts/ops/bench_load.h"
#include "scripts/ops/pinned_server.h"
#include "scripts/ops/scratch_folder.h"
#include "shared/base/numbers.h"

namespace quorate::ops {
namespace {

namespace fs = std::filesystem;
constexpr const char* kServerCore = "0";

base::Result<double> BytesPerKey(Foreground& foreground, const std::string& program,
                                 const BenchOptions& options, const std::string& folder) {
  auto server = PinnedServer::Start(foreground, program, kServerCore, folder);
  if (!server) return server.error();
  const double before = (*server)->ResidentBytes();
  if (auto status = Fill(foreground, (*server)->endpoint(), options.memory_keys); !status) {
    return status.error();
  }
  const auto size = (*server)->Call({"DBSIZE"});
  if (!size) return size.error();
  if (size->integer != options.memory_keys) {
    return base::Error{program + " holds " + std::to_string(size->integer) + " keys"};
  }
  return ((*server)->ResidentBytes() - before) / static_cast<double>(options.memory_keys);
}

// Without pipelining both programs keep the load generator's core busy and differ by little, while
// the speed of a core changes within a second: turns of a tenth of one meet the same core.
constexpr int kTurnsOneByOne = 80;

struct Case {
  Load load;
  int turns;  // of each program in a round, one after the other; `load` is of one turn
  BenchFigure rate;
  std::optional<BenchFigure> cpu;
};

std::vector<Case> Cases(const BenchOptions& options) {
  std::vector<Case> cases;
  for (const char* test : {"set", "get"}) {
    const std::string name = base::ToUpper(test);
    cases.push_back({{test, 16, options.requests, options.keys, options.clients},
                     1,
                     {name + ", 16 pipelined", "requests/s", true, 1.3, {}, {}},
                     BenchFigure{name + ", 16 pipelined, CPU", "us/request", false, 0.7, {}, {}}});
  }
  for (const char* test : {"set", "get"}) {
    const int64_t requests = options.requests / 5 / kTurnsOneByOne;
    cases.push_back({{test, 1, std::max<int64_t>(requests, 1), options.keys, options.clients},
                     kTurnsOneByOne,
                     {base::ToUpper(test) + ", one by one", "requests/s", true, 1.0, {}, {}},
                     std::nullopt});
  }
  return cases;
}

// The two programs side by side, Redis' first. Samples go to the side that they were taken on.
struct Contender {
  std::string program;
  std::string folder;
  std::unique_ptr<PinnedServer> server;
  std::vector<double> BenchFigure::*samples;
};

// Starts a contender and writes its keys once, so that GET finds them.
base::Status Prepare(Foreground& foreground, Contender& contender, const BenchOptions& options) {
  std::error_code error;
  fs::create_directory(contender.folder, error);
  auto server = PinnedServer::Start(foreground, contender.program, kServerCore, contender.folder);
  if (!server) return server.error();
  contender.server = std::move(*server);
  const Load warm_up{"set", 16, options.requests, options.keys, options.clients};
  const auto run = RunLoad(foreground, *contender.server, warm_up, contender.folder);
  return run ? base::Status() : run.error();
}

// One round of a case: a sample for each contender, the mean of its turns. Every other turn begins
// with the other one.
base::Status MeasureCase(Foreground& foreground, std::array<Contender, 2>& contenders, Case& one) {
  std::array<Measured, 2> sums;
  for (int turn = 0; turn < one.turns; ++turn) {
    for (size_t i : {size_t{0}, size_t{1}}) {
      const size_t which = turn % 2 == 0 ? i : 1 - i;
      Contender& contender = contenders[which];
      const auto measured = RunLoad(foreground, *contender.server, one.load, contender.folder);
      if (!measured) return measured.error();
      sums[which].rate += measured->rate / one.turns;
      sums[which].cpu_per_request += measured->cpu_per_request / one.turns;
    }
  }
  for (size_t i : {size_t{0}, size_t{1}}) {
    (one.rate.*contenders[i].samples).push_back(sums[i].rate);
    if (one.cpu) ((*one.cpu).*contenders[i].samples).push_back(sums[i].cpu_per_request);
  }
  return {};
}

}  // namespace

base::Result<BenchReport> RunBench(Foreground& foreground, const Programs& redis,
                                   const Programs& ours, const BenchOptions& options,
                                   const std::function<void(const std::string&)>& on_progress) {
  const auto scratch = ScratchFolder::Create("bench");
  if (!scratch) return scratch.error();
  const std::string& folder = (*scratch)->path();
  std::array<Contender, 2> contenders = {
      Contender{redis.server, folder + "/redis", nullptr, &BenchFigure::redis},
      Contender{ours.server, folder + "/quorate", nullptr, &BenchFigure::ours}};
  for (Contender& contender : contenders) {
    if (auto status = Prepare(foreground, contender, options); !status) return status.error();
  }
  BenchReport report{contenders[0].server->Version(), contenders[1].server->Version(), {}};

  std::vector<Case> cases = Cases(options);
  for (int round = 1; round <= options.rounds; ++round) {
    std::swap(contenders.front(), contenders.back());  // who goes first changes, too
    for (Case& one : cases) {
      if (auto status = MeasureCase(foreground, contenders, one); !status) return status.error();
    }
    on_progress("round " + std::to_string(round) + " of " + std::to_string(options.rounds));
  }
  for (Case& one : cases) report.figures.push_back(std::move(one.rate));
  for (Case& one : cases) {
    if (one.cpu) report.figures.push_back(std::move(*one.cpu));
  }

  BenchFigure memory{"memory", "bytes/key", false, 0.75, {}, {}};
  for (Contender& contender : contenders) {
    contender.server.reset();
    const auto bytes = BytesPerKey(foreground, contender.program, options, contender.folder);
    if (!bytes) return bytes.error();
    (memory.*contender.samples).push_back(*bytes);
  }
  report.figures.push_back(std::move(memory));
  return report;
}

}  // namespace quorate::ops
