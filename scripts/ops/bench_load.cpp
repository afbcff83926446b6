#include "scripts/ops/bench_load.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "scripts/ops/ask.h"
#include "scripts/ops/bench_report.h"
#include "shared/base/random.h"
#include "shared/link/link.h"

namespace quorate::ops {
namespace {

constexpr const char* kLoadCore = "1";
constexpr base::Duration kAnswerTimeout = std::chrono::seconds(5);
constexpr base::Duration kLongestRun = std::chrono::seconds(600);
constexpr size_t kValueBytes = 64;

std::string ReadAll(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

}  // namespace

RunningLoad::RunningLoad(ProcessId process, std::string output)
    : process_(std::move(process)), output_(std::move(output)) {}

RunningLoad::~RunningLoad() { (void)StopProcess(process_); }

base::Result<std::unique_ptr<RunningLoad>> RunningLoad::Start(const base::Endpoint& server,
                                                              const Load& load,
                                                              const std::string& folder) {
  std::string output = folder + "/benchmark.csv";
  std::error_code error;
  std::filesystem::remove(output, error);
  const auto process = StartDetached({"taskset", "-c",
                                      kLoadCore, "redis-benchmark",
                                      "-h",      server.host,
                                      "-p",      std::to_string(server.port),
                                      "-c",      std::to_string(load.clients),
                                      "-P",      std::to_string(load.pipeline),
                                      "-n",      std::to_string(load.requests),
                                      "-r",      std::to_string(load.keys),
                                      "-d",      std::to_string(kValueBytes),
                                      "-t",      load.test,
                                      "--csv"},
                                     output);
  if (!process) return process.error();
  return std::unique_ptr<RunningLoad>(new RunningLoad(*process, std::move(output)));
}

bool RunningLoad::Finished() const { return WaitForDeath(process_, 0); }

base::Result<double> RunningLoad::Rate() const {
  const std::string text = ReadAll(output_);
  const double rate = RateInCsv(text);
  if (rate == 0) return base::Error{"redis-benchmark: " + text};
  return rate;
}

base::Result<Measured> RunLoad(Foreground& foreground, PinnedServer& server, const Load& load,
                               const std::string& folder) {
  const double cpu_before = server.CpuSeconds();
  const auto running = RunningLoad::Start(server.endpoint(), load, folder);
  if (!running) return running.error();
  const base::Instant deadline = foreground.Now() + kLongestRun;
  while (!(*running)->Finished()) {
    if (!foreground.Pass(std::chrono::milliseconds(50)) || foreground.Now() > deadline)
      return base::Error{"redis-benchmark was interrupted"};
  }
  const auto rate = (*running)->Rate();
  if (!rate) return rate.error();
  return Measured{*rate,
                  (server.CpuSeconds() - cpu_before) * 1e6 / static_cast<double>(load.requests)};
}

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

}  // namespace quorate::ops
