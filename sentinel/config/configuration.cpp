#include "sentinel/config/configuration.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <utility>

#include "sentinel/config/journal.h"
#include "sentinel/config/redis_state.h"
#include "sentinel/config/state_file.h"
#include "sentinel/config/yaml_groups.h"
#include "shared/base/numbers.h"
#include "shared/config/default_user.h"
#include "shared/config/parser_yaml.h"
#include "shared/config/rewrite.h"

namespace quorate::sentinel::config {

namespace {

using quorate::config::Entry;
using quorate::config::IsYamlPath;
using quorate::config::Parsed;
using quorate::config::Problem;

base::Error Fatal(const Problem& problem) {
  return {quorate::config::FatalText(problem, "Quorate " QUORATE_VERSION)};
}

Parsed ParseFile(const quorate::config::SourceFile& file,
                 const quorate::config::IncludeReader& include,
                 const quorate::config::Catalog& catalog) {
  if (!IsYamlPath(file.path)) return quorate::config::ParseRedis(file.text, file.path, include);
  std::vector<quorate::config::YamlSection> sections;
  Parsed parsed =
      quorate::config::ParseYaml(file.text, file.path, catalog, kYamlSections, sections);
  if (parsed.problem) return parsed;
  Parsed statements = ReadYamlSections(sections, file.text, file.path);
  std::ranges::move(statements.entries, std::back_inserter(parsed.entries));
  parsed.problem = std::move(statements.problem);
  return parsed;
}

// What a statement that may stand only once says, apart from its value; empty for all others.
std::string OnceKey(const Entry& entry) {
  if (!base::EqualsIgnoreCase(entry.name, "sentinel") || entry.args.size() < 2) return {};
  const quorate::config::Args& args = entry.args;
  const std::string option = CanonicalOption(args[0]);
  const std::string of_group = option + '\n' + args[1];
  if (option == "monitor") return of_group;
  if (option == "rename-command" && args.size() > 2)
    return of_group + '\n' + base::ToUpper(args[2]);
  if (option == "known-replica" && args.size() > 3)
    return of_group + '\n' + args[2] + '\n' + args[3];
  if (option == "known-sentinel" && args.size() > 4) return of_group + '\n' + args[4];
  return {};
}

// What other sources say (an included file, standard input, the command line) was written into the
// file that is rewritten, with all that has changed since: said again at the next start, it is no
// duplicate, and the file knows better.
void DropWrittenBack(std::vector<Entry>& entries, const std::string& rewritten) {
  std::set<std::string> kept;
  for (const Entry& entry : entries)
    if (entry.file == rewritten) kept.insert(OnceKey(entry));
  kept.erase("");
  std::erase_if(entries, [&](const Entry& entry) {
    return entry.file != rewritten && kept.contains(OnceKey(entry));
  });
}

// Everything in order; "--sentinel" alone, which starts redis-server in this role, says nothing
// here.
base::Result<std::vector<Entry>> ReadEntries(const quorate::config::StartupSources& startup,
                                             const quorate::config::Catalog& catalog) {
  std::vector<Entry> entries;
  const auto add = [&entries](Parsed parsed) {
    std::ranges::move(parsed.entries, std::back_inserter(entries));
    return std::move(parsed.problem);
  };
  std::optional<Problem> problem = add(ParseFile(*startup.file, startup.include, catalog));
  if (!problem && startup.standard_input)
    problem = add(
        quorate::config::ParseRedis(*startup.standard_input, "(standard input)", startup.include));
  if (problem) return Fatal(*problem);
  std::ranges::copy_if(startup.command_line, std::back_inserter(entries), [](const Entry& entry) {
    return !base::EqualsIgnoreCase(entry.name, "sentinel") || !entry.args.empty();
  });
  if (!IsYamlPath(startup.file->path)) DropWrittenBack(entries, startup.file->path);
  return entries;
}

// What was appended since the state was written. A state that names no journal has none: it is from
// before there were any, or an operator's new file.
base::Status GoOn(const Sources& sources, core::DurableState& durable) {
  if (!sources.journal || durable.journal == 0) return {};
  base::Status status = ApplyJournal(*sources.journal, durable);
  if (!status)
    return base::Error{"Cannot start with '" + sources.startup.file->path +
                       "': " + status.error().message + "."};
  return {};
}

// A group goes on from what was kept of its name: the newest vote, and who may vote.
void RestoreRetired(core::DurableState& durable) {
  for (core::DurableGroup& group : durable.groups) {
    base::Epoch least = durable.retired_vote_floor;
    if (const auto retired = durable.retired.find(group.name); retired != durable.retired.end()) {
      least = std::max(least, retired->second.vote);
      group.electorate_met = std::max(group.electorate_met, retired->second.electorate);
      durable.retired.erase(retired);
    }
    if (group.vote.epoch < least) group.vote = {least, std::nullopt};
  }
}

}  // namespace

std::string StatePath(const std::string& config_path) {
  return IsYamlPath(config_path) ? config_path + ".state" : config_path;
}

base::Result<Configuration> LoadConfiguration(const Sources& sources, const ProcessTable& table) {
  Configuration result;
  const quorate::config::Binding binding = table.Bind(result.process);
  base::Result<std::vector<Entry>> entries = ReadEntries(sources.startup, binding.catalog());
  if (!entries) return entries.error();
  const auto is_statement = [](const Entry& entry) {
    return base::EqualsIgnoreCase(entry.name, "sentinel");
  };
  const auto generic = std::stable_partition(entries->begin(), entries->end(), is_statement);
  const std::vector<Entry> directives(std::make_move_iterator(generic),
                                      std::make_move_iterator(entries->end()));
  entries->erase(generic, entries->end());

  quorate::config::Loaded loaded = quorate::config::ApplyEntries(directives, binding);
  if (loaded.problem) return Fatal(*loaded.problem);
  if (base::Status status =
          quorate::config::SettleDefaultUser(result.process.kept, result.process.requirepass);
      !status)
    return status.error();
  result.warnings = std::move(loaded.warnings);
  Statements statements;
  if (const std::optional<Problem> problem =
          ApplyStatements(*entries, sources.is_executable, statements))
    return Fatal(*problem);

  const quorate::config::SourceFile& file = *sources.startup.file;
  if (IsYamlPath(file.path)) {
    result.configured = statements;
    result.configured_loglevel = result.process.loglevel;
    if (sources.state) {
      base::Result<StateFile> state = ReadStateFile(*sources.state);
      if (!state)
        return base::Error{"Cannot start with the state file '" + StatePath(file.path) +
                           "': " + state.error().message + "."};
      if (base::Status status = GoOn(sources, state->current.durable); !status)
        return status.error();
      statements = Merge(statements, *state);
      result.process.loglevel = MergeLogLevel(result.process.loglevel, *state);
    }
  } else if (base::Status status = ReadRedisState(file.text, statements.durable); !status) {
    return base::Error{"Cannot start with the configuration file '" + file.path +
                       "': " + status.error().message};
  }
  if (!IsYamlPath(file.path))
    if (base::Status status = GoOn(sources, statements.durable); !status) return status.error();
  RestoreRetired(statements.durable);
  result.settings = std::move(statements.settings);
  result.durable = std::move(statements.durable);
  result.settings.listen_port = result.process.port;
  result.settings.requirepass = result.process.requirepass;
  return result;
}

std::string RenderState(const std::string& config_path, std::string_view old_text,
                        const ProcessTable& table, const Configuration& configuration) {
  if (IsYamlPath(config_path))
    return WriteStateFile(
        {{configuration.settings, configuration.durable},
         configuration.configured,
         LogLevels{configuration.process.loglevel, configuration.configured_loglevel}});
  const std::string generic =
      quorate::config::RewriteRedis(old_text, table.Bind(configuration.process));
  return WriteRedisState(generic, configuration.settings, configuration.durable);
}

}  // namespace quorate::sentinel::config
