#include "server/info/info.h"

namespace quorate::server::info {

void AppendKeyspace(engine::Engine& engine, Fields& out) {
  out.Section("Keyspace");
  const store::Databases& databases = engine.databases();
  for (size_t i = 0; i < databases.count(); ++i) {
    const store::Keyspace& keyspace = databases[i];
    if (keyspace.size() == 0) continue;
    out.Text("db" + std::to_string(i), "keys=" + std::to_string(keyspace.size()) +
                                           ",expires=" + std::to_string(keyspace.expires_size()) +
                                           ",avg_ttl=" + std::to_string(keyspace.average_ttl_ms()));
  }
}

}  // namespace quorate::server::info
