// Channels, patterns and shard channels, who listens, and delivery into the subscribers' output.
// RESP3 subscribers get pushes, RESP2 ones arrays; the writer knows. Within a channel or a pattern
// the order of delivery is that of subscription; a channel's subscribers come before those of
// patterns.
//
// Shard channels (SSUBSCRIBE) are a name space of their own; without a cluster that is all that
// makes them different.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
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
  void SubscribeShard(Client& client, std::string_view channel);
  void UnsubscribeShard(Client& client, std::string_view channel);
  // Without names; with nothing subscribed one confirmation with a null channel is written, as
  // Redis does.
  void UnsubscribeAll(Client& client);
  void UnsubscribeAllPatterns(Client& client);
  void UnsubscribeAllShards(Client& client);
  // Forgets a client without writing to it.
  void Remove(Client& client);

  // Return the number of deliveries.
  int64_t Publish(std::string_view channel, std::string_view message);
  int64_t PublishShard(std::string_view channel, std::string_view message);

  // PUBSUB CHANNELS [pattern], NUMSUB, NUMPAT, SHARDCHANNELS [pattern], SHARDNUMSUB.
  std::vector<std::string_view> Channels(std::string_view pattern) const;
  int64_t SubscriberCount(std::string_view channel) const;
  int64_t pattern_count() const { return static_cast<int64_t>(patterns_.size()); }
  int64_t channel_count() const { return static_cast<int64_t>(channels_.size()); }
  std::vector<std::string_view> ShardChannels(std::string_view pattern) const;
  int64_t ShardSubscriberCount(std::string_view channel) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };
  using Subscribers = std::unordered_map<std::string, std::vector<Client*>, Hash, std::equal_to<>>;
  using Names = std::unordered_set<std::string>;  // of one client

  static void Add(Subscribers& subscribers, Names& names, std::string_view name, Client& client);
  static void Drop(Subscribers& subscribers, std::string_view name, Client& client);
  int64_t Deliver(const Subscribers& subscribers, std::string_view word, std::string_view channel,
                  std::string_view message);
  static std::vector<std::string_view> Matching(const Subscribers& subscribers,
                                                std::string_view pattern);
  static int64_t Count(const Subscribers& subscribers, std::string_view channel);

  std::function<void(Client&)> mark_ready_;
  Subscribers channels_;
  Subscribers patterns_;
  Subscribers shard_channels_;
};

}  // namespace quorate::session
