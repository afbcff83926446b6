// OBJECT: what is known of a key beside its value.
#include <cstdint>
#include <string_view>

#include "server/commands/families.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "server/store/access.h"
#include "shared/command/introspection.h"

namespace quorate::server::commands {

namespace {

using engine::Context;

bool UsesLfu(const config::ServerSettings& settings) {
  return store::UsesLfu(settings.maxmemory_policy);
}

bool MayShareIntegers(const config::ServerSettings& settings) {
  using config::EvictionPolicy;
  return settings.maxmemory == 0 ||
         !(UsesLfu(settings) || settings.maxmemory_policy == EvictionPolicy::kAllKeysLru ||
           settings.maxmemory_policy == EvictionPolicy::kVolatileLru);
}

// Looking at a key this way leaves no trace on it. Answers null if there is none.
const store::Record* Inspect(Context& context) {
  const store::Record* record = context.Peek(context.Key(2));
  if (record == nullptr) context.reply.Null();
  return record;
}

void ObjectEncoding(Context& context) {
  if (const store::Record* record = Inspect(context)) context.reply.Bulk(record->EncodingName());
}

void ObjectFreq(Context& context) {
  const store::Record* record = Inspect(context);
  if (record == nullptr) return;
  const config::ServerSettings& settings = context.engine.settings();
  if (!UsesLfu(settings)) {
    return context.Error(
        "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note "
        "that when switching between policies at runtime LRU and LFU data will take some time to "
        "adjust.");
  }
  context.reply.Integer(store::LfuCounter(record->access(), context.wall,
                                          {settings.lfu_log_factor, settings.lfu_decay_time}));
}

void ObjectIdleTime(Context& context) {
  const store::Record* record = Inspect(context);
  if (record == nullptr) return;
  if (UsesLfu(context.engine.settings())) {
    return context.Error(
        "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when "
        "switching between policies at runtime LRU and LFU data will take some time to adjust.");
  }
  context.reply.Integer(store::LruIdleMs(record->access(), context.wall) / 1000);
}

// Values are never shared between keys here, but Redis shares the integers below 10000 unless an
// eviction policy needs their access bits, and says so by this number.
void ObjectRefCount(Context& context) {
  const store::Record* record = Inspect(context);
  if (record == nullptr) return;
  const bool small = record->is_string() && record->is_integer() && record->integer() >= 0 &&
                     record->integer() < 10000;
  context.reply.Integer(small && MayShareIntegers(context.engine.settings()) ? INT32_MAX : 1);
}

void ObjectHelp(Context& context) {
  static constexpr std::string_view kLines[] = {
      "ENCODING <key>",
      "    Return the kind of internal representation used in order to store the value",
      "    associated with a <key>.",
      "FREQ <key>",
      "    Return the access frequency index of the <key>. The returned integer is",
      "    proportional to the logarithm of the recent access frequency of the key.",
      "IDLETIME <key>",
      "    Return the idle time of the <key>, that is the approximated number of",
      "    seconds elapsed since the last access to the key.",
      "REFCOUNT <key>",
      "    Return the number of references of the value associated with the specified",
      "    <key>.",
  };
  command::ReplyHelp("OBJECT", kLines, context.reply);
}

// ---- rows

constexpr KeySpec kObjectEncodingKeys[] = {
    {.flags = key::kRO, .begin = BeginSearch::Index(2)},
};

constexpr Argument kObjectEncodingArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
};

constexpr std::string_view kObjectEncodingTips[] = {"nondeterministic_output"};

constexpr KeySpec kObjectFreqKeys[] = {
    {.flags = key::kRO, .begin = BeginSearch::Index(2)},
};

constexpr KeySpec kObjectIdletimeKeys[] = {
    {.flags = key::kRO, .begin = BeginSearch::Index(2)},
};

constexpr KeySpec kObjectRefcountKeys[] = {
    {.flags = key::kRO, .begin = BeginSearch::Index(2)},
};

constexpr CommandRow kObjectSubcommands[] = {
    {.spec = {.name = "encoding",
              .summary = "Inspect the internal encoding of a Redis object",
              .since = "2.2.3",
              .group = Group::kGeneric,
              .complexity = "O(1)",
              .arity = 3,
              .flags = flag::kReadonly,
              .categories = acl::kKeyspace,
              .keys = kObjectEncodingKeys,
              .arguments = kObjectEncodingArguments,
              .tips = kObjectEncodingTips},
     .run = &ObjectEncoding},
    {.spec = {.name = "freq",
              .summary = "Get the logarithmic access frequency counter of a Redis object",
              .since = "4.0.0",
              .group = Group::kGeneric,
              .complexity = "O(1)",
              .arity = 3,
              .flags = flag::kReadonly,
              .categories = acl::kKeyspace,
              .keys = kObjectFreqKeys,
              .arguments = kObjectEncodingArguments,
              .tips = kObjectEncodingTips},
     .run = &ObjectFreq},
    {.spec = {.name = "help",
              .summary = "Show helpful text about the different subcommands",
              .since = "6.2.0",
              .group = Group::kGeneric,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kLoading | flag::kStale,
              .categories = acl::kKeyspace},
     .run = &ObjectHelp},
    {.spec = {.name = "idletime",
              .summary = "Get the time since a Redis object was last accessed",
              .since = "2.2.3",
              .group = Group::kGeneric,
              .complexity = "O(1)",
              .arity = 3,
              .flags = flag::kReadonly,
              .categories = acl::kKeyspace,
              .keys = kObjectIdletimeKeys,
              .arguments = kObjectEncodingArguments,
              .tips = kObjectEncodingTips},
     .run = &ObjectIdleTime},
    {.spec = {.name = "refcount",
              .summary = "Get the number of references to the value of the key",
              .since = "2.2.3",
              .group = Group::kGeneric,
              .complexity = "O(1)",
              .arity = 3,
              .flags = flag::kReadonly,
              .categories = acl::kKeyspace,
              .keys = kObjectRefcountKeys,
              .arguments = kObjectEncodingArguments,
              .tips = kObjectEncodingTips},
     .run = &ObjectRefCount},
};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "object",
              .summary = "A container for object introspection commands",
              .since = "2.2.3",
              .group = Group::kGeneric,
              .complexity = "Depends on subcommand.",
              .arity = -2},
     .subcommands = kObjectSubcommands},
};

}  // namespace

Rows ObjectRows() { return kRows; }

}  // namespace quorate::server::commands
