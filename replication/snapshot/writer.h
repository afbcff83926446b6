// Encodes a snapshot as RDB version 9, record by record. Whoever has the records pushes them; what
// was encoded is taken out in pieces of the caller's choice, checksummed as it leaves. It needs no
// loop and no dataset, so it can run in another thread than the one that has the data.
//
// Thread rule: one thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "replication/snapshot/record.h"
#include "shared/base/buffer.h"

namespace quorate::replication::snapshot {

struct WriterOptions {
  bool compress = true;  // LZF for strings worth it
  bool checksum = true;  // false writes 0, "not computed"
};

class Writer {
 public:
  // Longer strings are not compressed: what is gained is not worth the time.
  static constexpr size_t kMaxCompressed = 4 * 1024 * 1024;

  Writer(const Meta& meta, const WriterOptions& options);

  // The records of that database follow. A database may come again; its sizes, if they are not
  // zero, are written as they are given.
  void Add(const DatabaseRecord& record);
  // Copies what it needs.
  void Add(const StringRecord& record);
  // The closing opcode and the checksum. Nothing may be added any more.
  void End();

  // Appends to `out` what was encoded since the last call.
  void Take(base::Buffer& out);
  size_t pending() const { return bytes_.size(); }
  size_t capacity() const { return bytes_.capacity(); }

 private:
  void Checksum();

  const WriterOptions options_;
  base::Buffer bytes_;      // encoded and not taken
  size_t checksummed_ = 0;  // of bytes_
  uint64_t crc_ = 0;
};

}  // namespace quorate::replication::snapshot
