// The simulated network and the kernels' side of it: listeners, connections, latency, cuts.
// Processes see it through sim_stream.h; the harness through World.
//
// A connection is two sockets. Each has an ordered queue of segments on their way to the other:
// data split at random points, the end (FIN), a reset. A segment arrives after its latency, never
// before an earlier one; one that meets a cut or a powered-off host waits and is retransmitted some
// time after the way is free again, as TCP does. What the receiver has not read yet and what the
// sender has not got acknowledged are both limited, so a peer that does not read is felt. A host
// that lost its connections answers their segments with a reset.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "shared/base/ids.h"
#include "shared/base/random.h"
#include "shared/base/result.h"
#include "shared/base/time.h"
#include "shared/io/stream.h"
#include "tests/simulation/world/event_queue.h"
#include "tests/simulation/world/trace.h"

namespace quorate::simulation {

using HostId = uint32_t;
using SocketId = uint64_t;
using ListenerId = uint64_t;
// Where an address leads that no host has: nothing answers from there.
inline constexpr HostId kNowhere = UINT32_MAX;

struct NetworkOptions {
  // One way, between two hosts unless set otherwise for the pair.
  base::Duration latency = std::chrono::microseconds(150);
  base::Duration jitter = std::chrono::microseconds(150);
  base::Duration loopback_latency = std::chrono::microseconds(20);
  // Bytes under way and bytes received but not read, per direction.
  size_t send_window = 128 * 1024;
  size_t receive_window = 128 * 1024;
  size_t largest_segment = 16 * 1024;
  // Chance in percent that a write is split at a random point, again and again.
  uint64_t split_percent = 15;
  // First wait of an unanswered connection request; doubles each time.
  base::Duration connect_retry = std::chrono::seconds(1);
  // After a cut, stalled bytes flow again within this.
  base::Duration retransmit_within = std::chrono::seconds(2);
  // A connection stalled for so long dies with a time-out; zero: it waits for ever.
  base::Duration stall_limit = base::Duration::zero();
  // Chance in percent that a killed process' peers see a reset although it had nothing unread.
  uint64_t kill_resets_percent = 50;
};

// A process' kernel-facing side: told that something of it wants attention in its next turn.
class SocketOwner {
 public:
  virtual ~SocketOwner() = default;
  virtual void OnSocketReady(SocketId id) = 0;
  virtual void OnListenerReady(ListenerId id) = 0;
};

class Network {
 public:
  Network(EventQueue& events, Trace& trace, base::Random random, const NetworkOptions& options);

  // ---- hosts and ways
  HostId AddHost(const std::string& ip);
  // Off: segments to it wait, its sockets and listeners vanish without a word.
  void SetPower(HostId host, bool on);
  void CutOneWay(HostId from, HostId to);
  void HealOneWay(HostId from, HostId to);
  void SetLatency(HostId from, HostId to, base::Duration latency, base::Duration jitter);
  // Of each connection; 0: no limit, for what is under way already as well.
  void SetBandwidth(HostId from, HostId to, int64_t bytes_per_second);
  bool IsOpen(HostId from, HostId to) const;
  std::optional<HostId> HostOf(const std::string& ip) const;
  const std::string& IpOf(HostId host) const { return hosts_.at(host).ip; }

  // ---- listeners. A unix socket's endpoint is {path, 0}.
  base::Result<ListenerId> Listen(SocketOwner& owner, HostId host, base::Endpoint endpoint,
                                  int backlog);
  const base::Endpoint& EndpointOf(ListenerId id) const { return listeners_.at(id).endpoint; }
  // A connection that is ready, now `owner`'s; nothing if there is none.
  std::optional<SocketId> Accept(ListenerId id);
  void CloseListener(ListenerId id);

  // ---- sockets
  struct View {  // what the owner may know of its socket
    bool connected = false;
    size_t readable = 0;
    bool writable = false;                     // room enough to be worth a wake-up
    bool end = false;                          // the peer has closed, after the readable bytes
    const io::CloseReason* failure = nullptr;  // dead, after the readable bytes
  };
  // Fails through View::failure. `source` may be empty.
  SocketId Connect(SocketOwner& owner, HostId host, const base::Endpoint& remote,
                   const std::string& source);
  View Look(SocketId id) const;
  const base::Endpoint& LocalOf(SocketId id) const { return sockets_[id]->local; }
  const base::Endpoint& PeerOf(SocketId id) const { return sockets_[id]->peer; }
  // Takes what fits.
  size_t Send(SocketId id, std::string_view bytes);
  // OnSocketReady once there is room.
  void WantWritable(SocketId id);
  std::string Receive(SocketId id);
  void SetKeepAlive(SocketId id, base::Duration idle);
  // close(2): a reset if something is unread, else the end after what was sent.
  void Close(SocketId id);
  // As the kernel does for a killed process.
  void CloseForKill(SocketId id);

 private:
  struct Segment {
    enum class Kind { kHandshake, kData, kEnd, kReset };
    Kind kind;
    base::Instant arrives;
    std::string bytes = {};
  };
  struct Socket {
    SocketId id = 0;
    HostId host = 0;
    HostId peer_host = 0;
    SocketOwner* owner = nullptr;  // null: not accepted yet, or closed
    bool closed = false;           // by its process: only the segments in `out` keep it
    SocketId peer_id = 0;          // 0: not connected yet
    ListenerId via = 0;            // accepted (or to be) through it
    base::Endpoint local, peer;
    bool connected = false;
    int attempts = 0;
    std::string received;
    bool end = false;
    std::optional<io::CloseReason> failure;
    bool wants_writable = false;
    std::deque<Segment> out;
    size_t unacknowledged = 0;
    size_t lost_acknowledgements = 0;  // arrived, but the news of it met a cut
    std::optional<EventQueue::Handle> delivery;
    std::optional<base::Instant> stalled_since;
    bool blocked = false;  // the peer does not read
    base::Duration keep_alive{};
    base::Instant last_heard;
    std::optional<EventQueue::Handle> probe;
    int failed_probes = 0;
  };
  struct ListenerState {
    SocketOwner* owner;
    HostId host;
    base::Endpoint endpoint;
    size_t backlog;
    size_t half_open = 0;
    std::deque<SocketId> ready = {};
  };
  struct Way {
    bool cut = false;
    std::optional<std::pair<base::Duration, base::Duration>> latency;
    int64_t bytes_per_second = 0;
  };
  struct HostState {
    std::string ip;
    bool on = true;
    uint16_t next_port = 32768;
    std::vector<Way> ways = {};  // from it, by host; as many as have been touched
  };

  Socket* Find(SocketId id) const { return id < sockets_.size() ? sockets_[id].get() : nullptr; }
  ListenerState* FindListener(HostId host, const base::Endpoint& endpoint, ListenerId* id);
  // As nobody has touched it if there is no entry yet. Precondition: both are hosts.
  const Way& WayBetween(HostId from, HostId to) const;
  Way& TouchWay(HostId from, HostId to);
  base::Duration DrawLatency(HostId from, HostId to);
  base::Duration TransmissionTime(HostId from, HostId to, size_t bytes) const;
  uint16_t NextPort(HostId host);
  SocketId NewSocket(HostId host, HostId peer_host, SocketOwner* owner);
  void Erase(SocketId id);

  void SendRequest(SocketId id);
  void OnRequest(SocketId id);
  void OnRequestRefused(SocketId id);
  void OnRequestAnswered(SocketId id, SocketId other);
  void RetryRequest(Socket& socket);

  void Enqueue(Socket& socket, Segment::Kind kind, std::string bytes);
  void EnqueueData(Socket& socket, std::string_view bytes);
  void ScheduleDelivery(Socket& socket);
  void Deliver(SocketId id);
  // The first segment of `from` is at `to`; false if it has to wait for room.
  bool Arrive(Socket& from, Socket& to);
  void ArriveHandshake(Socket& from, Socket& to);
  // Nothing is there any more to take the segment.
  void ArriveNowhere(Socket& from);
  void Unblock(SocketId id);
  void Stall(Socket& socket);
  void Resume(Socket& socket);
  void Acknowledge(SocketId id, size_t bytes);
  // So much of what `from` has sent is there: it will hear of that.
  void ReportArrival(const Socket& from, size_t bytes);
  void Abort(Socket& socket);
  void Fail(Socket& socket, io::CloseReason reason);
  void ResetFromAfar(SocketId id);
  void DiscardHalfOpen(SocketId id);
  bool RoomIsWorthIt(const Socket& socket) const;
  void Probe(SocketId id);
  void ReopenWay(HostId from, HostId to);
  void Notify(const Socket& socket);

  EventQueue& events_;
  Trace& trace_;
  base::Random random_;
  const NetworkOptions options_;
  std::vector<HostState> hosts_;
  std::map<ListenerId, ListenerState> listeners_;
  std::vector<std::unique_ptr<Socket>> sockets_;  // by id; null: gone, or the id of a listener
  uint64_t next_id_ = 1;
};

}  // namespace quorate::simulation
