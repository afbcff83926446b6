#include "server/persistence/rollback_base.h"

#include "replication/core/wire.h"
#include "server/persistence/rollback_reader.h"
#include "shared/base/numbers.h"

namespace quorate::server::persistence {

store::Digest RollbackBase::Now(const store::Databases& databases, const Key& key,
                                base::WallTime now) {
  if (key.first < 0 || static_cast<size_t>(key.first) >= databases.count()) return {};
  const store::Record* const record = databases[static_cast<size_t>(key.first)].Find(key.second);
  if (record == nullptr || record->ExpiredAt(now)) return {};
  return store::ValueDigest(*record);
}

bool RollbackBase::Matches(const Key& key, const store::Digest& digest) const {
  const auto found = digests_.find(key);
  return found != digests_.end() && found->second == digest.ToHex();
}

std::string RollbackBase::Encode() const {
  std::string file;
  for (const auto& [key, digest] : digests_)
    file += replication::core::EncodeCommand({std::to_string(key.first), key.second, digest});
  return file;
}

base::Result<RollbackBase> RollbackBase::Parse(std::string_view file) {
  RollbackBase base;
  RollbackReader reader;
  reader.Push(file);
  while (true) {
    const base::Result<bool> next = reader.Next();
    if (!next) return next.error();
    if (!*next) break;
    const auto args = reader.args();
    const auto db = base::ParseInt64(args[0]);
    if (args.size() != 3 || !db || *db < 0 || *db > INT32_MAX)
      return base::Error{"a line is not that of a key"};
    base.digests_[{static_cast<int>(*db), std::string(args[1])}] = args[2];
  }
  if (const base::Status end = reader.Finish(); !end) return end.error();
  return base;
}

}  // namespace quorate::server::persistence
