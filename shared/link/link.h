// A RESP client connection that keeps itself alive: it connects, sends its set-up commands (HELLO,
// AUTH, CLIENT SETNAME...), pipelines requests, matches replies to them, reports pushes and pub/sub
// messages, and reconnects after a delay when it dies. Used towards data nodes and sentinels, by
// the replication handshake and by the operators' tools. It is not a pool and it never sends a
// request twice.
//
// Invariants:
//  1. Every accepted request ends exactly once: with a reply, or with an error (deadline passed,
//     connection lost, link stopped) - unless the link is destroyed, which is silent.
//  2. Replies are matched in order. A request whose deadline passed keeps its place, so that its
//     late reply is dropped and not given to the next one.
//  3. Requests made while the link is not up wait for it, until their deadlines. Once written they
//     are never written again: when the connection is lost they fail.
//
//   Stopped --Start--> Connecting --connected--> SettingUp --required set-up answered--> Up
//   Connecting, SettingUp, Up --death, failed set-up, rubbish--> Waiting --delay--> Connecting
//   any --Stop or Release--> Stopped;   any but Stopped --Reconnect--> Connecting
//
// Loop thread only. Callbacks come from the loop, never from inside a call - except that Stop and
// Reconnect fail the requests in flight before they return. The link may be destroyed inside any of
// its callbacks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "shared/base/buffer.h"
#include "shared/base/random.h"
#include "shared/base/result.h"
#include "shared/base/time.h"
#include "shared/io/io.h"
#include "shared/resp/reply_parser.h"

namespace quorate::link {

// Delay before connecting again: `delay` plus a uniform share of `jitter`.
struct Backoff {
  base::Duration delay = std::chrono::seconds(1);
  base::Duration jitter = base::Duration::zero();
};

// Sent on every connection before anything else.
struct SetupCommand {
  std::vector<std::string> args;
  // If required, the link is not up before it is answered, and an error reply kills the connection.
  // If no command is required, the link is up as soon as it is connected.
  bool required = false;
  std::function<void(const resp::Value&)> on_reply = {};
};

struct LinkOptions {
  base::Endpoint endpoint = {};
  std::string source_address = {};
  // Covers resolving, connecting and the required set-up together.
  base::Duration connect_timeout = std::chrono::seconds(5);
  Backoff backoff = {};
  std::vector<SetupCommand> setup = {};
  base::Duration keep_alive = base::Duration::zero();  // zero: the kernel does not probe
  // Requests unanswered or waiting, and bytes not yet written; beyond them Send refuses.
  size_t max_pending = 1000;
  size_t max_output_bytes = 64 * 1024 * 1024;
  resp::ReplyParser::Limits reply_limits = {};
};

// A connection died, or an attempt failed. reason.kind is evidence: kRefused and kReset speak of a
// dead process.
struct LinkDown {
  io::CloseReason reason;
  bool was_up = false;
};

struct LinkCallbacks {
  std::function<void()> on_up = {};
  std::function<void(const LinkDown&)> on_down = {};
  // RESP3 pushes and, once subscribed, RESP2's message and pmessage arrays.
  std::function<void(const resp::Value&)> on_push = {};
};

struct Stopped {};
struct Waiting {
  base::Instant until;
};
struct Connecting {
  base::Instant since;
};
struct SettingUp {
  base::Instant since;
  size_t required_left = 0;
};
struct Up {
  base::Instant since;
};
using LinkState = std::variant<Stopped, Waiting, Connecting, SettingUp, Up>;

using ReplyCallback = std::function<void(base::Result<resp::Value>)>;

class Link : private io::StreamObserver {
 public:
  Link(io::Io& io, base::Random random, LinkOptions options, LinkCallbacks callbacks);
  ~Link() override;
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Begins to connect; nothing if already started.
  void Start();
  // Closes; requests fail, on_down is not called.
  void Stop();
  // Drops the present connection or delay and connects at once; requests in flight fail with `why`,
  // on_down is not called. Precondition: started.
  void Reconnect(std::string_view why);
  // Takes effect with the next connection.
  void SetEndpoint(const base::Endpoint& endpoint) { options_.endpoint = endpoint; }

  // False: stopped, or a limit is reached; then the callback is dropped. The callback may be empty.
  [[nodiscard]] bool Send(std::span<const std::string_view> args, base::Instant deadline,
                          ReplyCallback callback);
  [[nodiscard]] bool Send(std::initializer_list<std::string_view> args, base::Instant deadline,
                          ReplyCallback callback) {
    return Send(std::span<const std::string_view>(args.begin(), args.size()), deadline,
                std::move(callback));
  }

  // Gives the connection away, for what is not request and reply (a replication stream). `unread`
  // had arrived after the last reply. The new owner calls SetObserver. The link is stopped; other
  // requests fail. Precondition: SettingUp or Up.
  struct Released {
    std::unique_ptr<io::Stream> stream;
    std::string unread;
  };
  Released Release();

  const LinkState& state() const { return state_; }
  bool up() const { return std::holds_alternative<Up>(state_); }
  const base::Endpoint& endpoint() const { return options_.endpoint; }
  // Requests without a reply, waiting ones and expired ones included, set-up commands not.
  size_t pending() const { return waiting_.size() + in_flight_.size() - setup_in_flight_; }
  // When the oldest request still without a reply was sent, expired or not.
  std::optional<base::Instant> oldest_unanswered() const;
  // Instants of the present connection, nothing if there is none yet.
  std::optional<base::Instant> last_received() const { return last_received_; }
  std::optional<base::Instant> last_sent() const { return last_sent_; }
  // Our address as the peer sees it. Empty if not connected.
  std::string local_host() const { return stream_ ? stream_->local().host : std::string(); }

 private:
  struct Request {
    ReplyCallback callback;  // empty once expired
    base::Instant deadline;
    base::Instant sent_at = {};
    size_t replies_left = 1;  // a SUBSCRIBE of n channels is answered n times
    bool subscribes = false;
    std::optional<SetupCommand> setup = {};
    std::string encoded = {};  // of waiting requests only
  };

  void OnConnected() override;
  void OnBytes(std::string_view bytes) override;
  void OnWritable() override { Flush(); }
  void OnClosed(const io::CloseReason& reason) override;

  void Connect();
  void SendSetup();
  void BecomeUp();
  void Write(Request request, std::string_view encoded);
  void FlushSoon();
  void Flush();
  // Parses `input`; false if the connection ended meanwhile (or the link is gone). `*used` bytes
  // are done with.
  bool Consume(std::string_view input, size_t* used);
  void Dispatch(resp::Value value);
  void Answer(resp::Value value);
  void AnswerSetup(const SetupCommand& command, const resp::Value& value);
  bool IsPush(const resp::Value& value) const;
  // Ends the connection and everything bound to it; returns the requests that were in flight.
  std::deque<Request> CloseConnection();
  void Lose(const io::CloseReason& reason);
  void Fail(std::deque<Request> requests, const std::string& why);
  void WatchDeadline(base::Instant deadline);
  void OnDeadline();

  io::Io& io_;
  base::Random random_;
  LinkOptions options_;
  std::shared_ptr<const LinkCallbacks> callbacks_;  // shared: a callback may destroy the link
  LinkState state_;

  std::unique_ptr<io::Stream> stream_;
  uint64_t connection_ = 0;  // number of the present connection: a callback may have replaced it
  resp::ReplyParser parser_;
  base::Buffer in_;
  base::Buffer out_;
  std::string_view unparsed_;  // during OnBytes: what follows the reply being dispatched
  bool subscribed_ = false;
  bool flush_scheduled_ = false;
  size_t setup_in_flight_ = 0;
  std::deque<Request> in_flight_;
  std::deque<Request> waiting_;
  size_t waiting_bytes_ = 0;
  std::optional<base::Instant> last_received_, last_sent_;

  std::unique_ptr<io::Timer> retry_timer_;
  std::unique_ptr<io::Timer> setup_timer_;
  std::unique_ptr<io::Timer> deadline_timer_;
  base::Instant deadline_at_ = base::Instant::max();
  std::shared_ptr<Link*> self_;  // weak copies tell whether the link survived a callback
};

}  // namespace quorate::link
