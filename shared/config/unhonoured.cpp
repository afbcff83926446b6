#include "shared/config/unhonoured.h"

#include "shared/base/numbers.h"

namespace quorate::config {

base::Result<std::string> ReadUnhonoured(const Unhonoured& directive, const Args& args) {
  if (directive.shape == Shape::kSingle && args.size() != 1)
    return base::Error{"wrong number of arguments"};
  std::string joined;
  for (const std::string& word : args) joined += (joined.empty() ? "" : " ") + word;
  base::Result<std::string> value = directive.read(joined);
  if (!value) return value.error();
  if (directive.missing.empty() || *value == directive.fallback) return value;
  if (directive.shape == Shape::kRepeated) return base::Error{directive.missing};
  return base::Error{directive.missing + ": only '" + directive.name + " " +
                     (directive.fallback.empty() ? "\"\"" : directive.fallback) + "' is accepted"};
}

Args UnhonouredLine(const Unhonoured& directive, const std::string& value) {
  if (directive.is_memory) {
    const std::optional<uint64_t> bytes = base::ParseMemorySize(value);
    return {bytes ? WriteMemory(*bytes) : value};
  }
  if (directive.shape == Shape::kSingle || value.empty()) return {value};
  Args words;
  std::string_view rest = value;
  while (!rest.empty()) {
    const size_t blank = rest.find(' ');
    words.emplace_back(rest.substr(0, blank));
    rest.remove_prefix(blank == std::string_view::npos ? rest.size() : blank + 1);
  }
  return words;
}

std::string InertWarning(const Catalog& catalog, const std::string& where,
                         const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    const std::optional<size_t> index = catalog.Find(name);
    if (index && catalog.infos()[*index].inert) list += (list.empty() ? "" : ", ") + name;
  }
  return list.empty() ? list : where + ": no effect here: " + list;
}

}  // namespace quorate::config
