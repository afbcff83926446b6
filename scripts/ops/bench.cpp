#include "scripts/ops/bench.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <sstream>
#include <utility>

#include "scripts/ops/ask.h"
#include "scripts/ops/pinned_server.h"
#include "scripts/ops/process.h"
#include "scripts/ops/scratch_folder.h"
#include "shared/base/numbers.h"
#include "shared/base/random.h"
#include "shared/link/link.h"

namespace quorate::ops {
namespace {

namespace fs = std::filesystem;
constexpr const char* kServerCore = "0";
constexpr const char* kLoadCore = "1";
constexpr base::Duration kAnswerTimeout = std::chrono::seconds(5);
constexpr int kBenchmarkSeconds = 600;  // the most that one run may take
constexpr size_t kValueBytes = 64;

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

struct Load {
  std::string test;  // of redis-benchmark: "set" or "get"
  int pipeline = 1;
  int64_t requests = 0;
};

struct Measured {
  double rate = 0;             // requests per second
  double cpu_per_request = 0;  // microseconds of the server
};

base::Result<Measured> RunLoad(Foreground& foreground, PinnedServer& server, const Load& load,
                               const BenchOptions& options, const std::string& folder) {
  const std::string output = folder + "/benchmark.csv";
  std::error_code error;
  fs::remove(output, error);
  const double cpu_before = server.CpuSeconds();
  const auto process = StartDetached({"taskset", "-c",
                                      kLoadCore, "redis-benchmark",
                                      "-h",      "127.0.0.1",
                                      "-p",      std::to_string(server.endpoint().port),
                                      "-c",      std::to_string(options.clients),
                                      "-P",      std::to_string(load.pipeline),
                                      "-n",      std::to_string(load.requests),
                                      "-r",      std::to_string(options.keys),
                                      "-d",      std::to_string(kValueBytes),
                                      "-t",      load.test,
                                      "--csv"},
                                     output);
  if (!process) return process.error();
  const base::Instant deadline = foreground.Now() + std::chrono::seconds(kBenchmarkSeconds);
  while (!WaitForDeath(*process, 0)) {
    if (!foreground.Pass(std::chrono::milliseconds(50)) || foreground.Now() > deadline) {
      (void)StopProcess(*process);
      return base::Error{"redis-benchmark was interrupted"};
    }
  }
  Measured measured;
  measured.rate = RateInCsv(ReadAll(output));
  measured.cpu_per_request =
      (server.CpuSeconds() - cpu_before) * 1e6 / static_cast<double>(load.requests);
  if (measured.rate == 0) return base::Error{"redis-benchmark: " + ReadAll(output)};
  return measured;
}

// Writes `count` keys of 14 bytes, each with a random value, by MSET over one connection.
base::Status Fill(Foreground& foreground, const base::Endpoint& server, int64_t count) {
  constexpr int64_t kKeysPerCommand = 100;
  constexpr size_t kCommandsInFlight = 100;
  base::Random random(1);
  link::LinkOptions options;
  options.endpoint = server;
  std::string failure;
  link::LinkCallbacks callbacks;
  callbacks.on_down = [&](const link::LinkDown& down) { failure = down.reason.message; };
  link::Link link(foreground.io(), random.Fork(), options, callbacks);
  link.Start();
  for (int64_t key = 0; key < count && failure.empty();) {
    Command command = {"MSET"};
    for (int64_t i = 0; i < kKeysPerCommand && key < count; ++i, ++key) {
      char name[24];
      std::snprintf(name, sizeof name, "k:%012lld", static_cast<long long>(key));
      command.emplace_back(name);
      std::string value(kValueBytes, ' ');
      std::ranges::generate(value, [&] { return static_cast<char>('a' + random.Below(26)); });
      command.push_back(std::move(value));
    }
    const std::vector<std::string_view> arguments(command.begin(), command.end());
    const bool sent = link.Send(arguments, foreground.Now() + std::chrono::seconds(60),
                                [&](base::Result<resp::Value> reply) {
                                  if (!reply) failure = reply.error().message;
                                  if (reply && reply->is_error()) failure = reply->text;
                                });
    if (!sent) return base::Error{"MSET could not be sent"};
    foreground.WaitUntil([&] { return link.pending() < kCommandsInFlight; }, kAnswerTimeout);
  }
  foreground.WaitUntil([&] { return link.pending() == 0; }, std::chrono::seconds(60));
  if (!failure.empty()) return base::Error{failure};
  return {};
}

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

struct Case {
  Load load;
  BenchFigure rate;
  std::optional<BenchFigure> cpu;
};

std::vector<Case> Cases(const BenchOptions& options) {
  std::vector<Case> cases;
  for (const char* test : {"set", "get"}) {
    const std::string name = base::ToUpper(test);
    cases.push_back({{test, 16, options.requests},
                     {name + ", 16 pipelined", "requests/s", true, 1.3, {}, {}},
                     BenchFigure{name + ", 16 pipelined, CPU", "us/request", false, 0.7, {}, {}}});
  }
  for (const char* test : {"set", "get"}) {
    cases.push_back({{test, 1, std::max<int64_t>(options.requests / 5, 1)},
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
  const Load warm_up{"set", 16, options.requests};
  const auto run = RunLoad(foreground, *contender.server, warm_up, options, contender.folder);
  return run ? base::Status() : run.error();
}

base::Status MeasureCase(Foreground& foreground, std::span<Contender> contenders, Case& one,
                         const BenchOptions& options) {
  for (Contender& contender : contenders) {
    const auto measured =
        RunLoad(foreground, *contender.server, one.load, options, contender.folder);
    if (!measured) return measured.error();
    (one.rate.*contender.samples).push_back(measured->rate);
    if (one.cpu) ((*one.cpu).*contender.samples).push_back(measured->cpu_per_request);
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
      if (auto status = MeasureCase(foreground, contenders, one, options); !status)
        return status.error();
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
