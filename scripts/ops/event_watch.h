// Listens to everything that every sentinel publishes, for as long as it lives, and stamps each
// message on arrival. A sentinel that goes away is listened to again when it is back.
#pragma once

#include <memory>
#include <vector>

#include "scripts/ops/phases.h"
#include "scripts/ops/topology.h"
#include "shared/io/io.h"
#include "shared/link/link.h"

namespace quorate::ops {

class EventWatch {
 public:
  EventWatch(io::Io& io, const Topology& topology);
  EventWatch(const EventWatch&) = delete;
  EventWatch& operator=(const EventWatch&) = delete;

  // Every sentinel has confirmed the subscription.
  bool Listening() const;
  // In order of arrival.
  const std::vector<SentinelEvent>& events() const { return events_; }

 private:
  void OnMessage(const std::string& sentinel, const resp::Value& message);

  io::Io& io_;
  std::vector<SentinelEvent> events_;
  std::vector<std::unique_ptr<link::Link>> links_;
};

}  // namespace quorate::ops
