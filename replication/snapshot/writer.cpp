#include "replication/snapshot/writer.h"

#include <string>
#include <string_view>

#include "replication/snapshot/checksum.h"
#include "replication/snapshot/encode.h"

namespace quorate::replication::snapshot {
namespace {

constexpr uint8_t kStringType = 0;

void AppendAux(std::string_view name, std::string_view value, base::Buffer& out) {
  AppendOpcode(Opcode::kAux, out);
  AppendString(name, false, out);
  AppendString(value, false, out);
}

}  // namespace

Writer::Writer(const Meta& meta, const WriterOptions& options) : options_(options) {
  const std::string version = std::to_string(kWrittenVersion);
  bytes_.Append("REDIS");
  bytes_.Append(std::string_view("0000").substr(version.size()));
  bytes_.Append(version);
  AppendAux("redis-ver", meta.server_version, bytes_);
  AppendAux("redis-bits", "64", bytes_);
  if (meta.created_unix_seconds) {
    AppendAux("ctime", std::to_string(*meta.created_unix_seconds), bytes_);
  }
  if (meta.used_memory) AppendAux("used-mem", std::to_string(*meta.used_memory), bytes_);
  if (meta.replication_id && meta.replication_offset) {
    AppendAux("repl-stream-db", std::to_string(meta.stream_db.value_or(0)), bytes_);
    AppendAux("repl-id", meta.replication_id->view(), bytes_);
    AppendAux("repl-offset", std::to_string(meta.replication_offset->bytes()), bytes_);
  }
  AppendAux("aof-base", "0", bytes_);
}

void Writer::Checksum() {
  if (options_.checksum) crc_ = Crc64(crc_, bytes_.view().substr(checksummed_));
  checksummed_ = bytes_.size();
}

void Writer::Take(base::Buffer& out) {
  Checksum();
  if (out.empty()) {
    out.Swap(bytes_);
    bytes_.Clear();
  } else {
    out.Append(bytes_.view());
    bytes_.Clear();
  }
  checksummed_ = 0;
}

void Writer::End() {
  AppendOpcode(Opcode::kEof, bytes_);
  Checksum();
  AppendLittleEndian64(options_.checksum ? crc_ : 0, bytes_);
  checksummed_ = bytes_.size();
}

void Writer::Add(const DatabaseRecord& record) {
  AppendOpcode(Opcode::kSelectDb, bytes_);
  AppendLength(static_cast<uint64_t>(record.index), bytes_);
  if (record.keys == 0 && record.expires == 0) return;
  AppendOpcode(Opcode::kResizeDb, bytes_);
  AppendLength(record.keys, bytes_);
  AppendLength(record.expires, bytes_);
}

void Writer::Add(const StringRecord& record) {
  if (record.expires_at) {
    AppendOpcode(Opcode::kExpireMs, bytes_);
    AppendLittleEndian64(static_cast<uint64_t>(record.expires_at->ms), bytes_);
  }
  if (record.idle_seconds) {
    AppendOpcode(Opcode::kIdle, bytes_);
    AppendLength(*record.idle_seconds, bytes_);
  }
  if (record.frequency) {
    AppendOpcode(Opcode::kFrequency, bytes_);
    AppendByte(*record.frequency, bytes_);
  }
  AppendByte(kStringType, bytes_);
  AppendString(record.key, options_.compress && record.key.size() <= kMaxCompressed, bytes_);
  AppendString(record.value, options_.compress && record.value.size() <= kMaxCompressed, bytes_);
}

}  // namespace quorate::replication::snapshot
