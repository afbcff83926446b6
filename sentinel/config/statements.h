// The `sentinel ...` lines of Redis' configuration syntax, read in any order: first what concerns
// the process, then `monitor`, then what names a group. YAML is brought into the same form
// (yaml_groups.h), so every value is checked here. The first bad line, in that order, stops it; the
// reasons are Redis'.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sentinel/core/durable.h"
#include "sentinel/core/settings.h"
#include "shared/base/result.h"
#include "shared/config/entry.h"

namespace quorate::sentinel::config {

struct Statements {
  core::Settings settings;
  core::DurableState durable;
};

// Whether a file can be run; empty: not checked.
using ScriptCheck = std::function<bool(const std::string& path)>;

// `entries` are lines named "sentinel", with the option's name as first argument.
std::optional<quorate::config::Problem> ApplyStatements(
    const std::vector<quorate::config::Entry>& entries, const ScriptCheck& is_executable,
    Statements& result);

// The one spelling of an option that has several: "known-slave" is "known-replica". Lower case.
std::string CanonicalOption(std::string_view option);
// Whether the option's first argument is a group's name.
bool NamesGroup(std::string_view canonical_option);

}  // namespace quorate::sentinel::config
