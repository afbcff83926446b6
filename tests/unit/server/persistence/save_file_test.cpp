#include "server/persistence/save_file.h"

#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/world/world.h"

#include <doctest/doctest.h>

using namespace quorate;
using server::persistence::SaveFile;

namespace {

// A folder with an old file in it, and a new one on its way.
struct Subject {
  explicit Subject(uint64_t seed) : world(seed) {
    host.disk().Put("/server/dump.rdb", "old");
    file = *SaveFile::Create(process.io().files(), "dump.rdb", "id-1");
    CHECK(file->Append("new ").ok());
    CHECK(file->Append("content").ok());
  }
  std::string Content() { return *host.disk().Peek("/server/dump.rdb"); }
  // Nothing but the file itself.
  bool Tidy() { return host.disk().List() == std::vector<std::string>{"/server/dump.rdb"}; }

  simulation::World world;
  simulation::Host& host = world.AddHost("10.0.0.1");
  simulation::Process& process = host.StartProcess("server");
  std::shared_ptr<SaveFile> file;
};

}  // namespace

TEST_CASE("save file: takes its place when it is published, and survives a power cut then") {
  Subject s(1);
  CHECK(s.file->Sync().ok());
  CHECK(s.Content() == "old");
  CHECK(s.host.disk().Exists("/server/temp-id-1.rdb"));
  CHECK(s.file->Publish().ok());
  s.file.reset();
  CHECK(s.Tidy());
  s.host.PowerOff();
  CHECK(s.Content() == "new content");
}

TEST_CASE("save file: a power cut before it is published leaves the old one") {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Subject s(seed);
    CHECK(s.file->Sync().ok());
    s.host.PowerOff();
    CHECK_FALSE(s.file->Publish().ok());
    s.file.reset();
    CHECK(s.Content() == "old");
  }
}

TEST_CASE("save file: what was not published is removed, whatever stopped it") {
  SUBCASE("a failed sync") {
    Subject s(2);
    s.host.disk().FailNextSyncs(1);
    CHECK(s.file->Sync().error().message == "/server/temp-id-1.rdb: Input/output error");
    s.file.reset();
    CHECK(s.Content() == "old");
    CHECK(s.Tidy());
  }
  SUBCASE("a failed write, of which every later step knows") {
    Subject s(3);
    s.host.disk().FailNextWrites(1);
    CHECK_FALSE(s.file->Append("more").ok());
    CHECK_FALSE(s.file->Append("more").ok());
    CHECK_FALSE(s.file->Sync().ok());
    s.file.reset();
    CHECK(s.Tidy());
  }
  SUBCASE("a failed rename") {
    Subject s(4);
    CHECK(s.host.disk().Remove("/server/dump.rdb").ok());
    CHECK(s.host.disk().MakeDirectory("/server/dump.rdb").ok());
    CHECK(s.file->Sync().ok());
    CHECK(s.file->Publish().error().message == "/server/dump.rdb: Is a directory");
    s.file.reset();
    CHECK(s.host.disk().List().empty());
  }
  SUBCASE("nobody went on") {
    Subject s(5);
    s.file.reset();
    CHECK(s.Tidy());
  }
}

TEST_CASE("save file: a rename that may not last is a failure, and either file is whole") {
  bool lost = false;
  bool lasted = false;
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Subject s(seed);
    CHECK(s.file->Sync().ok());
    s.host.disk().FailNextSyncs(1);
    CHECK(s.file->Publish().error().message == "/server: Input/output error");
    s.file.reset();
    CHECK(s.Tidy());
    s.host.PowerOff();
    lost |= s.Content() == "old";
    lasted |= s.Content() == "new content";
    CHECK((s.Content() == "old" || s.Content() == "new content"));
  }
  CHECK(lost);
  CHECK(lasted);
}

TEST_CASE("save file: one that is given up is never published") {
  Subject s(6);
  CHECK(s.file->Sync().ok());
  s.file->Abandon();
  CHECK_FALSE(s.file->Publish().ok());
  s.file.reset();
  CHECK(s.Content() == "old");
  CHECK(s.Tidy());
}

TEST_CASE("save file: an attempt of the same name is refused and leaves the other alone") {
  Subject s(7);
  const auto again = SaveFile::Create(s.process.io().files(), "dump.rdb", "id-1");
  REQUIRE_FALSE(again.ok());
  CHECK(again.error().message == "/server/temp-id-1.rdb: File exists");
  CHECK(s.file->Sync().ok());
  CHECK(s.file->Publish().ok());
  CHECK(s.Content() == "new content");
}
