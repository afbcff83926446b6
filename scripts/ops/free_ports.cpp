#include "scripts/ops/free_ports.h"

#include <fstream>
#include <memory>
#include <sstream>

#include "shared/base/random.h"

namespace quorate::ops {
namespace {

constexpr uint16_t kLowest = 10000;  // below are the ports that people know by heart
constexpr int kRoom = 1000;  // a range with fewer ports than this is too narrow to draw from
constexpr int kMostAttempts = 1000;
constexpr const char* kOutgoingPorts = "/proc/sys/net/ipv4/ip_local_port_range";

}  // namespace

PortRange PortsForServers(std::string_view outgoing) {
  int low = 0;
  int high = 0;
  std::istringstream text{std::string(outgoing)};
  if (!(text >> low >> high) || low < 1 || low > high || high > UINT16_MAX) {
    low = 32768;
    high = 60999;
  }
  if (low - kLowest >= kRoom) return {kLowest, static_cast<uint16_t>(low - 1)};
  if (high >= kLowest && UINT16_MAX - high >= kRoom)
    return {static_cast<uint16_t>(high + 1), UINT16_MAX};
  return {kLowest, UINT16_MAX};
}

base::Result<std::vector<uint16_t>> FreePorts(io::Io& io, const std::string& host, size_t count) {
  std::ostringstream outgoing;
  outgoing << std::ifstream(kOutgoingPorts).rdbuf();
  const PortRange range = PortsForServers(outgoing.str());
  base::Random random(io.RandomSeed());
  std::vector<uint16_t> ports;
  std::vector<std::unique_ptr<io::Listener>> held;  // until all are chosen, so that all differ
  std::string refusal;
  for (int attempt = 0; ports.size() < count && attempt < kMostAttempts; ++attempt) {
    const auto port = static_cast<uint16_t>(random.Between(range.first, range.last));
    io::ListenOptions options;
    options.endpoint = {host, port};
    auto listener = io.Listen(options, [](std::unique_ptr<io::Stream>) {});
    if (!listener) {
      refusal = listener.error().message;
      continue;
    }
    held.push_back(std::move(*listener));
    ports.push_back(port);
  }
  if (ports.size() < count) return base::Error{"no free ports: " + refusal};
  return ports;
}

}  // namespace quorate::ops
