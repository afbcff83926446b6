#include "tests/tidy/sources.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace quorate::tidy {
namespace {

std::vector<std::string> SplitLines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

void BlankRange(std::string& text, size_t from, size_t to) {
  for (size_t i = from; i < to && i < text.size(); ++i) {
    if (text[i] != '\n') text[i] = ' ';
  }
}

// The index just after the literal that opens with the quote at `open`.
size_t EndOfLiteral(std::string_view text, size_t open) {
  const char quote = text[open];
  for (size_t i = open + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == quote || text[i] == '\n') {
      return i + 1;
    }
  }
  return text.size();
}

// The same for R"delimiter( ... )delimiter"; `open` is the quote after the R.
size_t EndOfRawLiteral(std::string_view text, size_t open) {
  const size_t parenthesis = text.find('(', open);
  if (parenthesis == std::string_view::npos) return text.size();
  std::string closing = ")";
  closing.append(text.substr(open + 1, parenthesis - open - 1)).append("\"");
  const size_t end = text.find(closing, parenthesis);
  return end == std::string_view::npos ? text.size() : end + closing.size();
}

bool IsIncludeLine(std::string_view text, size_t position) {
  const size_t newline = text.rfind('\n', position);
  const size_t start = newline == std::string_view::npos ? 0 : newline + 1;
  return text.substr(start).starts_with("#include");
}

std::string Blank(std::string_view text) {
  std::string code(text);
  for (size_t i = 0; i < code.size();) {
    size_t end = i + 1;
    if (code.compare(i, 2, "//") == 0) {
      end = std::min(code.find('\n', i), code.size());
      BlankRange(code, i, end);
    } else if (code.compare(i, 2, "/*") == 0) {
      const size_t close = code.find("*/", i + 2);
      end = close == std::string::npos ? code.size() : close + 2;
      BlankRange(code, i, end);
    } else if (code[i] == '"' && !IsIncludeLine(code, i)) {
      const bool raw = i > 0 && code[i - 1] == 'R';
      end = raw ? EndOfRawLiteral(code, i) : EndOfLiteral(code, i);
      BlankRange(code, i + 1, end - 1);
    } else if (code[i] == '\'' && (i == 0 || !isalnum(static_cast<unsigned char>(code[i - 1])))) {
      end = EndOfLiteral(code, i);
      BlankRange(code, i + 1, end - 1);
    }
    i = end;
  }
  return code;
}

}  // namespace

std::string Source::Folder() const {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

Source MakeSource(std::string path, std::string_view text) {
  return Source{std::move(path), SplitLines(text), SplitLines(Blank(text))};
}

std::vector<Source> ReadSources(const std::string& top) {
  namespace fs = std::filesystem;
  std::vector<Source> sources;
  for (const char* folder : {"shared", "replication", "server", "sentinel", "scripts", "tests"}) {
    if (!fs::exists(fs::path(top) / folder)) continue;
    for (auto it = fs::recursive_directory_iterator(fs::path(top) / folder); it != fs::end(it);
         ++it) {
      if (it->path().filename() == "node_modules") it.disable_recursion_pending();
      const auto extension = it->path().extension();
      if (!it->is_regular_file() || (extension != ".h" && extension != ".cpp")) continue;
      std::ostringstream text;
      text << std::ifstream(it->path()).rdbuf();
      sources.push_back(MakeSource(fs::relative(it->path(), top).generic_string(), text.str()));
    }
  }
  std::ranges::sort(sources, {}, &Source::path);
  return sources;
}

}  // namespace quorate::tidy
