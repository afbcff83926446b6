// COMMAND and its subcommands, answered from a registry exactly as Redis 7.0 answers: order of
// fields, RESP2 and RESP3 forms, error texts. Handlers of `command` rows only forward here with the
// request's arguments.
#pragma once

#include <span>
#include <string_view>

#include "shared/command/registry.h"
#include "shared/resp/writer.h"

namespace quorate::command {

using Args = std::span<const std::string_view>;  // the whole request, name first

// COMMAND
void ReplyAllInfo(const Registry& registry, resp::Writer& out);
// COMMAND COUNT
void ReplyCount(const Registry& registry, resp::Writer& out);
// COMMAND INFO [name...]; names may be "config|get". Unknown ones are null.
void ReplyInfo(const Registry& registry, Args args, resp::Writer& out);
// COMMAND DOCS [name...]; unknown ones are left out.
void ReplyDocs(const Registry& registry, Args args, resp::Writer& out);
// COMMAND LIST [FILTERBY MODULE name | ACLCAT category | PATTERN glob]
void ReplyList(const Registry& registry, Args args, resp::Writer& out);
// COMMAND GETKEYS and GETKEYSANDFLAGS
void ReplyGetKeys(const Registry& registry, Args args, resp::Writer& out);
void ReplyGetKeysAndFlags(const Registry& registry, Args args, resp::Writer& out);
// COMMAND HELP
void ReplyCommandHelp(resp::Writer& out);

// The frame of every X HELP: header, the given lines ("NAME", "    What it does."...), and the HELP
// line itself. `container` in upper case.
void ReplyHelp(std::string_view container, std::span<const std::string_view> lines,
               resp::Writer& out);

// One ACL category by name without '@', case-insensitive; 0 if there is none. And the names in the
// order of bits.
Categories CategoryByName(std::string_view name);
std::span<const std::string_view> CategoryNames();
std::string_view GroupName(Group group);

}  // namespace quorate::command
