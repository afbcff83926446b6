// One attempt to open a connection: resolves the host, tries its addresses in order, and gives up
// at a deadline that covers all of it. Reports once, from the loop, never from inside a call;
// destroying it cancels it.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "shared/io/io.h"
#include "shared/io/stream.h"
#include "shared/uv/handle.h"
#include "shared/uv/loop.h"
#include "shared/uv/socket.h"

namespace quorate::uv {

struct Connected {
  FileDescriptor socket;
  SocketAddress peer;
};
using ConnectOutcome = std::variant<Connected, io::CloseReason>;

class Connector {
 public:
  // `done` may destroy the connector.
  Connector(Loop& loop, const io::ConnectOptions& options,
            std::function<void(ConnectOutcome)> done);
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

 private:
  void Resolve(const base::Endpoint& endpoint);
  void TryNextAddress();
  // 0: connected; EINPROGRESS: under way; else why not.
  int StartConnecting(const SocketAddress& address);
  int BindSource(const SocketAddress& address);
  int Watch();
  void OnSocketReady();
  void ReportLater(ConnectOutcome outcome);
  void Report(ConnectOutcome outcome);
  ConnectOutcome TakeConnected();

  Loop& loop_;
  const std::string source_address_;
  std::function<void(ConnectOutcome)> done_;
  std::vector<SocketAddress> addresses_;
  size_t next_address_ = 0;
  io::CloseReason last_failure_;
  FileDescriptor socket_;
  Handle<uv_poll_t, Connector> poll_;
  std::optional<ConnectOutcome> outcome_;  // waits for report_timer_
  std::unique_ptr<io::Timer> report_timer_;
  std::unique_ptr<io::Timer> deadline_timer_;
  std::shared_ptr<Connector*> self_;  // guards the resolver's callback
};

}  // namespace quorate::uv
