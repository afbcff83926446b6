#include "shared/command/introspection.h"

#include <algorithm>
#include <string>
#include <vector>

#include "shared/base/glob.h"
#include "shared/base/numbers.h"
#include "shared/command/key_extraction.h"
#include "shared/command/words.h"
#include "shared/resp/errors.h"

namespace quorate::command {

namespace {

using resp::Writer;

// Every set bit of `bits` that has a word, as a set of simple strings.
void WriteWords(std::span<const Word> words, uint32_t bits, Writer& out) {
  const auto shown = [bits](const Word& word) { return (bits & word.bit) != 0; };
  out.SetHeader(static_cast<size_t>(std::count_if(words.begin(), words.end(), shown)));
  for (const Word& word : words) {
    if (shown(word)) out.SimpleString(word.text);
  }
}

void WriteCategories(Categories categories, Writer& out) {
  const auto names = CategoryNames();
  size_t count = 0;
  for (size_t i = 0; i < names.size(); ++i) count += (categories >> i) & 1U;
  out.SetHeader(count);
  for (size_t i = 0; i < names.size(); ++i) {
    if ((categories >> i) & 1U) out.SimpleString("@" + std::string(names[i]));
  }
}

void WriteField(std::string_view name, int value, Writer& out) {
  out.Bulk(name);
  out.Integer(value);
}

void WriteBeginSearch(const BeginSearch& begin, Writer& out) {
  out.Bulk("begin_search");
  out.MapHeader(2);
  out.Bulk("type");
  switch (begin.kind) {
    case BeginSearch::Kind::kIndex:
      out.Bulk("index");
      out.Bulk("spec");
      out.MapHeader(1);
      WriteField("index", begin.index, out);
      break;
    case BeginSearch::Kind::kKeyword:
      out.Bulk("keyword");
      out.Bulk("spec");
      out.MapHeader(2);
      out.Bulk("keyword");
      out.Bulk(begin.keyword);
      WriteField("startfrom", begin.start_from, out);
      break;
    case BeginSearch::Kind::kUnknown:
      out.Bulk("unknown");
      out.Bulk("spec");
      out.MapHeader(0);
      break;
  }
}

void WriteFindKeys(const FindKeys& find, Writer& out) {
  out.Bulk("find_keys");
  out.MapHeader(2);
  out.Bulk("type");
  switch (find.kind) {
    case FindKeys::Kind::kRange:
      out.Bulk("range");
      out.Bulk("spec");
      out.MapHeader(3);
      WriteField("lastkey", find.last, out);
      WriteField("keystep", find.step, out);
      WriteField("limit", find.limit, out);
      break;
    case FindKeys::Kind::kKeynum:
      out.Bulk("keynum");
      out.Bulk("spec");
      out.MapHeader(3);
      WriteField("keynumidx", find.keynum_index, out);
      WriteField("firstkey", find.first_key, out);
      WriteField("keystep", find.step, out);
      break;
    case FindKeys::Kind::kUnknown:
      out.Bulk("unknown");
      out.Bulk("spec");
      out.MapHeader(0);
      break;
  }
}

void WriteKeySpecs(std::span<const KeySpec> specs, Writer& out) {
  out.SetHeader(specs.size());
  for (const KeySpec& spec : specs) {
    out.MapHeader(spec.notes.empty() ? 3 : 4);
    if (!spec.notes.empty()) {
      out.Bulk("notes");
      out.Bulk(spec.notes);
    }
    out.Bulk("flags");
    WriteWords(KeyFlagWords(), spec.flags, out);
    WriteBeginSearch(spec.begin, out);
    WriteFindKeys(spec.find, out);
  }
}

void WriteInfo(const Command& command, Writer& out) {
  out.ArrayHeader(10);
  out.Bulk(command.full_name);
  out.Integer(command.arity);
  WriteWords(FlagWords(), command.flags, out);
  out.Integer(command.range.first);
  out.Integer(command.range.last);
  out.Integer(command.range.step);
  WriteCategories(command.categories, out);
  out.SetHeader(command.spec->tips.size());
  for (const std::string_view tip : command.spec->tips) out.Bulk(tip);
  WriteKeySpecs(command.spec->keys, out);
  // Redis answers an empty set here, but an array when there are some.
  command.is_container() ? out.ArrayHeader(command.subcommands.size()) : out.SetHeader(0);
  for (const Command* sub : command.subcommands) WriteInfo(*sub, out);
}

void GetKeysReply(const Registry& registry, Args args, bool with_flags, Writer& out) {
  const Args inner = args.subspan(2);
  const Command* command = registry.Resolve(inner);
  if (command == nullptr) return out.Error("ERR Invalid command specified");
  if (!command->HasKeys()) return out.Error("ERR The command has no key arguments");
  if (!command->AcceptsCount(inner.size())) {
    return out.Error("ERR Invalid number of arguments specified for command");
  }
  KeyReferences keys;
  if (!GetKeys(*command, inner, &keys) || keys.empty()) {
    if (command->Has(flag::kNoMandatoryKeys)) return out.ArrayHeader(0);
    return out.Error("ERR Invalid arguments specified for command");
  }
  out.ArrayHeader(keys.size());
  for (const KeyReference& reference : keys) {
    if (with_flags) out.ArrayHeader(2);
    out.Bulk(inner[static_cast<size_t>(reference.position)]);
    if (with_flags) WriteWords(KeyFlagWords(), reference.flags, out);
  }
}

// Writes the full names of all commands and subcommands that `wanted` accepts.
template <typename Wanted>
void WriteNames(const Registry& registry, Wanted wanted, Writer& out) {
  std::vector<const Command*> found;
  for (const Command* command : registry.commands()) {
    if (wanted(*command)) found.push_back(command);
    for (const Command* sub : command->subcommands) {
      if (wanted(*sub)) found.push_back(sub);
    }
  }
  out.ArrayHeader(found.size());
  for (const Command* command : found) out.Bulk(command->full_name);
}

constexpr std::string_view kHelp[] = {
    "(no subcommand)",
    "    Return details about all Redis commands.",
    "COUNT",
    "    Return the total number of commands in this Redis server.",
    "LIST",
    "    Return a list of all commands in this Redis server.",
    "INFO [<command-name> ...]",
    "    Return details about multiple Redis commands.",
    "    If no command names are given, documentation details for all",
    "    commands are returned.",
    "DOCS [<command-name> ...]",
    "    Return documentation details about multiple Redis commands.",
    "    If no command names are given, documentation details for all",
    "    commands are returned.",
    "GETKEYS <full-command>",
    "    Return the keys from a full Redis command.",
    "GETKEYSANDFLAGS <full-command>",
    "    Return the keys and the access flags from a full Redis command.",
};

}  // namespace

void ReplyAllInfo(const Registry& registry, Writer& out) {
  out.ArrayHeader(registry.commands().size());
  for (const Command* command : registry.commands()) WriteInfo(*command, out);
}

void ReplyCount(const Registry& registry, Writer& out) {
  out.Integer(static_cast<int64_t>(registry.commands().size()));
}

void ReplyInfo(const Registry& registry, Args args, Writer& out) {
  if (args.size() <= 2) return ReplyAllInfo(registry, out);
  out.ArrayHeader(args.size() - 2);
  for (const std::string_view name : args.subspan(2)) {
    const Command* command = registry.FindFullName(name);
    command != nullptr ? WriteInfo(*command, out) : out.Null();
  }
}

void ReplyList(const Registry& registry, Args args, Writer& out) {
  if (args.size() == 2) {
    return WriteNames(
        registry, [](const Command&) { return true; }, out);
  }
  if (args.size() != 5 || !base::EqualsIgnoreCase(args[2], "filterby")) {
    return out.Error(resp::errors::kSyntax);
  }
  const std::string_view kind = args[3];
  const std::string_view operand = args[4];
  if (base::EqualsIgnoreCase(kind, "module")) {
    // There are no loadable modules.
    return WriteNames(
        registry, [](const Command&) { return false; }, out);
  }
  if (base::EqualsIgnoreCase(kind, "aclcat")) {
    const Categories category = CategoryByName(operand);
    return WriteNames(
        registry, [category](const Command& c) { return (c.categories & category) != 0; }, out);
  }
  if (base::EqualsIgnoreCase(kind, "pattern")) {
    return WriteNames(
        registry,
        [operand](const Command& c) { return base::GlobMatch(operand, c.full_name, true); }, out);
  }
  out.Error(resp::errors::kSyntax);
}

void ReplyGetKeys(const Registry& registry, Args args, Writer& out) {
  GetKeysReply(registry, args, false, out);
}

void ReplyGetKeysAndFlags(const Registry& registry, Args args, Writer& out) {
  GetKeysReply(registry, args, true, out);
}

void ReplyCommandHelp(Writer& out) { ReplyHelp("COMMAND", kHelp, out); }

void ReplyHelp(std::string_view container, std::span<const std::string_view> lines, Writer& out) {
  out.ArrayHeader(lines.size() + 3);
  out.SimpleString(std::string(container) +
                   " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
  for (const std::string_view line : lines) out.SimpleString(line);
  out.SimpleString("HELP");
  out.SimpleString("    Prints this help.");
}

}  // namespace quorate::command
