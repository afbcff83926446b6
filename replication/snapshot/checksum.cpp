#include "replication/snapshot/checksum.h"

#include <isa-l/crc64.h>

namespace quorate::replication::snapshot {

uint64_t Crc64(uint64_t crc, std::string_view bytes) {
  // The table functions take a non-const pointer in some versions and never write through it.
  auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
  return ~crc64_jones_refl(~crc, data, bytes.size());
}

}  // namespace quorate::replication::snapshot
