#include <string>
#include <string_view>

#include "shared/base/numbers.h"
#include "shared/base/quoted.h"
#include "shared/resp/reply_parser.h"

namespace quorate::resp {

namespace {

void AppendValue(const Value& value, std::string* out);

void AppendItems(const Value& value, char open, char close, std::string* out) {
  const bool pairs = value.type == Value::Type::kMap;
  out->push_back(open);
  for (size_t i = 0; i < value.items.size(); ++i) {
    if (i != 0) out->append(pairs && i % 2 == 1 ? ": " : ", ");
    AppendValue(value.items[i], out);
  }
  out->push_back(close);
}

void AppendValue(const Value& value, std::string* out) {
  switch (value.type) {
    case Value::Type::kNull:
      out->append("(nil)");
      break;
    case Value::Type::kSimple:
    case Value::Type::kBigNumber:
      out->append(value.text);
      break;
    case Value::Type::kError:
      out->append("(error) ").append(value.text);
      break;
    case Value::Type::kInteger:
      out->append(std::to_string(value.integer));
      break;
    case Value::Type::kBool:
      out->append(value.integer != 0 ? "(true)" : "(false)");
      break;
    case Value::Type::kDouble:
      out->append(base::FormatDouble(value.number));
      break;
    case Value::Type::kBulk:
    case Value::Type::kVerbatim:
      base::AppendQuoted(*out, value.text);
      break;
    case Value::Type::kArray:
      AppendItems(value, '[', ']', out);
      break;
    case Value::Type::kMap:
      AppendItems(value, '{', '}', out);
      break;
    case Value::Type::kSet:
      AppendItems(value, '{', '}', out);
      break;
    case Value::Type::kPush:
      AppendItems(value, '<', '>', out);
      break;
  }
}

}  // namespace

bool Value::IsError(std::string_view code) const {
  if (!is_error() || !text.starts_with(code)) return false;
  return text.size() == code.size() || text[code.size()] == ' ';
}

const Value* Value::Find(std::string_view key) const {
  if (type != Type::kMap && type != Type::kArray) return nullptr;
  for (size_t i = 0; i + 1 < items.size(); i += 2) {
    if (items[i].is_text() && items[i].text == key) return &items[i + 1];
  }
  return nullptr;
}

std::string Value::ToString() const {
  std::string out;
  AppendValue(*this, &out);
  return out;
}

}  // namespace quorate::resp
