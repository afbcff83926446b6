// Opening what a daemon listens on, by Redis' rules for `bind`, `port` and `unixsocket`.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "shared/base/result.h"
#include "shared/io/io.h"

namespace quorate::serve {

struct ListenSpec {
  uint16_t port = 0;  // 0: no TCP
  std::vector<std::string>
      bind;               // IP literals; "*" and "::*" for all; a leading '-' makes one optional
  std::string unix_path;  // empty: none
  uint32_t unix_mode = 0;
  int backlog = 511;
};

using Listeners = std::vector<std::unique_ptr<io::Listener>>;

// All or nothing. Error: which address could not be opened, and why.
base::Result<Listeners> OpenListeners(
    io::Io& io, const ListenSpec& spec,
    const std::function<void(std::unique_ptr<io::Stream>)>& on_accept);

// The first bound TCP port; 0 if there is none.
uint16_t BoundPort(const Listeners& listeners);

// Whether `protected-mode` lets this peer in without a password.
bool IsLocalPeer(const io::Stream& stream);

}  // namespace quorate::serve
