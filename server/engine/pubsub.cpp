#include "server/engine/pubsub.h"

#include <algorithm>

#include "server/engine/session.h"
#include "shared/base/glob.h"

namespace quorate::server::engine {

bool PubSub::Add(Listeners& listeners, std::string_view name, Session& session) {
  auto it = listeners.find(name);
  if (it == listeners.end())
    it = listeners.emplace(std::string(name), std::vector<Session*>()).first;
  if (std::find(it->second.begin(), it->second.end(), &session) != it->second.end()) return false;
  it->second.push_back(&session);
  return true;
}

bool PubSub::Drop(Listeners& listeners, std::string_view name, Session& session) {
  auto it = listeners.find(name);
  if (it == listeners.end()) return false;
  const bool found = std::erase(it->second, &session) != 0;
  if (it->second.empty()) listeners.erase(it);
  return found;
}

void PubSub::Confirm(Session& session, std::string_view kind, const std::string_view* name) {
  session.writer.PushHeader(3);
  session.writer.Bulk(kind);
  if (name != nullptr)
    session.writer.Bulk(*name);
  else
    session.writer.Null();
  session.writer.Integer(static_cast<int64_t>(session.subscription_count()));
}

void PubSub::Subscribe(Session& session, std::string_view channel) {
  if (Add(channels_, channel, session)) session.channels.emplace(channel);
  Confirm(session, "subscribe", &channel);
}

void PubSub::Unsubscribe(Session& session, std::string_view channel) {
  const std::string name(channel);  // `channel` may be a view into the set it is erased from
  if (Drop(channels_, name, session)) session.channels.erase(name);
  const std::string_view view = name;
  Confirm(session, "unsubscribe", &view);
}

void PubSub::SubscribePattern(Session& session, std::string_view pattern) {
  if (Add(patterns_, pattern, session)) session.patterns.emplace(pattern);
  Confirm(session, "psubscribe", &pattern);
}

void PubSub::UnsubscribePattern(Session& session, std::string_view pattern) {
  const std::string name(pattern);
  if (Drop(patterns_, name, session)) session.patterns.erase(name);
  const std::string_view view = name;
  Confirm(session, "punsubscribe", &view);
}

void PubSub::UnsubscribeAll(Session& session) {
  if (session.channels.empty()) return Confirm(session, "unsubscribe", nullptr);
  while (!session.channels.empty()) Unsubscribe(session, *session.channels.begin());
}

void PubSub::UnsubscribeAllPatterns(Session& session) {
  if (session.patterns.empty()) return Confirm(session, "punsubscribe", nullptr);
  while (!session.patterns.empty()) UnsubscribePattern(session, *session.patterns.begin());
}

void PubSub::Remove(Session& session) {
  for (const std::string& channel : session.channels) Drop(channels_, channel, session);
  for (const std::string& pattern : session.patterns) Drop(patterns_, pattern, session);
  session.channels.clear();
  session.patterns.clear();
}

int64_t PubSub::Publish(std::string_view channel, std::string_view message) {
  int64_t deliveries = 0;
  if (auto it = channels_.find(channel); it != channels_.end()) {
    for (Session* listener : it->second) {
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
    for (Session* listener : listeners) {
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

}  // namespace quorate::server::engine
