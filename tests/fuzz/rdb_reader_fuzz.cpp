// The RDB reader on hostile bytes, pushed whole and in pieces: it must end in the same way, with
// the same records, and never trust a length. The first byte chooses the size of the pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "replication/snapshot/checksum.h"
#include "replication/snapshot/reader.h"
#include "shared/base/check.h"

namespace {

using namespace quorate;
namespace snapshot = replication::snapshot;

class Digest final : public snapshot::Sink {
 public:
  base::Status OnDatabase(const snapshot::DatabaseRecord& record) override {
    Mix(std::to_string(record.index));
    return {};
  }
  base::Status OnString(const snapshot::StringRecord& record) override {
    Mix(record.key);
    Mix(record.value);
    if (record.expires_at) Mix(std::to_string(record.expires_at->ms));
    return {};
  }
  base::Status OnFunction(std::string_view code) override {
    Mix(code);
    return {};
  }
  uint64_t value() const { return value_; }

 private:
  void Mix(std::string_view text) { value_ = snapshot::Crc64(value_ + text.size(), text); }
  uint64_t value_ = 0;
};

struct Outcome {
  std::string error;
  uint64_t digest = 0;
  uint64_t records = 0;
  bool complete = false;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

Outcome Read(std::string_view bytes, size_t piece) {
  Digest sink;
  snapshot::ReaderOptions options;
  options.max_string = 1 << 20;
  snapshot::Reader reader(sink, options);
  for (size_t at = 0; at < bytes.size() && !reader.complete();) {
    const std::string_view next = bytes.substr(at, piece);
    const base::Result<size_t> used = reader.Push(next);
    if (!used.ok()) break;
    CHECK(*used <= next.size());
    CHECK(*used == next.size() || reader.complete());
    at += next.size();
  }
  const base::Status finished = reader.Finish();
  return {finished.ok() ? "" : finished.error().message, sink.value(), reader.records(),
          reader.complete()};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const size_t piece = 1 + data[0];
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  CHECK(Read(bytes, piece) == Read(bytes, std::max<size_t>(bytes.size(), 1)));
  return 0;
}
