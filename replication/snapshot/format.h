// The RDB file format's numbers. Layout of a file: "REDIS" + four-digit version, then opcodes and
// records, then opcode 255 and (since version 5) the CRC64 of everything before it, little-endian,
// 0 = not computed.
//
// Lengths: 00xxxxxx 6 bits; 01xxxxxx + 1 byte, 14 bits; 10000000 + 4 bytes and 10000001 + 8 bytes,
// big-endian; 11xxxxxx an encoded string of kind xxxxxx (integers little-endian, or LZF).
#pragma once

#include <cstdint>
#include <string_view>

namespace quorate::replication::snapshot {

// The least that has all that is written: strings are the same since 5, and Redis refuses a version
// beyond its own (6.2 has 9) only after it has flushed its data.
inline constexpr int kWrittenVersion = 9;
inline constexpr int kNewestVersion = 12;
// In the footer of DUMP's payloads, as of redis-server 7.0.
inline constexpr int kDumpVersion = 10;

enum class Opcode : uint8_t {
  kSlotInfo = 244,
  kFunction = 245,
  kFunctionPreGa = 246,
  kModuleAux = 247,
  kIdle = 248,
  kFrequency = 249,
  kAux = 250,
  kResizeDb = 251,
  kExpireMs = 252,
  kExpireSeconds = 253,
  kSelectDb = 254,
  kEof = 255,
};

enum class StringEncoding : uint8_t { kInt8 = 0, kInt16 = 1, kInt32 = 2, kLzf = 3 };

// The name of a record type byte for error messages ("list (quicklist2)"), or "unknown".
std::string_view TypeName(uint8_t type);

}  // namespace quorate::replication::snapshot
