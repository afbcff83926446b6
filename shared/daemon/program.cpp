#include "shared/daemon/program.h"

#include <glob.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <utility>

namespace quorate::daemon {

int Fail(const std::string& text) {
  std::fprintf(stderr, "%s\n", text.c_str());
  return kUsageError;
}

namespace {

std::string ReadStandardInput() {
  std::string text;
  std::array<char, 4096> piece;
  for (size_t length; (length = std::fread(piece.data(), 1, piece.size(), stdin)) > 0;)
    text.append(piece.data(), length);
  return text;
}

}  // namespace

CommandLine ReadCommandLine(int argc, char** argv, std::string_view name, const char* usage) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  CommandLine result;
  if (args.size() == 1 && (args[0] == "-v" || args[0] == "--version")) {
    std::printf("Quorate %s v=%s\n", std::string(name).c_str(), QUORATE_VERSION);
    result.exit_code = 0;
    return result;
  }
  if (args.size() == 1 && (args[0] == "-h" || args[0] == "--help")) {
    std::fputs(usage, stdout);
    result.exit_code = 0;
    return result;
  }
  result.line = config::ParseCommandLine(args);
  if (result.line.problem) {
    result.exit_code = Fail(config::FatalText(*result.line.problem, "Quorate " QUORATE_VERSION));
  } else if (result.line.read_stdin) {
    result.standard_input = ReadStandardInput();
  }
  return result;
}

base::Result<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return base::Error{std::strerror(errno)};
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) return base::Error{std::strerror(errno)};
  return text;
}

base::Result<std::vector<config::SourceFile>> ReadInclude(const std::string& pattern) {
  std::vector<std::string> paths = {pattern};
  if (pattern.find_first_of("*?[") != std::string::npos) {
    glob_t found{};
    const int status = glob(pattern.c_str(), 0, nullptr, &found);
    paths.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
    globfree(&found);
    if (status != 0 && status != GLOB_NOMATCH)
      return base::Error{"Fatal error, can't search for config files '" + pattern + "'"};
  }
  std::vector<config::SourceFile> files;
  for (std::string& path : paths) {
    base::Result<std::string> text = ReadFile(path);
    if (!text)
      return base::Error{"Fatal error, can't open config file '" + path +
                         "': " + text.error().message};
    files.push_back({std::move(path), std::move(*text)});
  }
  return files;
}

config::IncludeReader ReadingOnce(config::IncludeReader read) {
  using Found = std::map<std::string, base::Result<std::vector<config::SourceFile>>>;
  return [read = std::move(read), found = std::make_shared<Found>()](const std::string& pattern) {
    auto known = found->find(pattern);
    if (known == found->end()) known = found->emplace(pattern, read(pattern)).first;
    return known->second;
  };
}

std::string AbsolutePath(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> resolved(realpath(path.c_str(), nullptr),
                                                        &std::free);
  return resolved ? std::string(resolved.get()) : path;
}

base::Status EnterBackground(const ProcessOptions& options) {
  if (options.daemonize && !options.supervised) {
    if (base::Status status = Detach(); !status) return status;
  }
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  return {};
}

std::optional<PidFile> WritePidFile(const ProcessOptions& options, log::Logger& logger) {
  if (!options.daemonize && options.pidfile.empty()) return std::nullopt;
  base::Result<PidFile> created =
      PidFile::Create(options.pidfile.empty() ? options.default_pidfile : options.pidfile);
  if (created) return std::move(*created);
  logger.Warning(created.error().message);
  return std::nullopt;
}

}  // namespace quorate::daemon
