// The server's sessions as CLIENT sees them (shared/session/client_commands.h). It keeps nothing.
#pragma once

#include <functional>
#include <string_view>

#include "shared/session/client_commands.h"

namespace quorate::server::engine {

class Engine;

class Clients final : public session::ClientDirectory {
 public:
  explicit Clients(Engine& engine) : engine_(engine) {}

  base::Instant ClientClock() const override;
  // The primary's session only while its link is up: without it there is no client.
  void ForEachClient(const std::function<void(session::Client&)>& visit) override;
  session::Client* FindClient(uint64_t id) override;
  session::ClientFacts FactsOf(const session::Client& client) const override;
  void KillClient(session::Client& client, std::string_view reason) override;
  void PauseClients(session::PauseScope scope, base::Instant until) override;
  void UnpauseClients() override;
  bool UnblockClient(session::Client& client, bool with_error) override;

 private:
  Engine& engine_;
};

}  // namespace quorate::server::engine
