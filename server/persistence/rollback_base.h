// What the keys of a rollback record were when the record was made: fingerprints of their values in
// the data that replaced the lost writes. By them a replay tells which keys were changed since.
//
// The file <id>.keys: one RESP command per key, "<database> <key> <40 hexadecimal digits>".
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "server/store/databases.h"
#include "server/store/digest.h"
#include "shared/base/result.h"
#include "shared/base/time.h"

namespace quorate::server::persistence {

class RollbackBase {
 public:
  using Key = std::pair<int, std::string>;  // with its database
  // Of a record with more of them none is kept.
  static constexpr size_t kMostKeys = 100'000;

  // The fingerprint of what the key holds now; that of nothing is one as well.
  static store::Digest Now(const store::Databases& databases, const Key& key, base::WallTime now);

  void Set(const Key& key, const store::Digest& digest) { digests_[key] = digest.ToHex(); }
  // False for unknown keys.
  bool Matches(const Key& key, const store::Digest& digest) const;
  size_t size() const { return digests_.size(); }

  std::string Encode() const;
  static base::Result<RollbackBase> Parse(std::string_view file);

 private:
  std::map<Key, std::string> digests_;
};

}  // namespace quorate::server::persistence
