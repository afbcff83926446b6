// A small daemon's settings with one directive of every kind, for the tests of the engine.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "shared/config/directive.h"

namespace quorate::config {

enum class Colour { kRed, kGreen };

struct Sample {
  int64_t port = 6379;
  bool verbose = false;
  uint64_t memory = 1024;
  uint32_t mode = 0;
  std::chrono::seconds patience{10};
  Colour colour = Colour::kRed;
  std::string name = "anonymous";
  std::string secret;
  std::string folder = "./";
  std::vector<std::string> addresses = {"*", "-::*"};
  std::vector<Args> rules;

  friend bool operator==(const Sample&, const Sample&) = default;
};

inline Table<Sample> MakeSampleTable() {
  std::vector<Row<Sample>> rows;
  AddGroup<Sample>(rows, "network",
                   {Value("port", &Sample::port, Integer<int64_t>(0, 65535), "Where to listen."),
                    Custom<Sample>(
                        "bind", Shape::kWords, "addresses", "What to listen on.",
                        [](Sample& s, const Args& args) -> base::Status {
                          if (args.size() > 3)
                            return base::Error{"Too many bind addresses specified."};
                          s.addresses = args == Args{""} ? Args{} : args;
                          return {};
                        },
                        [](const Sample& s) {
                          return std::vector<Args>{s.addresses.empty() ? Args{""} : s.addresses};
                        },
                        [](const Sample& s) {
                          std::string text;
                          for (const std::string& address : s.addresses)
                            text += (text.empty() ? "" : " ") + address;
                          return text;
                        })});
  AddGroup<Sample>(
      rows, "general",
      {Value("verbose", &Sample::verbose, YesNo(), "Say more."),
       Value("maxmemory", &Sample::memory, Memory(1, UINT64_MAX), "How much.").Alias("max-memory"),
       Value("mode", &Sample::mode, Octal(0, 0777), "Permissions.").Immutable(),
       Value("replica-patience", &Sample::patience, Integer<std::chrono::seconds>(1, 100),
             "How long.")
           .Alias("slave-patience"),
       Value("colour", &Sample::colour,
             Choice<Colour>({{"red", Colour::kRed}, {"green", Colour::kGreen}}), "Which."),
       Value("name", &Sample::name, Text(), "Who."),
       Value("secret", &Sample::secret, OptionalText(), "A password.").Sensitive().Hidden(),
       Value("dir", &Sample::folder, Text(), "Where.").Protected().RefusedWhileLoading(),
       Custom<Sample>(
           "rule", Shape::kRepeated, "words", "Something that may be repeated.",
           [](Sample& s, const Args& args) -> base::Status {
             if (args.size() != 2) return base::Error{"wrong number of arguments"};
             s.rules.push_back(args);
             return {};
           },
           [](const Sample& s) { return s.rules; })
           .FileOnly()});
  return Table<Sample>(std::move(rows));
}

}  // namespace quorate::config
