#include "shared/resp/writer.h"

#include <cmath>
#include <cstdio>
#include <limits>

#include "shared/base/numbers.h"

namespace quorate::resp {

namespace {

constexpr size_t kLongestHeader = 24;

size_t WriteHeader(char* p, char type, int64_t n) {
  p[0] = type;
  size_t length = 1 + base::FormatInt64(n, p + 1);
  p[length++] = '\r';
  p[length++] = '\n';
  return length;
}

size_t BulkSize(size_t payload) {
  char header[kLongestHeader];
  return WriteHeader(header, '$', static_cast<int64_t>(payload)) + payload + 2;
}

}  // namespace

size_t Writer::LongHeader(char* p, int64_t n) { return WriteHeader(p, p[0], n); }

void Writer::Line(char type, std::string_view text) {
  char* p = out_->Reserve(text.size() + 3);
  p[0] = type;
  if (!text.empty()) std::memcpy(p + 1, text.data(), text.size());
  std::memcpy(p + 1 + text.size(), "\r\n", 2);
  out_->Commit(text.size() + 3);
}

void Writer::Error(std::string_view text) {
  while (text.ends_with('\r') || text.ends_with('\n')) text.remove_suffix(1);
  const size_t start = out_->size();
  Line('-', text);
  char* p = out_->data() + start + 1;
  for (size_t i = 0; i < text.size(); ++i) {
    if (p[i] == '\r' || p[i] == '\n') p[i] = ' ';
  }
}

void Writer::BulkInteger(int64_t value) {
  char digits[base::kMaxInt64Chars + 4];
  Bulk({digits, base::FormatInt64(value, digits)});
}

void Writer::Double(double value) {
  char text[64];
  std::string_view shown;
  if (std::isinf(value)) {
    shown = value > 0 ? "inf" : "-inf";
  } else if (std::isnan(value)) {
    shown = "nan";
  } else {
    shown = {text, static_cast<size_t>(std::snprintf(text, sizeof(text), "%.17g", value))};
  }
  resp3() ? Line(',', shown) : Bulk(shown);
}

void Writer::Verbatim(std::string_view text, std::string_view format) {
  if (!resp3()) return Bulk(text);
  DCHECK(format.size() == 3);
  Number('=', ToCount(text.size() + 4));
  Raw(format);
  Raw(":");
  Raw(text);
  Raw("\r\n");
}

void Writer::BigNumber(std::string_view digits) { resp3() ? Line('(', digits) : Bulk(digits); }

void Writer::Insert(Mark mark, char type, int64_t n) {
  DCHECK(mark <= out_->size());
  char header[kLongestHeader];
  const size_t length = Header(header, type, n);
  const size_t tail = out_->size() - mark;
  out_->Reserve(length);
  char* p = out_->data() + mark;
  std::memmove(p + length, p, tail);
  std::memcpy(p, header, length);
  out_->Commit(length);
}

void AppendCommand(base::Buffer& out, std::span<const std::string_view> args) {
  Writer writer(out);
  writer.ArrayHeader(args.size());
  for (const std::string_view arg : args) writer.Bulk(arg);
}

size_t CommandSize(std::span<const std::string_view> args) {
  char header[kLongestHeader];
  size_t size = WriteHeader(header, '*', static_cast<int64_t>(args.size()));
  for (const std::string_view arg : args) size += BulkSize(arg.size());
  return size;
}

}  // namespace quorate::resp
