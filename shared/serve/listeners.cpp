#include "shared/serve/listeners.h"

namespace quorate::serve {

base::Result<Listeners> OpenListeners(
    io::Io& io, const ListenSpec& spec,
    const std::function<void(std::unique_ptr<io::Stream>)>& on_accept) {
  Listeners listeners;
  if (spec.port != 0) {
    for (const std::string& configured : spec.bind) {
      const bool optional = configured.starts_with('-');
      std::string address = optional ? configured.substr(1) : configured;
      if (address == "*") address = "0.0.0.0";
      if (address == "::*") address = "::";
      io::ListenOptions options;
      options.endpoint = {address, spec.port};
      options.backlog = spec.backlog;
      auto listener = io.Listen(options, on_accept);
      if (listener) {
        listeners.push_back(std::move(*listener));
      } else if (!optional) {
        return base::Error{"Could not create server TCP listening socket " +
                           options.endpoint.ToString() + ": " + listener.error().message};
      }
    }
    if (listeners.empty() && !spec.bind.empty())
      return base::Error{"Failed listening on port " + std::to_string(spec.port) +
                         " (TCP), aborting."};
  }
  if (!spec.unix_path.empty()) {
    io::ListenOptions options;
    options.unix_path = spec.unix_path;
    options.unix_mode = spec.unix_mode;
    options.backlog = spec.backlog;
    auto listener = io.Listen(options, on_accept);
    if (!listener)
      return base::Error{"Failed opening Unix socket: " + spec.unix_path + ": " +
                         listener.error().message};
    listeners.push_back(std::move(*listener));
  }
  return listeners;
}

uint16_t BoundPort(const Listeners& listeners) {
  for (const auto& listener : listeners)
    if (listener->endpoint().port != 0) return listener->endpoint().port;
  return 0;
}

bool IsLocalPeer(const io::Stream& stream) {
  return stream.is_unix() || stream.peer().host.starts_with("127.") || stream.peer().host == "::1";
}

}  // namespace quorate::serve
