// Sockets as the loop uses them: descriptors that close themselves, addresses, options, and errno
// as a close reason. Every socket made here is non-blocking and close-on-exec. No libuv in here.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <utility>

#include "shared/base/ids.h"
#include "shared/base/result.h"
#include "shared/base/time.h"
#include "shared/io/stream.h"

namespace quorate::uv {

// Owns one descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() { Reset(); }
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  bool valid() const { return fd_ >= 0; }
  int get() const { return fd_; }
  void Reset();

 private:
  int fd_ = -1;
};

// "<what>: <text of the errno value>".
base::Error SystemError(const std::string& what, int error);

io::CloseReason CloseReasonOf(int error);

// A socket address of IPv4, IPv6 or a unix socket.
class SocketAddress {
 public:
  // From an IP literal (IPv6 may carry a "%scope"); nothing if the host is not one.
  static std::optional<SocketAddress> FromLiteral(const std::string& host, uint16_t port);
  // Nothing if the path does not fit.
  static std::optional<SocketAddress> FromUnixPath(const std::string& path);
  // From what accept, getsockname or getaddrinfo returned.
  SocketAddress(const sockaddr* address, socklen_t length);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t length() const { return length_; }
  int family() const { return storage_.ss_family; }
  // Host as an IP literal; the path and port 0 for a unix socket.
  base::Endpoint ToEndpoint() const;

 private:
  SocketAddress() = default;
  sockaddr_storage storage_{};
  socklen_t length_ = 0;
};

// A stream socket of `family`; invalid with errno set on failure.
FileDescriptor OpenSocket(int family);
// Small replies leave at once.
void SetNoDelay(int fd, bool on = true);
// Probes after `idle`, then thrice at a third of it; zero turns probing off.
void SetKeepAlive(int fd, base::Duration idle);
// The pending error of the socket (cleared by asking), or 0.
int TakeSocketError(int fd);
SocketAddress LocalAddress(int fd);

}  // namespace quorate::uv
