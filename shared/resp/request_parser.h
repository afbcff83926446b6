// Cuts a client's byte stream into requests: RESP arrays of bulks, and inline commands. It points
// into the caller's bytes, copies nothing (but inline arguments with quotes), and in steady state
// allocates nothing. It is not a socket reader: the caller owns the bytes and decides how much to
// read.
//
// Contract with the caller. `input` of Next() always begins at the first byte that is not yet
// consumed. After every Next(), drop consumed() bytes from the front. After kNeedMore call again
// with the same bytes (they may have moved) followed by more; what was already looked at is not
// looked at again. Lengths are checked before anything is reserved for them, so memory follows
// bytes received, never bytes announced.
//
// As Redis 7.0 does: empty lines, `*0` and `*-1` are skipped, and the two bytes that end a line or
// a bulk are not compared with CR LF (then canonical() is false). One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quorate::resp {

class RequestParser {
 public:
  struct Limits {
    int64_t max_bulk_bytes = 512LL * 1024 * 1024;
    int64_t max_args = 1024 * 1024;
    // Longest inline request, and longest "*..." or "$..." line.
    size_t max_inline = 64 * 1024;
    // Clients that have not yet authenticated where a password is asked for: 10 arguments of 16
    // KiB.
    bool unauthenticated = false;
    int64_t max_unauthenticated_args = 10;
    int64_t max_unauthenticated_bulk_bytes = 16 * 1024;
  };

  enum class Outcome : uint8_t {
    kNeedMore,  // needed() may tell how much
    kRequest,   // args(), raw(), canonical()
    kError,     // error(); the stream is lost: reply and close. Reset() before any further use
  };

  RequestParser() = default;
  explicit RequestParser(const Limits& limits) : limits_(limits) {}

  Outcome Next(std::string_view input);

  // How many bytes of the last input are done with. After kNeedMore these are skipped empty
  // requests only.
  size_t consumed() const { return consumed_; }
  // After kRequest, until the next call or until the input's memory goes: at least one argument.
  std::span<const std::string_view> args() const { return {slots_.data(), count_}; }
  // After kRequest: the request's own bytes, without skipped empty ones before it.
  std::string_view raw() const { return raw_; }
  // After kRequest: raw() is a well-formed RESP array that may be forwarded verbatim into a
  // replication stream.
  bool canonical() const { return canonical_; }
  // After kRequest: it came as an inline command.
  bool is_inline() const { return inline_; }
  // After kNeedMore: the least input size (from the first unconsumed byte) worth calling Next()
  // with; 0 = unknown. Use it to reserve room for big bulks, within what the caller's own limits
  // allow.
  size_t needed() const { return needed_; }
  // After kError: the reply's text with its code, as Redis words it: "ERR Protocol error: invalid
  // bulk length".
  std::string_view error() const { return error_; }

  const Limits& limits() const { return limits_; }
  // Takes effect with the next header line that is parsed.
  void set_limits(const Limits& limits) { limits_ = limits; }
  void set_unauthenticated(bool unauthenticated) { limits_.unauthenticated = unauthenticated; }

  // Forgets an unfinished request or an error.
  void Reset();
  // Bytes of the parser's own storage, for the client's memory accounting.
  size_t memory_usage() const;

 private:
  enum class Line : uint8_t { kComplete, kIncomplete, kTooLong };

  Outcome ParseArray(std::string_view input);
  Outcome ReadArrayHeader(std::string_view input);
  Outcome ReadBulkHeader(std::string_view input, int64_t max_bulk);
  void TakeWholeBulks(const char* begin, const char* end, int64_t max_bulk);
  Outcome ParseInline(std::string_view input);
  Line ReadLine(std::string_view input, size_t* line_end);
  Outcome Fail(std::string_view what);
  Outcome BeginArguments(int64_t count);
  void AddArgument(std::string_view arg);
  void Rebase(const char* start);
  void BeginRequest();

  Limits limits_;

  // Progress within the unfinished request; offsets count from its first byte.
  size_t position_ = 0;  // first byte not yet understood
  size_t scanned_ = 0;   // bytes already searched for a line's end; >= position_ or 0
  int64_t missing_ = 0;  // arguments still to come; 0 = header line not yet read
  int64_t bulk_ = -1;    // length of the bulk being awaited; -1 = its header line is not yet read
  const char* start_ =
      nullptr;  // where the request began in the last input; args point relative to it

  std::vector<std::string_view> slots_;  // reused; the first count_ are set
  size_t count_ = 0;
  std::string unescaped_;  // bytes of inline arguments

  size_t consumed_ = 0;
  size_t needed_ = 0;
  std::string_view raw_;
  bool canonical_ = false;
  bool inline_ = false;
  bool failed_ = false;
  std::string error_;
};

}  // namespace quorate::resp
