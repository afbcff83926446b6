#include "replication/snapshot/reader.h"

#include <utility>

#include "replication/snapshot/checksum.h"
#include "replication/snapshot/format.h"
#include "replication/snapshot/types.h"
#include "shared/base/numbers.h"

namespace quorate::replication::snapshot {
namespace {

constexpr std::string_view kMagic = "REDIS";
constexpr size_t kHeaderBytes = 9;
constexpr size_t kChecksumBytes = 8;
constexpr int kFirstVersionWithChecksum = 5;

// The pieces of a module's auxiliary value.
enum ModulePiece : uint64_t {
  kModuleEnd = 0,
  kModuleSigned = 1,
  kModuleUnsigned = 2,
  kModuleFloat = 3,
  kModuleDouble = 4,
  kModuleString = 5,
};

}  // namespace

Reader::Reader(Sink& sink, const ReaderOptions& options) : sink_(sink), options_(options) {
  meta_.server_version.clear();
}

base::Result<size_t> Reader::Push(std::string_view bytes) {
  if (error_) return base::Error{*error_};
  if (complete_) return size_t{0};
  if (held_.empty()) {
    const size_t used = Parse(bytes);
    if (!error_ && !complete_) held_.Append(bytes.substr(used));
    if (error_) return base::Error{*error_};
    return complete_ ? used : bytes.size();
  }
  held_.Append(bytes);
  if (held_.size() < needed_) return bytes.size();
  held_.Consume(Parse(held_.view()));
  if (error_) return base::Error{*error_};
  if (!complete_) return bytes.size();
  // What is left came after the end, and all of it with this call: an unfinished unit ended here.
  const size_t left = held_.size();
  held_.Free();
  return bytes.size() - left;
}

base::Status Reader::Finish() const {
  if (error_) return base::Error{*error_};
  if (complete_) return {};
  return base::Error{"the snapshot is truncated at byte " + std::to_string(offset_ + held_.size())};
}

size_t Reader::Parse(std::string_view bytes) {
  size_t done = 0;
  needed_ = 0;
  while (!complete_ && !error_) {
    Decoder decoder(bytes.substr(done), options_.max_string);
    if (ParseUnit(decoder)) {
      done += decoder.position();
      offset_ += decoder.position();
    } else if (decoder.failed()) {
      error_ = decoder.error() + " at byte " + std::to_string(offset_ + decoder.position());
    } else {
      needed_ = decoder.needed();
      break;
    }
  }
  const bool trailer = complete_ && version_ >= kFirstVersionWithChecksum;
  crc_ = Crc64(crc_, bytes.substr(0, trailer ? done - kChecksumBytes : done));
  if (trailer && options_.verify_checksum && checksum_ != 0 && checksum_ != crc_) {
    complete_ = false;
    error_ = "CRC error: wrong checksum at byte " + std::to_string(offset_ - kChecksumBytes);
  }
  return done;
}

bool Reader::ParseUnit(Decoder& decoder) {
  if (version_ == 0) return ParseHeader(decoder);
  uint8_t byte = 0;
  if (!decoder.ReadByte(&byte)) return false;
  if (byte >= static_cast<uint8_t>(Opcode::kSlotInfo)) return ParseOpcode(byte, decoder);
  return ParseRecord(byte, decoder);
}

bool Reader::ParseHeader(Decoder& decoder) {
  std::string_view header;
  if (!decoder.ReadBytes(kHeaderBytes, &header)) return false;
  if (!header.starts_with(kMagic)) {
    return decoder.Fail(header.starts_with("VALKEY") ? "a Valkey 9 file, which is not supported"
                                                     : "not an RDB file");
  }
  int version = 0;
  for (const char c : header.substr(kMagic.size())) {
    if (c < '0' || c > '9') return decoder.Fail("not an RDB file");
    version = version * 10 + (c - '0');
  }
  if (version < 1 || version > kNewestVersion) {
    return decoder.Fail("RDB version " + std::to_string(version) + " is not supported (1 to " +
                        std::to_string(kNewestVersion) + " are)");
  }
  version_ = version;
  return true;
}

bool Reader::ParseOpcode(uint8_t opcode, Decoder& decoder) {
  uint64_t number = 0;
  switch (static_cast<Opcode>(opcode)) {
    case Opcode::kSlotInfo: {
      uint64_t ignored = 0;
      return decoder.ReadLength(&ignored) && decoder.ReadLength(&ignored) &&
             decoder.ReadLength(&ignored);
    }
    case Opcode::kFunction:
      return ParseFunction(decoder);
    case Opcode::kFunctionPreGa:
      return decoder.Fail("functions in a pre-release format");
    case Opcode::kModuleAux:
      return SkipModuleAux(decoder);
    case Opcode::kIdle:
      if (!decoder.ReadLength(&number)) return false;
      idle_seconds_ = number;
      return true;
    case Opcode::kFrequency:
      if (!decoder.ReadLittleEndian(1, &number)) return false;
      frequency_ = static_cast<uint8_t>(number);
      return true;
    case Opcode::kAux:
      return ParseAux(decoder);
    case Opcode::kResizeDb:
      return ParseResizeDb(decoder);
    case Opcode::kExpireMs:
      if (!decoder.ReadLittleEndian(8, &number)) return false;
      expires_at_ = base::WallTime{static_cast<int64_t>(number)};
      return true;
    case Opcode::kExpireSeconds:
      if (!decoder.ReadLittleEndian(4, &number)) return false;
      expires_at_ = base::WallTime{int64_t{static_cast<int32_t>(number)} * 1000};
      return true;
    case Opcode::kSelectDb:
      return ParseSelectDb(decoder);
    case Opcode::kEof:
      return ParseEnd(decoder);
  }
  return decoder.Fail("unknown opcode " + std::to_string(opcode));
}

bool Reader::ParseEnd(Decoder& decoder) {
  if (version_ >= kFirstVersionWithChecksum &&
      !decoder.ReadLittleEndian(kChecksumBytes, &checksum_)) {
    return false;
  }
  complete_ = true;
  return true;
}

bool Reader::ParseRecord(uint8_t type, Decoder& decoder) {
  const RecordType* row = FindRecordType(type);
  if (row == nullptr) {
    return decoder.Fail("record type " + std::to_string(type) + " (" + std::string(TypeName(type)) +
                        ") is not supported");
  }
  RecordHead head;
  if (!decoder.ReadString(key_scratch_, &head.key)) return false;
  head.expires_at = expires_at_;
  head.idle_seconds = idle_seconds_;
  head.frequency = frequency_;
  if (!AnnounceDatabase(decoder)) return false;
  if (!row->decode(decoder, head, value_scratch_, sink_)) return false;
  ++records_;
  expires_at_.reset();
  idle_seconds_.reset();
  frequency_.reset();
  return true;
}

bool Reader::AnnounceDatabase(Decoder& decoder) {
  if (!database_) return true;
  const base::Status taken = sink_.OnDatabase(*database_);
  database_.reset();
  return taken.ok() || decoder.Fail(taken.error().message);
}

bool Reader::ParseSelectDb(Decoder& decoder) {
  uint64_t index = 0;
  if (!decoder.ReadLength(&index)) return false;
  if (index >= static_cast<uint64_t>(options_.databases)) {
    return decoder.Fail("database " + std::to_string(index) + " does not exist here (databases " +
                        std::to_string(options_.databases) + ")");
  }
  database_ = DatabaseRecord{static_cast<int>(index), 0, 0};
  return true;
}

bool Reader::ParseResizeDb(Decoder& decoder) {
  uint64_t keys = 0;
  uint64_t expires = 0;
  if (!decoder.ReadLength(&keys) || !decoder.ReadLength(&expires)) return false;
  if (database_) {
    database_->keys = keys;
    database_->expires = expires;
  }
  return true;
}

bool Reader::ParseAux(Decoder& decoder) {
  std::string_view name;
  std::string_view value;
  if (!decoder.ReadString(key_scratch_, &name) || !decoder.ReadString(value_scratch_, &value)) {
    return false;
  }
  const auto number = [&] { return base::ParseInt64(value); };
  if (name == "redis-ver" || name == "valkey-ver") {
    meta_.server_version = value;
  } else if (name == "ctime") {
    meta_.created_unix_seconds = number();
  } else if (name == "used-mem") {
    meta_.used_memory = base::ParseUint64(value);
  } else if (name == "repl-stream-db") {
    const std::optional<int64_t> db = number();
    if (db && *db >= -1 && *db < options_.databases) meta_.stream_db = static_cast<int>(*db);
  } else if (name == "repl-id") {
    meta_.replication_id = base::ReplicationId::Parse(value);
  } else if (name == "repl-offset") {
    const std::optional<int64_t> offset = number();
    if (offset && *offset > base::kHighestOffset.bytes())
      return decoder.Fail("replication offset " + std::string(value) + " is impossible");
    if (offset && *offset >= 0) meta_.replication_offset = base::Offset(*offset);
  }
  return true;
}

bool Reader::ParseFunction(Decoder& decoder) {
  std::string_view code;
  if (!decoder.ReadString(value_scratch_, &code)) return false;
  const base::Status taken = sink_.OnFunction(code);
  return taken.ok() || decoder.Fail(taken.error().message);
}

bool Reader::SkipModuleAux(Decoder& decoder) {
  uint64_t value = 0;
  // Module id, then the moment (a tagged number) at which it was saved.
  if (!decoder.ReadLength(&value) || !decoder.ReadLength(&value) || !decoder.ReadLength(&value)) {
    return false;
  }
  while (true) {
    uint64_t piece = 0;
    if (!decoder.ReadLength(&piece)) return false;
    bool read = true;
    switch (piece) {
      case kModuleEnd:
        return true;
      case kModuleSigned:
      case kModuleUnsigned:
        read = decoder.ReadLength(&value);
        break;
      case kModuleFloat:
        read = decoder.Skip(4);
        break;
      case kModuleDouble:
        read = decoder.Skip(8);
        break;
      case kModuleString:
        read = decoder.SkipString();
        break;
      default:
        return decoder.Fail("unknown piece " + std::to_string(piece) + " in a module's data");
    }
    if (!read) return false;
  }
}

}  // namespace quorate::replication::snapshot
