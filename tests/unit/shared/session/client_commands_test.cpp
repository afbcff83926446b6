#include "shared/session/client_commands.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "shared/session/client_rows.h"

#include <doctest/doctest.h>

namespace quorate::session {
namespace {

// Two clients, 1 and 2, on one daemon; client 1 asks.
class Daemon final : public ClientDirectory {
 public:
  Daemon() {
    for (const uint64_t id : {1, 2}) {
      auto client = std::make_unique<Client>(id, base::Instant{});
      client->peer = {"127.0.0.1", static_cast<uint16_t>(1000 + id)};
      client->local = {"127.0.0.1", 26379};
      clients.emplace(id, std::move(client));
    }
  }

  base::Instant ClientClock() const override { return now; }
  void ForEachClient(const std::function<void(Client&)>& visit) override {
    for (auto& [id, client] : clients) visit(*client);
  }
  Client* FindClient(uint64_t id) override {
    const auto it = clients.find(id);
    return it == clients.end() ? nullptr : it->second.get();
  }
  ClientFacts FactsOf(const Client&) const override { return facts; }
  void KillClient(Client& client, std::string_view reason) override {
    client.close_now = true;
    client.close_reason = reason;
  }
  void PauseClients(PauseScope scope, base::Instant until) override {
    paused_scope = scope;
    paused_until = until;
  }
  void UnpauseClients() override { paused_until = base::Instant{}; }
  bool UnblockClient(Client&, bool) override { return false; }

  std::string Ask(std::vector<std::string_view> args) {
    command::Table<ClientRequest> table;
    table.Add(kClientRows<ClientRequest, &Same>);
    Client& self = *clients.at(1);
    self.output.Clear();
    const command::Command* command = table.Resolve(args);
    if (const std::string refusal = command::RefusalOf(table, command, args); !refusal.empty())
      return "-" + refusal + "\r\n";
    ClientRequest request{*this, self, args, command->full_name};
    table.Run(*command, request);
    return std::string(self.output.view());
  }

  base::Instant now{std::chrono::seconds(10)};
  ClientFacts facts;
  PauseScope paused_scope = PauseScope::kAll;
  base::Instant paused_until{};
  std::map<uint64_t, std::unique_ptr<Client>> clients;

  static ClientRequest Same(ClientRequest& request) { return request; }
};

TEST_CASE("client: a line of the list has Redis 7.0's fields in its order") {
  Daemon daemon;
  daemon.clients.at(2)->name = "other";
  const std::string reply = daemon.Ask({"client", "list", "id", "2"});
  CHECK(reply.find("id=2 addr=127.0.0.1:1002 laddr=127.0.0.1:26379 fd=-1 name=other age=10 idle=10 "
                   "flags=N db=0 "
                   "sub=0 psub=0 ssub=0 multi=-1 qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 "
                   "rbp=0 obl=0 oll=0 "
                   "omem=0 tot-mem=") != std::string::npos);
  CHECK(reply.find(" events=r cmd=NULL user=default redir=-1 resp=2\n") != std::string::npos);
}

TEST_CASE("client: its own line shows the command that runs") {
  Daemon daemon;
  CHECK(daemon.Ask({"client", "info"}).find(" argv-mem=10 ") != std::string::npos);
  CHECK(daemon.Ask({"client", "info"}).find(" cmd=client|info ") != std::string::npos);
}

TEST_CASE("client: library attributes appear once told") {
  Daemon daemon;
  CHECK(daemon.Ask({"client", "info"}).find("lib-name") == std::string::npos);
  CHECK(daemon.Ask({"client", "setinfo", "LIB-NAME", "redis-py"}) == "+OK\r\n");
  CHECK(daemon.Ask({"client", "info"}).find(" resp=2 lib-name=redis-py\n") != std::string::npos);
  CHECK(daemon.Ask({"client", "setinfo", "lib-ver", "a b"}) ==
        "-ERR lib-ver cannot contain spaces, newlines or special characters.\r\n");
  CHECK(daemon.Ask({"client", "setinfo", "color", "red"}) ==
        "-ERR Unrecognized option 'color'\r\n");
}

TEST_CASE("client: kill by address closes that client, or answers that there is none") {
  Daemon daemon;
  CHECK(daemon.Ask({"client", "kill", "127.0.0.1:9"}) == "-ERR No such client\r\n");
  CHECK(daemon.Ask({"client", "kill", "127.0.0.1:1002"}) == "+OK\r\n");
  CHECK(daemon.clients.at(2)->close_now);
  CHECK(daemon.Ask({"client", "kill", "127.0.0.1:1001"}) == "+OK\r\n");
  CHECK(daemon.clients.at(1)->close_after_reply);
}

TEST_CASE("client: kill with filters spares the asker unless told otherwise") {
  Daemon daemon;
  CHECK(daemon.Ask({"client", "kill", "type", "normal"}) == ":1\r\n");
  CHECK_FALSE(daemon.clients.at(1)->close_after_reply);
  CHECK(daemon.Ask({"client", "kill", "id", "1", "skipme", "no"}) == ":1\r\n");
  CHECK(daemon.clients.at(1)->close_after_reply);
  CHECK(daemon.Ask({"client", "kill", "user", "default", "laddr", "127.0.0.1:1"}) == ":0\r\n");
}

TEST_CASE("client: kill's errors are Redis'") {
  Daemon daemon;
  CHECK(daemon.Ask({"client", "kill"}) ==
        "-ERR wrong number of arguments for 'client|kill' command\r\n");
  CHECK(daemon.Ask({"client", "kill", "id", "x"}) == "-ERR client-id should be greater than 0\r\n");
  CHECK(daemon.Ask({"client", "kill", "type", "foo"}) == "-ERR Unknown client type 'foo'\r\n");
  CHECK(daemon.Ask({"client", "kill", "user", "eve"}) == "-ERR No such user 'eve'\r\n");
  CHECK(daemon.Ask({"client", "kill", "a", "b", "c"}) == "-ERR syntax error\r\n");
  CHECK_FALSE(daemon.clients.at(2)->close_now);
}

TEST_CASE("client: pause takes a time and a scope") {
  Daemon daemon;
  CHECK(daemon.Ask({"client", "pause", "500", "write"}) == "+OK\r\n");
  CHECK(daemon.paused_until == daemon.now + std::chrono::milliseconds(500));
  CHECK((daemon.paused_scope == PauseScope::kWrites));
  CHECK(daemon.Ask({"client", "pause", "9223372036854775807"}) == "+OK\r\n");
  CHECK(daemon.paused_until == base::Instant::max());
  CHECK(daemon.Ask({"client", "pause", "-1"}) == "-ERR timeout is negative\r\n");
  CHECK(daemon.Ask({"client", "pause", "x"}) ==
        "-ERR timeout is not an integer or out of range\r\n");
  CHECK(daemon.Ask({"client", "pause", "1", "x"}) ==
        "-ERR CLIENT PAUSE mode must be WRITE or ALL\r\n");
}

TEST_CASE("client: reply modes") {
  Daemon daemon;
  CHECK(daemon.Ask({"client", "reply", "off"}).empty());
  CHECK((daemon.clients.at(1)->reply_mode == ReplyMode::kOff));
  CHECK(daemon.Ask({"client", "reply", "skip"}).empty());
  CHECK((daemon.clients.at(1)->reply_mode == ReplyMode::kOff));
  CHECK(daemon.Ask({"client", "reply", "on"}) == "+OK\r\n");
  CHECK(daemon.Ask({"client", "reply", "x"}) == "-ERR syntax error\r\n");
}

TEST_CASE("client: a daemon without keys has no NO-TOUCH") {
  Daemon daemon;
  CHECK(daemon.Ask({"client", "no-touch", "on"}) == "+OK\r\n");
  command::Table<ClientRequest> keyless;
  keyless.Add(kKeylessClientRows<ClientRequest, &Daemon::Same>);
  CHECK(keyless.FindFullName("client|no-touch") == nullptr);
  CHECK(keyless.FindFullName("client|no-evict") != nullptr);
}

}  // namespace
}  // namespace quorate::session
