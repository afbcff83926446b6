#include "shared/config/parser_redis.h"

#include "shared/base/numbers.h"
#include "shared/config/words.h"

namespace quorate::config {

namespace {

constexpr std::string_view kCommandLineFile = "(command line)";

std::string_view Trim(std::string_view line) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t begin = line.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return line.substr(begin, line.find_last_not_of(kBlanks) - begin + 1);
}

class FileParser {
 public:
  explicit FileParser(const IncludeReader& include) : include_(include) {}

  // False if a problem was found.
  bool Parse(std::string_view text, const std::string& file, int depth) {
    int number = 0;
    while (!text.empty()) {
      ++number;
      const size_t newline = text.find('\n');
      const std::string_view line = Trim(text.substr(0, newline));
      text.remove_prefix(newline == std::string_view::npos ? text.size() : newline + 1);
      if (line.empty() || line[0] == '#') continue;
      if (!ParseLine({file, number, line, depth})) return false;
    }
    return true;
  }

  Parsed Take() && { return std::move(parsed_); }

 private:
  struct Line {
    const std::string& file;
    int number;
    std::string_view text;
    int depth;
  };

  bool ParseLine(const Line& line) {
    std::optional<Args> words = SplitWords(line.text);
    if (!words) return Fail(line, "Unbalanced quotes in configuration line");
    if (words->empty()) return true;
    if (parsed_.entries.size() >= kMaxEntries) return Fail(line, "Too many directives");
    if (base::EqualsIgnoreCase(words->front(), "include")) return Include(line, *words);
    Entry entry{.name = words->front(),
                .args = {},
                .group = {},
                .origin = Origin::kRedisSyntax,
                .file = line.file,
                .line = line.number,
                .text = std::string(line.text)};
    words->erase(words->begin());
    entry.args = std::move(*words);
    parsed_.entries.push_back(std::move(entry));
    return true;
  }

  bool Include(const Line& line, const Args& words) {
    if (words.size() != 2) return Fail(line, "wrong number of arguments");
    if (!include_) return Fail(line, "'include' is not possible here");
    if (line.depth >= kMaxIncludeDepth) return Fail(line, "Too many nested includes");
    base::Result<std::vector<SourceFile>> files = include_(words[1]);
    if (!files) return Fail(line, files.error().message);
    for (const SourceFile& included : *files)
      if (!Parse(included.text, included.path, line.depth + 1)) return false;
    return true;
  }

  bool Fail(const Line& line, std::string reason) {
    parsed_.problem = Problem{.file = line.file,
                              .line = line.number,
                              .text = std::string(line.text),
                              .reason = std::move(reason)};
    return false;
  }

  const IncludeReader& include_;
  Parsed parsed_;
};

bool IsOption(std::string_view arg) { return arg.starts_with("--"); }

// Reads the arguments of the program from front to back.
class ArgumentReader {
 public:
  explicit ArgumentReader(const std::vector<std::string>& args) : args_(args) {}

  CommandLine Read() && {
    if (!args_.empty() && !args_[0].starts_with('-')) result_.file = args_[at_++];
    while (at_ < args_.size() && !result_.problem) {
      const bool first = at_ == (result_.file ? 1 : 0);
      if (args_[at_] == "-" && (first || AtLast())) {
        result_.read_stdin = true;
        ++at_;
      } else if (IsOption(args_[at_])) {
        ReadDirective();
      } else {
        Fail("Bad directive or wrong number of arguments");
      }
    }
    return std::move(result_);
  }

 private:
  bool AtLast() const { return at_ + 1 == args_.size(); }
  int Line() const { return static_cast<int>(result_.entries.size()) + 1; }

  void ReadDirective() {
    std::optional<Args> words = SplitWords(std::string_view(args_[at_]).substr(2));
    if (!words) return Fail("Unbalanced quotes in configuration line");
    ++at_;
    // "--port 6380" as one word brings its arguments along; the word after a bare "--port" is its
    // argument even if it begins with "--", but `--save` alone stands for `--save ""`.
    if (words->size() == 1) {
      const bool bare = at_ == args_.size() || IsOption(args_[at_]);
      if (bare && base::EqualsIgnoreCase(words->front(), "save")) {
        words->emplace_back();
      } else if (at_ < args_.size()) {
        words->push_back(args_[at_++]);
      }
    }
    while (at_ < args_.size() && !IsOption(args_[at_]) && !(args_[at_] == "-" && AtLast()))
      words->push_back(args_[at_++]);
    Add(std::move(*words));
  }

  void Add(Args words) {
    Entry entry{.name = words.empty() ? "" : words.front(),
                .args = {},
                .group = {},
                .origin = Origin::kCommandLine,
                .file = std::string(kCommandLineFile),
                .line = Line(),
                .text = {}};
    entry.text = entry.name;
    for (size_t i = 1; i < words.size(); ++i) {
      entry.text += " " + QuoteWord(words[i]);
      entry.args.push_back(std::move(words[i]));
    }
    result_.entries.push_back(std::move(entry));
  }

  void Fail(std::string reason) {
    result_.problem = Problem{.file = std::string(kCommandLineFile),
                              .line = Line(),
                              .text = args_[at_],
                              .reason = std::move(reason)};
  }

  const std::vector<std::string>& args_;
  size_t at_ = 0;
  CommandLine result_;
};

}  // namespace

Parsed ParseRedis(std::string_view text, const std::string& file, const IncludeReader& include) {
  FileParser parser(include);
  parser.Parse(text, file, 0);
  return std::move(parser).Take();
}

CommandLine ParseCommandLine(const std::vector<std::string>& args) {
  return ArgumentReader(args).Read();
}

}  // namespace quorate::config
