#include "scripts/ops/deployment.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include <doctest/doctest.h>

namespace quorate::ops {
namespace {

namespace fs = std::filesystem;

// A folder of its own for one test case.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "quorate-test-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() { fs::remove_all(path_); }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

Topology Small() {
  Topology topology;
  topology.servers = {{"a", 7001, ""}, {"b", 7002, "a"}};
  topology.sentinels = {{"s", 7003}};
  return topology;
}

const Programs kPrograms{"some-server", "some-sentinel"};

}  // namespace

TEST_CASE(
    "deployment: what was created is opened as the same, and changed configurations survive") {
  const Folder folder;
  const std::string run = folder / "run";
  CHECK_FALSE(Deployment::Exists(run));
  REQUIRE(Deployment::Create(run, Small(), kPrograms).ok());
  CHECK(Deployment::Exists(run));
  std::ofstream(run + "/a/conf") << "rewritten by its process\n";
  REQUIRE(Deployment::Create(run, Small(), kPrograms).ok());
  std::string line;
  std::ifstream kept(run + "/a/conf");
  std::getline(kept, line);
  CHECK(line == "rewritten by its process");
  const auto opened = Deployment::Open(run);
  REQUIRE(opened.ok());
  CHECK(opened->topology() == Small());
  CHECK(opened->programs() == kPrograms);
  CHECK(opened->Names() == std::vector<std::string>{"a", "b", "s"});
}

TEST_CASE("deployment: a folder without one, or with a spoilt one, is an error") {
  const Folder folder;
  CHECK_FALSE(Deployment::Open(folder / "nothing").ok());
  REQUIRE(Deployment::Create(folder / "run", Small(), kPrograms).ok());
  std::ofstream(folder / "run/programs.json") << "{\"schema\": 99}";
  CHECK_FALSE(Deployment::Open(folder / "run").ok());
  std::ofstream(folder / "run/programs.json") << "rubbish";
  CHECK_FALSE(Deployment::Open(folder / "run").ok());
}

TEST_CASE("deployment: a server's data go, its configuration stays") {
  const Folder folder;
  auto deployment = Deployment::Create(folder / "run", Small(), kPrograms);
  REQUIRE(deployment.ok());
  const std::string name = deployment->Names().front();
  const std::string home = deployment->directory() + "/" + name;
  std::ofstream(home + "/dump.rdb") << "data";
  fs::create_directory(home + "/rollback");
  CHECK(deployment->RemoveData(name).ok());
  CHECK_FALSE(fs::exists(home + "/dump.rdb"));
  CHECK_FALSE(fs::exists(home + "/rollback"));
  CHECK(fs::exists(home + "/conf"));
  CHECK_FALSE(deployment->RemoveData("nobody").ok());
}

TEST_CASE(
    "deployment: a process runs from Start to Stop, once, and a pid file of a stranger is not "
    "believed") {
  const Folder folder;
  auto deployment = Deployment::Create(folder / "run", Small(), {"tail", "no-such-program"});
  REQUIRE(deployment.ok());
  CHECK_FALSE(deployment->Running("a").has_value());
  // tail, given a configuration file, prints it and ends: enough to have been started.
  CHECK(deployment->Start("a").ok());
  CHECK_FALSE(deployment->Start("s").ok());
  std::ofstream(folder / "run/b/pid") << getpid() << " 1 boot\n";
  CHECK_FALSE(deployment->Running("b").has_value());
  CHECK_FALSE(deployment->Signal("b", SIGTERM).ok());
  CHECK(deployment->StopAll().ok());
}

TEST_CASE("deployment: removal leaves what is not its own") {
  const Folder folder;
  auto deployment = Deployment::Create(folder / "run", Small(), kPrograms);
  REQUIRE(deployment.ok());
  std::ofstream(folder / "run/mine") << "keep";
  CHECK_FALSE(deployment->Remove().ok());
  CHECK(fs::exists(folder / "run/mine"));
  CHECK_FALSE(fs::exists(folder / "run/a"));
  fs::remove(folder / "run/mine");
  CHECK(deployment->Remove().ok());
  CHECK_FALSE(fs::exists(folder / "run"));
}

}  // namespace quorate::ops
