#include "shared/config/loader.h"

#include <map>
#include <utility>

#include "shared/config/parser_yaml.h"

namespace quorate::config {

namespace {

Problem At(const Entry& entry, std::string reason) {
  return {.file = entry.file, .line = entry.line, .text = entry.text, .reason = std::move(reason)};
}

std::string RepetitionWarning(const Entry& first, const Entry& entry) {
  return "'" + entry.name + "' is given at line " + std::to_string(first.line) +
         " and again at line " + std::to_string(entry.line) + " of " + entry.file +
         ": the last one counts";
}

// The entries that are kept without effect, told in one line for each file. An empty value asks for
// nothing.
class InertEntries {
 public:
  void Add(const Entry& entry) {
    if (files_.empty() || files_.back().first != entry.file) files_.push_back({entry.file, ""});
    std::string& list = files_.back().second;
    list += (list.empty() ? "" : ", ") + entry.name;
    if (entry.origin != Origin::kCommandLine) list += " (line " + std::to_string(entry.line) + ")";
  }
  void WarnInto(std::vector<std::string>& warnings) const {
    for (const auto& [file, list] : files_) warnings.push_back(file + ": no effect here: " + list);
  }

 private:
  std::vector<std::pair<std::string, std::string>> files_;
};

}  // namespace

Loaded ApplyEntries(const std::vector<Entry>& entries, const Binding& settings) {
  Loaded loaded;
  std::map<const DirectiveInfo*, const Entry*> seen;
  InertEntries inert;
  for (const Entry& entry : entries) {
    const BoundDirective* directive = settings.Find(entry.name);
    if (directive == nullptr) {
      loaded.problem = At(entry, "Bad directive or wrong number of arguments");
      return loaded;
    }
    const DirectiveInfo& info = *directive->info;
    if (!entry.group.empty() && entry.group != info.group) {
      loaded.problem = At(entry, "'" + entry.name + "' belongs under '" + info.group + "', not '" +
                                     entry.group + "'");
      return loaded;
    }
    const Entry*& earlier = seen[&info];
    const bool both_in_file = earlier != nullptr && entry.origin == Origin::kRedisSyntax &&
                              earlier->origin == entry.origin;
    if (both_in_file && info.shape != Shape::kRepeated && !info.inert)
      loaded.warnings.push_back(RepetitionWarning(*earlier, entry));
    earlier = &entry;
    if (const base::Status set = directive->set(entry.args); !set) {
      loaded.problem = At(entry, set.error().message);
      return loaded;
    }
    if (info.inert && entry.args != Args{""}) inert.Add(entry);
  }
  inert.WarnInto(loaded.warnings);
  return loaded;
}

Loaded Load(const StartupSources& sources, const Binding& settings) {
  std::vector<Entry> entries;
  const auto add = [&entries](Parsed parsed) -> std::optional<Problem> {
    for (Entry& entry : parsed.entries) entries.push_back(std::move(entry));
    return std::move(parsed.problem);
  };
  Loaded loaded;
  if (sources.file) {
    const SourceFile& file = *sources.file;
    loaded.problem = add(IsYamlPath(file.path) ? ParseYaml(file.text, file.path, settings.catalog())
                                               : ParseRedis(file.text, file.path, sources.include));
  }
  if (!loaded.problem && sources.standard_input)
    loaded.problem = add(ParseRedis(*sources.standard_input, "(standard input)", sources.include));
  if (loaded.problem) return loaded;
  entries.insert(entries.end(), sources.command_line.begin(), sources.command_line.end());
  return ApplyEntries(entries, settings);
}

}  // namespace quorate::config
