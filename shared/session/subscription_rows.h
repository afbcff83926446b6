// The rows of SUBSCRIBE, UNSUBSCRIBE and the same for patterns, for a daemon's command table.
// `kAdapt` makes a SubscriptionRequest of the daemon's own Context:
//
//   using Subscription = session::SubscriptionRows<Context, &ToSubscriptionRequest>;
//   constexpr CommandRow kRows[] = {Subscription::kSubscribe, ...};
#pragma once

#include <span>
#include <string_view>

#include "shared/command/table.h"
#include "shared/session/pubsub.h"

namespace quorate::session {

struct SubscriptionRequest {
  PubSub& pubsub;
  Client& client;
  std::span<const std::string_view> args;
};

namespace subscription_rows {

using command::Argument;
using command::Group;
using command::Spec;
namespace flag = command::flag;

inline constexpr Argument kSubscribeArguments[] = {{.name = "channel", .multiple = true}};
inline constexpr Spec kSubscribe = {
    .name = "subscribe",
    .summary = "Listen for messages published to the given channels",
    .since = "2.0.0",
    .group = Group::kPubsub,
    .complexity = "O(N) where N is the number of channels to subscribe to.",
    .arity = -2,
    .flags = flag::kPubsub | flag::kNoScript | flag::kLoading | flag::kStale,
    .arguments = kSubscribeArguments};

inline constexpr Argument kUnsubscribeArguments[] = {
    {.name = "channel", .optional = true, .multiple = true}};
inline constexpr Spec kUnsubscribe = {
    .name = "unsubscribe",
    .summary = "Stop listening for messages posted to the given channels",
    .since = "2.0.0",
    .group = Group::kPubsub,
    .complexity = "O(N) where N is the number of clients already subscribed to a channel.",
    .arity = -1,
    .flags = flag::kPubsub | flag::kNoScript | flag::kLoading | flag::kStale,
    .arguments = kUnsubscribeArguments};

inline constexpr Argument kPsubscribeArguments[] = {
    {.name = "pattern", .type = Argument::Type::kBlock, .multiple = true},
    {.depth = 1, .name = "pattern", .type = Argument::Type::kPattern}};
inline constexpr Spec kPsubscribe = {
    .name = "psubscribe",
    .summary = "Listen for messages published to channels matching the given patterns",
    .since = "2.0.0",
    .group = Group::kPubsub,
    .complexity = "O(N) where N is the number of patterns the client is already subscribed to.",
    .arity = -2,
    .flags = flag::kPubsub | flag::kNoScript | flag::kLoading | flag::kStale,
    .arguments = kPsubscribeArguments};

inline constexpr Argument kPunsubscribeArguments[] = {
    {.name = "pattern", .type = Argument::Type::kPattern, .optional = true, .multiple = true}};
inline constexpr Spec kPunsubscribe = {
    .name = "punsubscribe",
    .summary = "Stop listening for messages posted to channels matching the given patterns",
    .since = "2.0.0",
    .group = Group::kPubsub,
    .complexity =
        "O(N+M) where N is the number of patterns the client is already subscribed and M "
        "is the number of total patterns subscribed in the system (by any client).",
    .arity = -1,
    .flags = flag::kPubsub | flag::kNoScript | flag::kLoading | flag::kStale,
    .arguments = kPunsubscribeArguments};

inline void Subscribe(const SubscriptionRequest& r) {
  for (const std::string_view channel : r.args.subspan(1)) r.pubsub.Subscribe(r.client, channel);
}
inline void Unsubscribe(const SubscriptionRequest& r) {
  if (r.args.size() == 1) return r.pubsub.UnsubscribeAll(r.client);
  for (const std::string_view channel : r.args.subspan(1)) r.pubsub.Unsubscribe(r.client, channel);
}
inline void Psubscribe(const SubscriptionRequest& r) {
  for (const std::string_view pattern : r.args.subspan(1))
    r.pubsub.SubscribePattern(r.client, pattern);
}
inline void Punsubscribe(const SubscriptionRequest& r) {
  if (r.args.size() == 1) return r.pubsub.UnsubscribeAllPatterns(r.client);
  for (const std::string_view pattern : r.args.subspan(1))
    r.pubsub.UnsubscribePattern(r.client, pattern);
}

template <class Context>
using Adapter = SubscriptionRequest (*)(Context&);

template <class Context, Adapter<Context> kAdapt, void (*kRun)(const SubscriptionRequest&)>
void Run(Context& context) {
  kRun(kAdapt(context));
}

}  // namespace subscription_rows

template <class Context, subscription_rows::Adapter<Context> kAdapt>
struct SubscriptionRows {
  static constexpr command::Row<Context> kSubscribe = {
      .spec = subscription_rows::kSubscribe,
      .run = &subscription_rows::Run<Context, kAdapt, &subscription_rows::Subscribe>};
  static constexpr command::Row<Context> kUnsubscribe = {
      .spec = subscription_rows::kUnsubscribe,
      .run = &subscription_rows::Run<Context, kAdapt, &subscription_rows::Unsubscribe>};
  static constexpr command::Row<Context> kPsubscribe = {
      .spec = subscription_rows::kPsubscribe,
      .run = &subscription_rows::Run<Context, kAdapt, &subscription_rows::Psubscribe>};
  static constexpr command::Row<Context> kPunsubscribe = {
      .spec = subscription_rows::kPunsubscribe,
      .run = &subscription_rows::Run<Context, kAdapt, &subscription_rows::Punsubscribe>};
};

}  // namespace quorate::session
