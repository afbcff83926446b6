// One client connection of a daemon, as the request machinery sees it: who it is, what it has sent
// but not yet run, and the replies that wait to be flushed. No socket and no commands: the server's
// Session and the sentinel's derive from it and add what their commands need. Registered with its
// daemon's engine while it lives.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>

#include "shared/base/buffer.h"
#include "shared/base/ids.h"
#include "shared/base/time.h"
#include "shared/command/registry.h"
#include "shared/resp/request_parser.h"
#include "shared/resp/writer.h"

namespace quorate::session {

// CLIENT REPLY.
enum class ReplyMode : uint8_t { kOn, kOff, kSkipNext, kSkipThis };

class Client {
 public:
  Client(uint64_t client_id, base::Instant now)
      : id(client_id), created(now), last_interaction(now) {}
  virtual ~Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // As SUBSCRIBE's confirmations count: shard channels are counted by themselves.
  size_t subscription_count() const { return channels.size() + patterns.size(); }
  bool is_subscriber() const { return subscription_count() + shard_channels.size() != 0; }
  // RESP2 clients with subscriptions may only run a few commands.
  bool in_subscriber_mode() const { return is_subscriber() && writer.protocol() == 2; }

  // CLIENT REPLY. What a request answers, between these two calls, is dropped if the client wants
  // no answers; what it causes to be pushed to the client itself is not.
  void BeginAnswer() {
    if (reply_mode == ReplyMode::kSkipNext) reply_mode = ReplyMode::kSkipThis;
    muted_ = reply_mode != ReplyMode::kOn;
    answer_begin_ = output.size();
  }
  void EndAnswer() {
    // CLIENT REPLY ON itself answers, CLIENT REPLY OFF does not.
    if (reply_mode == ReplyMode::kOff || reply_mode == ReplyMode::kSkipThis)
      output.Truncate(answer_begin_);
    if (reply_mode == ReplyMode::kSkipThis) reply_mode = ReplyMode::kOn;
    output.Append(pushes_.view());
    pushes_.Clear();
    muted_ = false;
  }
  // Instead of EndAnswer: the request has not been answered yet. It will be, or will run, between
  // the two calls later; CLIENT REPLY SKIP waits for that.
  void PostponeAnswer() {
    if (reply_mode == ReplyMode::kSkipThis) reply_mode = ReplyMode::kSkipNext;
    output.Append(pushes_.view());
    pushes_.Clear();
    muted_ = false;
  }
  bool muted() const { return muted_; }
  // Where messages and subscriptions' confirmations go.
  resp::Writer push_writer() { return resp::Writer(muted_ ? pushes_ : output, writer.protocol()); }

  const uint64_t id;
  base::Endpoint peer;
  base::Endpoint local;
  bool unix_socket = false;
  std::string name;
  std::string library_name;
  std::string library_version;

  bool authenticated = false;
  ReplyMode reply_mode = ReplyMode::kOn;
  bool no_evict = false;
  bool no_touch = false;
  bool close_after_reply = false;  // set by QUIT and protocol errors: no further request runs
  bool close_now = false;          // set by CLIENT KILL and limits: pending output is dropped
  std::string close_reason;        // for the log

  resp::RequestParser parser;
  base::Buffer input;   // unfinished or not yet runnable requests
  base::Buffer output;  // replies to flush
  resp::Writer writer{output};
  bool listed_ready = false;  // in the engine's ready list

  std::unordered_set<std::string> channels;
  std::unordered_set<std::string> patterns;
  std::unordered_set<std::string> shard_channels;

  base::Instant created;
  base::Instant last_interaction;
  base::Instant output_over_soft_limit_since{};  // Instant{} = not over
  const command::Command* last_command = nullptr;
  uint64_t commands_run = 0;
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;

 private:
  bool muted_ = false;
  size_t answer_begin_ = 0;  // in output
  base::Buffer pushes_;      // of a muted request, until it ends
};

}  // namespace quorate::session
