// Ports for processes that are about to be started. They are taken from where the system's outgoing
// connections take none: a port of that range that is free now may be somebody's own end of a
// connection a moment later, and stays unusable for a minute after it. Drawn at random, so that two
// who choose at the same time hardly ever choose the same.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/result.h"
#include "shared/io/io.h"

namespace quorate::ops {

struct PortRange {
  uint16_t first = 0;
  uint16_t last = 0;

  friend bool operator==(const PortRange&, const PortRange&) = default;
};

// `outgoing` is the text of /proc/sys/net/ipv4/ip_local_port_range: "32768\t60999\n". Below it if
// there is room, else above it, else anywhere; a text that says nothing is read as Linux' default.
PortRange PortsForServers(std::string_view outgoing);

// `count` different ports of `host` on which nobody listens at the moment.
base::Result<std::vector<uint16_t>> FreePorts(io::Io& io, const std::string& host, size_t count);

}  // namespace quorate::ops
