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

Entry OptionEntry(Args words, int line) {
  Entry entry{.name = words.empty() ? "" : words.front(),
              .args = {},
              .group = {},
              .origin = Origin::kCommandLine,
              .file = std::string(kCommandLineFile),
              .line = line,
              .text = words.empty() ? "" : words.front()};
  if (words.empty()) return entry;
  words.erase(words.begin());
  for (std::string& word : words) {
    entry.text += " " + QuoteWord(word);
    entry.args.push_back(std::move(word));
  }
  return entry;
}

}  // namespace

Parsed ParseRedis(std::string_view text, const std::string& file, const IncludeReader& include) {
  FileParser parser(include);
  parser.Parse(text, file, 0);
  return std::move(parser).Take();
}

CommandLine ParseCommandLine(const std::vector<std::string>& args) {
  CommandLine result;
  size_t at = 0;
  if (!args.empty() && !args[0].starts_with('-')) {
    result.file = args[0];
    at = 1;
  }
  while (at < args.size()) {
    const int line = static_cast<int>(result.entries.size()) + 1;
    if (args[at] == "-" && (at == 0 || at + 1 == args.size() || (at == 1 && result.file))) {
      result.read_stdin = true;
      ++at;
      continue;
    }
    if (!IsOption(args[at])) {
      result.problem = Problem{.file = std::string(kCommandLineFile),
                               .line = line,
                               .text = args[at],
                               .reason = "Bad directive or wrong number of arguments"};
      return result;
    }
    // "--port 6380" as one word carries its arguments along; after a bare "--port" the next word is
    // an argument even if it begins with "--", and `--save` alone stands for `--save ""`.
    std::optional<Args> words = SplitWords(std::string_view(args[at]).substr(2));
    if (!words) {
      result.problem = Problem{.file = std::string(kCommandLineFile),
                               .line = line,
                               .text = args[at],
                               .reason = "Unbalanced quotes in configuration line"};
      return result;
    }
    ++at;
    if (words->size() == 1) {
      const bool bare_save = base::EqualsIgnoreCase(words->front(), "save") &&
                             (at == args.size() || IsOption(args[at]));
      if (bare_save) {
        words->emplace_back();
      } else if (at < args.size()) {
        words->push_back(args[at++]);
      }
    }
    while (at < args.size() && !IsOption(args[at]) && !(args[at] == "-" && at + 1 == args.size()))
      words->push_back(args[at++]);
    result.entries.push_back(OptionEntry(std::move(*words), line));
  }
  return result;
}

}  // namespace quorate::config
