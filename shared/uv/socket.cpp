#include "shared/uv/socket.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <system_error>

namespace quorate::uv {

void FileDescriptor::Reset() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

base::Error SystemError(const std::string& what, int error) {
  return {what + ": " + std::generic_category().message(error)};
}

io::CloseReason CloseReasonOf(int error) {
  using Kind = io::CloseReason::Kind;
  Kind kind = Kind::kOther;
  switch (error) {
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
      kind = Kind::kReset;
      break;
    case ECONNREFUSED:
      kind = Kind::kRefused;
      break;
    case ETIMEDOUT:
      kind = Kind::kTimedOut;
      break;
    case EHOSTUNREACH:
    case EHOSTDOWN:
    case ENETUNREACH:
    case ENETDOWN:
    case EADDRNOTAVAIL:
      kind = Kind::kUnreachable;
      break;
    default:
      break;
  }
  return {kind, std::generic_category().message(error)};
}

SocketAddress::SocketAddress(const sockaddr* address, socklen_t length)
    : length_(std::min<socklen_t>(length, sizeof storage_)) {
  std::memcpy(&storage_, address, length_);
}

std::optional<SocketAddress> SocketAddress::FromLiteral(const std::string& host, uint16_t port) {
  SocketAddress result;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&result.storage_);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    result.length_ = sizeof *v4;
    return result;
  }
  const size_t percent = host.find('%');
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&result.storage_);
  if (inet_pton(AF_INET6, host.substr(0, percent).c_str(), &v6->sin6_addr) != 1)
    return std::nullopt;
  if (percent != std::string::npos) {
    v6->sin6_scope_id = if_nametoindex(host.c_str() + percent + 1);
    if (v6->sin6_scope_id == 0) return std::nullopt;
  }
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  result.length_ = sizeof *v6;
  return result;
}

std::optional<SocketAddress> SocketAddress::FromUnixPath(const std::string& path) {
  SocketAddress result;
  auto* un = reinterpret_cast<sockaddr_un*>(&result.storage_);
  if (path.empty() || path.size() >= sizeof un->sun_path) return std::nullopt;
  un->sun_family = AF_UNIX;
  std::memcpy(un->sun_path, path.data(), path.size());
  result.length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return result;
}

base::Endpoint SocketAddress::ToEndpoint() const {
  if (family() == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage_);
    char text[INET_ADDRSTRLEN];
    inet_ntop(AF_INET, &v4->sin_addr, text, sizeof text);
    return {text, ntohs(v4->sin_port)};
  }
  if (family() == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage_);
    char text[INET6_ADDRSTRLEN];
    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof text);
    std::string host = text;
    char scope[IF_NAMESIZE];
    if (v6->sin6_scope_id != 0 && if_indextoname(v6->sin6_scope_id, scope) != nullptr) {
      host += std::string("%") + scope;
    }
    return {host, ntohs(v6->sin6_port)};
  }
  if (family() == AF_UNIX && length_ > offsetof(sockaddr_un, sun_path)) {
    const auto* un = reinterpret_cast<const sockaddr_un*>(&storage_);
    const size_t room = length_ - offsetof(sockaddr_un, sun_path);
    return {std::string(un->sun_path, strnlen(un->sun_path, room)), 0};
  }
  return {};
}

FileDescriptor OpenSocket(int family) {
  return FileDescriptor(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

void SetNoDelay(int fd, bool on) {
  const int value = on ? 1 : 0;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &value, sizeof value);
}

void SetKeepAlive(int fd, base::Duration idle) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(idle).count();
  const int on = seconds > 0 ? 1 : 0;
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  if (on == 0) return;
  const int kernel_limit = 32767;
  const int idle_seconds = static_cast<int>(std::min<int64_t>(seconds, kernel_limit));
  const int interval = std::max(1, idle_seconds / 3);
  const int count = 3;
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_seconds, sizeof idle_seconds);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
}

int TakeSocketError(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
  return error;
}

SocketAddress LocalAddress(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) length = 0;
  return {reinterpret_cast<const sockaddr*>(&storage), length};
}

}  // namespace quorate::uv
