#include "shared/uv/resolver.h"

#include <netdb.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

namespace quorate::uv {

namespace {

using Addresses = std::vector<SocketAddress>;
using Done = std::function<void(base::Result<Addresses>)>;

struct Resolution {
  uv_getaddrinfo_t request;
  Loop* loop;
  std::string host;
  uint16_t port;
  Done done;
};

base::Error ResolveError(const std::string& host, int uv_error) {
  return {"cannot resolve '" + host + "': " + uv_strerror(uv_error)};
}

Addresses Collect(const addrinfo* list, uint16_t port) {
  Addresses found;
  for (const addrinfo* item = list; item != nullptr; item = item->ai_next) {
    const std::string host = SocketAddress(item->ai_addr, item->ai_addrlen).ToEndpoint().host;
    const bool known = std::any_of(found.begin(), found.end(), [&host](const SocketAddress& other) {
      return other.ToEndpoint().host == host;
    });
    const std::optional<SocketAddress> address = SocketAddress::FromLiteral(host, port);
    if (!known && address) found.push_back(*address);
  }
  return found;
}

void OnResolved(uv_getaddrinfo_t* request, int status, addrinfo* list) {
  const std::unique_ptr<Resolution> self(static_cast<Resolution*>(request->data));
  const std::unique_ptr<addrinfo, decltype(&uv_freeaddrinfo)> owned(list, uv_freeaddrinfo);
  if (self->loop->closing()) return;
  if (status != 0) return self->done(ResolveError(self->host, status));
  Addresses found = Collect(list, self->port);
  if (found.empty()) return self->done(ResolveError(self->host, UV_EAI_NODATA));
  self->done(std::move(found));
}

}  // namespace

void ResolveHost(Loop& loop, const std::string& host, uint16_t port, Done done) {
  if (const auto literal = SocketAddress::FromLiteral(host, port)) {
    loop.Defer([done = std::move(done), address = *literal] { done(Addresses{address}); });
    return;
  }
  auto resolution =
      std::make_unique<Resolution>(Resolution{{}, &loop, host, port, std::move(done)});
  resolution->request.data = resolution.get();
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  const int rc =
      uv_getaddrinfo(loop.get(), &resolution->request, OnResolved, host.c_str(), nullptr, &hints);
  if (rc == 0) {
    resolution.release();  // OnResolved owns it
    return;
  }
  loop.Defer([done = std::move(resolution->done), error = ResolveError(host, rc)] { done(error); });
}

}  // namespace quorate::uv
