#include "scripts/ops/free_ports.h"

#include <set>

#include "tests/simulation/world/world.h"

#include <doctest/doctest.h>

namespace quorate::ops {
namespace {

TEST_CASE("free ports: servers get none that an outgoing connection may take") {
  CHECK(PortsForServers("32768\t60999\n") == PortRange{10000, 32767});
  CHECK(PortsForServers("11000 65535") == PortRange{10000, 10999});
  CHECK(PortsForServers("10999 60999") == PortRange{61000, 65535});
  CHECK(PortsForServers("1024 64535") == PortRange{64536, 65535});
}

TEST_CASE("free ports: where outgoing connections leave no room, anything goes") {
  CHECK(PortsForServers("1024 65535") == PortRange{10000, 65535});
  CHECK(PortsForServers("1024 64536") == PortRange{10000, 65535});
}

TEST_CASE("free ports: an unreadable range is taken for Linux' default") {
  for (const char* text : {"", "x y", "32768", "60999 32768", "0 5", "32768 70000"}) {
    INFO(text);
    CHECK(PortsForServers(text) == PortRange{10000, 32767});
  }
}

TEST_CASE("free ports: all differ and can be listened on afterwards") {
  simulation::World world(1);
  io::Io& io = world.AddHost("10.0.0.1").StartProcess("chooser").io();
  const auto ports = FreePorts(io, "10.0.0.1", 200);
  REQUIRE(ports.ok());
  CHECK(std::set<uint16_t>(ports->begin(), ports->end()).size() == 200);
  io::ListenOptions options;
  options.endpoint = {"10.0.0.1", ports->front()};
  CHECK(io.Listen(options, [](std::unique_ptr<io::Stream>) {}).ok());
}

TEST_CASE("free ports: a host that cannot be listened on is an error that says why") {
  simulation::World world(1);
  io::Io& io = world.AddHost("10.0.0.1").StartProcess("chooser").io();
  const auto ports = FreePorts(io, "10.9.9.9", 1);
  REQUIRE_FALSE(ports.ok());
  CHECK(ports.error().message.find("Cannot assign requested address") != std::string::npos);
}

}  // namespace
}  // namespace quorate::ops
