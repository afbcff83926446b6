#include "shared/command/words.h"

#include "shared/base/numbers.h"
#include "shared/command/introspection.h"

namespace quorate::command {

namespace {

constexpr Word kFlagWords[] = {
    {flag::kWrite, "write"},
    {flag::kReadonly, "readonly"},
    {flag::kDenyOom, "denyoom"},
    {flag::kModule, "module"},
    {flag::kAdmin, "admin"},
    {flag::kPubsub, "pubsub"},
    {flag::kNoScript, "noscript"},
    {flag::kBlocking, "blocking"},
    {flag::kLoading, "loading"},
    {flag::kStale, "stale"},
    {flag::kSkipMonitor, "skip_monitor"},
    {flag::kSkipSlowlog, "skip_slowlog"},
    {flag::kAsking, "asking"},
    {flag::kFast, "fast"},
    {flag::kNoAuth, "no_auth"},
    {flag::kNoMandatoryKeys, "no_mandatory_keys"},
    {flag::kModuleGetKeys, "module_getkeys"},
    {flag::kModuleNoCluster, "module_no_cluster"},
    {flag::kNoAsyncLoading, "no_async_loading"},
    {flag::kNoMulti, "no_multi"},
    {flag::kMovableKeys, "movablekeys"},
    {flag::kAllowBusy, "allow_busy"},
};

constexpr Word kKeyFlagWords[] = {
    {key::kRO, "RO"},
    {key::kRW, "RW"},
    {key::kOW, "OW"},
    {key::kRM, "RM"},
    {key::kAccess, "access"},
    {key::kUpdate, "update"},
    {key::kInsert, "insert"},
    {key::kDelete, "delete"},
    {key::kNotKey, "not_key"},
    {key::kIncomplete, "incomplete"},
    {key::kVariableFlags, "variable_flags"},
};

constexpr std::string_view kCategoryNames[] = {
    "keyspace", "read",   "write",       "set",       "sortedset",  "list",        "hash",
    "string",   "bitmap", "hyperloglog", "geo",       "stream",     "pubsub",      "admin",
    "fast",     "slow",   "blocking",    "dangerous", "connection", "transaction", "scripting"};

}  // namespace

std::span<const Word> FlagWords() { return kFlagWords; }
std::span<const Word> KeyFlagWords() { return kKeyFlagWords; }
std::span<const std::string_view> CategoryNames() { return kCategoryNames; }

Categories CategoryByName(std::string_view name) {
  for (size_t i = 0; i < std::size(kCategoryNames); ++i) {
    if (base::EqualsIgnoreCase(kCategoryNames[i], name)) return 1U << i;
  }
  return 0;
}

std::string_view GroupName(Group group) {
  switch (group) {
    case Group::kGeneric:
      return "generic";
    case Group::kString:
      return "string";
    case Group::kList:
      return "list";
    case Group::kSet:
      return "set";
    case Group::kSortedSet:
      return "sorted-set";
    case Group::kHash:
      return "hash";
    case Group::kPubsub:
      return "pubsub";
    case Group::kTransactions:
      return "transactions";
    case Group::kConnection:
      return "connection";
    case Group::kServer:
      return "server";
    case Group::kScripting:
      return "scripting";
    case Group::kHyperLogLog:
      return "hyperloglog";
    case Group::kCluster:
      return "cluster";
    case Group::kSentinel:
      return "sentinel";
    case Group::kGeo:
      return "geo";
    case Group::kStream:
      return "stream";
    case Group::kBitmap:
      return "bitmap";
    case Group::kModule:
      return "module";
  }
  return "";
}

std::string_view TypeName(Argument::Type type) {
  switch (type) {
    case Argument::Type::kString:
      return "string";
    case Argument::Type::kInteger:
      return "integer";
    case Argument::Type::kDouble:
      return "double";
    case Argument::Type::kKey:
      return "key";
    case Argument::Type::kPattern:
      return "pattern";
    case Argument::Type::kUnixTime:
      return "unix-time";
    case Argument::Type::kPureToken:
      return "pure-token";
    case Argument::Type::kOneOf:
      return "oneof";
    case Argument::Type::kBlock:
      return "block";
  }
  return "";
}

}  // namespace quorate::command
