// Channels and patterns, who listens, and delivery into the listeners' output. RESP3 listeners get
// pushes, RESP2 ones arrays; the writer knows. Order of delivery is order of subscription.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace quorate::server::engine {

class Session;

class PubSub {
 public:
  // `mark_ready` is told each session whose output grew.
  explicit PubSub(std::function<void(Session&)> mark_ready) : mark_ready_(std::move(mark_ready)) {}

  // Each writes its own confirmation ("subscribe", channel, count) to the session.
  void Subscribe(Session& session, std::string_view channel);
  void Unsubscribe(Session& session, std::string_view channel);
  void SubscribePattern(Session& session, std::string_view pattern);
  void UnsubscribePattern(Session& session, std::string_view pattern);
  // Without names; with nothing subscribed one confirmation with a null channel is written, as
  // Redis does.
  void UnsubscribeAll(Session& session);
  void UnsubscribeAllPatterns(Session& session);
  // Forgets a session without writing to it.
  void Remove(Session& session);

  // Returns the number of deliveries.
  int64_t Publish(std::string_view channel, std::string_view message);

  // PUBSUB CHANNELS [pattern], NUMSUB, NUMPAT.
  std::vector<std::string_view> Channels(std::string_view pattern) const;
  int64_t SubscriberCount(std::string_view channel) const;
  int64_t pattern_count() const { return static_cast<int64_t>(patterns_.size()); }
  int64_t channel_count() const { return static_cast<int64_t>(channels_.size()); }

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };
  using Listeners = std::unordered_map<std::string, std::vector<Session*>, Hash, std::equal_to<>>;

  static bool Add(Listeners& listeners, std::string_view name, Session& session);
  static bool Drop(Listeners& listeners, std::string_view name, Session& session);
  void Confirm(Session& session, std::string_view kind, const std::string_view* name);

  std::function<void(Session&)> mark_ready_;
  Listeners channels_;
  Listeners patterns_;
};

}  // namespace quorate::server::engine
