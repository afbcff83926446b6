#include "server/engine/propagation.h"

#include "shared/resp/writer.h"

namespace quorate::server::engine {

void Propagation::Add(int db, std::span<const std::string_view> args) {
  if (!active()) return;
  resp::AppendCommand(bytes_, args);
  effects_.push_back({db, bytes_.size()});
}

void Propagation::AddRaw(int db, std::string_view raw) {
  if (!active()) return;
  bytes_.Append(raw);
  effects_.push_back({db, bytes_.size()});
}

void Propagation::EndUnit(bool arbitrary_keys) {
  if (effects_.empty()) return;
  const bool framed = effects_.size() > 1 && !arbitrary_keys;
  const std::string_view bytes = bytes_.view();
  if (framed) port_.AppendMulti(effects_.front().db);
  size_t begin = 0;
  for (const Effect& effect : effects_) {
    port_.Append(effect.db, bytes.substr(begin, effect.end - begin));
    begin = effect.end;
  }
  if (framed) port_.AppendExec();
  DropUnit();
}

void Propagation::DropUnit() {
  bytes_.Clear();
  effects_.clear();
}

}  // namespace quorate::server::engine
