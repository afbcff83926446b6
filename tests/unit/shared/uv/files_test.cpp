#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <future>
#include <memory>
#include <optional>

#include "tests/unit/shared/uv/uv_fixture.h"

#include <doctest/doctest.h>

using namespace quorate;
using uv::kTestLimit;
using uv::TemporaryFolder;

TEST_CASE("uv files: replace writes the whole file with its mode and leaves no temporary") {
  uv::LoopIo io;
  const TemporaryFolder folder;
  const std::string path = folder / "state";
  CHECK_FALSE(io.files().Exists(path));
  CHECK(io.files().Replace(path, "one", 0600).ok());
  CHECK(io.files().Replace(path, std::string(100'000, 'z'), 0600).ok());
  CHECK(*io.files().Read(path) == std::string(100'000, 'z'));
  struct stat status {};
  CHECK(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  CHECK_FALSE(io.files().Exists(path + ".tmp"));
}

TEST_CASE("uv files: errors name the path and the reason, and the old file stays") {
  uv::LoopIo io;
  const TemporaryFolder folder;
  const auto missing = io.files().Read(folder / "missing");
  CHECK(missing.error().message == folder / "missing: No such file or directory");
  const auto nowhere = io.files().Replace(folder / "no/such/file", "x", 0600);
  CHECK(nowhere.error().message.find("No such file or directory") != std::string::npos);
  // The target is a directory: the rename fails after the temporary was written.
  CHECK(io.files().MakeDirectory(folder / "dir").ok());
  CHECK(io.files().MakeDirectory(folder / "dir").ok());
  CHECK_FALSE(io.files().Replace(folder / "dir", "x", 0600).ok());
  CHECK_FALSE(io.files().Exists(folder / "dir.tmp"));
  CHECK_FALSE(io.files().Remove(folder / "missing").ok());
  CHECK_FALSE(io.files().MakeDirectory(folder / "a/b").ok());
  CHECK_FALSE(io.files().Create(folder / "a/b", 0600).ok());
  CHECK_FALSE(io.files().Read(folder / "dir").ok());
}

TEST_CASE("uv files: asynchronous replacements complete in order, never inside the call") {
  uv::LoopIo io;
  const TemporaryFolder folder;
  std::string order;
  for (const char c : {'a', 'b', 'c'}) {
    io.files().ReplaceAsync(folder / "state", std::string(1, c), 0600,
                            [&order, c](base::Status done) { order += done.ok() ? c : '!'; });
  }
  io.files().ReplaceAsync(folder / "no/dir", "x", 0600, [&order](base::Status done) {
    if (!done.ok()) order += 'E';
  });
  CHECK(order.empty());
  CHECK(io.RunUntil([&] { return order.size() == 4; }, kTestLimit));
  std::erase(order, 'E');
  CHECK(order == "abc");
  CHECK(*io.files().Read(folder / "state") == "c");
}

TEST_CASE("uv files: a synchronous replacement is not undone by an older asynchronous one") {
  uv::LoopIo io;
  const TemporaryFolder folder;
  bool done = false;
  for (int i = 0; i < 20; ++i) {
    io.files().ReplaceAsync(folder / "state", "old", 0600, [](base::Status) {});
  }
  io.files().ReplaceAsync(folder / "state", "old", 0600, [&](base::Status) { done = true; });
  CHECK(io.files().Replace(folder / "state", "newest", 0600).ok());
  CHECK(io.RunUntil([&] { return done; }, kTestLimit));
  CHECK(*io.files().Read(folder / "state") == "newest");
}

TEST_CASE("uv files: a file is written front to back, renamed and removed") {
  uv::LoopIo io;
  const TemporaryFolder folder;
  {
    auto file = io.files().Create(folder / "part", 0600);
    CHECK((*file)->Append("one ").ok());
    CHECK((*file)->Append("two").ok());
    CHECK((*file)->Sync().ok());
  }
  CHECK(io.files().Rename(folder / "part", folder / "whole").ok());
  CHECK(*io.files().Read(folder / "whole") == "one two");
  CHECK_FALSE(io.files().Exists(folder / "part"));
  CHECK(io.files().Remove(folder / "whole").ok());
  CHECK_FALSE(io.files().Exists(folder / "whole"));
}

TEST_CASE("uv files: a new file does not touch the one that has its name") {
  uv::LoopIo io;
  const TemporaryFolder folder;
  const auto mine = io.files().Create(folder / "part", 0600);
  CHECK((*mine)->Append("mine").ok());
  const auto theirs = io.files().Create(folder / "part", 0600);
  REQUIRE_FALSE(theirs.ok());
  CHECK(theirs.error().message == folder / "part: File exists");
  CHECK(*io.files().Read(folder / "part") == "mine");
}

TEST_CASE("uv files: an absolute path stays where it leads when the process goes elsewhere") {
  uv::LoopIo io;
  const TemporaryFolder folder;
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder / "");
  const auto path = io.files().Absolute("file");
  std::filesystem::current_path(before);
  REQUIRE(path.ok());
  CHECK(std::filesystem::path(*path).is_absolute());
  CHECK(io.files().Replace(*path, "x", 0600).ok());
  CHECK(*io.files().Read(folder / "file") == "x");
  CHECK(*io.files().Absolute("/as/it/is") == "/as/it/is");
}

TEST_CASE("uv files: a directory's names are listed in order") {
  uv::LoopIo io;
  const TemporaryFolder folder;
  CHECK(io.files().List(folder / "")->empty());
  CHECK(io.files().Replace(folder / "b", "", 0600).ok());
  CHECK(io.files().Replace(folder / "a", "", 0600).ok());
  CHECK(*io.files().List(folder / "") == std::vector<std::string>{"a", "b"});
  CHECK(io.files().List(folder / "none").error().message ==
        folder / "none: No such file or directory");
}

TEST_CASE("uv files: errors of a written file are sticky") {
  uv::LoopIo io;
  const TemporaryFolder folder;
  // Nobody, root included, writes past the limit on the size of files.
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &old_limit) == 0);
  auto file = io.files().Create(folder / "part", 0600);
  REQUIRE(file.ok());
  const rlimit nothing{0, old_limit.rlim_max};
  REQUIRE(setrlimit(RLIMIT_FSIZE, &nothing) == 0);
  const base::Status appended = (*file)->Append("x");
  REQUIRE(setrlimit(RLIMIT_FSIZE, &old_limit) == 0);
  std::signal(SIGXFSZ, old_handler);
  REQUIRE_FALSE(appended.ok());
  CHECK(appended.error().message == folder / "part: File too large");
  CHECK_FALSE((*file)->Sync().ok());
  CHECK_FALSE((*file)->Append("").ok());
}

TEST_CASE("uv files: work in flight may use them while the loop is being destroyed") {
  const TemporaryFolder folder;
  std::promise<void> destruction_began;
  std::optional<base::Status> removed;
  {
    uv::LoopIo io;
    io::Files& files = io.files();
    CHECK(files.Replace(folder / "part", "x", 0600).ok());
    // The hook goes first, and what it holds with it.
    io.SetEndOfTurn(
        [held = std::shared_ptr<void>(nullptr, [&](void*) { destruction_began.set_value(); })] {});
    io.Offload(
        [&] {
          destruction_began.get_future().wait();
          removed = files.Remove(folder / "part");
        },
        [] {});
  }
  REQUIRE(removed.has_value());
  CHECK(removed->ok());
}
