// COMMAND DOCS.
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "shared/command/introspection.h"
#include "shared/command/words.h"

namespace quorate::command {

namespace {

using resp::Writer;

void WriteText(std::string_view name, std::string_view text, Writer& out) {
  if (text.empty()) return;
  out.Bulk(name);
  out.Bulk(text);
}

size_t CountNonEmpty(std::initializer_list<std::string_view> texts) {
  size_t count = 0;
  for (const std::string_view text : texts) count += text.empty() ? 0 : 1;
  return count;
}

// The end of the subtree that begins at `i`.
size_t SubtreeEnd(std::span<const Argument> all, size_t i) {
  const int depth = all[i].depth;
  for (++i; i < all.size() && all[i].depth > depth;) ++i;
  return i;
}

void WriteArguments(std::span<const Argument> all, Writer& out);

void WriteArgumentFlags(const Argument& argument, Writer& out) {
  out.Bulk("flags");
  out.SetHeader(static_cast<size_t>(argument.optional) + static_cast<size_t>(argument.multiple) +
                static_cast<size_t>(argument.multiple_token));
  if (argument.optional) out.SimpleString("optional");
  if (argument.multiple) out.SimpleString("multiple");
  if (argument.multiple_token) out.SimpleString("multiple_token");
}

void WriteArgument(const Argument& argument, std::span<const Argument> children, Writer& out) {
  const bool has_flags = argument.optional || argument.multiple || argument.multiple_token;
  const bool has_children =
      argument.type == Argument::Type::kOneOf || argument.type == Argument::Type::kBlock;
  // A pure token may be the empty string (MIGRATE's key).
  const bool has_token = !argument.token.empty() || argument.type == Argument::Type::kPureToken;
  out.MapHeader(2 + static_cast<size_t>(argument.key_spec_index >= 0) +
                static_cast<size_t>(has_token) +
                CountNonEmpty({argument.summary, argument.since, argument.deprecated_since}) +
                static_cast<size_t>(has_flags) + static_cast<size_t>(has_children));
  out.Bulk("name");
  out.Bulk(argument.name);
  out.Bulk("type");
  out.Bulk(TypeName(argument.type));
  if (argument.key_spec_index >= 0) {
    out.Bulk("key_spec_index");
    out.Integer(argument.key_spec_index);
  }
  if (has_token) {
    out.Bulk("token");
    out.Bulk(argument.token);
  }
  WriteText("summary", argument.summary, out);
  WriteText("since", argument.since, out);
  WriteText("deprecated_since", argument.deprecated_since, out);
  if (has_flags) WriteArgumentFlags(argument, out);
  if (has_children) {
    out.Bulk("arguments");
    WriteArguments(children, out);
  }
}

void WriteArguments(std::span<const Argument> all, Writer& out) {
  size_t count = 0;
  for (size_t i = 0; i < all.size(); i = SubtreeEnd(all, i)) ++count;
  out.ArrayHeader(count);
  for (size_t i = 0; i < all.size();) {
    const size_t end = SubtreeEnd(all, i);
    WriteArgument(all[i], all.subspan(i + 1, end - i - 1), out);
    i = end;
  }
}

void WriteHistory(std::span<const Change> history, Writer& out) {
  out.Bulk("history");
  out.SetHeader(history.size());
  for (const Change& change : history) {
    out.ArrayHeader(2);
    out.Bulk(change.since);
    out.Bulk(change.what);
  }
}

void WriteDocs(const Command& command, Writer& out) {
  const Spec& spec = *command.spec;
  const bool deprecated = !spec.deprecated_since.empty();
  const bool has_doc_flags = deprecated || spec.system_command;
  out.MapHeader(1 +
                CountNonEmpty({spec.summary, spec.since, spec.complexity, spec.deprecated_since,
                               spec.replaced_by}) +
                static_cast<size_t>(has_doc_flags) + static_cast<size_t>(!spec.history.empty()) +
                static_cast<size_t>(!spec.arguments.empty()) +
                static_cast<size_t>(command.is_container()));
  WriteText("summary", spec.summary, out);
  WriteText("since", spec.since, out);
  WriteText("group", GroupName(spec.group), out);
  WriteText("complexity", spec.complexity, out);
  if (has_doc_flags) {
    out.Bulk("doc_flags");
    out.SetHeader(static_cast<size_t>(deprecated) + static_cast<size_t>(spec.system_command));
    if (deprecated) out.SimpleString("deprecated");
    if (spec.system_command) out.SimpleString("syscmd");
  }
  WriteText("deprecated_since", spec.deprecated_since, out);
  WriteText("replaced_by", spec.replaced_by, out);
  if (!spec.history.empty()) WriteHistory(spec.history, out);
  if (!spec.arguments.empty()) {
    out.Bulk("arguments");
    WriteArguments(spec.arguments, out);
  }
  if (command.is_container()) {
    out.Bulk("subcommands");
    out.MapHeader(command.subcommands.size());
    for (const Command* sub : command.subcommands) {
      out.Bulk(sub->full_name);
      WriteDocs(*sub, out);
    }
  }
}

}  // namespace

void ReplyDocs(const Registry& registry, Args args, Writer& out) {
  std::vector<const Command*> found;
  if (args.size() <= 2) {
    found.assign(registry.commands().begin(), registry.commands().end());
  } else {
    for (const std::string_view name : args.subspan(2)) {
      if (const Command* command = registry.FindFullName(name)) found.push_back(command);
    }
  }
  out.MapHeader(found.size());
  for (const Command* command : found) {
    out.Bulk(command->full_name);
    WriteDocs(*command, out);
  }
}

}  // namespace quorate::command
