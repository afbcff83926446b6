// DEBUG: what tests of servers and of client libraries use. One command with words of its own, as
// in Redis: its table is below.
#include <cstdio>
#include <cstdlib>

#include "server/commands/arguments.h"
#include "server/commands/families.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "server/store/access.h"
#include "server/store/digest.h"
#include "shared/base/numbers.h"
#include "shared/command/introspection.h"
#include "shared/resp/errors.h"

namespace quorate::server::commands {

namespace {

using engine::Context;

void Sleep(Context& context) {
  const double seconds = std::strtod(std::string(context.arg(2)).c_str(), nullptr);
  if (seconds > 0)
    context.engine.host().Sleep(
        std::chrono::duration_cast<base::Duration>(std::chrono::duration<double>(seconds)));
  context.reply.Ok();
}

void DatasetDigest(Context& context) {
  context.reply.SimpleString(store::DatasetDigest(context.engine.databases()).ToHex());
}

void DigestValue(Context& context) {
  context.reply.ArrayHeader(context.argc() - 2);
  for (size_t i = 2; i < context.argc(); ++i) {
    const store::Record* record = context.Peek(context.Key(i));
    const store::Digest digest = record == nullptr ? store::Digest{} : store::ValueDigest(*record);
    context.reply.SimpleString(digest.ToHex());
  }
}

void Error(Context& context) { context.Error(context.arg(2)); }

// The record's address stays while its value is changed in place.
void Object(Context& context) {
  const store::Record* record = context.db().Find(context.Key(2));
  if (record == nullptr) return context.Error(resp::errors::kNoSuchKey);
  store::IntegerText scratch;
  const size_t serialized =
      record->is_string() ? context.engine.host().SerializedBytes(record->StringValue(scratch)) : 0;
  char text[160];
  std::snprintf(text, sizeof text,
                "Value at:%p refcount:1 encoding:%s serializedlength:%zu lru:%u "
                "lru_seconds_idle:%lld",
                static_cast<const void*>(record), record->EncodingName(), serialized,
                record->access(),
                static_cast<long long>(store::LruIdleMs(record->access(), context.wall) / 1000));
  context.reply.SimpleString(text);
}

// As in Redis, the keys are not propagated and those that exist stay.
void Populate(Context& context) {
  const std::optional<int64_t> count = IntegerArgument(context, 2, resp::errors::kNotPositive);
  if (!count) return;
  if (*count < 0) return context.Error(resp::errors::kNotPositive);
  const std::string prefix(context.argc() > 3 ? context.arg(3) : "key");
  int64_t size = 0;
  if (context.argc() == 5) {
    const std::optional<int64_t> given = IntegerArgument(context, 4, resp::errors::kNotPositive);
    if (!given) return;
    if (*given < 0) return context.Error(resp::errors::kNotPositive);
    size = *given;
  }
  for (int64_t i = 0; i < *count; ++i) {
    const std::string name = prefix + ":" + std::to_string(i);
    const store::Lookup key = context.db().Prepare(name);
    if (context.Peek(key) != nullptr) continue;
    std::string value = "value:" + std::to_string(i);
    if (size > 0) value.resize(static_cast<size_t>(size));
    store::Record* record = context.db().SetString(key, value, store::ExpiryChange::Clear());
    context.MarkAccess(*record);
    context.AlsoModified(key, context.database());
  }
  context.reply.Ok();
}

void Protocol(Context& context) {
  resp::Writer& out = context.reply;
  const std::string_view type = context.arg(2);
  if (Is(type, "string")) return out.Bulk("Hello World");
  if (Is(type, "integer")) return out.Integer(12345);
  if (Is(type, "double")) return out.Double(3.141);
  if (Is(type, "bignum")) return out.BigNumber("1234567999999999999999999999999999999");
  if (Is(type, "null")) return out.Null();
  if (Is(type, "verbatim")) return out.Verbatim("This is a verbatim\nstring");
  if (Is(type, "true")) return out.Bool(true);
  if (Is(type, "false")) return out.Bool(false);
  if (Is(type, "array") || Is(type, "set")) {
    Is(type, "set") ? out.SetHeader(3) : out.ArrayHeader(3);
    for (int i = 0; i < 3; ++i) out.Integer(i);
    return;
  }
  if (Is(type, "map")) {
    out.MapHeader(3);
    for (int i = 0; i < 3; ++i) {
      out.Integer(i);
      out.Bool(i == 1);
    }
    return;
  }
  if (Is(type, "attrib")) {
    if (out.resp3()) {
      out.Raw("|1\r\n");
      out.Bulk("key-popularity");
      out.ArrayHeader(2);
      out.Bulk("key:123");
      out.Integer(90);
    }
    return out.Bulk("Some real reply following the attribute");
  }
  if (Is(type, "push")) {
    if (!out.resp3()) return context.Error("ERR RESP2 is not supported by this command");
    out.PushHeader(2);
    out.Bulk("server-cpu-usage");
    out.Integer(42);
    return out.Bulk("Some real reply following the push reply");
  }
  context.Error(
      "ERR Wrong protocol type name. Please use one of the following: "
      "string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false");
}

void Reload(Context& context) {
  if (const base::Status status = context.engine.host().ReloadData(); !status)
    return context.Error("ERR Error trying to load the RDB dump: " + status.error().message);
  context.reply.Ok();
}

// Replicas run it, this server does not: their data then differs.
void Replicate(Context& context) {
  context.ReplaceEffect(context.args.subspan(2));
  context.reply.Ok();
}

void SetActiveExpire(Context& context) {
  context.engine.active_expire_enabled = base::ParseInt64(context.arg(2)).value_or(0) != 0;
  context.reply.Ok();
}

void Help(Context& context);

struct Word {
  std::string_view name;
  size_t least_args;  // of the whole request
  size_t most_args;
  void (*run)(Context&);
};

constexpr size_t kAnyNumber = SIZE_MAX;
constexpr Word kWords[] = {
    {"digest", 2, 2, &DatasetDigest},
    {"digest-value", 2, kAnyNumber, &DigestValue},
    {"error", 3, 3, &Error},
    {"help", 2, 2, &Help},
    {"object", 3, 3, &Object},
    {"populate", 3, 5, &Populate},
    {"protocol", 3, 3, &Protocol},
    {"reload", 2, 2, &Reload},
    {"replicate", 3, kAnyNumber, &Replicate},
    {"set-active-expire", 3, 3, &SetActiveExpire},
    {"sleep", 3, 3, &Sleep},
};

void Help(Context& context) {
  static constexpr std::string_view kLines[] = {
      "DIGEST",
      "    Output a hex signature representing the current DB content.",
      "DIGEST-VALUE <key> [<key> ...]",
      "    Output a hex signature of the values of all the specified keys.",
      "ERROR <string>",
      "    Return a Redis protocol error with <string> as message. Useful for clients",
      "    unit tests to simulate Redis errors.",
      "REPLICATE <string>",
      "    Replicates the provided string to replicas, allowing data divergence.",
      "OBJECT <key>",
      "    Show low level info about `key` and associated value.",
      "POPULATE <count> [<prefix>] [<size>]",
      "    Create <count> string keys named key:<num>. If <prefix> is specified then",
      "    it is used instead of the 'key' prefix. These are not propagated to",
      "    replicas.",
      "PROTOCOL <type>",
      "    Reply with a test value of the specified type. <type> can be: string,",
      "    integer, double, bignum, null, array, set, map, attrib, push, verbatim,",
      "    true, false.",
      "RELOAD",
      "    Encode the data as a snapshot in memory and replace it by what that decodes to.",
      "SET-ACTIVE-EXPIRE <0|1>",
      "    Setting it to 0 disables expiring keys in background when they are not",
      "    accessed (otherwise the Redis behavior). Setting it to 1 reenables back the",
      "    default.",
      "SLEEP <seconds>",
      "    Stop the server for <seconds>. Decimals allowed.",
  };
  command::ReplyHelp("DEBUG", kLines, context.reply);
}

void Debug(Context& context) {
  for (const Word& word : kWords) {
    if (Is(context.arg(1), word.name) && context.argc() >= word.least_args &&
        context.argc() <= word.most_args)
      return word.run(context);
  }
  context.Error("ERR unknown subcommand or wrong number of arguments for '" +
                std::string(context.arg(1)) + "'. Try DEBUG HELP.");
}

constexpr CommandRow kRows[] = {
    {.spec = {.name = "debug",
              .summary = "A container for debugging commands",
              .since = "1.0.0",
              .group = Group::kServer,
              .complexity = "Depends on subcommand.",
              .system_command = true,
              .arity = -2,
              .flags = flag::kAdmin | flag::kNoScript | flag::kLoading | flag::kStale |
                       flag::kProtected},
     .run = &Debug},
};

}  // namespace

Rows DebugRows() { return kRows; }

}  // namespace quorate::server::commands
