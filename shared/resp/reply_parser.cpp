#include "shared/resp/reply_parser.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "shared/base/check.h"
#include "shared/base/numbers.h"

namespace quorate::resp {

namespace {

// Room made at once for an aggregate's items, whatever length it announces.
constexpr size_t kEagerItems = 64;

std::optional<double> ParseNumber(std::string_view text) {
  if (text == "nan" || text == "-nan") return std::numeric_limits<double>::quiet_NaN();
  return base::ParseDouble(text);
}

bool IsReplyType(char c) {
  return std::string_view("+-:$*_,#!=(%~>|").find(c) != std::string_view::npos;
}

bool IsBigNumber(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

void ReplyParser::Reset() {
  scanned_ = length_ = values_ = bytes_ = 0;
  stack_.clear();
  failed_ = false;
  consumed_ = needed_ = 0;
  root_ = {};
  error_.clear();
}

ReplyParser::Step ReplyParser::Fail(std::string_view what) {
  failed_ = true;
  error_ = what;
  return Step::kFailed;
}

ReplyParser::Outcome ReplyParser::Next(std::string_view input) {
  CHECK(!failed_);
  consumed_ = 0;
  needed_ = 0;
  root_ = {};
  while (limits_.skip_newlines && !in_reply() && scanned_ == 0 && consumed_ < input.size() &&
         input[consumed_] == '\n') {
    ++consumed_;
  }
  for (;;) {
    Frame element;
    const Step step = ParseOne(input.substr(consumed_), &element);
    if (step == Step::kMore) return Outcome::kNeedMore;
    if (step == Step::kFailed) return Outcome::kError;
    scanned_ = 0;
    consumed_ += length_;
    bytes_ += length_;
    ++values_;
    bool complete = false;
    if (step == Step::kValue) {
      complete = Place(std::move(element.value));
    } else {
      stack_.push_back(std::move(element));
      complete = CloseFull();
    }
    if (complete) {
      values_ = bytes_ = 0;
      return Outcome::kReply;
    }
  }
}

ReplyParser::Step ReplyParser::ParseOne(std::string_view input, Frame* element) {
  if (input.empty()) return Step::kMore;
  if (!IsReplyType(input[0])) return Fail("unknown reply type");
  const size_t limit = std::min(input.size(), limits_.max_line + 1);
  const void* found =
      scanned_ < limit ? std::memchr(input.data() + scanned_, '\r', limit - scanned_) : nullptr;
  if (found == nullptr) {
    scanned_ = limit;
    return input.size() > limits_.max_line ? Fail("line too long") : Step::kMore;
  }
  const size_t line_end = static_cast<size_t>(static_cast<const char*>(found) - input.data());
  scanned_ = line_end;
  if (line_end + 1 >= input.size()) return Step::kMore;
  if (input[line_end + 1] != '\n') return Fail("CR without LF");
  if (values_ >= limits_.max_values) return Fail("too many values");
  length_ = line_end + 2;
  if (bytes_ + length_ > limits_.max_bytes) return Fail("reply too long");

  const std::string_view line = input.substr(1, line_end - 1);
  switch (input[0]) {
    case '+':
    case '-':
    case ':':
    case ',':
    case '#':
    case '(':
    case '_':
      return ParseLine(input[0], line, &element->value);
    case '$':
    case '!':
    case '=':
      return ParseBlob(input[0], input, line_end, &element->value);
    case '*':
    case '%':
    case '~':
    case '>':
    case '|':
      return OpenAggregate(input[0], line, element);
    default:
      return Fail("unknown reply type");
  }
}

ReplyParser::Step ReplyParser::ParseLine(char type, std::string_view line, Value* value) {
  switch (type) {
    case '+':
      value->type = Value::Type::kSimple;
      value->text = line;
      return Step::kValue;
    case '-':
      value->type = Value::Type::kError;
      value->text = line;
      return Step::kValue;
    case ':': {
      const auto integer = base::ParseInt64(line);
      if (!integer) return Fail("bad integer");
      value->type = Value::Type::kInteger;
      value->integer = *integer;
      return Step::kValue;
    }
    case ',': {
      const auto number = ParseNumber(line);
      if (!number) return Fail("bad double");
      value->type = Value::Type::kDouble;
      value->number = *number;
      return Step::kValue;
    }
    case '#':
      if (line != "t" && line != "f") return Fail("bad boolean");
      value->type = Value::Type::kBool;
      value->integer = line == "t" ? 1 : 0;
      return Step::kValue;
    case '(':
      if (!IsBigNumber(line)) return Fail("bad big number");
      value->type = Value::Type::kBigNumber;
      value->text = line;
      return Step::kValue;
    default:
      return line.empty() ? Step::kValue : Fail("bad null");
  }
}

ReplyParser::Step ReplyParser::ParseBlob(char type, std::string_view input, size_t line_end,
                                         Value* value) {
  const auto announced = base::ParseInt64(input.substr(1, line_end - 1));
  if (!announced) return Fail("bad bulk length");
  if (*announced == -1 && type == '$') return Step::kValue;
  if (*announced < 0 || *announced > limits_.max_bulk_bytes) return Fail("bad bulk length");
  const auto size = static_cast<size_t>(*announced);
  const size_t start = line_end + 2;
  length_ = start + size + 2;
  if (bytes_ + length_ > limits_.max_bytes) return Fail("reply too long");
  if (input.size() < length_) {
    needed_ = length_;
    return Step::kMore;
  }
  if (input.substr(start + size, 2) != "\r\n") return Fail("bulk without CR LF");
  std::string_view payload = input.substr(start, size);
  switch (type) {
    case '$':
      value->type = Value::Type::kBulk;
      break;
    case '!':
      value->type = Value::Type::kError;
      break;
    default:
      if (size < 4 || payload[3] != ':') return Fail("verbatim string without format");
      value->type = Value::Type::kVerbatim;
      value->format = payload.substr(0, 3);
      payload.remove_prefix(4);
  }
  value->text = payload;
  return Step::kValue;
}

ReplyParser::Step ReplyParser::OpenAggregate(char type, std::string_view line, Frame* element) {
  const auto announced = base::ParseInt64(line);
  if (!announced) return Fail("bad aggregate length");
  if (*announced == -1 && type == '*') return Step::kValue;
  if (*announced < 0 || static_cast<uint64_t>(*announced) > limits_.max_values) {
    return Fail("bad aggregate length");
  }
  if (stack_.size() >= limits_.max_depth) return Fail("nested too deeply");
  element->missing = static_cast<size_t>(*announced);
  switch (type) {
    case '*':
      element->value.type = Value::Type::kArray;
      break;
    case '~':
      element->value.type = Value::Type::kSet;
      break;
    case '%':
      element->value.type = Value::Type::kMap;
      element->missing *= 2;
      break;
    case '|':
      element->attribute = true;
      element->missing *= 2;
      break;
    default:
      if (!stack_.empty()) return Fail("push inside a reply");
      element->value.type = Value::Type::kPush;
  }
  element->value.items.reserve(std::min(element->missing, kEagerItems));
  return Step::kAggregate;
}

bool ReplyParser::Place(Value value) {
  if (stack_.empty()) {
    root_ = std::move(value);
    return true;
  }
  Frame& top = stack_.back();
  top.value.items.push_back(std::move(value));
  --top.missing;
  return CloseFull();
}

bool ReplyParser::CloseFull() {
  while (!stack_.empty() && stack_.back().missing == 0) {
    Frame done = std::move(stack_.back());
    stack_.pop_back();
    if (done.attribute) continue;
    if (stack_.empty()) {
      root_ = std::move(done.value);
      return true;
    }
    stack_.back().value.items.push_back(std::move(done.value));
    --stack_.back().missing;
  }
  return false;
}

}  // namespace quorate::resp
