// Two small programs for tests in the simulated world: a listener that records, and a client that
// records.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/world/world.h"

namespace quorate::simulation {

struct Recorder : io::StreamObserver {
  void OnConnected() override { connected = true; }
  void OnBytes(std::string_view bytes) override {
    received += bytes;
    ++pieces;
    if (echo != nullptr) echo->TryWrite(bytes);
  }
  void OnWritable() override { ++writable; }
  void OnClosed(const io::CloseReason& why) override { reason = why; }
  bool closed() const { return reason.has_value(); }

  bool connected = false;
  std::string received;
  int pieces = 0;
  int writable = 0;
  io::Stream* echo = nullptr;  // sends back what comes
  std::optional<io::CloseReason> reason;
};

// Listens and keeps what it accepts.
struct Server {
  struct Connection {
    std::unique_ptr<io::Stream> stream;
    std::unique_ptr<Recorder> seen;
  };
  Server(io::Io& io, const base::Endpoint& endpoint, bool echoes = false) {
    auto result =
        io.Listen({.endpoint = endpoint}, [this, echoes](std::unique_ptr<io::Stream> stream) {
          auto seen = std::make_unique<Recorder>();
          if (echoes) seen->echo = stream.get();
          stream->SetObserver(*seen);
          connections.push_back({std::move(stream), std::move(seen)});
        });
    listener = std::move(result).value();
  }
  Connection& last() { return connections.back(); }

  std::unique_ptr<io::Listener> listener;
  std::vector<Connection> connections;
};

struct Client {
  Client(io::Io& io, const base::Endpoint& endpoint,
         base::Duration timeout = std::chrono::seconds(5))
      : stream(io.Connect({.endpoint = endpoint, .timeout = timeout}, seen)) {}

  Recorder seen;
  std::unique_ptr<io::Stream> stream;
};

// Two hosts, a server on one, a client of it on the other, connected.
struct Couple {
  explicit Couple(uint64_t seed, const WorldOptions& options = {}) : world(seed, options) {
    server = std::make_unique<Server>(server_process->io(), endpoint);
    client = std::make_unique<Client>(client_process->io(), endpoint);
    world.RunUntil([this] { return client->seen.connected && !server->connections.empty(); },
                   std::chrono::seconds(10));
  }
  Recorder& at_server() { return *server->last().seen; }
  io::Stream& of_server() { return *server->last().stream; }

  World world;
  Host& a = world.AddHost("10.0.0.1");
  Host& b = world.AddHost("10.0.0.2");
  const base::Endpoint endpoint{"10.0.0.1", 6379};
  Process* server_process = &a.StartProcess("server");
  Process* client_process = &b.StartProcess("client");
  std::unique_ptr<Server> server;
  std::unique_ptr<Client> client;
};

}  // namespace quorate::simulation
