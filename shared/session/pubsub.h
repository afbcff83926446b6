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

namespace quorate::session {

class Client;

class PubSub {
 public:
  // `mark_ready` is told each client whose output grew.
  explicit PubSub(std::function<void(Client&)> mark_ready) : mark_ready_(std::move(mark_ready)) {}

  // Each writes its own confirmation ("subscribe", channel, count) to the client.
  void Subscribe(Client& client, std::string_view channel);
  void Unsubscribe(Client& client, std::string_view channel);
  void SubscribePattern(Client& client, std::string_view pattern);
  void UnsubscribePattern(Client& client, std::string_view pattern);
  // Without names; with nothing subscribed one confirmation with a null channel is written, as
  // Redis does.
  void UnsubscribeAll(Client& client);
  void UnsubscribeAllPatterns(Client& client);
  // Forgets a client without writing to it.
  void Remove(Client& client);

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
  using Listeners = std::unordered_map<std::string, std::vector<Client*>, Hash, std::equal_to<>>;

  static bool Add(Listeners& listeners, std::string_view name, Client& client);
  static bool Drop(Listeners& listeners, std::string_view name, Client& client);
  void Confirm(Client& client, std::string_view kind, const std::string_view* name);

  std::function<void(Client&)> mark_ready_;
  Listeners channels_;
  Listeners patterns_;
};

}  // namespace quorate::session
