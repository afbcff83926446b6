// The write that SET and its kin share.
#pragma once

#include <string_view>

#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "shared/resp/errors.h"

namespace quorate::server::commands {

// What every command does to a key it has just made, apart from its own notification and Modified.
inline void FinishNewKey(engine::Context& context, const store::Lookup& key,
                         store::Record& record) {
  context.MarkAccess(record);
  context.Notify(config::kNotifyNewKey, "new", key.key);
}

// Makes `key` a string: access bits, the "new" notification and watchers included; the command's
// own notification is the caller's. A logically expired key must be gone by now.
inline store::Record* StoreString(engine::Context& context, const store::Lookup& key,
                                  std::string_view value, store::ExpiryChange expiry,
                                  store::StringForm form = store::StringForm::kAuto) {
  store::Keyspace& db = context.db();
  const size_t keys_before = db.size();
  store::Record* record = db.SetString(key, value, expiry, form);
  if (db.size() != keys_before) {
    FinishNewKey(context, key, *record);
  } else {
    context.MarkAccess(*record);
  }
  context.Modified(key);
  return record;
}

inline void ReplyString(engine::Context& context, const store::Record& record) {
  if (record.is_integer()) {
    context.reply.BulkInteger(record.integer());
  } else {
    context.reply.Bulk(record.text());
  }
}

// False, with the error answered, if a string of `size` bytes and `more` would be too long. What
// the primary did is never refused.
inline bool CheckStringLength(engine::Context& context, int64_t size, int64_t more) {
  if (context.session.kind == engine::SessionKind::kPrimary) return true;
  const uint64_t total = static_cast<uint64_t>(size) + static_cast<uint64_t>(more);
  if (total <= context.engine.settings().proto_max_bulk_len && total <= INT64_MAX) return true;
  context.Error(resp::errors::kStringTooLong);
  return false;
}

}  // namespace quorate::server::commands
