#include <deque>
#include <map>

#include "shared/base/numbers.h"
#include "shared/config/rewrite.h"
#include "shared/config/words.h"

namespace quorate::config {

namespace {

bool IsBlankOrComment(std::string_view line) {
  const size_t begin = line.find_first_not_of(" \t\r");
  return begin == std::string_view::npos || line[begin] == '#';
}

std::string RenderLine(const DirectiveInfo& info, const Args& args) {
  std::string line = info.name;
  for (const std::string& arg : args)
    line += " " + (info.quoted ? QuoteWord(arg) : QuoteWordIfNeeded(arg));
  return line;
}

// The old file as lines, and for each directive the numbers of the lines that it stands on.
class OldFile {
 public:
  OldFile(std::string_view text, const Catalog& catalog)
      : lines_(SplitLines(text)), dropped_(lines_.size(), false) {
    for (size_t i = 0; i < lines_.size(); ++i) {
      if (lines_[i] == kRewriteSignature) has_signature_ = true;
      if (IsBlankOrComment(lines_[i])) continue;
      const std::optional<Args> words = SplitWords(lines_[i]);
      if (!words) {
        lines_[i] = "# ??? " + lines_[i];  // unreadable: kept for people, as Redis does
      } else if (const auto index = words->empty() ? std::nullopt : catalog.Find(words->front())) {
        places_[*index].push_back(i);
      }
    }
  }

  // Whether the directive stands anywhere that Put has not used yet.
  bool Has(size_t directive) const {
    const auto found = places_.find(directive);
    return found != places_.end() && !found->second.empty();
  }
  // Puts `line` where the directive stood next; at the end if it stands nowhere (any more).
  void Put(size_t directive, std::string line) {
    if (!Has(directive)) return Append(std::move(line));
    std::deque<size_t>& places = places_.at(directive);
    lines_[places.front()] = std::move(line);
    places.pop_front();
  }
  // Blanks the lines of the directive that Put has not used.
  void DropRest(size_t directive) {
    if (!Has(directive)) return;
    for (const size_t place : places_.at(directive)) {
      lines_[place].clear();
      dropped_[place] = true;
    }
  }

  // Blank lines that dropped directives would pile up are merged.
  std::string Text() const {
    std::string text;
    bool after_blank = false;
    for (size_t i = 0; i < lines_.size(); ++i) {
      const bool dropped = i < dropped_.size() && dropped_[i];
      if (dropped && after_blank) continue;
      text += lines_[i] + "\n";
      after_blank = lines_[i].empty();
    }
    return text;
  }

 private:
  void Append(std::string line) {
    if (!has_signature_) {
      if (!lines_.empty() && !lines_.back().empty()) lines_.emplace_back();
      lines_.emplace_back(kRewriteSignature);
      has_signature_ = true;
    }
    lines_.push_back(std::move(line));
  }

  std::vector<std::string> lines_;
  std::vector<bool> dropped_;
  std::map<size_t, std::deque<size_t>> places_;
  bool has_signature_ = false;
};

}  // namespace

std::string RewriteRedis(std::string_view old_text, const Binding& settings) {
  OldFile file(old_text, settings.catalog());
  for (size_t index = 0; index < settings.all().size(); ++index) {
    const BoundDirective& directive = settings.all()[index];
    const std::vector<Args> lines = directive.lines();
    const std::vector<Args>& defaults = *directive.default_lines;
    for (size_t i = 0; i < lines.size(); ++i) {
      const bool is_default = i < defaults.size() && lines[i] == defaults[i];
      if (file.Has(index) || !is_default) file.Put(index, RenderLine(*directive.info, lines[i]));
    }
    file.DropRest(index);
  }
  return file.Text();
}

}  // namespace quorate::config
