#include "scripts/ops/preparation.h"

#include <filesystem>
#include <fstream>

#include "scripts/ops/scratch_folder.h"
#include "tests/unit/scripts/ops/config_peer.h"

#include <doctest/doctest.h>

namespace quorate::ops {
namespace {

namespace fs = std::filesystem;
using Changes = std::vector<std::string>;

const std::map<std::string, std::string> kOurs = {
    {"save", ""}, {"repl-backlog-size", "1048576"}, {"repl-backlog-disk-size", "0"}};
const std::map<std::string, std::string> kRedis = {{"save", ""}, {"repl-backlog-size", "1048576"}};

// Two servers, a and b, that run by hand.
struct Scene {
  explicit Scene(const std::map<std::string, std::string>& directives)
      : a(foreground.io(), directives), b(foreground.io(), directives) {
    auto made = ScratchFolder::Create("test");
    REQUIRE(made.ok());
    folder = std::move(*made);
    Topology topology;
    topology.servers = {{"a", a.endpoint().port, ""}, {"b", b.endpoint().port, "a"}};
    topology.sentinels = {{"s", 1}};
    auto created = Deployment::Create(folder->path(), topology, {"server", "sentinel"});
    REQUIRE(created.ok());
    deployment.emplace(std::move(*created));
  }
  std::string snapshot_file() const { return deployment->directory() + "/a/dump.rdb"; }

  Foreground foreground;
  ConfigPeer a;
  ConfigPeer b;
  std::unique_ptr<ScratchFolder> folder;
  std::optional<Deployment> deployment;
};

}  // namespace

TEST_CASE("preparation: for a cut, the primary alone keeps little in memory and the rest on disk") {
  Scene scene(kOurs);
  Preparation preparation(scene.foreground, *scene.deployment);
  REQUIRE(preparation.Make(Scenario::kCutReplica, "a").ok());
  CHECK(scene.a.changes() ==
        Changes{"SET repl-backlog-disk-size 268435456", "SET repl-backlog-size 65536"});
  CHECK(preparation.Undo().ok());
  CHECK(scene.a["repl-backlog-size"] == "1048576");
  CHECK(scene.a["repl-backlog-disk-size"] == "0");
  CHECK(scene.b.changes().empty());
}

TEST_CASE("preparation: a server without an on-disk backlog does without") {
  Scene scene(kRedis);
  Preparation preparation(scene.foreground, *scene.deployment);
  REQUIRE(preparation.Make(Scenario::kCutReplica, "a").ok());
  CHECK(scene.a.changes() == Changes{"SET repl-backlog-size 65536"});
  CHECK(preparation.Undo().ok());
}

TEST_CASE("preparation: for a restart, every server saves, and the file that comes of it goes") {
  Scene scene(kOurs);
  Preparation preparation(scene.foreground, *scene.deployment);
  REQUIRE(preparation.Make(Scenario::kRestartPrimary, "a").ok());
  const Changes made = {"SET repl-backlog-disk-size 268435456", "SET save 3600 1", "REWRITE"};
  CHECK(scene.a.changes() == made);
  CHECK(scene.b.changes() == made);
  std::ofstream(scene.snapshot_file()) << "data";
  CHECK(preparation.Undo().ok());
  CHECK(scene.b["save"].empty());
  CHECK_FALSE(fs::exists(scene.snapshot_file()));
}

TEST_CASE("preparation: a server that had its on-disk backlog on keeps the file that came of it") {
  auto directives = kOurs;
  directives["repl-backlog-disk-size"] = "1000000";
  Scene scene(directives);
  Preparation preparation(scene.foreground, *scene.deployment);
  REQUIRE(preparation.Make(Scenario::kRestartPrimary, "a").ok());
  std::ofstream(scene.snapshot_file()) << "data";
  CHECK(preparation.Undo().ok());
  CHECK(fs::exists(scene.snapshot_file()));
}

TEST_CASE("preparation: a snapshot file of before stays") {
  Scene scene(kOurs);
  std::ofstream(scene.snapshot_file()) << "data";
  Preparation preparation(scene.foreground, *scene.deployment);
  REQUIRE(preparation.Make(Scenario::kRestartPrimary, "a").ok());
  CHECK(preparation.Undo().ok());
  CHECK(fs::exists(scene.snapshot_file()));
}

TEST_CASE("preparation: other scenarios take the deployment as it is") {
  Scene scene(kOurs);
  Preparation preparation(scene.foreground, *scene.deployment);
  REQUIRE(preparation.Make(Scenario::kKillPrimary, "a").ok());
  CHECK(scene.a.changes().empty());
}

}  // namespace quorate::ops
