// What is known about a command without running it: arity, flags, ACL categories, where its keys
// are, and its documentation. Rows are constexpr data that sit next to their handlers; table.h
// indexes them, introspection.h answers COMMAND from them. Fields and words are those of
// Redis 7.0's COMMAND INFO and COMMAND DOCS.
//
// Lists are spans over static arrays (`static constexpr Argument kGetArguments[] = {...};`), so a
// Spec must not be made from temporaries.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace quorate::command {

using Flags = uint32_t;
namespace flag {
inline constexpr Flags kWrite = 1U << 0;
inline constexpr Flags kReadonly = 1U << 1;
inline constexpr Flags kDenyOom = 1U << 2;
inline constexpr Flags kModule = 1U << 3;
inline constexpr Flags kAdmin = 1U << 4;
inline constexpr Flags kPubsub = 1U << 5;
inline constexpr Flags kNoScript = 1U << 6;
inline constexpr Flags kBlocking = 1U << 7;
inline constexpr Flags kLoading = 1U << 8;  // allowed while loading
inline constexpr Flags kStale = 1U << 9;    // allowed on a replica whose link is down
inline constexpr Flags kSkipMonitor = 1U << 10;
inline constexpr Flags kSkipSlowlog = 1U << 11;
inline constexpr Flags kAsking = 1U << 12;
inline constexpr Flags kFast = 1U << 13;
inline constexpr Flags kNoAuth = 1U << 14;        // allowed before authentication
inline constexpr Flags kMayReplicate = 1U << 15;  // not shown by COMMAND
inline constexpr Flags kNoMandatoryKeys = 1U << 16;
inline constexpr Flags kProtected = 1U << 17;  // enable-debug-command; not shown by COMMAND
inline constexpr Flags kModuleGetKeys = 1U << 18;
inline constexpr Flags kModuleNoCluster = 1U << 19;
inline constexpr Flags kNoAsyncLoading = 1U << 20;
inline constexpr Flags kNoMulti = 1U << 21;
inline constexpr Flags kMovableKeys = 1U << 22;  // derived: never written in a row
inline constexpr Flags kAllowBusy = 1U << 23;
inline constexpr Flags kSentinel = 1U << 24;      // also a sentinel has it; not shown by COMMAND
inline constexpr Flags kOnlySentinel = 1U << 25;  // only a sentinel has it; not shown by COMMAND
// May delete keys it was not asked about (SCAN, RANDOMKEY); not shown by COMMAND.
inline constexpr Flags kTouchesArbitraryKeys = 1U << 26;
}  // namespace flag

// In the order of ACL CAT. Rows give what flags do not imply; read, write, admin, dangerous (of
// admin), pubsub, fast, slow and blocking follow from the flags (see ImpliedCategories).
using Categories = uint32_t;
namespace acl {
inline constexpr Categories kKeyspace = 1U << 0;
inline constexpr Categories kRead = 1U << 1;
inline constexpr Categories kWrite = 1U << 2;
inline constexpr Categories kSet = 1U << 3;
inline constexpr Categories kSortedSet = 1U << 4;
inline constexpr Categories kList = 1U << 5;
inline constexpr Categories kHash = 1U << 6;
inline constexpr Categories kString = 1U << 7;
inline constexpr Categories kBitmap = 1U << 8;
inline constexpr Categories kHyperLogLog = 1U << 9;
inline constexpr Categories kGeo = 1U << 10;
inline constexpr Categories kStream = 1U << 11;
inline constexpr Categories kPubsub = 1U << 12;
inline constexpr Categories kAdmin = 1U << 13;
inline constexpr Categories kFast = 1U << 14;
inline constexpr Categories kSlow = 1U << 15;
inline constexpr Categories kBlocking = 1U << 16;
inline constexpr Categories kDangerous = 1U << 17;
inline constexpr Categories kConnection = 1U << 18;
inline constexpr Categories kTransaction = 1U << 19;
inline constexpr Categories kScripting = 1U << 20;
}  // namespace acl

// What a command does with the keys of one key spec.
using KeyFlags = uint32_t;
namespace key {
inline constexpr KeyFlags kRO = 1U << 0;  // exactly one of RO, RW, OW, RM
inline constexpr KeyFlags kRW = 1U << 1;
inline constexpr KeyFlags kOW = 1U << 2;
inline constexpr KeyFlags kRM = 1U << 3;
inline constexpr KeyFlags kAccess = 1U << 4;
inline constexpr KeyFlags kUpdate = 1U << 5;
inline constexpr KeyFlags kInsert = 1U << 6;
inline constexpr KeyFlags kDelete = 1U << 7;
inline constexpr KeyFlags kNotKey = 1U << 8;
inline constexpr KeyFlags kIncomplete = 1U << 9;
inline constexpr KeyFlags kVariableFlags = 1U << 10;
}  // namespace key

// Where the search for keys begins.
struct BeginSearch {
  enum class Kind : uint8_t { kIndex, kKeyword, kUnknown };
  Kind kind = Kind::kIndex;
  int index = 1;  // kIndex
  // kKeyword: first match at or after start_from (negative: backwards from the end)
  std::string_view keyword;
  int start_from = 0;

  static constexpr BeginSearch Index(int index) { return {.index = index, .keyword = {}}; }
  static constexpr BeginSearch Keyword(std::string_view word, int from) {
    return {.kind = Kind::kKeyword, .index = 0, .keyword = word, .start_from = from};
  }
  static constexpr BeginSearch Unknown() {
    return {.kind = Kind::kUnknown, .index = 0, .keyword = {}};
  }
};

// How keys lie from there.
struct FindKeys {
  enum class Kind : uint8_t { kRange, kKeynum, kUnknown };
  Kind kind = Kind::kRange;
  int last = 0;  // kRange: relative to the first; negative: from the end of the arguments
  int step = 1;
  int limit = 0;         // kRange with last = -1: 2 = only half of the rest, and so on
  int keynum_index = 0;  // kKeynum: where the number of keys is, and where the first key is
  int first_key = 0;

  static constexpr FindKeys Range(int last, int step = 1, int limit = 0) {
    return {.last = last, .step = step, .limit = limit};
  }
  static constexpr FindKeys Keynum(int keynum_index, int first_key, int step = 1) {
    return {
        .kind = Kind::kKeynum, .step = step, .keynum_index = keynum_index, .first_key = first_key};
  }
  static constexpr FindKeys Unknown() { return {.kind = Kind::kUnknown, .step = 0}; }
};

struct KeySpec {
  KeyFlags flags = 0;
  BeginSearch begin = {};
  FindKeys find = {};
  std::string_view notes = {};
};

// One line of an argument tree, written flat in pre-order: children follow their parent with depth
// one more.
struct Argument {
  enum class Type : uint8_t {
    kString,
    kInteger,
    kDouble,
    kKey,
    kPattern,
    kUnixTime,
    kPureToken,
    kOneOf,
    kBlock
  };
  int depth = 0;
  std::string_view name = {};
  Type type = Type::kString;
  std::string_view token = {};
  bool optional = false;
  bool multiple = false;
  bool multiple_token = false;
  int key_spec_index = -1;
  std::string_view summary = {};
  std::string_view since = {};
  std::string_view deprecated_since = {};
};

struct Change {
  std::string_view since = {};
  std::string_view what = {};
};

enum class Group : uint8_t {
  kGeneric,
  kString,
  kList,
  kSet,
  kSortedSet,
  kHash,
  kPubsub,
  kTransactions,
  kConnection,
  kServer,
  kScripting,
  kHyperLogLog,
  kCluster,
  kSentinel,
  kGeo,
  kStream,
  kBitmap,
  kModule,
};

// One key of a request: its place among the arguments (0 is the command's name) and what is done
// with it.
struct KeyReference {
  int position = 0;
  KeyFlags flags = 0;
};
using KeyReferences = std::vector<KeyReference>;
// For the few commands whose keys or key flags a spec cannot express (SET ... GET, SORT ... STORE,
// MIGRATE). Appends to `keys`; false if the arguments are malformed.
using FindKeysFunction = bool (*)(std::span<const std::string_view> args, KeyReferences* keys);

struct Spec {
  std::string_view name = {};  // lower case; for a subcommand the last part only: "setname"
  std::string_view summary = {};
  std::string_view since = {};
  Group group = Group::kGeneric;
  std::string_view complexity = {};
  std::string_view deprecated_since = {};
  std::string_view replaced_by = {};
  // Doc flag "syscmd"; doc flag "deprecated" follows from deprecated_since.
  bool system_command = false;
  // Number of arguments with the command's name (and the subcommand's); negative: at least that
  // many.
  int arity = 1;
  Flags flags = 0;
  Categories categories = 0;
  std::span<const KeySpec> keys = {};
  FindKeysFunction find_keys = nullptr;
  std::span<const Argument> arguments = {};
  std::span<const std::string_view> tips = {};
  std::span<const Change> history = {};
};

// `categories` and all that `flags` imply.
constexpr Categories ImpliedCategories(Flags flags, Categories categories) {
  if (flags & flag::kWrite) categories |= acl::kWrite;
  if ((flags & flag::kReadonly) && !(categories & acl::kScripting)) categories |= acl::kRead;
  if (flags & flag::kAdmin) categories |= acl::kAdmin | acl::kDangerous;
  if (flags & flag::kPubsub) categories |= acl::kPubsub;
  if (flags & flag::kFast) categories |= acl::kFast;
  if (flags & flag::kBlocking) categories |= acl::kBlocking;
  if (!(categories & acl::kFast)) categories |= acl::kSlow;
  return categories;
}

// The key specs that most commands share: one key at argument 1, or all arguments from 1 on.
namespace keys {
inline constexpr KeySpec kRead[] = {{.flags = key::kRO | key::kAccess}};
inline constexpr KeySpec kReadOnlyMeta[] = {{.flags = key::kRO}};
inline constexpr KeySpec kUpdate[] = {{.flags = key::kRW | key::kUpdate}};
inline constexpr KeySpec kInsert[] = {{.flags = key::kRW | key::kInsert}};
inline constexpr KeySpec kDelete[] = {{.flags = key::kRW | key::kDelete}};
inline constexpr KeySpec kAccessUpdate[] = {{.flags = key::kRW | key::kAccess | key::kUpdate}};
inline constexpr KeySpec kAccessDelete[] = {{.flags = key::kRW | key::kAccess | key::kDelete}};
inline constexpr KeySpec kOverwrite[] = {{.flags = key::kOW | key::kUpdate}};
inline constexpr KeySpec kReadAll[] = {
    {.flags = key::kRO | key::kAccess, .find = FindKeys::Range(-1)}};
}  // namespace keys

}  // namespace quorate::command
