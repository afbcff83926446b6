#include "replication/core/disk_format.h"

#include <xxhash.h>

#include "shared/base/check.h"

namespace quorate::replication::core {
namespace {

using base::ReplicationId;

constexpr std::string_view kMagic = "QBKLOG1\n";
constexpr uint32_t kPositionKind = 1;
constexpr uint32_t kBytesKind = 2;
constexpr size_t kPrefixBytes = 16;  // of a record, before its checksum
constexpr size_t kHeaderBytes = kPrefixBytes + 8;
constexpr size_t kPositionBytes = 2 * ReplicationId::kLength + 16;
constexpr uint32_t kFromEmptyFlag = 1;

void PutNumber(uint64_t number, size_t bytes, std::string& out) {
  for (size_t i = 0; i < bytes; ++i) out.push_back(static_cast<char>(number >> (8 * i)));
}

uint64_t TakeNumber(std::string_view& from, size_t bytes) {
  uint64_t number = 0;
  for (size_t i = 0; i < bytes; ++i)
    number |= static_cast<uint64_t>(static_cast<unsigned char>(from[i])) << (8 * i);
  from.remove_prefix(bytes);
  return number;
}

std::optional<ReplicationId> TakeId(std::string_view& from) {
  const std::string_view text = from.substr(0, ReplicationId::kLength);
  from.remove_prefix(ReplicationId::kLength);
  return ReplicationId::Parse(text);
}

uint64_t Checksum(std::string_view prefix, std::string_view payload) {
  const uint64_t seed = XXH3_64bits(prefix.data(), prefix.size());
  return XXH3_64bits_withSeed(payload.data(), payload.size(), seed);
}

void AppendRecord(uint32_t kind, base::Offset offset, std::string_view payload, std::string& out) {
  const size_t begin = out.size();
  PutNumber(payload.size(), 4, out);
  PutNumber(kind, 4, out);
  PutNumber(static_cast<uint64_t>(offset.bytes()), 8, out);
  PutNumber(Checksum(std::string_view(out).substr(begin), payload), 8, out);
  out.append(payload);
}

}  // namespace

void AppendSegmentStart(const LogPosition& position, std::string& out) {
  std::string payload;
  payload.append(position.id.view()).append(position.previous_id.view());
  const int64_t previous_end = position.previous_end ? position.previous_end->bytes() : -1;
  PutNumber(static_cast<uint64_t>(previous_end), 8, payload);
  PutNumber(static_cast<uint32_t>(position.stream_db), 4, payload);
  PutNumber(position.from_empty ? kFromEmptyFlag : 0, 4, payload);
  out.append(kMagic);
  AppendRecord(kPositionKind, position.offset, payload, out);
}

void AppendBytesRecord(base::Offset offset, std::string_view bytes, std::string& out) {
  CHECK(!bytes.empty());
  CHECK(bytes.size() <= kMaxRecordBytes);
  AppendRecord(kBytesKind, offset, bytes, out);
}

SegmentParser::Outcome SegmentParser::Need(size_t bytes) {
  consumed_ = 0;
  needed_ = bytes;
  return Outcome::kNeedMore;
}

SegmentParser::Outcome SegmentParser::Bad(std::string_view error) {
  consumed_ = 0;
  error_ = error;
  return Outcome::kBad;
}

SegmentParser::Outcome SegmentParser::Next(std::string_view input) {
  const size_t magic = begun_ ? 0 : kMagic.size();
  if (!error_.empty()) return Outcome::kBad;
  if (input.size() < magic + kHeaderBytes) return Need(magic + kHeaderBytes);
  if (!begun_ && !input.starts_with(kMagic)) return Bad("not a segment of the backlog");
  input.remove_prefix(magic);

  std::string_view header = input.substr(0, kHeaderBytes);
  const std::string_view prefix = header.substr(0, kPrefixBytes);
  const auto length = static_cast<size_t>(TakeNumber(header, 4));
  const auto kind = static_cast<uint32_t>(TakeNumber(header, 4));
  const auto offset = static_cast<int64_t>(TakeNumber(header, 8));
  const uint64_t checksum = TakeNumber(header, 8);
  const bool fits = kind == kPositionKind ? length == kPositionBytes
                                          : kind == kBytesKind && length <= kMaxRecordBytes;
  if (!fits || length == 0 || offset < 0 || base::Offset(offset) > base::kHighestOffset)
    return Bad("a bad record header");
  if (input.size() < kHeaderBytes + length) return Need(magic + kHeaderBytes + length);
  const std::string_view payload = input.substr(kHeaderBytes, length);
  if (Checksum(prefix, payload) != checksum) return Bad("a record's checksum is wrong");

  begun_ = true;
  consumed_ = magic + kHeaderBytes + length;
  return kind == kPositionKind ? ReadPosition(base::Offset(offset), payload)
                               : ReadBytes(base::Offset(offset), payload);
}

SegmentParser::Outcome SegmentParser::ReadPosition(base::Offset offset, std::string_view payload) {
  if (position_) return Bad("a second position");
  LogPosition position;
  position.offset = offset;
  const std::optional<ReplicationId> id = TakeId(payload);
  const std::optional<ReplicationId> previous = TakeId(payload);
  const auto previous_end = static_cast<int64_t>(TakeNumber(payload, 8));
  position.stream_db = static_cast<int32_t>(TakeNumber(payload, 4));
  position.from_empty = (TakeNumber(payload, 4) & kFromEmptyFlag) != 0;
  if (!id || !previous || position.stream_db < -1) return Bad("a malformed position");
  position.id = *id;
  position.previous_id = *previous;
  if (previous_end >= 0 && !previous->IsZero()) position.previous_end = base::Offset(previous_end);
  if (!position.previous_end) position.previous_id = {};
  position_ = position;
  end_ = offset;
  return Outcome::kPosition;
}

SegmentParser::Outcome SegmentParser::ReadBytes(base::Offset offset, std::string_view payload) {
  if (!position_) return Bad("bytes without a position");
  if (offset != end_) return Bad("a gap between records");
  bytes_ = payload;
  end_ += static_cast<int64_t>(payload.size());
  return Outcome::kBytes;
}

}  // namespace quorate::replication::core
