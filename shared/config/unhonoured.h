// Directives that Redis has and the daemon at hand does not act on, so that a stock file starts it.
// Two kinds:
//   inert    tunes internals that we do not have: the value is checked as Redis checks it, kept,
//            shown by CONFIG GET and REWRITE, and a warning says that it has no effect;
//   refused  asks for a feature or a promise that we do not have: only the value that is our
//            behaviour is accepted, and the refusal says what is missing.
// The list is Redis 7.0's. A daemon adds it to its own rows, which come first: a directive that it
// honours leaves the list by getting a row.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "shared/config/directive.h"
#include "shared/config/process_settings.h"

namespace quorate::config {

struct Unhonoured {
  std::string name;
  std::string alias;     // empty: none
  std::string fallback;  // the default, as CONFIG GET shows it
  // The value as CONFIG GET shows it, or Redis' reason for refusing it.
  std::function<base::Result<std::string>(std::string_view)> read;
  std::string missing;  // refused: what is not supported; empty: inert
  std::string values;
  Shape shape = Shape::kSingle;
  bool immutable = false;
  bool is_protected = false;
  bool file_only = false;
  bool is_memory = false;  // written in a file with its unit
  bool yes_no = false;
};

// Everything in Redis 7.0's configuration files that is not honoured by both daemons.
const std::vector<Unhonoured>& UnhonouredDirectives();

// The value that a line says, or the reason for refusing it.
base::Result<std::string> ReadUnhonoured(const Unhonoured& directive, const Args& args);
// The line that says `value`.
Args UnhonouredLine(const Unhonoured& directive, const std::string& value);

// "<where>: no effect here: ..." for those of `names` that are inert; empty if none is.
std::string InertWarning(const Catalog& catalog, const std::string& where,
                         const std::vector<std::string>& names);

template <typename S>
Row<S> UnhonouredRow(const Unhonoured& directive, KeptValues S::*kept) {
  Row<S> row;
  row.info.name = directive.name;
  if (!directive.alias.empty()) row.info.aliases.push_back(directive.alias);
  row.info.doc = directive.missing.empty() ? "Kept for files of Redis; it has no effect."
                                           : "Not supported: " + directive.missing + ".";
  row.info.values = directive.values;
  row.info.shape = directive.shape;
  row.info.immutable = directive.immutable;
  row.info.is_protected = directive.is_protected;
  row.info.file_only = directive.file_only;
  row.info.yes_no = directive.yes_no;
  row.info.inert = directive.missing.empty();
  row.info.in_template = false;
  row.set = [&directive, kept](S& settings, const Args& args) -> base::Status {
    base::Result<std::string> value = ReadUnhonoured(directive, args);
    if (!value) return value.error();
    if (*value == directive.fallback) {
      (settings.*kept).erase(directive.name);
    } else {
      (settings.*kept)[directive.name] = std::move(*value);
    }
    return {};
  };
  row.get = [&directive, kept](const S& settings) {
    const auto found = (settings.*kept).find(directive.name);
    return found == (settings.*kept).end() ? directive.fallback : found->second;
  };
  row.lines = [&directive, get = row.get](const S& settings) {
    if (directive.file_only) return std::vector<Args>{};
    return std::vector<Args>{UnhonouredLine(directive, get(settings))};
  };
  return row;
}

// Appends a row, in the YAML group "unhonoured", for every directive of the list that `rows` does
// not have.
template <typename S>
void AddUnhonoured(std::vector<Row<S>>& rows, KeptValues S::*kept) {
  std::set<std::string> honoured;
  for (const Row<S>& row : rows) honoured.insert(row.info.name);
  std::vector<Row<S>> rest;
  for (const Unhonoured& directive : UnhonouredDirectives())
    if (!honoured.contains(directive.name)) rest.push_back(UnhonouredRow(directive, kept));
  AddGroup(rows, "unhonoured", std::move(rest));
}

}  // namespace quorate::config
