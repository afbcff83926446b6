#include "replication/snapshot/writer.h"

#include <algorithm>
#include <string>
#include <utility>

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

Writer::Writer(const Meta& meta, RecordSource& source, const WriterOptions& options)
    : source_(source), options_(options) {
  const std::string version = std::to_string(kWrittenVersion);
  head_.Append("REDIS");
  head_.Append(std::string_view("0000").substr(version.size()));
  head_.Append(version);
  AppendAux("redis-ver", meta.server_version, head_);
  AppendAux("redis-bits", "64", head_);
  if (meta.created_unix_seconds) {
    AppendAux("ctime", std::to_string(*meta.created_unix_seconds), head_);
  }
  if (meta.used_memory) AppendAux("used-mem", std::to_string(*meta.used_memory), head_);
  if (meta.replication_id && meta.replication_offset) {
    AppendAux("repl-stream-db", std::to_string(meta.stream_db.value_or(0)), head_);
    AppendAux("repl-id", meta.replication_id->view(), head_);
    AppendAux("repl-offset", std::to_string(meta.replication_offset->bytes()), head_);
  }
  AppendAux("aof-base", "0", head_);
}

bool Writer::Produce(size_t budget, base::Buffer& out) {
  const size_t before = out.size();
  out.Append(head_.view());
  head_.Free();
  while (!complete_ && out.size() - before < budget) {
    if (!value_rest_.empty()) {
      const size_t room = std::max<size_t>(budget - (out.size() - before), 1);
      const std::string_view piece = value_rest_.substr(0, std::min(room, kMaxCompressed));
      out.Append(piece);
      value_rest_.remove_prefix(piece.size());
      continue;
    }
    const Record record = source_.Next();
    if (std::holds_alternative<EndRecord>(record)) {
      AppendOpcode(Opcode::kEof, out);
      Checksum(out, before);
      AppendLittleEndian64(options_.checksum ? crc_ : 0, out);
      complete_ = true;
      return false;
    }
    if (const auto* database = std::get_if<DatabaseRecord>(&record)) {
      Encode(*database, out);
    } else {
      Encode(std::get<StringRecord>(record), out);
    }
  }
  Checksum(out, before);
  return !complete_;
}

void Writer::Checksum(const base::Buffer& out, size_t from) {
  if (options_.checksum) crc_ = Crc64(crc_, out.view().substr(from));
}

void Writer::Encode(const DatabaseRecord& record, base::Buffer& out) {
  AppendOpcode(Opcode::kSelectDb, out);
  AppendLength(static_cast<uint64_t>(record.index), out);
  AppendOpcode(Opcode::kResizeDb, out);
  AppendLength(record.keys, out);
  AppendLength(record.expires, out);
}

void Writer::Encode(const StringRecord& record, base::Buffer& out) {
  if (record.expires_at) {
    AppendOpcode(Opcode::kExpireMs, out);
    AppendLittleEndian64(static_cast<uint64_t>(record.expires_at->ms), out);
  }
  if (record.idle_seconds) {
    AppendOpcode(Opcode::kIdle, out);
    AppendLength(*record.idle_seconds, out);
  }
  if (record.frequency) {
    AppendOpcode(Opcode::kFrequency, out);
    AppendByte(*record.frequency, out);
  }
  AppendByte(kStringType, out);
  AppendString(record.key, options_.compress && record.key.size() <= kMaxCompressed, out);
  if (record.value.size() <= kMaxCompressed) {
    AppendString(record.value, options_.compress, out);
  } else {
    AppendLength(record.value.size(), out);
    value_rest_ = record.value;
  }
}

}  // namespace quorate::replication::snapshot
