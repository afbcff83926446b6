#include "server/engine/slowlog.h"

namespace quorate::server::engine {

void Slowlog::Add(std::span<const std::string_view> args, base::WallTime when, int64_t microseconds,
                  std::string peer, std::string client_name, size_t max_length) {
  SlowlogEntry entry{next_id_++, when, microseconds, {}, std::move(peer), std::move(client_name)};
  const size_t kept = args.size() > kMaxArgs ? kMaxArgs - 1 : args.size();
  for (size_t i = 0; i < kept; ++i) {
    if (args[i].size() <= kMaxArgBytes) {
      entry.args.emplace_back(args[i]);
    } else {
      entry.args.push_back(std::string(args[i].substr(0, kMaxArgBytes)) + "... (" +
                           std::to_string(args[i].size() - kMaxArgBytes) + " more bytes)");
    }
  }
  if (kept != args.size())
    entry.args.push_back("... (" + std::to_string(args.size() - kept) + " more arguments)");
  entries_.push_front(std::move(entry));
  Trim(max_length);
}

void Slowlog::Trim(size_t max_length) {
  while (entries_.size() > max_length) entries_.pop_back();
}

}  // namespace quorate::server::engine
