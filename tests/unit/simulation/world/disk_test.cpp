#include "tests/simulation/world/disk.h"

#include <set>

#include "tests/unit/simulation/world/world_fixture.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace quorate::simulation;
using namespace std::chrono_literals;

TEST_CASE("world disk: what was synced, name and content, survives a power cut") {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Disk disk{base::Random(seed)};
    const Disk::File file = *disk.Create("/state");
    CHECK(disk.Append(*file, "/state", "kept").ok());
    CHECK(disk.Sync(*file, "/state").ok());
    CHECK(disk.SyncDirectoryOf("/state").ok());
    CHECK(disk.Append(*file, "/state", "-perhaps").ok());
    disk.PowerCut();
    CHECK(disk.Peek("/state")->starts_with("kept"));
    CHECK(disk.List() == std::vector<std::string>{"/state"});
  }
}

TEST_CASE("world disk: of what was not synced, chance keeps all, a torn part, or nothing") {
  std::set<std::string> outcomes;
  bool name_lost = false;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Disk disk{base::Random(seed)};
    const Disk::File file = *disk.Create("/state");
    CHECK(disk.Append(*file, "/state", "12345678").ok());
    disk.PowerCut();
    if (!disk.Peek("/state")) name_lost = true;
    if (disk.Peek("/state")) outcomes.insert(*disk.Peek("/state"));
  }
  CHECK(name_lost);
  CHECK(outcomes.contains(""));
  CHECK(outcomes.contains("12345678"));
  CHECK(outcomes.size() > 3);
}

TEST_CASE("world disk: a rename without a sync may or may not survive, never half") {
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    Disk disk{base::Random(seed)};
    disk.Put("/state", "old");
    disk.Put("/state.tmp", "new");
    CHECK(disk.Rename("/state.tmp", "/state").ok());
    CHECK(*disk.Peek("/state") == "new");
    disk.PowerCut();
    const std::string tmp = disk.Peek("/state.tmp").value_or("-");
    outcomes.insert(*disk.Peek("/state") + tmp);
  }
  CHECK(outcomes == std::set<std::string>{"new-", "oldnew"});
}

TEST_CASE(
    "world disk: a failed sync fails once, and what it should have saved is lost though the next "
    "succeeds") {
  Disk disk{base::Random(1)};
  const Disk::File file = *disk.Create("/state");
  CHECK(disk.Append(*file, "/state", "x").ok());
  disk.FailNextSyncs(1);
  CHECK(disk.Sync(*file, "/state").error().message == "/state: Input/output error");
  CHECK(disk.Sync(*file, "/state").ok());
  CHECK(disk.SyncDirectoryOf("/state").ok());
  CHECK(*disk.Peek("/state") == "x");
  disk.PowerCut();
  CHECK(disk.Peek("/state")->empty());
}

TEST_CASE("world disk: full, failing writes and failing reads are reported with path and reason") {
  World world(2);
  Host& host = world.AddHost("10.0.0.1");
  io::Io& io = host.StartProcess("p").io();
  CHECK(io.files().Replace("state", "old", 0600).ok());
  host.disk().SetFull(true);
  CHECK(io.files()
            .Replace("state", "new", 0600)
            .error()
            .message.ends_with("No space left on device"));
  CHECK(io.files().Create("other", 0600).error().message == "/p/other: No space left on device");
  host.disk().SetFull(false);
  host.disk().FailNextWrites(1);
  CHECK(io.files().Replace("state", "new", 0600).error().message.ends_with("Input/output error"));
  host.disk().FailNextReads(1);
  CHECK(io.files().Read("state").error().message == "/p/state: Input/output error");
  CHECK(*io.files().Read("state") == "old");
  CHECK_FALSE(io.files().Exists("state.tmp"));
}

TEST_CASE("world files: replace is atomic across a power cut at any moment") {
  std::set<std::string> outcomes;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    World world(seed);
    Host& host = world.AddHost("10.0.0.1");
    io::Io& io = host.StartProcess("p").io();
    CHECK(io.files().Replace("state", "old", 0600).ok());
    bool done = false;
    io.files().ReplaceAsync("state", std::string(9000, 'n'), 0600,
                            [&](base::Status status) { done = status.ok(); });
    world.RunFor(std::chrono::microseconds(seed * 12));
    host.PowerOff();
    host.PowerOn();
    const std::string left = *host.disk().Peek("/p/state");
    const bool whole = left == "old" || left == std::string(9000, 'n');
    CHECK(whole);
    if (done) CHECK(left != "old");
    outcomes.insert(left.substr(0, 1) + (done ? "!" : "?"));
  }
  CHECK(outcomes.contains("o?"));
  CHECK(outcomes.contains("n!"));
}

TEST_CASE(
    "world files: asynchronous replacements complete in order, in virtual time; a synchronous one "
    "wins") {
  World world(3);
  Host& host = world.AddHost("10.0.0.1");
  Process& process = host.StartProcess("p");
  std::string order;
  for (const char c : {'a', 'b', 'c'}) {
    process.io().files().ReplaceAsync("state", std::string(1, c), 0600,
                                      [&order, c](base::Status s) { order += s.ok() ? c : '!'; });
  }
  CHECK(order.empty());
  world.RunFor(700us);
  process.Pause();
  world.RunFor(1s);
  CHECK(order.empty());
  process.Resume();
  CHECK(world.RunUntil([&] { return order == "abc"; }, 1s));
  CHECK(*host.disk().Peek("/p/state") == "c");
  process.io().files().ReplaceAsync("state", "slow", 0600,
                                    [&order](base::Status) { order += 's'; });
  world.RunFor(300us);
  CHECK(process.io().files().Replace("state", "final", 0600).ok());
  CHECK(world.RunUntil([&] { return order == "abcs"; }, 1s));
  world.RunFor(1s);
  CHECK(*host.disk().Peek("/p/state") == "final");
}

TEST_CASE("world files: a kill loses nothing that was written, only a power cut does") {
  World world(4);
  Host& host = world.AddHost("10.0.0.1");
  Process& process = host.StartProcess("p");
  auto file = process.io().files().Create("log", 0600);
  CHECK((*file)->Append("line").ok());
  process.Kill();
  CHECK_FALSE((*file)->Append("ghost").ok());
  CHECK(*host.StartProcess("p").io().files().Read("log") == "line");
}

TEST_CASE("world disk: a directory lists its own files only") {
  Disk disk{base::Random(1)};
  disk.Put("/a/two", "");
  disk.Put("/a/one", "");
  disk.Put("/a/below/three", "");
  disk.Put("/ab", "");
  CHECK(*disk.ListDirectory("/a") == std::vector<std::string>{"one", "two"});
  CHECK_FALSE(disk.ListDirectory("/b").ok());
}

TEST_CASE(
    "world disk: of another disk in its place nothing is left of the first, power cut or not") {
  Disk disk{base::Random(1)};
  disk.Put("/state", "old");
  CHECK(disk.Create("/unsynced").ok());
  disk.Wipe();
  CHECK(disk.List().empty());
  disk.Put("/config", "new");
  disk.PowerCut();
  CHECK(disk.List() == std::vector<std::string>{"/config"});
}
