// CRC-64/Jones as RDB files carry it: reflected, polynomial 0xad93d23594c935a9, initial value 0, no
// final inversion. Crc64("123456789") == 0xe9c6d914c4b8d9ca. ISA-L's crc64_jones_refl inverts
// before and after; this undoes both.
#pragma once

#include <cstdint>
#include <string_view>

namespace quorate::replication::snapshot {

// `crc` is the checksum of what came before; 0 at the start.
uint64_t Crc64(uint64_t crc, std::string_view bytes);

}  // namespace quorate::replication::snapshot
