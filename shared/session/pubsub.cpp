#include "shared/session/pubsub.h"

#include <algorithm>

#include "shared/base/glob.h"
#include "shared/session/client.h"

namespace quorate::session {

bool PubSub::Add(Listeners& listeners, std::string_view name, Client& client) {
  auto it = listeners.find(name);
  if (it == listeners.end())
    it = listeners.emplace(std::string(name), std::vector<Client*>()).first;
  if (std::find(it->second.begin(), it->second.end(), &client) != it->second.end()) return false;
  it->second.push_back(&client);
  return true;
}

bool PubSub::Drop(Listeners& listeners, std::string_view name, Client& client) {
  auto it = listeners.find(name);
  if (it == listeners.end()) return false;
  const bool found = std::erase(it->second, &client) != 0;
  if (it->second.empty()) listeners.erase(it);
  return found;
}

void PubSub::Confirm(Client& client, std::string_view kind, const std::string_view* name) {
  client.writer.PushHeader(3);
  client.writer.Bulk(kind);
  if (name != nullptr)
    client.writer.Bulk(*name);
  else
    client.writer.Null();
  client.writer.Integer(static_cast<int64_t>(client.subscription_count()));
}

void PubSub::Subscribe(Client& client, std::string_view channel) {
  if (Add(channels_, channel, client)) client.channels.emplace(channel);
  Confirm(client, "subscribe", &channel);
}

void PubSub::Unsubscribe(Client& client, std::string_view channel) {
  const std::string name(channel);  // `channel` may be a view into the set it is erased from
  if (Drop(channels_, name, client)) client.channels.erase(name);
  const std::string_view view = name;
  Confirm(client, "unsubscribe", &view);
}

void PubSub::SubscribePattern(Client& client, std::string_view pattern) {
  if (Add(patterns_, pattern, client)) client.patterns.emplace(pattern);
  Confirm(client, "psubscribe", &pattern);
}

void PubSub::UnsubscribePattern(Client& client, std::string_view pattern) {
  const std::string name(pattern);
  if (Drop(patterns_, name, client)) client.patterns.erase(name);
  const std::string_view view = name;
  Confirm(client, "punsubscribe", &view);
}

void PubSub::UnsubscribeAll(Client& client) {
  if (client.channels.empty()) return Confirm(client, "unsubscribe", nullptr);
  while (!client.channels.empty()) Unsubscribe(client, *client.channels.begin());
}

void PubSub::UnsubscribeAllPatterns(Client& client) {
  if (client.patterns.empty()) return Confirm(client, "punsubscribe", nullptr);
  while (!client.patterns.empty()) UnsubscribePattern(client, *client.patterns.begin());
}

void PubSub::Remove(Client& client) {
  for (const std::string& channel : client.channels) Drop(channels_, channel, client);
  for (const std::string& pattern : client.patterns) Drop(patterns_, pattern, client);
  client.channels.clear();
  client.patterns.clear();
}

int64_t PubSub::Publish(std::string_view channel, std::string_view message) {
  int64_t deliveries = 0;
  if (auto it = channels_.find(channel); it != channels_.end()) {
    for (Client* listener : it->second) {
      listener->writer.PushHeader(3);
      listener->writer.Bulk("message");
      listener->writer.Bulk(channel);
      listener->writer.Bulk(message);
      mark_ready_(*listener);
      ++deliveries;
    }
  }
  for (auto& [pattern, listeners] : patterns_) {
    if (!base::GlobMatch(pattern, channel)) continue;
    for (Client* listener : listeners) {
      listener->writer.PushHeader(4);
      listener->writer.Bulk("pmessage");
      listener->writer.Bulk(pattern);
      listener->writer.Bulk(channel);
      listener->writer.Bulk(message);
      mark_ready_(*listener);
      ++deliveries;
    }
  }
  return deliveries;
}

std::vector<std::string_view> PubSub::Channels(std::string_view pattern) const {
  std::vector<std::string_view> names;
  for (const auto& [channel, listeners] : channels_)
    if (pattern.empty() || base::GlobMatch(pattern, channel)) names.push_back(channel);
  return names;
}

int64_t PubSub::SubscriberCount(std::string_view channel) const {
  const auto it = channels_.find(channel);
  return it == channels_.end() ? 0 : static_cast<int64_t>(it->second.size());
}

}  // namespace quorate::session
