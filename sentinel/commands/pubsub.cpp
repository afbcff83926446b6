// Subscriptions to events, and the one message that may be published: another sentinel's hello.
#include "sentinel/commands/context.h"
#include "sentinel/commands/errors.h"

namespace quorate::sentinel::commands {

namespace {

using command::Argument;
using command::Change;
using command::Group;
namespace flag = command::flag;

using session::PubSub;

void Subscribe(Context& context) {
  for (const std::string_view channel : context.args.subspan(1))
    context.host.pubsub().Subscribe(context.client, channel);
}

void Unsubscribe(Context& context) {
  PubSub& pubsub = context.host.pubsub();
  if (context.argc() == 1) return pubsub.UnsubscribeAll(context.client);
  for (const std::string_view channel : context.args.subspan(1))
    pubsub.Unsubscribe(context.client, channel);
}

void Psubscribe(Context& context) {
  for (const std::string_view pattern : context.args.subspan(1))
    context.host.pubsub().SubscribePattern(context.client, pattern);
}

void Punsubscribe(Context& context) {
  PubSub& pubsub = context.host.pubsub();
  if (context.argc() == 1) return pubsub.UnsubscribeAllPatterns(context.client);
  for (const std::string_view pattern : context.args.subspan(1))
    pubsub.UnsubscribePattern(context.client, pattern);
}

void Publish(Context& context) {
  if (context.arg(1) != core::kHelloChannel) return context.Error(kOnlyHello);
  context.host.Submit(context.client, [&](core::ClientId id) {
    return core::Input(core::HelloPublished{id, context.text(2)});
  });
}

constexpr Argument kPublishArguments[] = {{.name = "channel"}, {.name = "message"}};
constexpr Argument kSubscribeArguments[] = {{.name = "channel", .multiple = true}};
constexpr Argument kUnsubscribeArguments[] = {
    {.name = "channel", .optional = true, .multiple = true}};
constexpr Argument kPsubscribeArguments[] = {
    {.name = "pattern", .type = Argument::Type::kBlock, .multiple = true},
    {.depth = 1, .name = "pattern", .type = Argument::Type::kPattern}};
constexpr Argument kPunsubscribeArguments[] = {
    {.name = "pattern", .type = Argument::Type::kPattern, .optional = true, .multiple = true}};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "psubscribe",
              .summary = "Listen for messages published to channels matching the given patterns",
              .since = "2.0.0",
              .group = Group::kPubsub,
              .complexity =
                  "O(N) where N is the number of patterns the client is already subscribed to.",
              .arity = -2,
              .flags = flag::kPubsub | flag::kNoScript | flag::kLoading | flag::kStale,
              .arguments = kPsubscribeArguments},
     .run = &Psubscribe},
    {.spec = {.name = "publish",
              .summary = "Post a message to a channel",
              .since = "2.0.0",
              .group = Group::kPubsub,
              .complexity =
                  "O(N+M) where N is the number of clients subscribed to the receiving channel and "
                  "M is the total number of subscribed patterns (by any client).",
              .arity = 3,
              .flags = flag::kPubsub | flag::kLoading | flag::kStale | flag::kFast,
              .arguments = kPublishArguments},
     .run = &Publish},
    {.spec = {.name = "punsubscribe",
              .summary =
                  "Stop listening for messages posted to channels matching the given patterns",
              .since = "2.0.0",
              .group = Group::kPubsub,
              .complexity =
                  "O(N+M) where N is the number of patterns the client is already subscribed and M "
                  "is the number of total patterns subscribed in the system (by any client).",
              .arity = -1,
              .flags = flag::kPubsub | flag::kNoScript | flag::kLoading | flag::kStale,
              .arguments = kPunsubscribeArguments},
     .run = &Punsubscribe},
    {.spec = {.name = "subscribe",
              .summary = "Listen for messages published to the given channels",
              .since = "2.0.0",
              .group = Group::kPubsub,
              .complexity = "O(N) where N is the number of channels to subscribe to.",
              .arity = -2,
              .flags = flag::kPubsub | flag::kNoScript | flag::kLoading | flag::kStale,
              .arguments = kSubscribeArguments},
     .run = &Subscribe},
    {.spec = {.name = "unsubscribe",
              .summary = "Stop listening for messages posted to the given channels",
              .since = "2.0.0",
              .group = Group::kPubsub,
              .complexity =
                  "O(N) where N is the number of clients already subscribed to a channel.",
              .arity = -1,
              .flags = flag::kPubsub | flag::kNoScript | flag::kLoading | flag::kStale,
              .arguments = kUnsubscribeArguments},
     .run = &Unsubscribe}};

}  // namespace

Rows PubSubRows() { return kRows; }

}  // namespace quorate::sentinel::commands
