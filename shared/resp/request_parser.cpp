#include "shared/resp/request_parser.h"

#include <algorithm>
#include <cstring>

#include "shared/base/check.h"
#include "shared/base/numbers.h"
#include "shared/base/quoted.h"

namespace quorate::resp {

namespace {

// Storage for arguments that is kept from request to request; more than this is given back.
constexpr size_t kFirstArguments = 16;
constexpr size_t kKeptArguments = 1024;
constexpr size_t kKeptBytes = 16 * 1024;

// Reads "<type><1 to 5 digits, canonical>\r\n" at `p`: the shape of nearly every header line.
// Returns the line's length, or 0 for anything else, complete or not, which the careful path then
// judges.
inline size_t QuickHeader(const char* p, const char* end, char type, int64_t* value) {
  if (end - p < 4 || p[0] != type) return 0;
  const auto digit = [p](size_t i) {
    return static_cast<unsigned>(static_cast<unsigned char>(p[i])) - '0';
  };
  unsigned n = digit(1);
  if (n > 9) return 0;
  size_t i = 2;
  if (p[2] != '\r') {
    if (n == 0) return 0;
    const size_t available = std::min<size_t>(static_cast<size_t>(end - p), 8);
    for (;; ++i) {
      if (i + 1 >= available) return 0;
      if (p[i] == '\r') break;
      const unsigned d = digit(i);
      if (d > 9) return 0;
      n = n * 10 + d;
    }
  }
  if (p[i + 1] != '\n') return 0;
  *value = n;
  return i + 2;
}

}  // namespace

void RequestParser::Reset() {
  BeginRequest();
  failed_ = false;
  consumed_ = 0;
  needed_ = 0;
  raw_ = {};
}

size_t RequestParser::memory_usage() const {
  return slots_.capacity() * sizeof(slots_[0]) + unescaped_.capacity() + error_.capacity();
}

void RequestParser::BeginRequest() {
  position_ = 0;
  scanned_ = 0;
  missing_ = 0;
  bulk_ = -1;
  count_ = 0;
  start_ = nullptr;
  canonical_ = true;
  inline_ = false;
  if (slots_.size() > kKeptArguments) std::vector<std::string_view>(kFirstArguments).swap(slots_);
  if (unescaped_.capacity() > kKeptBytes) std::string().swap(unescaped_);
}

RequestParser::Outcome RequestParser::Next(std::string_view input) {
  CHECK(!failed_);
  consumed_ = 0;
  needed_ = 0;
  if (missing_ == 0 && scanned_ == 0) BeginRequest();
  // One turn for each empty request that is skipped.
  for (;;) {
    const std::string_view rest = input.substr(consumed_);
    if (rest.empty()) return Outcome::kNeedMore;
    const size_t before = consumed_;
    const Outcome outcome = rest[0] == '*' ? ParseArray(rest) : ParseInline(rest);
    if (outcome != Outcome::kRequest) return outcome;
    if (count_ != 0) return outcome;
    DCHECK(consumed_ > before);
    BeginRequest();
  }
}

RequestParser::Outcome RequestParser::Fail(std::string_view what) {
  failed_ = true;
  error_.assign("ERR Protocol error: ").append(what);
  return Outcome::kError;
}

// Finds the CR of the line at position_ and the byte after it. Resumes where the last search ended.
RequestParser::Line RequestParser::ReadLine(std::string_view input, size_t* line_end) {
  const size_t from = std::max(position_, scanned_);
  const size_t limit = std::min(input.size(), position_ + limits_.max_inline + 1);
  const void* found = from < limit ? std::memchr(input.data() + from, '\r', limit - from) : nullptr;
  if (found == nullptr) {
    scanned_ = limit;
    return input.size() - position_ > limits_.max_inline ? Line::kTooLong : Line::kIncomplete;
  }
  const size_t cr = static_cast<size_t>(static_cast<const char*>(found) - input.data());
  scanned_ = cr;
  if (cr + 1 >= input.size()) return Line::kIncomplete;
  if (input[cr + 1] != '\n') canonical_ = false;
  scanned_ = 0;
  *line_end = cr;
  return Line::kComplete;
}

void RequestParser::Rebase(const char* start) {
  if (start_ != start && start_ != nullptr) {
    const auto old_start = reinterpret_cast<uintptr_t>(start_);
    for (size_t i = 0; i < count_; ++i) {
      const uintptr_t offset = reinterpret_cast<uintptr_t>(slots_[i].data()) - old_start;
      slots_[i] = {start + offset, slots_[i].size()};
    }
  }
  start_ = start;
}

void RequestParser::AddArgument(std::string_view arg) {
  if (count_ == slots_.size()) [[unlikely]] {
    slots_.resize(slots_.empty() ? kFirstArguments : slots_.size() * 2);
  }
  slots_[count_++] = arg;
}

RequestParser::Outcome RequestParser::BeginArguments(int64_t count) {
  if (count > limits_.max_args) return Fail("invalid multibulk length");
  if (limits_.unauthenticated && count > limits_.max_unauthenticated_args) {
    return Fail("unauthenticated multibulk length");
  }
  missing_ = std::max<int64_t>(count, 0);
  return Outcome::kRequest;
}

// The hot loop: takes arguments as long as each is complete, well-formed and of usual size, with
// all state in registers, and leaves everything else to the careful loop of ParseArray.
void RequestParser::TakeWholeBulks(const char* begin, const char* end, int64_t max_bulk) {
  const char* p = begin + position_;
  size_t room = slots_.size() - count_;
  std::string_view* slot = slots_.data() + count_;
  int64_t missing = missing_;
  for (; missing > 0 && room > 0; --missing, --room) {
    int64_t size = 0;
    const size_t header = QuickHeader(p, end, '$', &size);
    if (header == 0 || size > max_bulk || end - p < static_cast<ptrdiff_t>(header) + size + 2)
      break;
    const char* const bytes = p + header;
    if (bytes[size] != '\r' || bytes[size + 1] != '\n') break;
    *slot++ = {bytes, static_cast<size_t>(size)};
    p = bytes + size + 2;
  }
  if (missing == missing_) return;
  count_ += static_cast<size_t>(missing_ - missing);
  missing_ = missing;
  position_ = static_cast<size_t>(p - begin);
  scanned_ = 0;
}

// "*<count>\r\n". kRequest: read, and missing_ says how many arguments follow.
RequestParser::Outcome RequestParser::ReadArrayHeader(std::string_view input) {
  int64_t count = 0;
  size_t length = QuickHeader(input.data(), input.data() + input.size(), '*', &count);
  if (length == 0) {
    size_t line_end = 0;
    const Line line = ReadLine(input, &line_end);
    if (line == Line::kTooLong) return Fail("too big mbulk count string");
    if (line == Line::kIncomplete) return Outcome::kNeedMore;
    const auto parsed = base::ParseInt64(input.substr(1, line_end - 1));
    if (!parsed) return Fail("invalid multibulk length");
    count = *parsed;
    length = line_end + 2;
  }
  scanned_ = 0;
  position_ = length;
  return BeginArguments(count);
}

// "$<size>\r\n" at position_. kRequest: read, and bulk_ says how many bytes follow.
RequestParser::Outcome RequestParser::ReadBulkHeader(std::string_view input, int64_t max_bulk) {
  const char* const header = input.data() + position_;
  int64_t size = 0;
  size_t length = QuickHeader(header, input.data() + input.size(), '$', &size);
  if (length == 0) {
    size_t line_end = 0;
    const Line line = ReadLine(input, &line_end);
    if (line == Line::kTooLong) return Fail("too big bulk count string");
    if (line == Line::kIncomplete) return Outcome::kNeedMore;
    if (*header != '$') {
      std::string what = "expected '$', got '";
      // As a C string would show it: a NUL ends the text.
      if (*header != '\0') what.append(1, *header).append(1, '\'');
      return Fail(what);
    }
    const auto parsed = base::ParseInt64(input.substr(position_ + 1, line_end - position_ - 1));
    if (!parsed || *parsed < 0) return Fail("invalid bulk length");
    size = *parsed;
    length = line_end + 2 - position_;
  }
  scanned_ = 0;
  if (size > max_bulk) {
    return Fail(size > limits_.max_bulk_bytes ? "invalid bulk length"
                                              : "unauthenticated bulk length");
  }
  position_ += length;
  bulk_ = size;
  return Outcome::kRequest;
}

RequestParser::Outcome RequestParser::ParseArray(std::string_view input) {
  const char* const begin = input.data();
  Rebase(begin);
  if (missing_ == 0) {
    if (const Outcome outcome = ReadArrayHeader(input); outcome != Outcome::kRequest)
      return outcome;
    if (missing_ == 0) {
      consumed_ += position_;
      return Outcome::kRequest;
    }
  }

  const int64_t max_bulk =
      limits_.unauthenticated
          ? std::min(limits_.max_bulk_bytes, limits_.max_unauthenticated_bulk_bytes)
          : limits_.max_bulk_bytes;
  if (bulk_ < 0) TakeWholeBulks(begin, begin + input.size(), max_bulk);
  while (missing_ > 0) {
    if (bulk_ < 0) {
      if (const Outcome outcome = ReadBulkHeader(input, max_bulk); outcome != Outcome::kRequest)
        return outcome;
    }
    const size_t size = static_cast<size_t>(bulk_);
    if (input.size() - position_ < size + 2) {
      needed_ = position_ + size + 2;
      return Outcome::kNeedMore;
    }
    const char* const bytes = begin + position_;
    canonical_ &= bytes[size] == '\r' && bytes[size + 1] == '\n';
    AddArgument({bytes, size});
    position_ += size + 2;
    bulk_ = -1;
    --missing_;
  }
  raw_ = input.substr(0, position_);
  consumed_ += position_;
  return Outcome::kRequest;
}

RequestParser::Outcome RequestParser::ParseInline(std::string_view input) {
  const size_t limit = std::min(input.size(), limits_.max_inline + 1);
  const void* found =
      scanned_ < limit ? std::memchr(input.data() + scanned_, '\n', limit - scanned_) : nullptr;
  if (found == nullptr) {
    scanned_ = limit;
    if (input.size() > limits_.max_inline) return Fail("too big inline request");
    return Outcome::kNeedMore;
  }
  scanned_ = 0;
  const size_t newline = static_cast<size_t>(static_cast<const char*>(found) - input.data());
  std::string_view line = input.substr(0, newline);
  if (line.ends_with('\r')) line.remove_suffix(1);

  unescaped_.clear();
  std::vector<size_t> ends;
  if (!base::SplitQuoted(line, &unescaped_, &ends)) return Fail("unbalanced quotes in request");
  size_t from = 0;
  for (const size_t to : ends) {
    AddArgument({unescaped_.data() + from, to - from});
    from = to;
  }
  inline_ = true;
  canonical_ = false;
  raw_ = input.substr(0, newline + 1);
  consumed_ += newline + 1;
  return Outcome::kRequest;
}

}  // namespace quorate::resp
