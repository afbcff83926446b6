// Registry plus handlers: a row is a spec, a function over the program's own context, and
// subcommand rows. Families give their rows as constexpr arrays next to their handlers; the program
// adds each family explicitly.
//
//   constexpr Row<Context> kRows[] = {{.spec = {.name = "get", .arity = 2, ...}, .run = &Get}, ...};
//   table.Add(kRows);
//
//   const Command* command = table.Resolve(args);
//   const std::string refusal = RefusalOf(table, command, args);
//   if (refusal.empty()) table.Run(*command, context);
#pragma once

#include <span>
#include <vector>

#include "shared/base/check.h"
#include "shared/command/registry.h"
#include "shared/command/spec.h"

namespace quorate::command {

template <class Context>
struct Row {
  using Handler = void (*)(Context&);
  Spec spec;
  Handler run = nullptr;  // nullptr: a container that runs only as its subcommands
  std::span<const Row> subcommands = {};
};

template <class Context>
class Table : public Registry {
 public:
  using Handler = typename Row<Context>::Handler;

  // The rows must outlive the table (they are static data).
  void Add(std::span<const Row<Context>> rows) {
    for (const Row<Context>& row : rows) {
      Command& command = Register(row.spec, nullptr, row.run != nullptr);
      handlers_.push_back(row.run);
      for (const Row<Context>& sub : row.subcommands) {
        Register(sub.spec, &command, sub.run != nullptr);
        handlers_.push_back(sub.run);
      }
    }
  }

  // Precondition: `command` is of this table and runnable (RefusalOf said nothing against it).
  void Run(const Command& command, Context& context) const { handlers_[command.index](context); }

 private:
  std::vector<Handler> handlers_;  // by Command::index
};

}  // namespace quorate::command
