// DEBUG DIGEST and DEBUG DIGEST-VALUE: a fingerprint of the data that does not depend on the order
// of keys, equal to Redis' for equal data (SHA-1 values, xored per key and chained per database).
// The fact of an expiry counts, its time not.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "server/store/databases.h"
#include "server/store/record.h"

namespace quorate::server::store {

class Digest {
 public:
  // 40 lower-case hexadecimal digits.
  std::string ToHex() const;
  friend bool operator==(const Digest&, const Digest&) = default;

  std::array<uint8_t, 20> bytes{};
};

// All databases. Precondition: all records are strings.
Digest DatasetDigest(const Databases& databases);
// One value without its key. A missing key's digest is Digest{}. Precondition: a string.
Digest ValueDigest(const Record& record);

}  // namespace quorate::server::store
