#include "tests/unit/simulation/world/world_fixture.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace quorate::simulation;
using namespace std::chrono_literals;

namespace {

struct Outcome {
  uint64_t hash;
  uint64_t entries;
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// A busy run with every kind of fault, drawn from the seed.
Outcome BusyRun(uint64_t seed) {
  World world(seed);
  base::Random random = world.ForkRandom();
  std::vector<Host*> hosts;
  std::vector<Process*> processes;
  std::vector<std::unique_ptr<Server>> servers;
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 1; i <= 4; ++i) {
    hosts.push_back(&world.AddHost("10.0.0." + std::to_string(i)));
    hosts.back()->SetClockRate(random.Between(-500, 500));
  }
  const auto start = [&](size_t i) {
    processes[i] = &hosts[i]->StartProcess("p");
    servers[i] =
        std::make_unique<Server>(processes[i]->io(), base::Endpoint{hosts[i]->ip(), 1000}, true);
  };
  processes.resize(4);
  servers.resize(4);
  for (size_t i = 0; i < 4; ++i) start(i);
  for (int step = 0; step < 300; ++step) {
    const size_t i = random.Below(4);
    const size_t j = random.Below(4);
    switch (random.Below(9)) {
      case 0:
        world.Cut(*hosts[i], *hosts[j]);
        break;
      case 1:
        world.HealAll();
        break;
      case 2:
        if (processes[i]->alive()) processes[i]->Stall(base::Duration(random.Below(50'000'000)));
        break;
      case 3:
        clients.clear();
        if (random.Chance(1, 2)) hosts[i]->PowerOff();
        processes[i]->Kill();
        servers[i].reset();
        hosts[i]->PowerOn();
        start(i);
        break;
      case 4:
        processes[i]->io().files().ReplaceAsync("state", std::to_string(step), 0600,
                                                [](base::Status) {});
        break;
      default:
        clients.push_back(
            std::make_unique<Client>(processes[i]->io(), base::Endpoint{hosts[j]->ip(), 1000}));
        for (const auto& client : clients)
          client->stream->TryWrite(std::string(1 + random.Below(3000), 'x'));
        break;
    }
    world.RunFor(base::Duration(random.Below(20'000'000)));
  }
  clients.clear();
  servers.clear();
  return {world.TraceHash(), world.trace().entries()};
}

}  // namespace

TEST_CASE("world: the same seed gives the same run, another seed another") {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    const Outcome first = BusyRun(seed);
    CHECK(first.entries > 500);
    CHECK(first == BusyRun(seed));
    CHECK(first.hash != BusyRun(seed + 1000).hash);
  }
}

TEST_CASE("world: the trace can be watched line by line") {
  World world(1);
  std::vector<std::string> lines;
  world.trace().SetSink([&](const std::string& line) { lines.push_back(line); });
  Host& host = world.AddHost("10.0.0.1");
  host.StartProcess("p").Kill();
  CHECK(lines.size() == 2);
  CHECK(lines.back().find("kill") != std::string::npos);
}

TEST_CASE("world: RunFor ends exactly at its time, RunUntil as soon as the condition holds") {
  World world(1);
  const base::Instant start = world.Now();
  int ticks = 0;
  world.After(5ms, [&] { ++ticks; });
  world.After(10ms, [&] { ++ticks; });
  CHECK(world.RunUntil([&] { return ticks == 1; }, 1s));
  CHECK(world.Now() == start + 5ms);
  CHECK_FALSE(world.RunUntil([&] { return ticks == 3; }, 15ms));
  CHECK(world.Now() == start + 20ms);
  world.RunFor(1h);
  CHECK(world.Now() == start + 20ms + 1h);
}
