#include "server/persistence/loader.h"

#include "tests/unit/server/persistence/saver_fixture.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace std::chrono_literals;
using server::persistence::Loader;
using testing::SavingHost;

namespace {

// A host whose server has saved `keys` keys and has none in memory now.
struct Saved : SavingHost {
  explicit Saved(uint64_t seed, int keys) : SavingHost(seed) {
    server->Fill(keys);
    CHECK(server->Run("SAVE") == "+OK\r\n");
    server->command.settings.save.points.clear();
    server->Run("FLUSHALL");
    content = *disk().Peek("/server/dump.rdb");
  }
  std::string Keys() { return server->Run("DBSIZE"); }
  std::string content;
};

}  // namespace

TEST_CASE("loader: reads in slices, and nothing is seen of it until it has understood the whole") {
  Saved h(1, 20000);
  h.server->command.settings.rdb_compression = false;
  std::optional<base::Result<Loader::Loaded>> outcome;
  Loader loader(h.process->io(), h.server->dataset, std::nullopt,
                [&](auto loaded) { outcome.emplace(std::move(loaded)); });
  REQUIRE(loader.Start("dump.rdb").ok());
  CHECK(loader.total_bytes() == h.content.size());
  CHECK_FALSE(outcome.has_value());
  int slices = 0;
  uint64_t seen = 0;
  while (!outcome.has_value()) {
    CHECK(h.server->command.databases[0].size() == 0);
    h.world.RunFor(1us);
    if (loader.loaded_bytes() != seen) ++slices;
    CHECK(loader.loaded_bytes() - seen <= Loader::kSliceBytes);
    seen = loader.loaded_bytes();
  }
  CHECK(slices == (h.content.size() + Loader::kSliceBytes - 1) / Loader::kSliceBytes);
  CHECK(slices > 1);
  REQUIRE(outcome->ok());
  CHECK((*outcome)->keys == 20000);
  CHECK(h.Keys() == ":20000\r\n");
}

TEST_CASE("loader: rests for each key that it has read, if it is told to") {
  Saved h(4, 1000);
  std::optional<base::Result<Loader::Loaded>> outcome;
  Loader loader(h.process->io(), h.server->dataset, std::nullopt,
                [&](auto loaded) { outcome.emplace(std::move(loaded)); });
  loader.set_rest_per_record(1ms);
  REQUIRE(loader.Start("dump.rdb").ok());
  h.world.RunFor(990ms);
  CHECK_FALSE(outcome.has_value());
  h.world.RunFor(20ms);
  REQUIRE(outcome.has_value());
  CHECK((*outcome)->keys == 1000);
}

TEST_CASE("loader: a file that is not whole changes nothing and is named") {
  Saved h(2, 300);
  h.server->Run("SET mine 1");
  const auto refusal = [&](const std::string& content) {
    h.disk().Put("/server/dump.rdb", content);
    const auto loaded = h.Load();
    CHECK_FALSE(loaded.ok());
    CHECK(h.Keys() == ":1\r\n");
    CHECK(*h.disk().Peek("/server/dump.rdb") == content);
    return loaded.ok() ? std::string() : loaded.error().message;
  };
  const size_t half = h.content.size() / 2;
  CHECK(refusal(h.content.substr(0, half)).starts_with("dump.rdb: the snapshot is truncated at "));
  CHECK(refusal("") == "dump.rdb: the snapshot is truncated at byte 0");
  CHECK(refusal(h.content + "more").starts_with("dump.rdb: bytes after the end at byte "));
  CHECK(refusal("#!/bin/sh").starts_with("dump.rdb: not an RDB file at byte "));
  std::string damaged = h.content;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  CHECK(refusal(damaged).starts_with("dump.rdb: CRC error: wrong checksum at byte "));
}

TEST_CASE("loader: a file that cannot be read is an error of Start") {
  Saved h(3, 1);
  h.disk().FailNextReads(1);
  CHECK(h.Load().error().message == "/server/dump.rdb: Input/output error");
  CHECK(h.Load().ok());
}

TEST_CASE("loader: leaves out what is expired if told to, and says what") {
  SavingHost h(4);
  h.server->Run("SET short a PX 1000");
  h.server->Run("SET long b PX 1000000");
  h.server->Run("SET ever c");
  h.server->Run("SELECT 3");
  h.server->Run("SET other d PX 1000");
  CHECK(h.server->Run("SAVE") == "+OK\r\n");
  h.world.RunFor(2s);
  CHECK(h.Load()->keys == 4);
  const auto loaded = h.Load(h.process->io().WallNow());
  REQUIRE(loaded.ok());
  CHECK(loaded->keys == 2);
  CHECK(loaded->expired == std::vector<std::pair<int, std::string>>{{0, "short"}, {3, "other"}});
  CHECK(h.server->Run("DBSIZE") == ":0\r\n");
}

TEST_CASE("loader: destroyed on its way it says nothing and changes nothing") {
  Saved h(5, 20000);
  {
    Loader loader(h.process->io(), h.server->dataset, std::nullopt,
                  [](const auto&) { FAIL("it called back"); });
    REQUIRE(loader.Start("dump.rdb").ok());
    CHECK(h.world.RunUntil([&] { return loader.loaded_bytes() > 0; }, 10s));
  }
  h.world.RunFor(10s);
  CHECK(h.Keys() == ":0\r\n");
}
