#include "tests/simulation/world/trace.h"

#include <xxhash.h>

#include <cctype>
#include <cstdio>

namespace quorate::simulation {

namespace {

constexpr size_t kLongestExcerpt = 60;

std::string Printable(std::string_view bytes) {
  std::string text;
  for (const char c : bytes.substr(0, kLongestExcerpt)) {
    if (c == '\r') {
      text += "\\r";
    } else if (c == '\n') {
      text += "\\n";
    } else {
      text += isprint(static_cast<unsigned char>(c)) != 0 ? c : '.';
    }
  }
  if (bytes.size() > kLongestExcerpt) text += "...";
  return text;
}

}  // namespace

void Trace::Add(base::Instant now, std::string_view what, uint64_t a, uint64_t b,
                std::string_view bytes) {
  const int64_t when = now.time_since_epoch().count();
  uint64_t name[2] = {what.size(), 0};
  what.copy(reinterpret_cast<char*>(&name[1]), sizeof name[1]);
  const uint64_t numbers[] = {hash_,  static_cast<uint64_t>(when), a, b, bytes.size(), name[0],
                              name[1]};
  hash_ = XXH3_64bits(numbers, sizeof numbers);
  if (!bytes.empty()) hash_ = XXH3_64bits_withSeed(bytes.data(), bytes.size(), hash_);
  ++entries_;
  if (!sink_) return;
  char head[96];
  snprintf(head, sizeof head, "%14.6f %-18.*s %6llu %6llu ", static_cast<double>(when) / 1e9,
           static_cast<int>(what.size()), what.data(), static_cast<unsigned long long>(a),
           static_cast<unsigned long long>(b));
  sink_(head + Printable(bytes));
}

}  // namespace quorate::simulation
