#include "replication/snapshot/format.h"

#include <array>

namespace quorate::replication::snapshot {
namespace {

constexpr std::array<std::string_view, 26> kTypeNames = {
    "string",
    "list",
    "set",
    "sorted set with text scores",
    "hash",
    "sorted set",
    "module value of the first format",
    "module value",
    "",
    "hash as zipmap",
    "list as ziplist",
    "set as intset",
    "sorted set as ziplist",
    "hash as ziplist",
    "list of ziplists",
    "stream",
    "hash as listpack",
    "sorted set as listpack",
    "list of listpacks",
    "stream of the second format",
    "set as listpack",
    "stream of the third format",
    "hash with expiring fields (pre-release)",
    "hash as listpack with expiring fields (pre-release)",
    "hash with expiring fields",
    "hash as listpack with expiring fields",
};

}  // namespace

std::string_view TypeName(uint8_t type) {
  if (type >= kTypeNames.size() || kTypeNames[type].empty()) return "unknown";
  return kTypeNames[type];
}

}  // namespace quorate::replication::snapshot
