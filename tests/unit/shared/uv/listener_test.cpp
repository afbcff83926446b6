#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "tests/unit/shared/uv/uv_fixture.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace std::chrono_literals;
using uv::kTestLimit;
using uv::RecordingObserver;
using uv::TemporaryFolder;

namespace {
void Ignore(std::unique_ptr<io::Stream>) {}
}  // namespace

TEST_CASE(
    "uv listen: a busy port, a name and an address that is not ours are refused with the reason") {
  uv::LoopIo io;
  auto first = io.Listen({.endpoint = {"127.0.0.1", 0}}, Ignore);
  CHECK(first.ok());
  CHECK((*first)->endpoint().port != 0);
  const auto second = io.Listen({.endpoint = (*first)->endpoint()}, Ignore);
  CHECK_FALSE(second.ok());
  CHECK(second.error().message.find("Address already in use") != std::string::npos);
  CHECK_FALSE(io.Listen({.endpoint = {"localhost", 0}}, Ignore).ok());
  CHECK_FALSE(io.Listen({.endpoint = {"192.0.2.1", 0}}, Ignore).ok());
}

TEST_CASE("uv listen: a port can be listened on again at once after its listener is gone") {
  uv::LoopIo io;
  uv::Pair pair(io);
  const base::Endpoint endpoint = pair.listener->endpoint();
  pair.listener.reset();
  CHECK(io.Listen({.endpoint = endpoint}, Ignore).ok());
}

TEST_CASE("uv listen: the same port number serves IPv4 and IPv6 side by side") {
  uv::LoopIo io;
  auto v6 = io.Listen({.endpoint = {"::", 0}}, Ignore);
  if (!v6.ok()) return;  // a machine without IPv6
  CHECK(io.Listen({.endpoint = {"0.0.0.0", (*v6)->endpoint().port}}, Ignore).ok());
}

TEST_CASE("uv listen: every connection of a burst is accepted") {
  uv::LoopIo io;
  size_t accepted = 0;
  auto listener =
      io.Listen({.endpoint = {"127.0.0.1", 0}}, [&](std::unique_ptr<io::Stream>) { ++accepted; });
  RecordingObserver seen;
  std::vector<std::unique_ptr<io::Stream>> clients;
  for (int i = 0; i < 300; ++i)
    clients.push_back(io.Connect({.endpoint = (*listener)->endpoint()}, seen));
  CHECK(io.RunUntil([&] { return accepted == 300; }, kTestLimit));
}

TEST_CASE("uv listen: a listener may be destroyed inside its own callback") {
  uv::LoopIo io;
  std::unique_ptr<io::Listener> listener;
  bool called = false;
  listener = std::move(io.Listen({.endpoint = {"127.0.0.1", 0}}, [&](std::unique_ptr<io::Stream>) {
               called = true;
               listener.reset();
             })).value();
  RecordingObserver seen;
  const auto client = io.Connect({.endpoint = listener->endpoint()}, seen);
  CHECK(io.RunUntil([&] { return called && seen.closed(); }, kTestLimit));
}

TEST_CASE("uv listen: out of descriptors, clients are turned away and the next ones served again") {
  uv::LoopIo io;
  size_t accepted = 0;
  auto listener =
      io.Listen({.endpoint = {"127.0.0.1", 0}}, [&](std::unique_ptr<io::Stream>) { ++accepted; });
  // Before: one client is served and loses its connection. (UBSan needs a descriptor when it first
  // meets a type, so what comes later has to be met here.)
  RecordingObserver early, turned_away, served;
  const auto before_all = io.Connect({.endpoint = (*listener)->endpoint()}, early);
  CHECK(io.RunUntil([&] { return early.closed(); }, kTestLimit));
  accepted = 0;
  const auto first = io.Connect({.endpoint = (*listener)->endpoint()}, turned_away);
  std::vector<int> hoard;
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit tight{std::min<rlim_t>(before.rlim_cur, 256), before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &tight);
  for (int fd = open("/dev/null", O_RDONLY); fd >= 0; fd = open("/dev/null", O_RDONLY))
    hoard.push_back(fd);
  CHECK(io.RunUntil([&] { return turned_away.closed(); }, kTestLimit));
  CHECK(accepted == 0);
  for (const int fd : hoard) close(fd);
  setrlimit(RLIMIT_NOFILE, &before);
  const auto second = io.Connect({.endpoint = (*listener)->endpoint()}, served);
  CHECK(io.RunUntil([&] { return accepted == 1; }, kTestLimit));
}

TEST_CASE("uv unix socket: mode, connections, removal at the end") {
  uv::LoopIo io;
  const TemporaryFolder folder;
  const std::string path = folder / "server.sock";
  RecordingObserver seen, server_seen;
  std::unique_ptr<io::Stream> server;
  {
    auto listener =
        io.Listen({.unix_path = path, .unix_mode = 0640}, [&](std::unique_ptr<io::Stream> s) {
          server = std::move(s);
          server->SetObserver(server_seen);
        });
    CHECK(listener.ok());
    struct stat status {};
    CHECK(stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0640);
    const auto client = io.Connect({.endpoint = {path, 0}}, seen);
    CHECK(io.RunUntil([&] { return server != nullptr && seen.connected; }, kTestLimit));
    CHECK(server->is_unix());
    CHECK(server->peer() == base::Endpoint{path, 0});
    client->TryWrite("hello");
    CHECK(io.RunUntil([&] { return server_seen.received == "hello"; }, kTestLimit));
    CHECK_FALSE(io.Listen({.unix_path = path}, Ignore).ok());
  }
  CHECK_FALSE(io.files().Exists(path));
}

TEST_CASE("uv unix socket: a stale file is taken over, another kind of file is not") {
  uv::LoopIo io;
  const TemporaryFolder folder;
  const std::string stale = folder / "stale.sock", plain = folder / "plain";
  auto listener = io.Listen({.unix_path = stale}, Ignore);
  // A hard link is what a killed process leaves: a socket file without a listener.
  CHECK(link(stale.c_str(), (folder / "left").c_str()) == 0);
  std::move(listener).value().reset();
  CHECK(io.Listen({.unix_path = folder / "left"}, Ignore).ok());
  std::ofstream(plain) << "precious";
  CHECK_FALSE(io.Listen({.unix_path = plain}, Ignore).ok());
  CHECK(*io.files().Read(plain) == "precious");
  CHECK_FALSE(io.Listen({.unix_path = folder / std::string(200, 'x')}, Ignore).ok());
}
