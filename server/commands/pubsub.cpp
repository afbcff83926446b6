// Publish and subscribe. Who listens to what and the delivery are engine::PubSub's.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/commands/families.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "shared/command/common_specs.h"
#include "shared/command/introspection.h"
#include "shared/session/subscription_rows.h"

namespace quorate::server::commands {

namespace {

using engine::Context;
using session::PubSub;

session::SubscriptionRequest ToSubscriptionRequest(Context& context) {
  return {context.engine.pubsub(), context.session, context.args};
}

void SSubscribe(Context& context) {
  // Inside a transaction Redis refuses this one, unlike SUBSCRIBE.
  if (context.session.transaction != nullptr)
    return context.Error("ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client");
  for (size_t i = 1; i < context.argc(); ++i)
    context.engine.pubsub().SubscribeShard(context.session, context.arg(i));
}

void SUnsubscribe(Context& context) {
  PubSub& pubsub = context.engine.pubsub();
  if (context.argc() == 1) return pubsub.UnsubscribeAllShards(context.session);
  for (size_t i = 1; i < context.argc(); ++i)
    pubsub.UnsubscribeShard(context.session, context.arg(i));
}

// Clients of replicas hear it too.
void Publish(Context& context) {
  const int64_t listeners = context.engine.pubsub().Publish(context.arg(1), context.arg(2));
  context.ForceEffect();
  context.reply.Integer(listeners);
}

void SPublish(Context& context) {
  const int64_t listeners = context.engine.pubsub().PublishShard(context.arg(1), context.arg(2));
  context.ForceEffect();
  context.reply.Integer(listeners);
}

// The optional pattern; nullopt, with the error answered, if there are more arguments.
std::optional<std::string_view> PatternOf(Context& context) {
  if (context.argc() == 2) return "*";
  if (context.argc() == 3) return context.arg(2);
  context.Error("ERR unknown subcommand or wrong number of arguments for '" +
                std::string(context.arg(1).substr(0, 128)) + "'. Try PUBSUB HELP.");
  return std::nullopt;
}

void ReplyNames(Context& context, const std::vector<std::string_view>& names) {
  context.reply.ArrayHeader(names.size());
  for (const std::string_view name : names) context.reply.Bulk(name);
}

void PubsubChannels(Context& context) {
  if (const std::optional<std::string_view> pattern = PatternOf(context))
    ReplyNames(context, context.engine.pubsub().Channels(*pattern));
}

void PubsubShardChannels(Context& context) {
  if (const std::optional<std::string_view> pattern = PatternOf(context))
    ReplyNames(context, context.engine.pubsub().ShardChannels(*pattern));
}

void PubsubNumSub(Context& context) {
  context.reply.ArrayHeader(2 * (context.argc() - 2));
  for (size_t i = 2; i < context.argc(); ++i) {
    context.reply.Bulk(context.arg(i));
    context.reply.Integer(context.engine.pubsub().SubscriberCount(context.arg(i)));
  }
}

void PubsubShardNumSub(Context& context) {
  context.reply.ArrayHeader(2 * (context.argc() - 2));
  for (size_t i = 2; i < context.argc(); ++i) {
    context.reply.Bulk(context.arg(i));
    context.reply.Integer(context.engine.pubsub().ShardSubscriberCount(context.arg(i)));
  }
}

void PubsubNumPat(Context& context) {
  context.reply.Integer(context.engine.pubsub().pattern_count());
}

void PubsubHelp(Context& context) {
  static constexpr std::string_view kLines[] = {
      "CHANNELS [<pattern>]",
      "    Return the currently active channels matching a <pattern> (default: '*').",
      "NUMPAT",
      "    Return number of subscriptions to patterns.",
      "NUMSUB [<channel> ...]",
      "    Return the number of subscribers for the specified channels, excluding",
      "    pattern subscriptions(default: no channels).",
      "SHARDCHANNELS [<pattern>]",
      "    Return the currently active shard level channels matching a <pattern> (default: '*').",
      "SHARDNUMSUB [<shardchannel> ...]",
      "    Return the number of subscribers for the specified shard level channel(s)",
  };
  command::ReplyHelp("PUBSUB", kLines, context.reply);
}

// ---- rows

constexpr Argument kUnsubscribeArguments[] = {
    {.name = "channel", .optional = true, .multiple = true},
};

constexpr Argument kPubsubChannelsArguments[] = {
    {.name = "pattern", .type = Type::kPattern, .optional = true},
};

constexpr Argument kPubsubShardnumsubArguments[] = {
    {.name = "shardchannel", .optional = true, .multiple = true},
};

constexpr CommandRow kPubsubSubcommands[] = {
    {.spec = {.name = "channels",
              .summary = "List active channels",
              .since = "2.8.0",
              .group = Group::kPubsub,
              .complexity = "O(N) where N is the number of active channels, and assuming constant "
                            "time pattern matching (relatively short channels and patterns)",
              .arity = -2,
              .flags = flag::kPubsub | flag::kLoading | flag::kStale,
              .arguments = kPubsubChannelsArguments},
     .run = &PubsubChannels},
    {.spec = {.name = "help",
              .summary = "Show helpful text about the different subcommands",
              .since = "6.2.0",
              .group = Group::kPubsub,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kLoading | flag::kStale},
     .run = &PubsubHelp},
    {.spec = {.name = "numpat",
              .summary = "Get the count of unique patterns pattern subscriptions",
              .since = "2.8.0",
              .group = Group::kPubsub,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kPubsub | flag::kLoading | flag::kStale},
     .run = &PubsubNumPat},
    {.spec = {.name = "numsub",
              .summary = "Get the count of subscribers for channels",
              .since = "2.8.0",
              .group = Group::kPubsub,
              .complexity =
                  "O(N) for the NUMSUB subcommand, where N is the number of requested channels",
              .arity = -2,
              .flags = flag::kPubsub | flag::kLoading | flag::kStale,
              .arguments = kUnsubscribeArguments},
     .run = &PubsubNumSub},
    {.spec = {.name = "shardchannels",
              .summary = "List active shard channels",
              .since = "7.0.0",
              .group = Group::kPubsub,
              .complexity = "O(N) where N is the number of active shard channels, and assuming "
                            "constant time pattern matching (relatively short shard channels).",
              .arity = -2,
              .flags = flag::kPubsub | flag::kLoading | flag::kStale,
              .arguments = kPubsubChannelsArguments},
     .run = &PubsubShardChannels},
    {.spec = {.name = "shardnumsub",
              .summary = "Get the count of subscribers for shard channels",
              .since = "7.0.0",
              .group = Group::kPubsub,
              .complexity = "O(N) for the SHARDNUMSUB subcommand, where N is the number of "
                            "requested shard channels",
              .arity = -2,
              .flags = flag::kPubsub | flag::kLoading | flag::kStale,
              .arguments = kPubsubShardnumsubArguments},
     .run = &PubsubShardNumSub},
};

constexpr KeySpec kShardChannelKeys[] = {
    {.flags = key::kNotKey, .find = FindKeys::Range(-1)},
};

constexpr Argument kSsubscribeArguments[] = {
    {.name = "shardchannel", .multiple = true},
};

constexpr KeySpec kSpublishKeys[] = {
    {.flags = key::kNotKey},
};

constexpr Argument kSpublishArguments[] = {
    {.name = "shardchannel"},
    {.name = "message"},
};

using Subscription = session::SubscriptionRows<Context, &ToSubscriptionRequest>;

constexpr CommandRow kRows[] = {
    Subscription::kSubscribe,
    Subscription::kUnsubscribe,
    Subscription::kPsubscribe,
    Subscription::kPunsubscribe,
    {.spec = command::common::kPublish, .run = &Publish},
    {.spec = {.name = "pubsub",
              .summary = "A container for Pub/Sub commands",
              .since = "2.8.0",
              .group = Group::kPubsub,
              .complexity = "Depends on subcommand.",
              .arity = -2},
     .subcommands = kPubsubSubcommands},
    {.spec = {.name = "ssubscribe",
              .summary = "Listen for messages published to the given shard channels",
              .since = "7.0.0",
              .group = Group::kPubsub,
              .complexity = "O(N) where N is the number of shard channels to subscribe to.",
              .arity = -2,
              .flags = flag::kPubsub | flag::kNoScript | flag::kLoading | flag::kStale,
              .keys = kShardChannelKeys,
              .arguments = kSsubscribeArguments},
     .run = &SSubscribe},
    {.spec = {.name = "sunsubscribe",
              .summary = "Stop listening for messages posted to the given shard channels",
              .since = "7.0.0",
              .group = Group::kPubsub,
              .complexity =
                  "O(N) where N is the number of clients already subscribed to a shard channel.",
              .arity = -1,
              .flags = flag::kPubsub | flag::kNoScript | flag::kLoading | flag::kStale,
              .keys = kShardChannelKeys,
              .arguments = kPubsubShardnumsubArguments},
     .run = &SUnsubscribe},
    {.spec =
         {.name = "spublish",
          .summary = "Post a message to a shard channel",
          .since = "7.0.0",
          .group = Group::kPubsub,
          .complexity =
              "O(N) where N is the number of clients subscribed to the receiving shard channel.",
          .arity = 3,
          .flags =
              flag::kPubsub | flag::kLoading | flag::kStale | flag::kFast | flag::kMayReplicate,
          .keys = kSpublishKeys,
          .arguments = kSpublishArguments},
     .run = &SPublish},
};

}  // namespace

Rows PubSubRows() { return kRows; }

}  // namespace quorate::server::commands
