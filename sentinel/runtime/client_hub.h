// The sentinel's clients: connections, the parsing and dispatch of their requests, subscriptions,
// limits and pauses. A client whose request the core has yet to answer runs nothing more until it
// is answered, so that replies keep their order.
//
// Loop thread only. Connections are destroyed at the end of a turn.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "sentinel/commands/context.h"
#include "sentinel/config/process_settings.h"
#include "sentinel/core/actions.h"
#include "shared/io/io.h"
#include "shared/log/logger.h"
#include "shared/serve/connection.h"
#include "shared/serve/listeners.h"
#include "shared/session/client_commands.h"
#include "shared/session/pubsub.h"

namespace quorate::sentinel::runtime {

class ClientHub final : public session::ClientDirectory, private serve::ConnectionOwner {
 public:
  ClientHub(io::Io& io, log::Logger& logger, const config::ProcessSettings& settings,
            commands::Host& host);
  ~ClientHub() override;

  base::Status Listen();
  uint16_t port() const { return serve::BoundPort(listeners_); }
  session::PubSub& pubsub() { return pubsub_; }
  const session::PubSub& pubsub() const { return pubsub_; }
  const commands::CommandTable& table() const { return table_; }
  // Everything but run id, port, start and wall time.
  commands::Counters Count() const;

  // The client's answer will come under the name returned.
  core::ClientId Await(session::Client& client);
  void Answer(core::ClientId id, const core::CommandReply& reply);

  void EndTurn();
  // Writes out what there is; before the process ends.
  void FlushAll();

  // ---- session::ClientDirectory
  base::Instant ClientClock() const override { return io_.Now(); }
  void ForEachClient(const std::function<void(session::Client&)>& visit) override;
  session::Client* FindClient(uint64_t id) override;
  session::ClientFacts FactsOf(const session::Client& client) const override;
  void KillClient(session::Client& client, std::string_view reason) override;
  void PauseClients(session::PauseScope scope, base::Instant until) override;
  void UnpauseClients() override;
  bool UnblockClient(session::Client&, bool) override { return false; }

 private:
  class SentinelClient;
  struct Pause {
    session::PauseScope scope;
    base::Instant until;
  };

  // ---- serve::ConnectionOwner
  void OnConnectionBytes(serve::Connection& connection, std::string_view bytes) override;
  void OnConnectionWritable(serve::Connection& connection) override;
  void OnConnectionClosed(serve::Connection& connection) override;

  void Accept(std::unique_ptr<io::Stream> stream);
  SentinelClient* Find(uint64_t id);
  void Run(SentinelClient& client);
  void Dispatch(SentinelClient& client, std::span<const std::string_view> args);
  // Why the request may not run; empty if it may.
  std::string Refusal(const SentinelClient& client, const command::Command* command,
                      std::span<const std::string_view> args) const;
  bool Paused(const command::Command* command);
  void Refuse(SentinelClient& client, std::string_view error);
  void MarkReady(session::Client& client);
  void Flush(serve::Connection& connection);
  void Discard(serve::Connection& connection);
  void CloseIdle();
  void OnCron();

  io::Io& io_;
  log::Logger& logger_;
  const config::ProcessSettings& settings_;
  commands::Host& host_;
  commands::CommandTable table_;
  session::PubSub pubsub_;
  serve::Listeners listeners_;
  std::map<uint64_t, std::unique_ptr<serve::Connection>> connections_;
  std::vector<uint64_t> ready_;
  std::vector<uint64_t> discarded_;
  std::unordered_map<core::ClientId, uint64_t> awaited_;  // to the client that waits
  std::optional<Pause> pause_;
  std::unique_ptr<io::Timer> pause_timer_;
  std::unique_ptr<io::Timer> cron_timer_;
  commands::Counters counters_;
  uint64_t last_client_ = 0;
  uint64_t last_awaited_ = 0;
};

}  // namespace quorate::sentinel::runtime
