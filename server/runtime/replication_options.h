// The directives that concern replication, as replication wants them.
#pragma once

#include "replication/core/options.h"
#include "server/config/settings.h"

namespace quorate::server::runtime {

replication::core::Options ReplicationOptions(const config::ServerSettings& settings);

}  // namespace quorate::server::runtime
