#include "shared/uv/listener.h"

#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "shared/uv/stream.h"

namespace quorate::uv {

namespace {

constexpr int kAcceptsPerEvent = 1000;
constexpr base::Duration kBackOff = std::chrono::milliseconds(100);

base::Status BindTcp(int fd, const SocketAddress& address) {
  const int on = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0)
    return SystemError("SO_REUSEADDR", errno);
  if (address.family() == AF_INET6 &&
      setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) {
    return SystemError("IPV6_V6ONLY", errno);
  }
  if (bind(fd, address.get(), address.length()) != 0) return SystemError("bind", errno);
  return {};
}

// Removes a socket file that a dead process has left; any other file, or a socket with a listener,
// is in the way.
base::Status RemoveStaleSocket(const std::string& path, const SocketAddress& address) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return {};
    return SystemError("stat", errno);
  }
  if (!S_ISSOCK(status.st_mode)) return base::Error{"the path exists and is not a socket"};
  const FileDescriptor probe = OpenSocket(AF_UNIX);
  if (!probe.valid()) return SystemError("socket", errno);
  if (connect(probe.get(), address.get(), address.length()) == 0 || errno != ECONNREFUSED) {
    return SystemError("bind", EADDRINUSE);
  }
  if (unlink(path.c_str()) != 0) return SystemError("unlink", errno);
  return {};
}

// Nobody can connect before the mode is right: the file is born without permissions and listen()
// comes later.
base::Status BindUnix(int fd, const std::string& path, const SocketAddress& address,
                      uint32_t mode) {
  if (base::Status removed = RemoveStaleSocket(path, address); !removed) return removed;
  if (fchmod(fd, 0) != 0) return SystemError("fchmod", errno);
  if (bind(fd, address.get(), address.length()) != 0) return SystemError("bind", errno);
  if (chmod(path.c_str(), mode) != 0) {
    const int error = errno;
    unlink(path.c_str());
    return SystemError("chmod", error);
  }
  return {};
}

uint64_t InodeOf(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0 ? status.st_ino : 0;
}

}  // namespace

base::Result<std::unique_ptr<io::Listener>> SocketListener::Create(Loop& loop,
                                                                   const io::ListenOptions& options,
                                                                   OnAccept on_accept) {
  const bool is_unix = !options.unix_path.empty();
  const std::string name = is_unix ? options.unix_path : options.endpoint.ToString();
  const auto address =
      is_unix ? SocketAddress::FromUnixPath(options.unix_path)
              : SocketAddress::FromLiteral(options.endpoint.host, options.endpoint.port);
  if (!address) return base::Error{name + (is_unix ? ": path too long" : ": not an IP address")};
  FileDescriptor socket = OpenSocket(address->family());
  if (!socket.valid()) return SystemError(name + ": socket", errno);
  const base::Status bound =
      is_unix ? BindUnix(socket.get(), options.unix_path, *address, options.unix_mode)
              : BindTcp(socket.get(), *address);
  if (!bound) return base::Error{name + ": " + bound.error().message};
  auto listener = std::unique_ptr<SocketListener>(
      new SocketListener(loop, std::move(socket), std::move(on_accept)));
  if (base::Status started = listener->Start(options.backlog, name); !started)
    return started.error();
  return std::unique_ptr<io::Listener>(std::move(listener));
}

SocketListener::SocketListener(Loop& loop, FileDescriptor socket, OnAccept on_accept)
    : loop_(loop),
      socket_(std::move(socket)),
      on_accept_(std::make_shared<OnAccept>(std::move(on_accept))) {
  const SocketAddress address = LocalAddress(socket_.get());
  endpoint_ = address.ToEndpoint();
  unix_ = address.family() == AF_UNIX;
  if (unix_) unix_inode_ = InodeOf(endpoint_.host);
  back_off_timer_ = loop_.timers().Create([this] {
    if (Watch() != 0) BackOff();
  });
}

SocketListener::~SocketListener() {
  poll_.Reset();
  if (unix_ && unix_inode_ != 0 && InodeOf(endpoint_.host) == unix_inode_)
    unlink(endpoint_.host.c_str());
}

base::Status SocketListener::Start(int backlog, const std::string& name) {
  if (listen(socket_.get(), backlog) != 0) return SystemError(name + ": listen", errno);
  if (const int rc = Watch(); rc != 0) return SystemError(name + ": poll", -rc);
  return {};
}

int SocketListener::Watch() {
  if (poll_.empty()) {
    const int rc = poll_.Initialise(
        *this, [this](uv_poll_t* h) { return uv_poll_init(loop_.get(), h, socket_.get()); });
    if (rc != 0) return rc;
  }
  return uv_poll_start(poll_.get(), UV_READABLE, OnPoll);
}

void SocketListener::OnPoll(uv_poll_t* handle, int status, int) {
  SocketListener* self = PollHandle::OwnerOf(handle);
  if (self == nullptr) return;
  if (status < 0) return self->BackOff();
  for (int i = 0; i < kAcceptsPerEvent; ++i) {
    if (!self->AcceptOne()) return;
    if (PollHandle::OwnerOf(handle) == nullptr) return;  // destroyed by its callback
  }
}

bool SocketListener::AcceptOne() {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  FileDescriptor accepted(accept4(socket_.get(), reinterpret_cast<sockaddr*>(&storage), &length,
                                  SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!accepted.valid()) return OnAcceptError(errno);
  const SocketAddress peer(reinterpret_cast<const sockaddr*>(&storage), length);
  if (!unix_) SetNoDelay(accepted.get());
  const std::shared_ptr<OnAccept> keep = on_accept_;
  (*keep)(std::make_unique<SocketStream>(loop_, std::move(accepted), peer));
  return true;
}

bool SocketListener::OnAcceptError(int error) {
  switch (error) {
    case EAGAIN:
      return false;
    case EMFILE:
    case ENFILE:
      ShedOne();
      return !back_off_timer_->armed();
    case ENOBUFS:
    case ENOMEM:
    case EBADF:
    case EINVAL:
      BackOff();
      return false;
    default:
      return true;  // that connection died in the queue (ECONNABORTED and the network's own
                    // errors): on to the next
  }
}

void SocketListener::ShedOne() {
  FileDescriptor& reserve = loop_.reserve_descriptor();
  if (!reserve.valid()) return BackOff();
  reserve.Reset();
  { const FileDescriptor shed(accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)); }
  loop_.ReopenReserveDescriptor();
}

void SocketListener::BackOff() {
  loop_.ReopenReserveDescriptor();
  poll_.Reset();
  back_off_timer_->StartAt(Loop::Now() + kBackOff);
}

}  // namespace quorate::uv
