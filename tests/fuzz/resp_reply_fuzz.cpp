// The reply parser on arbitrary bytes: never reads outside its input, keeps its limits, and gives
// the same replies and the same error however the stream is cut.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/check.h"
#include "shared/base/random.h"
#include "shared/resp/reply_parser.h"

namespace {

using quorate::base::Random;
using quorate::resp::ReplyParser;
using quorate::resp::Value;
using Outcome = ReplyParser::Outcome;

size_t DepthOf(const Value& value) {
  size_t deepest = 0;
  for (const Value& item : value.items) deepest = std::max(deepest, DepthOf(item));
  return deepest + (value.is_aggregate() ? 1 : 0);
}

std::string Transcript(std::string_view stream, Random* pieces, const ReplyParser::Limits& limits) {
  ReplyParser parser(limits);
  std::string transcript;
  std::string pending;
  while (!stream.empty()) {
    const size_t size = pieces == nullptr ? stream.size() : 1 + pieces->Below(stream.size());
    // A block of its own for every call, exactly as long as the input, shows reads outside it.
    std::vector<char> input(pending.begin(), pending.end());
    input.insert(input.end(), stream.begin(), stream.begin() + static_cast<ptrdiff_t>(size));
    stream.remove_prefix(size);
    size_t done = 0;
    Outcome outcome = Outcome::kReply;
    while (outcome == Outcome::kReply) {
      const std::string_view rest(input.data() + done, input.size() - done);
      outcome = parser.Next(rest);
      CHECK(parser.consumed() <= rest.size());
      done += parser.consumed();
      if (outcome == Outcome::kError) return transcript.append("error: ").append(parser.error());
      if (outcome == Outcome::kNeedMore) continue;
      CHECK(DepthOf(parser.value()) <= limits.max_depth);
      transcript.append(parser.value().ToString()).push_back('\n');
    }
    pending.assign(input.begin() + static_cast<ptrdiff_t>(done), input.end());
  }
  return transcript.append(pending);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  Random pieces(data[0]);
  ReplyParser::Limits limits;
  limits.skip_newlines = (data[1] & 1) != 0;
  if ((data[1] & 2) != 0) limits = {.max_bulk_bytes = 100, .max_depth = 3, .max_values = 20};
  if ((data[1] & 4) != 0) limits.max_line = 16;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string whole = Transcript(stream, nullptr, limits);
  CHECK(Transcript(stream, &pieces, limits) == whole);
  return 0;
}
