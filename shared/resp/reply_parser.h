// Reads RESP2 and RESP3 replies, for our clients: sentinel links, replica links, operators' tools.
// The peer is not trusted: depth, element and byte limits are checked, memory follows bytes
// received and never announced lengths, and rubbish is an error. Attributes (RESP3 '|') are read
// and dropped; streamed strings and aggregates are refused.
//
// Same contract as RequestParser: `input` begins at the first unconsumed byte; drop consumed()
// bytes after every Next(), also after kNeedMore, since finished parts of an unfinished reply are
// taken out at once. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quorate::resp {

struct Value {
  enum class Type : uint8_t {
    kNull,       // $-1, *-1 and _
    kSimple,     // text
    kError,      // text, code included; also RESP3 blob errors
    kInteger,    // integer
    kBulk,       // text
    kArray,      // items
    kMap,        // items: key, value, key, value...
    kSet,        // items
    kPush,       // items; never the answer to a command
    kDouble,     // number
    kBool,       // integer is 0 or 1
    kBigNumber,  // text: decimal digits, perhaps a '-'
    kVerbatim,   // text without its three-letter format, which is in `format`
  };

  Type type = Type::kNull;
  int64_t integer = 0;
  double number = 0;
  std::string text = {};
  std::string format = {};
  std::vector<Value> items = {};

  bool is_null() const { return type == Type::kNull; }
  bool is_error() const { return type == Type::kError; }
  bool is_push() const { return type == Type::kPush; }
  bool is_aggregate() const {
    return type == Type::kArray || type == Type::kMap || type == Type::kSet || type == Type::kPush;
  }
  // Simple, bulk, verbatim, big number or error: `text` is meaningful.
  bool is_text() const {
    return type == Type::kSimple || type == Type::kBulk || type == Type::kVerbatim ||
           type == Type::kBigNumber || type == Type::kError;
  }
  // An error whose code is `code`: IsError("LOADING").
  bool IsError(std::string_view code) const;
  // The value of a text key in a map, or in the flat array that stands for one in RESP2. nullptr if
  // absent.
  const Value* Find(std::string_view key) const;
  // Redis-cli-like one-line rendering, for logs, tests and tools.
  std::string ToString() const;

  friend bool operator==(const Value&, const Value&) = default;
};

class ReplyParser {
 public:
  struct Limits {
    int64_t max_bulk_bytes = 512LL * 1024 * 1024;
    // Per reply: nested aggregates, values in all, and bytes on the wire.
    size_t max_depth = 32;
    size_t max_values = 1024 * 1024;
    size_t max_bytes = 1024ULL * 1024 * 1024;
    // A simple string, an error, a number or a length line.
    size_t max_line = 64 * 1024;
    // Skip bare "\n" between replies: a primary sends them as keepalive while it prepares a full
    // sync.
    bool skip_newlines = false;
  };
  enum class Outcome : uint8_t { kNeedMore, kReply, kError };

  ReplyParser() = default;
  explicit ReplyParser(const Limits& limits) : limits_(limits) {}

  Outcome Next(std::string_view input);

  size_t consumed() const { return consumed_; }
  // After kNeedMore: the least remaining input size worth calling with; 0 = unknown.
  size_t needed() const { return needed_; }
  // After kReply: the value; valid (and movable from) until the next call.
  Value& value() { return root_; }
  const Value& value() const { return root_; }
  // After kError: what is wrong, for the log.
  std::string_view error() const { return error_; }
  // In the middle of a reply: the connection must not be closed as if it were idle.
  bool in_reply() const { return values_ != 0 || !stack_.empty(); }

  void Reset();

 private:
  enum class Step : uint8_t { kMore, kValue, kAggregate, kFailed };
  struct Frame {
    Value value;
    size_t missing = 0;      // values still to come
    bool attribute = false;  // dropped when complete
  };

  // One element at the front of `input`: a complete value or the head of an aggregate.
  Step ParseOne(std::string_view input, Frame* element);
  Step ParseLine(char type, std::string_view line, Value* value);
  Step ParseBlob(char type, std::string_view input, size_t line_end, Value* value);
  Step OpenAggregate(char type, std::string_view line, Frame* element);
  // Puts a finished value where it belongs; true if that completes the reply.
  bool Place(Value value);
  // Closes aggregates that are complete; true if that completes the reply.
  bool CloseFull();
  Step Fail(std::string_view what);

  Limits limits_;
  size_t scanned_ = 0;  // bytes of the current element already searched for the line's end
  size_t length_ = 0;   // of the element just parsed
  size_t values_ = 0;   // in the current reply
  size_t bytes_ = 0;    // of the current reply
  std::vector<Frame> stack_;
  bool failed_ = false;
  size_t consumed_ = 0;
  size_t needed_ = 0;
  Value root_;
  std::string error_;
};

}  // namespace quorate::resp
