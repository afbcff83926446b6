// Appends replies to a buffer in RESP2 or RESP3, byte for byte as Redis 7.0 encodes them. A Writer
// is a view: two words on the stack, made where a reply is made; it holds no state but the protocol
// version. Values that RESP2 lacks are written as Redis downgrades them (map: flat array, null:
// $-1, double: bulk...). Command encoders are at the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <span>
#include <string_view>

#include "shared/base/buffer.h"
#include "shared/base/check.h"

namespace quorate::resp {

class Writer {
 public:
  // Precondition: protocol is 2 or 3. `out` must outlive the writer.
  explicit Writer(base::Buffer& out, int protocol = 2) : out_(&out), protocol_(protocol) {
    DCHECK(protocol == 2 || protocol == 3);
  }

  base::Buffer& buffer() { return *out_; }
  int protocol() const { return protocol_; }
  bool resp3() const { return protocol_ == 3; }

  void Ok() { Raw("+OK\r\n"); }
  // Precondition: no CR or LF in `text`.
  void SimpleString(std::string_view text) { Line('+', text); }
  // `text` with its code and without '-': "ERR syntax error". CR and LF become spaces, trailing
  // ones are dropped.
  void Error(std::string_view text);
  void Integer(int64_t value) {
    if (value == 0) return Raw(":0\r\n");
    if (value == 1) return Raw(":1\r\n");
    Number(':', value);
  }
  void Bulk(std::string_view bytes) {
    char* p = out_->Reserve(kMaxHeader + bytes.size() + 2);
    size_t n = Header(p, '$', static_cast<int64_t>(bytes.size()));
    if (!bytes.empty()) std::memcpy(p + n, bytes.data(), bytes.size());
    n += bytes.size();
    std::memcpy(p + n, "\r\n", 2);
    out_->Commit(n + 2);
  }
  // The integer's decimal digits as a bulk.
  void BulkInteger(int64_t value);
  // Pieces of one bulk: BulkHeader(total), Append() to the buffer exactly that many bytes,
  // BulkEnd().
  void BulkHeader(size_t size) { Number('$', static_cast<int64_t>(size)); }
  void BulkEnd() { Raw("\r\n"); }
  void Null() { resp3() ? Raw("_\r\n") : Raw("$-1\r\n"); }
  void NullArray() { resp3() ? Raw("_\r\n") : Raw("*-1\r\n"); }

  void ArrayHeader(size_t n) { Number('*', static_cast<int64_t>(n)); }
  // `n` pairs: RESP2 gets an array of 2n.
  void MapHeader(size_t n) { resp3() ? Number('%', ToCount(n)) : Number('*', ToCount(2 * n)); }
  void SetHeader(size_t n) { Number(resp3() ? '~' : '*', ToCount(n)); }
  void PushHeader(size_t n) { Number(resp3() ? '>' : '*', ToCount(n)); }

  // Redis 7.0's text ("%.17g"); a bulk in RESP2.
  void Double(double value);
  // 1 or 0 in RESP2.
  void Bool(bool value) {
    if (resp3()) return Raw(value ? "#t\r\n" : "#f\r\n");
    Raw(value ? ":1\r\n" : ":0\r\n");
  }
  // `format` is three letters ("txt", "mkd"); a plain bulk in RESP2.
  void Verbatim(std::string_view text, std::string_view format = "txt");
  // Decimal digits; a bulk in RESP2.
  void BigNumber(std::string_view digits);

  // Aggregates whose size is known only at the end. `Mark` is a place in the buffer, valid while
  // nothing is consumed from its front; FinishX inserts the header there (one move of what was
  // written since).
  using Mark = size_t;
  Mark Defer() const { return out_->size(); }
  void FinishArray(Mark mark, size_t n) { Insert(mark, '*', ToCount(n)); }
  void FinishMap(Mark mark, size_t n) {
    resp3() ? Insert(mark, '%', ToCount(n)) : Insert(mark, '*', ToCount(2 * n));
  }
  void FinishSet(Mark mark, size_t n) { Insert(mark, resp3() ? '~' : '*', ToCount(n)); }

  // Bytes that already are RESP.
  void Raw(std::string_view encoded) { out_->Append(encoded); }

 private:
  static constexpr size_t kMaxHeader = 24;  // type, 20 characters, CR LF

  static int64_t ToCount(size_t n) { return static_cast<int64_t>(n); }
  // Writes type, number, CR LF at `p`; returns the length. Small numbers take no division.
  static size_t Header(char* p, char type, int64_t n) {
    p[0] = type;
    if (static_cast<uint64_t>(n) < 10) {
      p[1] = static_cast<char>('0' + n);
      p[2] = '\r';
      p[3] = '\n';
      return 4;
    }
    if (static_cast<uint64_t>(n) < 100) {
      p[1] = static_cast<char>('0' + n / 10);
      p[2] = static_cast<char>('0' + n % 10);
      p[3] = '\r';
      p[4] = '\n';
      return 5;
    }
    return LongHeader(p, n);
  }
  static size_t LongHeader(char* p, int64_t n);
  void Number(char type, int64_t n) {
    char* p = out_->Reserve(kMaxHeader);
    out_->Commit(Header(p, type, n));
  }
  void Line(char type, std::string_view text);
  void Insert(Mark mark, char type, int64_t n);

  base::Buffer* out_;
  int protocol_;
};

// A command as a RESP array of bulks: what clients send and what a replication stream holds.
void AppendCommand(base::Buffer& out, std::span<const std::string_view> args);
inline void AppendCommand(base::Buffer& out, std::initializer_list<std::string_view> args) {
  AppendCommand(out, std::span<const std::string_view>(args.begin(), args.size()));
}
// The bytes AppendCommand would append.
size_t CommandSize(std::span<const std::string_view> args);

}  // namespace quorate::resp
