// Host names to addresses, through getaddrinfo on libuv's worker threads. IP literals never leave
// the loop thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "shared/base/result.h"
#include "shared/uv/loop.h"
#include "shared/uv/socket.h"

namespace quorate::uv {

// Calls `done` in a later turn with at least one address, or the reason. There is no cancelling:
// guard `done` with a weak reference where its subject may be gone.
void ResolveHost(Loop& loop, const std::string& host, uint16_t port,
                 std::function<void(base::Result<std::vector<SocketAddress>>)> done);

}  // namespace quorate::uv
