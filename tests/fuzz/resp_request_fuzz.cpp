// The request parser on arbitrary bytes: never reads outside its input, and gives the same requests
// and the same error however the stream is cut. A canonical request, written anew, gives its own
// bytes back.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/buffer.h"
#include "shared/base/check.h"
#include "shared/base/random.h"
#include "shared/resp/request_parser.h"
#include "shared/resp/writer.h"

namespace {

using quorate::base::Random;
using quorate::resp::RequestParser;
using Outcome = RequestParser::Outcome;

// Everything a caller can observe, as text.
std::string Transcript(std::string_view stream, Random* pieces,
                       const RequestParser::Limits& limits) {
  RequestParser parser(limits);
  std::string transcript;
  std::string pending;
  while (!stream.empty()) {
    const size_t size = pieces == nullptr ? stream.size() : 1 + pieces->Below(stream.size());
    // A block of its own for every call, exactly as long as the input, shows reads outside it.
    std::vector<char> input(pending.begin(), pending.end());
    input.insert(input.end(), stream.begin(), stream.begin() + static_cast<ptrdiff_t>(size));
    stream.remove_prefix(size);
    size_t done = 0;
    Outcome outcome = Outcome::kRequest;
    while (outcome == Outcome::kRequest) {
      const std::string_view rest(input.data() + done, input.size() - done);
      outcome = parser.Next(rest);
      CHECK(parser.consumed() <= rest.size());
      done += parser.consumed();
      if (outcome == Outcome::kError) return transcript.append(parser.error());
      if (outcome == Outcome::kNeedMore) continue;
      CHECK(!parser.args().empty());
      quorate::base::Buffer again;
      quorate::resp::AppendCommand(again, parser.args());
      if (parser.canonical()) CHECK(again.view() == parser.raw());
      transcript.append(again.view()).append(parser.raw());
      transcript.push_back(parser.canonical() ? 'c' : parser.is_inline() ? 'i' : 'l');
    }
    pending.assign(input.begin() + static_cast<ptrdiff_t>(done), input.end());
  }
  return transcript.append(pending);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  Random pieces(data[0]);
  RequestParser::Limits limits;
  limits.unauthenticated = (data[1] & 1) != 0;
  if ((data[1] & 2) != 0) limits.max_inline = 16;
  if ((data[1] & 4) != 0) limits.max_args = 3;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::string whole = Transcript(stream, nullptr, limits);
  CHECK(Transcript(stream, &pieces, limits) == whole);
  return 0;
}
