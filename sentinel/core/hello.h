// The gossip of sentinels: one line, published every two seconds on __sentinel__:hello of every
// data node.
//   ip,port,runid,current_epoch,master_name,master_ip,master_port,master_config_epoch
// Eight fields, never more: stock sentinels drop anything else. Untrusted: parsing bounds and
// checks every field.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "shared/base/ids.h"

namespace quorate::sentinel::core {

struct Hello {
  base::Endpoint sentinel;
  base::RunId id;
  base::Epoch current_epoch;
  std::string group;
  base::Endpoint primary;
  base::Epoch config_epoch;

  friend bool operator==(const Hello&, const Hello&) = default;
};

// Absent for anything but eight well-formed fields: hosts without blanks or control characters,
// ports 1-65535, a non-zero run id, canonical epochs up to kMaxEpoch, a valid group name.
std::optional<Hello> ParseHello(std::string_view line);
std::string FormatHello(const Hello& hello);

// A group name fit for hello lines, configuration files and commands: printable, no blanks, quotes
// or commas, 1 to kMaxGroupNameLength bytes.
bool IsValidGroupName(std::string_view name);
// An IP literal or host name: [0-9A-Za-z.:_%-], 1 to kMaxHostLength bytes.
bool IsValidHost(std::string_view host);

}  // namespace quorate::sentinel::core
