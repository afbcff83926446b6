// Subscriptions to events, and the one message that may be published: another sentinel's hello.
#include "sentinel/commands/context.h"
#include "sentinel/commands/errors.h"
#include "shared/command/common_specs.h"
#include "shared/session/subscription_rows.h"

namespace quorate::sentinel::commands {

namespace {

session::SubscriptionRequest ToSubscriptionRequest(Context& context) {
  return {context.host.pubsub(), context.client, context.args};
}

void Publish(Context& context) {
  if (context.arg(1) != core::kHelloChannel) return context.Error(kOnlyHello);
  context.host.Submit(context.client, [&](core::ClientId id) {
    return core::Input(core::HelloPublished{id, context.text(2)});
  });
}

using Subscription = session::SubscriptionRows<Context, &ToSubscriptionRequest>;

constexpr CommandRow kRows[] = {
    Subscription::kSubscribe,
    Subscription::kUnsubscribe,
    Subscription::kPsubscribe,
    Subscription::kPunsubscribe,
    {.spec = command::common::kPublish, .run = &Publish},
};

}  // namespace

Rows PubSubRows() { return kRows; }

}  // namespace quorate::sentinel::commands
