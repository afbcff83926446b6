#include "replication/snapshot/types.h"

#include <algorithm>
#include <array>

#include "replication/snapshot/reader.h"

namespace quorate::replication::snapshot {
namespace {

bool DecodeString(Decoder& decoder, const RecordHead& head, std::string& scratch, Sink& sink) {
  StringRecord record;
  if (!decoder.ReadString(scratch, &record.value)) return false;
  record.key = head.key;
  record.expires_at = head.expires_at;
  record.idle_seconds = head.idle_seconds;
  record.frequency = head.frequency;
  const base::Status taken = sink.OnString(record);
  return taken.ok() || decoder.Fail(taken.error().message);
}

constexpr std::array kRecordTypes = {
    RecordType{0, DecodeString},
};

}  // namespace

const RecordType* FindRecordType(uint8_t number) {
  const auto row = std::ranges::find(kRecordTypes, number, &RecordType::number);
  return row == kRecordTypes.end() ? nullptr : &*row;
}

}  // namespace quorate::replication::snapshot
