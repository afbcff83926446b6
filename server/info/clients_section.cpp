#include <algorithm>

#include "server/info/info.h"

namespace quorate::server::info {

void AppendClients(engine::Engine& engine, Fields& out) {
  uint64_t connected = 0;
  uint64_t blocked = 0;
  size_t largest_input = 0;
  size_t largest_output = 0;
  for (const auto& [id, session] : engine.sessions()) {
    if (session->is_client()) ++connected;
    if (session->blocked()) ++blocked;
    largest_input = std::max(largest_input, session->input.size());
    largest_output = std::max(largest_output, session->output.size());
  }
  out.Section("Clients");
  out.Count("connected_clients", connected);
  out.Number("cluster_connections", 0);
  out.Count("maxclients", engine.settings().maxclients);
  out.Count("client_recent_max_input_buffer", largest_input);
  out.Count("client_recent_max_output_buffer", largest_output);
  out.Count("blocked_clients", blocked);
  out.Number("tracking_clients", 0);
  out.Count("clients_in_timeout_table", engine.waiting_count());
}

}  // namespace quorate::server::info
