// The types that the settings structs of all daemons share. Light on purpose: settings are included
// everywhere.
#pragma once

#include <map>
#include <string>

namespace quorate::config {

enum class Supervised { kNo, kSystemd, kAuto };

// The values of inert directives (unhonoured.h) that differ from Redis' default, as CONFIG GET
// shows them.
using KeptValues = std::map<std::string, std::string>;

}  // namespace quorate::config
