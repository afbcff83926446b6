// What the tests of shared/uv share: a loop, a deadline, an observer that records, a temporary
// folder.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "shared/io/io.h"
#include "shared/uv/loop_io.h"

namespace quorate::uv {

inline constexpr base::Duration kTestLimit = std::chrono::seconds(10);

// Records what a stream reports; `on_bytes` and `on_closed` may hook in.
struct RecordingObserver : io::StreamObserver {
  void OnConnected() override {
    connected = true;
    if (on_connected) on_connected();
  }
  void OnBytes(std::string_view bytes) override {
    received += bytes;
    if (on_bytes) on_bytes();
  }
  void OnWritable() override {
    ++writable;
    if (on_writable) on_writable();
  }
  void OnClosed(const io::CloseReason& why) override {
    ++closed_calls;
    reason = why;
    if (on_closed) on_closed();
  }
  bool closed() const { return reason.has_value(); }

  bool connected = false;
  std::string received;
  int writable = 0;
  int closed_calls = 0;
  std::optional<io::CloseReason> reason;
  std::function<void()> on_connected, on_bytes, on_writable, on_closed;
};

// A connected pair over loopback TCP: `client` made by Connect, `server` by accept with its
// observer set.
struct Pair {
  explicit Pair(LoopIo& loop) : io(loop) {
    auto result =
        io.Listen({.endpoint = {"127.0.0.1", 0}}, [this](std::unique_ptr<io::Stream> stream) {
          server = std::move(stream);
          server->SetObserver(server_seen);
        });
    listener = std::move(result).value();
    client = io.Connect({.endpoint = listener->endpoint()}, client_seen);
    io.RunUntil([this] { return server != nullptr && client_seen.connected; }, kTestLimit);
  }

  LoopIo& io;
  RecordingObserver client_seen, server_seen;
  std::unique_ptr<io::Listener> listener;
  std::unique_ptr<io::Stream> client, server;
};

struct TemporaryFolder {
  TemporaryFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "quorate-uv-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::string operator/(const std::string& name) const { return path + "/" + name; }
  std::string path;
};

}  // namespace quorate::uv
