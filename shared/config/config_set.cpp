#include "shared/config/config_set.h"

#include <set>

#include "shared/base/glob.h"
#include "shared/base/numbers.h"

namespace quorate::config {

namespace {

// Redis splits the value of a directive with several arguments at single blanks, without any
// quoting.
Args SplitValue(std::string_view value, Shape shape) {
  if (shape == Shape::kSingle) return {std::string(value)};
  Args args;
  while (!value.empty()) {
    const size_t blank = value.find(' ');
    args.emplace_back(value.substr(0, blank));
    if (blank == std::string_view::npos) break;
    value.remove_prefix(blank + 1);
    if (value.empty()) args.emplace_back();
  }
  return args;
}

const BoundDirective* FindRuntime(const Binding& settings, std::string_view name) {
  const BoundDirective* directive = settings.Find(name);
  return directive == nullptr || directive->info->file_only ? nullptr : directive;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> ConfigGet(
    const Binding& settings, std::span<const std::string_view> patterns) {
  std::vector<std::pair<std::string, std::string>> found;
  std::set<std::string> taken;
  const auto take = [&](std::string_view name, const BoundDirective& directive) {
    if (taken.insert(base::ToLower(name)).second) found.emplace_back(name, directive.get());
  };
  for (const std::string_view pattern : patterns) {
    if (pattern.find_first_of("[*?") == std::string_view::npos) {
      if (const BoundDirective* directive = FindRuntime(settings, pattern))
        take(pattern, *directive);
      continue;
    }
    for (const BoundDirective& directive : settings.all()) {
      if (directive.info->hidden || directive.info->file_only) continue;
      const auto matches = [&](const std::string& name) {
        return base::GlobMatch(pattern, name, true);
      };
      if (matches(directive.info->name)) take(directive.info->name, directive);
      for (const std::string& alias : directive.info->aliases)
        if (matches(alias)) take(alias, directive);
    }
  }
  return found;
}

std::string ConfigSetFailed(std::string_view directive, std::string_view reason) {
  std::string text = "CONFIG SET failed (possibly related to argument '";
  text.append(directive).append("') - ").append(reason);
  return text;
}

Staged StageConfigSet(const Binding& candidate, std::span<const std::string_view> pairs,
                      const SetContext& context) {
  Staged staged;
  if (pairs.size() % 2 != 0) {
    staged.error = "syntax error";
    return staged;
  }
  const auto refuse = [&staged](std::string_view name, std::string_view reason) {
    staged.error = ConfigSetFailed(name, reason);
    return staged;
  };
  // As in Redis, all names are judged before any value is read, and an alias counts as a name of
  // its own.
  std::vector<const BoundDirective*> directives;
  for (size_t i = 0; i < pairs.size(); i += 2) {
    const BoundDirective* directive = FindRuntime(candidate, pairs[i]);
    if (directive == nullptr) {
      staged.error =
          "Unknown option or number of arguments for CONFIG SET - '" + std::string(pairs[i]) + "'";
      return staged;
    }
    const DirectiveInfo& info = *directive->info;
    if (info.immutable) return refuse(pairs[i], "can't set immutable config");
    if (info.is_protected && !context.protected_allowed)
      return refuse(pairs[i], "can't set protected config");
    if (info.refused_while_loading && context.loading) {
      staged.error = "LOADING";
      staged.loading_error = true;
      return staged;
    }
    for (size_t j = 0; j < i; j += 2)
      if (base::EqualsIgnoreCase(pairs[i], pairs[j]))
        return refuse(pairs[i], "duplicate parameter");
    directives.push_back(directive);
    staged.changed.push_back(info.name);
  }
  for (size_t i = 0; i < directives.size(); ++i) {
    const base::Status set =
        directives[i]->set(SplitValue(pairs[2 * i + 1], directives[i]->info->shape));
    if (!set) return refuse(base::ToLower(pairs[2 * i]), set.error().message);
  }
  return staged;
}

}  // namespace quorate::config
