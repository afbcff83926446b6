// CLIENT, which the server and the sentinel answer alike: who is connected, naming, killing,
// pausing and muting. What differs between the daemons comes through ClientDirectory. The rows are
// in client_rows.h.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>

#include "shared/base/time.h"
#include "shared/session/client.h"

namespace quorate::session {

// The classes of CLIENT LIST TYPE. A normal client with subscriptions counts as a pubsub client; no
// daemon says so itself.
enum class ClientType : uint8_t { kNormal, kMaster, kReplica, kPubSub };

// What only the daemon knows of one client.
struct ClientFacts {
  ClientType type = ClientType::kNormal;
  bool monitor = false;  // is shown every command
  int db = 0;
  int64_t queued_commands = -1;  // of MULTI; -1 outside of it
  size_t queued_bytes = 0;
  bool blocked = false;
  bool watched_key_changed = false;
};

enum class PauseScope : uint8_t { kWrites, kAll };

// The daemon's clients. Every Client& is one that ForEachClient shows.
class ClientDirectory {
 public:
  virtual ~ClientDirectory() = default;
  virtual base::Instant ClientClock() const = 0;
  // In order of id. The visitor may call KillClient.
  virtual void ForEachClient(const std::function<void(Client&)>& visit) = 0;
  // nullptr if there is none.
  virtual Client* FindClient(uint64_t id) = 0;
  virtual ClientFacts FactsOf(const Client& client) const = 0;
  // Closes the connection soon; pending output is dropped.
  virtual void KillClient(Client& client, std::string_view reason) = 0;
  // A pause in force only ever gets longer and stricter. Instant::max(): no end.
  virtual void PauseClients(PauseScope scope, base::Instant until) = 0;
  virtual void UnpauseClients() = 0;
  // CLIENT UNBLOCK: ends what the client is blocked in, as if timed out or with -UNBLOCKED. False
  // if it is not blocked.
  virtual bool UnblockClient(Client& client, bool with_error) = 0;
};

// One CLIENT request; args are those of the whole request.
struct ClientRequest {
  ClientDirectory& clients;
  Client& self;
  std::span<const std::string_view> args;
  std::string_view command;  // full name: "client|list"
};

void ClientGetName(const ClientRequest& request);
void ClientGetRedir(const ClientRequest& request);
void ClientHelp(const ClientRequest& request);
void ClientId(const ClientRequest& request);
void ClientInfo(const ClientRequest& request);
void ClientKill(const ClientRequest& request);
void ClientList(const ClientRequest& request);
void ClientNoEvict(const ClientRequest& request);
void ClientNoTouch(const ClientRequest& request);
void ClientPause(const ClientRequest& request);
void ClientReply(const ClientRequest& request);
void ClientSetInfo(const ClientRequest& request);
void ClientSetName(const ClientRequest& request);
void ClientTrackingInfo(const ClientRequest& request);
void ClientUnblock(const ClientRequest& request);
void ClientUnpause(const ClientRequest& request);

// One line of CLIENT LIST, without the newline. Redis 7.0's fields; the library's name and version
// follow where a client has told them.
std::string DescribeClient(const ClientRequest& request, const Client& client);

}  // namespace quorate::session
