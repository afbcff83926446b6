#include "shared/session/pubsub.h"

#include <algorithm>

#include "shared/base/glob.h"
#include "shared/session/client.h"

namespace quorate::session {

namespace {

// What a client is told after each change: the word, the name, and how many it now listens to.
void Confirm(Client& client, std::string_view word, const std::string_view* name, size_t count) {
  resp::Writer writer = client.push_writer();
  writer.PushHeader(3);
  writer.Bulk(word);
  if (name != nullptr) {
    writer.Bulk(*name);
  } else {
    writer.Null();
  }
  writer.Integer(static_cast<int64_t>(count));
}

}  // namespace

// ---- subscribing

void PubSub::Add(Subscribers& subscribers, Names& names, std::string_view name, Client& client) {
  if (!names.emplace(name).second) return;
  auto it = subscribers.find(name);
  if (it == subscribers.end())
    it = subscribers.emplace(std::string(name), std::vector<Client*>()).first;
  it->second.push_back(&client);
}

void PubSub::Subscribe(Client& client, std::string_view channel) {
  Add(channels_, client.channels, channel, client);
  Confirm(client, "subscribe", &channel, client.subscription_count());
}

void PubSub::SubscribePattern(Client& client, std::string_view pattern) {
  Add(patterns_, client.patterns, pattern, client);
  Confirm(client, "psubscribe", &pattern, client.subscription_count());
}

void PubSub::SubscribeShard(Client& client, std::string_view channel) {
  Add(shard_channels_, client.shard_channels, channel, client);
  Confirm(client, "ssubscribe", &channel, client.shard_channels.size());
}

// ---- unsubscribing

void PubSub::Drop(Subscribers& subscribers, std::string_view name, Client& client) {
  const auto it = subscribers.find(name);
  if (it == subscribers.end()) return;
  std::erase(it->second, &client);
  if (it->second.empty()) subscribers.erase(it);
}

void PubSub::Unsubscribe(Client& client, std::string_view channel) {
  Drop(channels_, channel, client);
  client.channels.erase(std::string(channel));
  Confirm(client, "unsubscribe", &channel, client.subscription_count());
}

void PubSub::UnsubscribePattern(Client& client, std::string_view pattern) {
  Drop(patterns_, pattern, client);
  client.patterns.erase(std::string(pattern));
  Confirm(client, "punsubscribe", &pattern, client.subscription_count());
}

void PubSub::UnsubscribeShard(Client& client, std::string_view channel) {
  Drop(shard_channels_, channel, client);
  client.shard_channels.erase(std::string(channel));
  Confirm(client, "sunsubscribe", &channel, client.shard_channels.size());
}

void PubSub::UnsubscribeAll(Client& client) {
  if (client.channels.empty())
    return Confirm(client, "unsubscribe", nullptr, client.subscription_count());
  const std::vector<std::string> names(client.channels.begin(), client.channels.end());
  for (const std::string& name : names) Unsubscribe(client, name);
}

void PubSub::UnsubscribeAllPatterns(Client& client) {
  if (client.patterns.empty())
    return Confirm(client, "punsubscribe", nullptr, client.subscription_count());
  const std::vector<std::string> names(client.patterns.begin(), client.patterns.end());
  for (const std::string& name : names) UnsubscribePattern(client, name);
}

void PubSub::UnsubscribeAllShards(Client& client) {
  if (client.shard_channels.empty()) return Confirm(client, "sunsubscribe", nullptr, 0);
  const std::vector<std::string> names(client.shard_channels.begin(), client.shard_channels.end());
  for (const std::string& name : names) UnsubscribeShard(client, name);
}

void PubSub::Remove(Client& client) {
  for (const std::string& channel : client.channels) Drop(channels_, channel, client);
  for (const std::string& pattern : client.patterns) Drop(patterns_, pattern, client);
  for (const std::string& channel : client.shard_channels) Drop(shard_channels_, channel, client);
  client.channels.clear();
  client.patterns.clear();
  client.shard_channels.clear();
}

// ---- delivery

int64_t PubSub::Deliver(const Subscribers& subscribers, std::string_view word,
                        std::string_view channel, std::string_view message) {
  const auto it = subscribers.find(channel);
  if (it == subscribers.end()) return 0;
  for (Client* subscriber : it->second) {
    resp::Writer writer = subscriber->push_writer();
    writer.PushHeader(3);
    writer.Bulk(word);
    writer.Bulk(channel);
    writer.Bulk(message);
    mark_ready_(*subscriber);
  }
  return static_cast<int64_t>(it->second.size());
}

int64_t PubSub::Publish(std::string_view channel, std::string_view message) {
  int64_t deliveries = Deliver(channels_, "message", channel, message);
  for (const auto& [pattern, subscribers] : patterns_) {
    if (!base::GlobMatch(pattern, channel)) continue;
    for (Client* subscriber : subscribers) {
      resp::Writer writer = subscriber->push_writer();
      writer.PushHeader(4);
      writer.Bulk("pmessage");
      writer.Bulk(pattern);
      writer.Bulk(channel);
      writer.Bulk(message);
      mark_ready_(*subscriber);
      ++deliveries;
    }
  }
  return deliveries;
}

int64_t PubSub::PublishShard(std::string_view channel, std::string_view message) {
  return Deliver(shard_channels_, "smessage", channel, message);
}

// ---- who listens

std::vector<std::string_view> PubSub::Matching(const Subscribers& subscribers,
                                               std::string_view pattern) {
  std::vector<std::string_view> names;
  for (const auto& [channel, clients] : subscribers)
    if (base::GlobMatch(pattern, channel)) names.push_back(channel);
  return names;
}

int64_t PubSub::Count(const Subscribers& subscribers, std::string_view channel) {
  const auto it = subscribers.find(channel);
  return it == subscribers.end() ? 0 : static_cast<int64_t>(it->second.size());
}

std::vector<std::string_view> PubSub::Channels(std::string_view pattern) const {
  return Matching(channels_, pattern);
}
int64_t PubSub::SubscriberCount(std::string_view channel) const {
  return Count(channels_, channel);
}
std::vector<std::string_view> PubSub::ShardChannels(std::string_view pattern) const {
  return Matching(shard_channels_, pattern);
}
int64_t PubSub::ShardSubscriberCount(std::string_view channel) const {
  return Count(shard_channels_, channel);
}

}  // namespace quorate::session
