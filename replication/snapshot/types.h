// The record types: one row for each that can be read. A type without a row is refused by its name
// and number, before anything of its value is looked at.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "replication/snapshot/decode.h"
#include "replication/snapshot/record.h"
#include "shared/base/time.h"

namespace quorate::replication::snapshot {

class Sink;

// What is known of a record when its value begins.
struct RecordHead {
  std::string_view key;
  std::optional<base::WallTime> expires_at;
  std::optional<uint64_t> idle_seconds;
  std::optional<uint8_t> frequency;
};

struct RecordType {
  uint8_t number = 0;
  // Decodes the value and hands the record to the sink. False as Decoder's: incomplete or wrong.
  // `scratch` may be used for unpacked bytes.
  bool (*decode)(Decoder& decoder, const RecordHead& head, std::string& scratch,
                 Sink& sink) = nullptr;
};

// nullptr if records of that type cannot be read.
const RecordType* FindRecordType(uint8_t number);

}  // namespace quorate::replication::snapshot
