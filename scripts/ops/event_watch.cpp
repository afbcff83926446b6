#include "scripts/ops/event_watch.h"

#include <algorithm>

namespace quorate::ops {

EventWatch::EventWatch(io::Io& io, const Topology& topology) : io_(io) {
  base::Random random(io.RandomSeed());
  for (const SentinelNode& sentinel : topology.sentinels) {
    link::LinkOptions options;
    options.endpoint = topology.EndpointOf(sentinel.port);
    options.backoff.delay = std::chrono::milliseconds(50);
    options.setup = {{.args = {"PSUBSCRIBE", "*"}, .required = true}};
    link::LinkCallbacks callbacks;
    callbacks.on_push = [this, name = sentinel.name](const resp::Value& message) {
      OnMessage(name, message);
    };
    links_.push_back(std::make_unique<link::Link>(io, random.Fork(), options, callbacks));
    links_.back()->Start();
  }
}

bool EventWatch::Listening() const {
  return std::ranges::all_of(links_, [](const auto& link) { return link->up(); });
}

void EventWatch::OnMessage(const std::string& sentinel, const resp::Value& message) {
  // pmessage, pattern, channel, payload
  if (message.items.size() != 4 || message.items[0].text != "pmessage") return;
  events_.push_back({io_.Now(), sentinel, message.items[2].text, message.items[3].text});
}

}  // namespace quorate::ops
