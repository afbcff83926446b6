#include "tests/simulation/world/network.h"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <tuple>
#include <utility>

#include "shared/base/check.h"

namespace quorate::simulation {

namespace {

using Kind = io::CloseReason::Kind;

bool IsUnix(const std::string& host) { return host.starts_with('/'); }
bool IsIpv6(const std::string& host) { return host.find(':') != std::string::npos; }
bool IsLoopback(const std::string& host) { return host.starts_with("127.") || host == "::1"; }
bool IsWildcard(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

bool Covers(const base::Endpoint& listening, const base::Endpoint& target) {
  if (listening.port != target.port) return false;
  if (listening.host == target.host) return true;
  return IsWildcard(listening.host) && !IsUnix(target.host) &&
         IsIpv6(listening.host) == IsIpv6(target.host);
}

base::Error ListenError(const base::Endpoint& endpoint, int error) {
  const std::string name = IsUnix(endpoint.host) ? endpoint.host : endpoint.ToString();
  return {name + ": bind: " + std::generic_category().message(error)};
}

}  // namespace

Network::Network(EventQueue& events, Trace& trace, base::Random random,
                 const NetworkOptions& options)
    : events_(events), trace_(trace), random_(random), options_(options) {}

// ---- hosts and ways

HostId Network::AddHost(const std::string& ip) {
  CHECK(!HostOf(ip));
  hosts_.push_back({.ip = ip});
  return static_cast<HostId>(hosts_.size() - 1);
}

std::optional<HostId> Network::HostOf(const std::string& ip) const {
  const auto found = std::ranges::find(hosts_, ip, &HostState::ip);
  if (found == hosts_.end()) return std::nullopt;
  return static_cast<HostId>(found - hosts_.begin());
}

void Network::SetPower(HostId host, bool on) {
  trace_.Add(events_.now(), on ? "power-on" : "power-off", host);
  hosts_[host].on = on;
  if (on) {
    for (HostId other = 0; other < hosts_.size(); ++other) ReopenWay(other, host);
    return;
  }
  std::vector<SocketId> gone;
  for (const auto& socket : sockets_) {
    if (socket != nullptr && socket->host == host) gone.push_back(socket->id);
  }
  for (const SocketId id : gone) Erase(id);
  std::erase_if(listeners_, [host](const auto& entry) { return entry.second.host == host; });
}

bool Network::IsOpen(HostId from, HostId to) const {
  if (from == kNowhere || to == kNowhere || !hosts_[from].on || !hosts_[to].on) return false;
  if (from == to) return true;
  return !WayBetween(from, to).cut;
}

const Network::Way& Network::WayBetween(HostId from, HostId to) const {
  static const Way kUntouched;
  const std::vector<Way>& ways = hosts_[from].ways;
  return to < ways.size() ? ways[to] : kUntouched;
}

Network::Way& Network::TouchWay(HostId from, HostId to) {
  std::vector<Way>& ways = hosts_[from].ways;
  if (ways.size() <= to) ways.resize(to + 1);
  return ways[to];
}

void Network::CutOneWay(HostId from, HostId to) {
  trace_.Add(events_.now(), "cut", from, to);
  TouchWay(from, to).cut = true;
}

void Network::HealOneWay(HostId from, HostId to) {
  trace_.Add(events_.now(), "heal", from, to);
  TouchWay(from, to).cut = false;
  ReopenWay(from, to);
}

void Network::SetLatency(HostId from, HostId to, base::Duration latency, base::Duration jitter) {
  TouchWay(from, to).latency = {latency, jitter};
}

base::Duration Network::DrawLatency(HostId from, HostId to) {
  if (from == to) return options_.loopback_latency;
  base::Duration latency = options_.latency;
  base::Duration jitter = options_.jitter;
  const Way& way = WayBetween(from, to);
  if (way.latency) std::tie(latency, jitter) = *way.latency;
  return latency + base::Duration(random_.Between(0, jitter.count()));
}

void Network::SetBandwidth(HostId from, HostId to, int64_t bytes_per_second) {
  const int64_t before = std::exchange(TouchWay(from, to).bytes_per_second, bytes_per_second);
  if (before == 0 || bytes_per_second != 0) return;
  // What waited at the narrow place goes through.
  for (const auto& socket : sockets_) {
    if (socket == nullptr || socket->host != from || socket->peer_host != to) continue;
    const base::Instant latest = events_.now() + DrawLatency(from, to);
    for (Segment& segment : socket->out) segment.arrives = std::min(segment.arrives, latest);
    if (socket->delivery) events_.Cancel(*socket->delivery);
    socket->delivery.reset();
    ScheduleDelivery(*socket);
  }
}

base::Duration Network::TransmissionTime(HostId from, HostId to, size_t bytes) const {
  const int64_t bytes_per_second = WayBetween(from, to).bytes_per_second;
  if (bytes_per_second == 0) return {};
  return std::chrono::microseconds(static_cast<int64_t>(bytes) * 1'000'000 / bytes_per_second);
}

uint16_t Network::NextPort(HostId host) {
  uint16_t& next = hosts_[host].next_port;
  const uint16_t port = next;
  next = next == UINT16_MAX ? 32768 : static_cast<uint16_t>(next + 1);
  return port;
}

// ---- listeners

base::Result<ListenerId> Network::Listen(SocketOwner& owner, HostId host, base::Endpoint endpoint,
                                         int backlog) {
  const bool ours = IsUnix(endpoint.host) || IsLoopback(endpoint.host) ||
                    IsWildcard(endpoint.host) || endpoint.host == hosts_[host].ip;
  if (!ours) return ListenError(endpoint, EADDRNOTAVAIL);
  if (endpoint.port == 0 && !IsUnix(endpoint.host)) endpoint.port = NextPort(host);
  for (const auto& [id, other] : listeners_) {
    if (other.host != host) continue;
    if (Covers(other.endpoint, endpoint) || Covers(endpoint, other.endpoint)) {
      return ListenError(endpoint, EADDRINUSE);
    }
  }
  const ListenerId id = next_id_++;
  trace_.Add(events_.now(), "listen", host, endpoint.port);
  listeners_.emplace(
      id, ListenerState{&owner, host, endpoint, static_cast<size_t>(std::max(backlog, 1))});
  return id;
}

Network::ListenerState* Network::FindListener(HostId host, const base::Endpoint& endpoint,
                                              ListenerId* id) {
  for (auto& [listener_id, listener] : listeners_) {
    if (listener.host != host || !Covers(listener.endpoint, endpoint)) continue;
    *id = listener_id;
    return &listener;
  }
  return nullptr;
}

std::optional<SocketId> Network::Accept(ListenerId id) {
  const auto found = listeners_.find(id);
  if (found == listeners_.end()) return std::nullopt;
  ListenerState& listener = found->second;
  while (!listener.ready.empty()) {
    Socket* socket = Find(listener.ready.front());
    listener.ready.pop_front();
    if (socket == nullptr) continue;
    socket->owner = listener.owner;
    return socket->id;
  }
  return std::nullopt;
}

void Network::CloseListener(ListenerId id) {
  const auto found = listeners_.find(id);
  if (found == listeners_.end()) return;
  const std::deque<SocketId> ready = std::move(found->second.ready);
  listeners_.erase(found);
  for (const SocketId socket_id : ready) {
    if (Socket* socket = Find(socket_id)) Abort(*socket);
  }
}

// ---- sockets

SocketId Network::NewSocket(HostId host, HostId peer_host, SocketOwner* owner) {
  auto socket = std::make_unique<Socket>();
  socket->id = next_id_++;
  socket->host = host;
  socket->peer_host = peer_host;
  socket->owner = owner;
  const SocketId id = socket->id;
  sockets_.resize(id + 1);
  sockets_[id] = std::move(socket);
  return id;
}

void Network::Erase(SocketId id) {
  if (Find(id) == nullptr) return;
  const std::unique_ptr<Socket> socket = std::move(sockets_[id]);
  if (socket->delivery) events_.Cancel(*socket->delivery);
  if (socket->probe) events_.Cancel(*socket->probe);
  Unblock(socket->peer_id);
}

SocketId Network::Connect(SocketOwner& owner, HostId host, const base::Endpoint& remote,
                          const std::string& source) {
  const bool local = IsUnix(remote.host) || IsLoopback(remote.host);
  const HostId peer_host = local ? host : HostOf(remote.host).value_or(kNowhere);
  const SocketId id = NewSocket(host, peer_host, &owner);
  Socket& socket = *Find(id);
  socket.peer = remote;
  if (IsUnix(remote.host)) {
    socket.local = remote;
  } else {
    socket.local = {local ? remote.host : hosts_[host].ip, NextPort(host)};
  }
  trace_.Add(events_.now(), "connect", id, peer_host, remote.host);
  if (!source.empty() && source != hosts_[host].ip && !IsLoopback(source)) {
    Fail(socket, {Kind::kUnreachable, std::generic_category().message(EADDRNOTAVAIL)});
    return id;
  }
  if (!source.empty()) socket.local.host = source;
  SendRequest(id);
  return id;
}

Network::View Network::Look(SocketId id) const {
  const Socket* found = Find(id);
  if (found == nullptr) return {};
  const Socket& socket = *found;
  return {.connected = socket.connected,
          .readable = socket.received.size(),
          .writable = socket.connected && !socket.failure && RoomIsWorthIt(socket),
          .end = socket.end,
          .failure = socket.failure ? &*socket.failure : nullptr};
}

bool Network::RoomIsWorthIt(const Socket& socket) const {
  return (options_.send_window - socket.unacknowledged) * 3 >= options_.send_window;
}

size_t Network::Send(SocketId id, std::string_view bytes) {
  Socket* socket = Find(id);
  if (socket == nullptr || !socket->connected || socket->failure) return 0;
  const size_t taken = std::min(bytes.size(), options_.send_window - socket->unacknowledged);
  socket->unacknowledged += taken;
  EnqueueData(*socket, bytes.substr(0, taken));
  return taken;
}

void Network::WantWritable(SocketId id) {
  Socket* socket = Find(id);
  if (socket == nullptr) return;
  socket->wants_writable = true;
  if (socket->connected && RoomIsWorthIt(*socket)) Notify(*socket);
}

std::string Network::Receive(SocketId id) {
  Socket* socket = Find(id);
  if (socket == nullptr) return {};
  std::string bytes = std::move(socket->received);
  socket->received.clear();
  Unblock(socket->peer_id);
  return bytes;
}

void Network::SetKeepAlive(SocketId id, base::Duration idle) {
  Socket* socket = Find(id);
  if (socket == nullptr) return;
  if (socket->probe) events_.Cancel(*socket->probe);
  socket->probe.reset();
  socket->keep_alive = idle;
  if (idle > base::Duration::zero()) socket->probe = events_.After(idle, [this, id] { Probe(id); });
}

void Network::Close(SocketId id) {
  Socket* socket = Find(id);
  if (socket == nullptr) return;
  if (!socket->connected || socket->failure) return Erase(id);
  if (!socket->received.empty()) return Abort(*socket);
  trace_.Add(events_.now(), "close", id);
  socket->closed = true;
  socket->owner = nullptr;
  Unblock(socket->peer_id);
  Enqueue(*socket, Segment::Kind::kEnd, {});
}

void Network::CloseForKill(SocketId id) {
  Socket* socket = Find(id);
  if (socket == nullptr) return;
  const bool resets = random_.Chance(options_.kill_resets_percent, 100);
  if (resets && socket->connected && !socket->failure) return Abort(*socket);
  Close(id);
}

void Network::Notify(const Socket& socket) {
  if (socket.owner != nullptr) socket.owner->OnSocketReady(socket.id);
}

}  // namespace quorate::simulation
