// The one directive table. A Row<S> ties a directive (DirectiveInfo) to a plain settings struct S;
// Table<S> is the list of rows of one daemon; Table::Bind gives a Binding, the view through which
// the engine (loader, CONFIG GET and SET, rewrite, templates) works without knowing S. Defaults are
// those of a value-initialised S: there is no second list.
//
// A Binding refers to its table and settings: both outlive it. No thread may change the settings
// meanwhile.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/base/check.h"
#include "shared/base/result.h"
#include "shared/config/catalog.h"
#include "shared/config/entry.h"
#include "shared/config/values.h"

namespace quorate::config {

template <typename S>
struct Row {
  DirectiveInfo info;
  // Applies one line (file) or one whole value (CONFIG SET). Rows of Shape::kRepeated accumulate.
  // On failure the settings are unchanged and the message is the reason alone.
  std::function<base::Status(S&, const Args&)> set;
  // The text of CONFIG GET.
  std::function<std::string(const S&)> get;
  // The lines that would restore the current value, each without the name; kRepeated may give none.
  std::function<std::vector<Args>(const S&)> lines;

  Row&& Alias(std::string name) && {
    info.aliases.push_back(std::move(name));
    return std::move(*this);
  }
  Row&& Immutable() && { return Flag(&DirectiveInfo::immutable); }
  Row&& Protected() && { return Flag(&DirectiveInfo::is_protected); }
  Row&& Hidden() && { return Flag(&DirectiveInfo::hidden); }
  Row&& FileOnly() && { return Flag(&DirectiveInfo::file_only); }
  Row&& Sensitive() && { return Flag(&DirectiveInfo::sensitive); }
  Row&& NotInTemplate() && {
    info.in_template = false;
    return std::move(*this);
  }
  Row&& RefusedWhileLoading() && { return Flag(&DirectiveInfo::refused_while_loading); }

 private:
  Row&& Flag(bool DirectiveInfo::*flag) {
    info.*flag = true;
    return std::move(*this);
  }
};

// A directive of one argument, kept in `member`.
template <typename S, typename T>
Row<S> Value(std::string name, T S::*member, Codec<T> codec, std::string doc) {
  Row<S> row;
  row.info.name = std::move(name);
  row.info.doc = std::move(doc);
  row.info.values = codec.values;
  row.info.quoted = codec.quoted;
  row.info.yes_no = codec.yes_no;
  if (!codec.write) codec.write = codec.format;
  row.set = [member, parse = codec.parse](S& settings, const Args& args) -> base::Status {
    if (args.size() != 1) return base::Error{"wrong number of arguments"};
    base::Result<T> parsed = parse(args[0]);
    if (!parsed) return parsed.error();
    settings.*member = std::move(*parsed);
    return {};
  };
  row.get = [member, format = codec.format](const S& settings) { return format(settings.*member); };
  row.lines = [member, write = codec.write, optional = codec.empty_is_unset](const S& settings) {
    std::string text = write(settings.*member);
    return optional && text.empty() ? std::vector<Args>{} : std::vector<Args>{{std::move(text)}};
  };
  return row;
}

// A directive with its own rules. `get` joins the words of `lines` unless it is given.
template <typename S>
Row<S> Custom(std::string name, Shape shape, std::string values, std::string doc,
              std::function<base::Status(S&, const Args&)> set,
              std::function<std::vector<Args>(const S&)> lines,
              std::function<std::string(const S&)> get = nullptr) {
  Row<S> row;
  row.info.name = std::move(name);
  row.info.doc = std::move(doc);
  row.info.values = std::move(values);
  row.info.shape = shape;
  row.set = std::move(set);
  row.lines = std::move(lines);
  row.get = get ? std::move(get) : [lines = row.lines](const S& settings) {
    std::string joined;
    for (const Args& line : lines(settings))
      for (const std::string& word : line) joined += (joined.empty() ? "" : " ") + word;
    return joined;
  };
  return row;
}

// One row bound to one settings object.
struct BoundDirective {
  const DirectiveInfo* info = nullptr;
  std::function<base::Status(const Args&)> set;  // empty if bound to const settings
  std::function<std::string()> get;
  std::function<std::vector<Args>()> lines;
  const std::vector<Args>* default_lines = nullptr;
};

class Binding {
 public:
  Binding(const Catalog& catalog, std::vector<BoundDirective> directives)
      : catalog_(&catalog), directives_(std::move(directives)) {}

  const Catalog& catalog() const { return *catalog_; }
  const std::vector<BoundDirective>& all() const { return directives_; }
  // By name or alias, case-insensitively; null if there is none.
  const BoundDirective* Find(std::string_view name) const {
    const std::optional<size_t> index = catalog_->Find(name);
    return index ? &directives_[*index] : nullptr;
  }

 private:
  const Catalog* catalog_;
  std::vector<BoundDirective> directives_;
};

// All rows of one daemon. Immutable; built once.
template <typename S>
class Table {
 public:
  explicit Table(std::vector<Row<S>> rows) : rows_(std::move(rows)), catalog_(Infos(rows_)) {
    const S defaults{};
    for (const Row<S>& row : rows_) default_lines_.push_back(row.lines(defaults));
  }
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  const Catalog& catalog() const { return catalog_; }

  Binding Bind(const S& settings) const { return Binding(catalog_, Readers(settings)); }
  Binding Bind(S& settings) const {
    std::vector<BoundDirective> bound = Readers(settings);
    for (size_t i = 0; i < rows_.size(); ++i)
      bound[i].set = [row = &rows_[i], &settings](const Args& args) {
        return row->set(settings, args);
      };
    return Binding(catalog_, std::move(bound));
  }

 private:
  static std::vector<DirectiveInfo> Infos(const std::vector<Row<S>>& rows) {
    std::vector<DirectiveInfo> infos;
    for (const Row<S>& row : rows) infos.push_back(row.info);
    return infos;
  }
  std::vector<BoundDirective> Readers(const S& settings) const {
    std::vector<BoundDirective> bound;
    bound.reserve(rows_.size());
    for (size_t i = 0; i < rows_.size(); ++i) {
      const Row<S>* row = &rows_[i];
      bound.push_back({.info = &catalog_.infos()[i],
                       .set = nullptr,
                       .get = [row, &settings] { return row->get(settings); },
                       .lines = [row, &settings] { return row->lines(settings); },
                       .default_lines = &default_lines_[i]});
    }
    return bound;
  }

  std::vector<Row<S>> rows_;
  Catalog catalog_;
  std::vector<std::vector<Args>> default_lines_;  // of every row
};

// Appends the rows of one area, marking them with its YAML group.
template <typename S>
void AddGroup(std::vector<Row<S>>& rows, const std::string& group, std::vector<Row<S>> area) {
  for (Row<S>& row : area) {
    row.info.group = group;
    rows.push_back(std::move(row));
  }
}

}  // namespace quorate::config
