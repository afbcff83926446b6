#include <csignal>

#include "tests/unit/shared/uv/uv_fixture.h"

#include <doctest/doctest.h>

using namespace quorate;
using uv::kTestLimit;
using uv::TemporaryFolder;

TEST_CASE("uv child: exit codes and arguments arrive as given, without a shell") {
  uv::LoopIo io;
  const TemporaryFolder folder;
  std::optional<io::ChildExit> exit;
  const auto child =
      io.Spawn({"/bin/sh", "-c", "printf %s \"$1\" > \"$2\"; exit 7", "sh", "a b*", folder / "out"},
               [&](io::ChildExit e) { exit = e; });
  CHECK(child.ok());
  CHECK((*child)->pid() > 0);
  CHECK(io.RunUntil([&] { return exit.has_value(); }, kTestLimit));
  CHECK(exit->exit_code == 7);
  CHECK(exit->signal == 0);
  CHECK(*io.files().Read(folder / "out") == "a b*");
  (*child)->Kill(SIGKILL);  // harmless after the exit
}

TEST_CASE("uv child: a signal ends the whole process group and is reported") {
  uv::LoopIo io;
  std::optional<io::ChildExit> exit;
  const auto child = io.Spawn({"/bin/sh", "-c", "sleep 1000"}, [&](io::ChildExit e) { exit = e; });
  (*child)->Kill(SIGKILL);
  CHECK(io.RunUntil([&] { return exit.has_value(); }, kTestLimit));
  CHECK(exit->signal == SIGKILL);
}

TEST_CASE("uv child: a program that is not there fails at once") {
  uv::LoopIo io;
  bool exited = false;
  const auto child = io.Spawn({"/no/such/program"}, [&](io::ChildExit) { exited = true; });
  CHECK_FALSE(child.ok());
  CHECK(child.error().message == "/no/such/program: no such file or directory");
  CHECK_FALSE(io.Spawn({}, [](io::ChildExit) {}).ok());
  CHECK_FALSE(exited);
}

TEST_CASE("uv child: no descriptor above the standard three is inherited") {
  uv::LoopIo io;
  const TemporaryFolder folder;
  uv::Pair pair(io);
  std::optional<io::ChildExit> exit;
  const auto child = io.Spawn({"/bin/sh", "-c", "exec ls /proc/self/fd > \"$0\"", folder / "fds"},
                              [&](io::ChildExit e) { exit = e; });
  CHECK(io.RunUntil([&] { return exit.has_value(); }, kTestLimit));
  // The fourth is the folder that ls reads.
  CHECK(*io.files().Read(folder / "fds") == "0\n1\n2\n3\n");
}

TEST_CASE("uv child: destroying the object neither ends the child nor reports its exit") {
  uv::LoopIo io;
  const TemporaryFolder folder;
  bool exited = false;
  auto child = io.Spawn({"/bin/sh", "-c", "echo done > \"$0\"", folder / "out"},
                        [&](io::ChildExit) { exited = true; });
  std::move(child).value().reset();
  CHECK(io.RunUntil([&] { return io.files().Exists(folder / "out"); }, kTestLimit));
  CHECK_FALSE(exited);
}
