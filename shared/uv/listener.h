// A listening socket, TCP or unix. Accepts up to a bound of connections per event, so that a
// connection storm leaves the loop its other work. Out of descriptors, it accepts with the reserve
// descriptor and closes at once: the client learns it immediately, and the event does not spin.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <string>

#include "shared/io/io.h"
#include "shared/uv/handle.h"
#include "shared/uv/loop.h"
#include "shared/uv/socket.h"

namespace quorate::uv {

class SocketListener : public io::Listener {
 public:
  using OnAccept = std::function<void(std::unique_ptr<io::Stream>)>;

  static base::Result<std::unique_ptr<io::Listener>> Create(Loop& loop,
                                                            const io::ListenOptions& options,
                                                            OnAccept on_accept);
  // Also removes the socket file that it made.
  ~SocketListener() override;

  const base::Endpoint& endpoint() const override { return endpoint_; }

 private:
  using PollHandle = Handle<uv_poll_t, SocketListener>;

  SocketListener(Loop& loop, FileDescriptor socket, OnAccept on_accept);
  base::Status Start(int backlog, const std::string& name);
  int Watch();
  static void OnPoll(uv_poll_t* handle, int status, int events);
  // False: the kernel has no more for now.
  bool AcceptOne();
  bool OnAcceptError(int error);
  void ShedOne();
  // Stops accepting for a moment: the kernel lacks memory.
  void BackOff();

  Loop& loop_;
  FileDescriptor socket_;
  std::shared_ptr<OnAccept> on_accept_;  // shared: may run while the listener is destroyed
  PollHandle poll_;
  std::unique_ptr<io::Timer> back_off_timer_;
  base::Endpoint endpoint_;
  bool unix_ = false;
  uint64_t unix_inode_ = 0;
};

}  // namespace quorate::uv
