#include "tests/unit/sentinel/core/world.h"

#include <sstream>

#include "sentinel/core/hello.h"
#include "sentinel/core/invariants.h"
#include "shared/base/check.h"
#include "shared/base/numbers.h"
#include "shared/base/overloaded.h"

namespace quorate::sentinel::core::test {
namespace {

constexpr Duration kRefuseDelay = milliseconds(1);

std::string Host(int kind, int i) {
  constexpr int kPerNet = 250;
  return "10." + std::to_string(i / kPerNet) + "." + std::to_string(kind) + "." +
         std::to_string(i % kPerNet + 1);
}

std::string Join(const std::vector<std::string>& argv) {
  std::string text;
  for (const std::string& word : argv) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

World::World(int sentinels, int servers, GroupOptions options, uint64_t seed)
    : random_(seed), timer_generation_(sentinels, 0) {
  const auto history = base::ReplicationId::Generate(random_);
  for (int i = 0; i < servers; ++i) {
    FakeServer server;
    server.address = {Host(0, i), 6379};
    server.run_id = base::RunId::Generate(random_);
    server.replication_id = history;
    servers_.push_back(server);
    if (i > 0) servers_[i].follows = servers_[0].address;
  }
  DurableState durable;
  DurableGroup& group = durable.groups.emplace_back();
  group.name = "mymaster";
  group.primary = servers_[0].address;
  group.options = options;
  sentinels_.resize(sentinels);
  for (int i = 0; i < sentinels; ++i) {
    sentinels_[i].address = {Host(1, i), 26379};
    sentinels_[i].disk = durable;
    sentinels_[i].alive = false;
    After(milliseconds(100 * i), [this, i] { StartSentinel(i); });
  }
}

void World::At(Instant when, std::function<void()> task) {
  queue_.emplace(std::make_pair(when, ++sequence_), std::move(task));
}

void World::RunFor(Duration time) {
  const Instant end = now_ + time;
  RunUntil([this, end] { return now_ >= end; }, time);
}

bool World::RunUntil(const std::function<bool()>& condition, Duration limit) {
  const Instant end = now_ + limit;
  while (!condition()) {
    if (queue_.empty() || queue_.begin()->first.first > end) {
      now_ = end;
      return condition();
    }
    auto entry = queue_.extract(queue_.begin());
    now_ = entry.key().first;
    entry.mapped()();
  }
  return true;
}

Duration World::Latency() {
  return std::chrono::microseconds(500) + std::chrono::microseconds(random_.Below(500));
}

// ---- sentinels ----

void World::StartSentinel(int i) {
  FakeSentinel& s = sentinels_[i];
  s.alive = true;
  s.frozen = false;
  s.core = std::make_unique<Sentinel>(Settings{}, s.disk, random_.Next());
  s.observed = s.disk;
  StepSentinel(i, Start{});
}

void World::KillSentinel(int i) {
  sentinels_[i].alive = false;
  sentinels_[i].core.reset();
  ++timer_generation_[i];
  for (auto position = wires_.begin(); position != wires_.end();)
    position = position->first.first == i ? wires_.erase(position) : std::next(position);
  BreakWires(sentinels_[i].address, LinkFailure::kReset);
}

void World::FreezeSentinel(int i, bool frozen) {
  sentinels_[i].frozen = frozen;
  if (frozen) return;
  for (const Input& input : std::exchange(sentinels_[i].missed, {})) StepSentinel(i, input);
  StepSentinel(i, Tick{});
}

void World::StepSentinel(int i, const Input& input) {
  FakeSentinel& s = sentinels_[i];
  if (!s.alive) return;
  if (s.frozen) {  // the kernel keeps it until the process runs again
    s.missed.push_back(input);
    return;
  }
  Actions actions = s.core->Step(now_, input);
  s.core->CheckInvariants();
  DurableState durable = s.core->Durable();
  CheckSuccession(s.observed, durable);
  s.observed = std::move(durable);
  // C2: a config epoch means one address, everywhere and for ever.
  for (const auto& [name, state] : s.core->state().groups)
    if (state.config_epoch > base::Epoch(0))
      CHECK(configs_.emplace(GroupEpoch(name, state.config_epoch.number()), state.primary.address)
                .first->second == state.primary.address);
  CarryOut(i, std::move(actions));
  ArmTimer(i);
}

void World::ArmTimer(int i) {
  const uint64_t generation = ++timer_generation_[i];
  const auto deadline = sentinels_[i].core->NextDeadline();
  if (!deadline) return;
  CHECK(*deadline > now_);  // everything due now has been done now
  At(*deadline, [this, i, generation] {
    if (timer_generation_[i] != generation) return;
    if (sentinels_[i].frozen) return;
    StepSentinel(i, Tick{});
  });
}

void World::CarryOut(int i, Actions actions) {
  for (const Action& action : actions) {
    std::visit(
        base::Overloaded{
            [&](const OpenLink& open) { DoOpen(i, open); },
            [&](const CloseLink& close) {
              wires_.erase({i, static_cast<uint64_t>(close.link)});
            },
            [&](const Send& send) { DoSend(i, send); },
            [&](const ResolveName& name) {
              After(milliseconds(1), [this, i, host = name.host] {
                std::vector<std::string> ips = other_ips;
                if (dns.count(host) != 0) ips.push_back(dns.at(host));
                StepSentinel(
                    i, NameResolved{host, dns.count(host) != 0 ? ips : std::vector<std::string>()});
              });
            },
            [&](const PersistState& persist) { DoPersist(i, persist.version); },
            [&](const Respond& respond) {
              const auto client = static_cast<uint64_t>(respond.client);
              const auto query = peer_queries_.find(client);
              if (query == peer_queries_.end()) {
                sentinels_[i].replies[client] = respond.reply;
                return;
              }
              const auto [key, request] = query->second;
              peer_queries_.erase(query);
              const auto* down = std::get_if<MasterDownReply>(&respond.reply);
              if (!down) return Answer(key, request, WireReply::Integer(1));
              std::vector<WireReply> fields = {
                  WireReply::Integer(down->down), WireReply::Bulk(down->leader),
                  WireReply::Integer(static_cast<int64_t>(down->leader_epoch))};
              if (down->refusal) {
                fields.push_back(WireReply::Bulk(*down->refusal));
                fields.push_back(WireReply::Integer(static_cast<int64_t>(down->electorate)));
              }
              Answer(key, request, WireReply::Array(std::move(fields)));
            },
            [&](const Announce& announce) {
              const Event& event = announce.event;
              if (event.level() == EventLevel::kDebug) return;
              const std::string line =
                  "s" + std::to_string(i) + " " + std::string(event.name()) + " " + event.payload;
              transcript_.push_back(line);
              lines_.emplace_back(now_, line);
              if (event.type == EventType::kElectedLeader)
                leaders_[{event.group,
                          sentinels_[i].core->state().groups.at(event.group).vote.epoch.number()}]
                    .insert(i);
            },
            [](const RunScript&) {},
            [&](const AskVeto& veto) {
              sentinels_[i].vetoes.push_back(veto);
              if (!sentinels_[i].verdict) return;
              After(milliseconds(5),
                    [this, i,
                     answered = VetoAnswered{veto.question, *sentinels_[i].verdict,
                                             "exit code 3"}] { StepSentinel(i, answered); });
            },
            [&](const RecordFailover& news) { sentinels_[i].history.push_back(news.record); },
            [&](const RecordDiscarded& news) { sentinels_[i].discarded.push_back(news); },
        },
        action);
  }
}

void World::DoPersist(int i, uint64_t version) {
  // The write takes the state of now; the process may die before it completes.
  const DurableState image = sentinels_[i].core->Durable();
  const Sentinel* core = sentinels_[i].core.get();
  After(sentinels_[i].disk_delay, [this, i, version, image, core] {
    FakeSentinel& s = sentinels_[i];
    if (s.core.get() != core || !s.alive) return;
    if (s.disk_works) s.disk = image;
    StepSentinel(i, Persisted{version, s.disk_works});
  });
}

// ---- network ----

World::Wire* World::FindWire(const WireKey& key) {
  const auto position = wires_.find(key);
  return position == wires_.end() ? nullptr : &position->second;
}

Endpoint World::Real(const Endpoint& address) {
  const auto name = dns.find(base::ToLower(address.host));
  return name == dns.end() ? address : Endpoint{name->second, address.port};
}

FakeServer* World::FindServer(const Endpoint& address) {
  for (FakeServer& server : servers_)
    if (server.address == Real(address)) return &server;
  return nullptr;
}

int World::FindSentinel(const Endpoint& address) {
  for (size_t i = 0; i < sentinels_.size(); ++i)
    if (sentinels_[i].address == address) return static_cast<int>(i);
  return -1;
}

bool World::IsCut(const Endpoint& a, const Endpoint& b) const {
  return cuts_.count({std::min(a.host, b.host), std::max(a.host, b.host)}) != 0;
}

void World::Cut(const Endpoint& a, const Endpoint& b) {
  cuts_.insert({std::min(a.host, b.host), std::max(a.host, b.host)});
}

void World::DoOpen(int i, const OpenLink& open) {
  const WireKey key{i, static_cast<uint64_t>(open.link)};
  wires_[key] = Wire{i, open.link, Real(open.to), open.kind, false, false, {}, {}, {}};
  const bool lost = IsCut(sentinels_[i].address, Real(open.to));
  After(lost ? open.timeout : kRefuseDelay, [this, key, lost] {
    Wire* wire = FindWire(key);
    if (!wire) return;
    const FakeServer* server = FindServer(wire->to);
    const int peer = FindSentinel(wire->to);
    const bool alive = server      ? server->alive
                       : peer >= 0 ? sentinels_[peer].alive
                                   : strangers.count(wire->to) != 0;
    const LinkId link = wire->link;
    if (!lost && alive) {
      wire->up = true;
      StepSentinel(key.first, LinkUp{link, sentinels_[key.first].address.host});
    } else {
      wires_.erase(key);
      StepSentinel(key.first, LinkDown{link, lost ? LinkFailure::kTimeout : LinkFailure::kRefused});
    }
  });
}

void World::BreakWires(const Endpoint& to, LinkFailure failure) {
  for (auto position = wires_.begin(); position != wires_.end();) {
    const auto [key, wire] = *position;
    if (wire.to != to || !wire.up) {
      ++position;
      continue;
    }
    position = wires_.erase(position);
    if (IsCut(sentinels_[key.first].address, to)) continue;
    After(Latency(), [this, key = key, link = wire.link, failure] {
      StepSentinel(key.first, LinkDown{link, failure});
    });
  }
}

void World::DoSend(int i, const Send& send) {
  const WireKey key{i, static_cast<uint64_t>(send.link)};
  Wire* wire = FindWire(key);
  if (!wire) return;
  wire->requests.emplace_back(send.request, send.argv);
  After(Latency(), [this, key] { DeliverOne(key); });
}

// The oldest request of a connection arrives: order is kept whatever the latencies.
void World::DeliverOne(const WireKey& key) {
  Wire* wire = FindWire(key);
  if (!wire || wire->requests.empty()) return;
  FakeServer* server = FindServer(wire->to);
  const int peer = FindSentinel(wire->to);
  // What is sent into a cut is retransmitted until it gets through.
  const bool cut = IsCut(sentinels_[key.first].address, wire->to);
  if (cut || (server ? server->frozen : peer >= 0 && sentinels_[peer].frozen)) {
    After(milliseconds(50), [this, key] { DeliverOne(key); });
    return;
  }
  const auto [request, argv] = std::move(wire->requests.front());
  wire->requests.pop_front();
  if (server && server->alive) return ServerGets(*wire, *server, request, argv);
  if (peer >= 0 && sentinels_[peer].alive) return SentinelGets(key, peer, request, argv);
  if (const auto stranger = strangers.find(wire->to); stranger != strangers.end())
    return StrangerGets(key, stranger->second, request, argv);
  const LinkId link = wire->link;
  wires_.erase(key);
  StepSentinel(key.first, LinkDown{link, LinkFailure::kReset});
}

void World::Answer(const WireKey& key, RequestId request, WireReply reply) {
  Wire* wire = FindWire(key);
  if (!wire || request == RequestId::kNone) return;
  wire->replies.emplace_back(request, std::move(reply));
  After(Latency(), [this, key] { DeliverReply(key); });
}

void World::DeliverReply(const WireKey& key) {
  Wire* wire = FindWire(key);
  if (!wire || wire->replies.empty()) return;
  if (IsCut(sentinels_[key.first].address, wire->to)) {
    After(milliseconds(50), [this, key] { DeliverReply(key); });
    return;
  }
  const auto [request, reply] = std::move(wire->replies.front());
  wire->replies.pop_front();
  StepSentinel(key.first, Replied{wire->link, request, reply});
}

void World::SentinelGets(const WireKey& key, int peer, RequestId request,
                         const std::vector<std::string>& argv) {
  if (argv[0] == "PING") return Answer(key, request, WireReply::Status("PONG"));
  if (argv[0] == "CLIENT") return Answer(key, request, WireReply::Status("OK"));
  if (argv[0] == "INFO")
    return Answer(key, request,
                  WireReply::Bulk(sentinels_[peer].stock ? "redis_version:7.0.15\r\n"
                                                         : "quorate_version:0.1.0\r\n"));
  if (argv[0] == "SENTINEL" && argv[1] == "MYID") {
    if (sentinels_[peer].withholds_myid) return;
    return Answer(key, request, WireReply::Bulk(sentinels_[peer].core->state().myid.ToString()));
  }
  const uint64_t client = ++next_client_;
  peer_queries_[client] = {key, request};
  if (argv[0] == "PUBLISH") {
    StepSentinel(peer, HelloPublished{ClientId(client), argv[2]});
  } else {
    CHECK(argv[0] == "SENTINEL");
    if (argv[1] == "PAUSE")
      return StepSentinel(peer, PauseRequested{ClientId(client), argv[2], std::stoll(argv[3]),
                                               argv[4], std::stoull(argv[6])});
    if (argv[1] == "SET")
      return StepSentinel(peer,
                          SetRequested{ClientId(client), argv[2], {argv.begin() + 3, argv.end()}});
    if (argv[1] == "RESUME")
      return StepSentinel(peer, ResumeRequested{ClientId(client), argv[2], std::stoull(argv[4])});
    CHECK((argv.size() == 6 || argv.size() == 7));
    MasterDownQuery query{ClientId(client),
                          {argv[2], static_cast<uint16_t>(std::stoi(argv[3]))},
                          std::stoull(argv[4]),
                          argv[5] == "*" ? "" : argv[5]};
    if (argv.size() == 7)
      query.candidacy = argv[6] == "ORDERED" ? Candidacy::kOrdered : Candidacy::kLost;
    StepSentinel(peer, std::move(query));
  }
}

void World::StrangerGets(const WireKey& key, FakeStranger& stranger, RequestId request,
                         const std::vector<std::string>& argv) {
  if (argv[0] != "SENTINEL" || argv[1] != "MYID") return;
  ++stranger.asked;
  if (stranger.answer) Answer(key, request, *stranger.answer);
}

void World::Hear(int sentinel, const std::string& line) {
  const std::optional<Hello> hello = ParseHello(line);
  if (hello && FindSentinel(hello->sentinel) < 0)
    strangers[hello->sentinel].answer = WireReply::Bulk(hello->id.ToString());
  Command(sentinel, ++next_client_, HelloPublished{ClientId{}, line});
  RunFor(milliseconds(20));
}

// ---- data nodes ----

void World::KillServer(int i) {
  servers_[i].alive = false;
  BreakWires(servers_[i].address, LinkFailure::kReset);
}

void World::StartServer(int i) {
  servers_[i].alive = true;
  servers_[i].frozen = false;
  servers_[i].run_id = base::RunId::Generate(random_);
}

bool World::LinkWorks(const FakeServer& replica) {
  const FakeServer* primary = replica.follows ? FindServer(*replica.follows) : nullptr;
  return primary && primary->alive && !IsCut(primary->address, replica.address) &&
         replica.refuses != replica.follows;
}

std::string World::Info(const FakeServer& server) {
  std::string text = "# Server\r\nrun_id:" + server.run_id.ToString() + "\r\n";
  if (server.fencible)
    text += "quorate_version:0.1.0\r\nprimary_lease_ms:" +
            std::to_string(base::ToMs(server.primary_lease)) + "\r\n";
  if (!server.rollback_record.empty()) {
    std::istringstream words(server.rollback_record);
    std::string id, commands, bytes;
    words >> id >> commands >> bytes;
    text += "rollback_last_record:" + id + "\r\nrollback_last_record_commands:" + commands +
            "\r\nrollback_last_record_bytes:" + bytes + "\r\n";
  }
  text += "# Replication\r\n";
  const auto line = [&text](const std::string& key, const std::string& value) {
    text += key + ":" + value + "\r\n";
  };
  line("role", server.follows ? "slave" : "master");
  if (server.follows) {
    const bool up = LinkWorks(server);
    line("master_host", server.follows->host);
    line("master_port", std::to_string(server.follows->port));
    line("master_link_status", up ? "up" : "down");
    line("master_sync_in_progress", "0");
    if (!up) line("master_link_down_since_seconds", "1");
    if (server.refuses == server.follows) line("master_sync_refused", "older");
    line("slave_repl_offset", std::to_string(server.offset));
    line("slave_priority", std::to_string(server.priority));
    line("replica_announced", "1");
  }
  int n = 0;
  for (const FakeServer& other : servers_)
    if (other.alive && other.follows && FindServer(*other.follows) == &server)
      line("slave" + std::to_string(n++), "ip=" + other.address.host +
                                              ",port=" + std::to_string(other.address.port) +
                                              ",state=online,offset=1,lag=0");
  line("master_replid", server.replication_id.ToString());
  line("master_replid2", base::ReplicationId().ToString());
  line("master_repl_offset", std::to_string(server.offset));
  return text;
}

WireReply World::Follow(FakeServer& server, const std::string& host, const std::string& port) {
  if (host == "NO") {
    if (server.refuses_promotion) return WireReply::Error("ERR refused");
    server.follows.reset();
  } else {
    server.follows = Endpoint{host, static_cast<uint16_t>(std::stoi(port))};
  }
  return WireReply::Status("OK");
}

WireReply World::ExecuteFencing(FakeServer& server, const std::vector<std::string>& argv) {
  CHECK(server.fencible);
  const bool heartbeat = argv[1] == "HEARTBEAT";
  const uint64_t epoch = std::stoull(heartbeat            ? argv[3]
                                     : argv[1] == "FENCE" ? argv[2]
                                                          : argv.back());
  if (argv[1] == "FENCE" && argv[3] == "0") {
    if (server.fence == epoch) server.fence = 0;
    server.log.push_back(Join(argv));
    return WireReply::Status("OK");
  }
  if (epoch < server.epoch || epoch < server.fence)
    return WireReply::Error("STALEEPOCH " + std::to_string(std::max(server.epoch, server.fence)) +
                            (server.fence != 0     ? " elected"
                             : server.word_primary ? " primary"
                                                   : " replica"));
  if (!heartbeat) server.log.push_back(Join(argv));
  if (argv[1] == "FENCE") {
    server.fence = epoch;
    return WireReply::Status("OK");
  }
  server.fence = 0;
  server.epoch = epoch;
  if (!heartbeat) {
    server.word_primary = argv[2] == "NO";
    return Follow(server, argv[2], argv[3]);
  }
  server.electorate = std::stoull(argv[4]);
  server.word_primary = argv[5] == "PRIMARY";
  if (argv.size() == 7) server.heard[argv[2]] = now_;
  return WireReply::Integer(base::ToMicros(now_.time_since_epoch()));
}

WireReply World::Execute(FakeServer& server, const std::vector<std::string>& argv) {
  if (argv[0] == "PING")
    return server.loading ? WireReply::Error("LOADING Redis is loading the dataset in memory")
                          : WireReply::Status("PONG");
  if (argv[0] == "INFO") return WireReply::Bulk(Info(server));
  if (argv[0] == "PUBLISH") {
    ++server.published;
    for (const auto& [key, wire] : wires_) {
      if (wire.to != server.address || wire.kind != LinkKind::kPubsub || !wire.up ||
          IsCut(sentinels_[key.first].address, wire.to))
        continue;
      After(Latency(), [this, key = key, payload = argv[2]] {
        if (const Wire* w = FindWire(key))
          StepSentinel(key.first, MessageReceived{w->link, kHelloChannel, payload});
      });
    }
    return WireReply::Integer(1);
  }
  if (argv[0] == "QUORATE") return ExecuteFencing(server, argv);
  if (argv[0] == "SENTINEL") return WireReply::Error("ERR unknown command 'SENTINEL'");
  server.log.push_back(Join(argv));
  if (argv[0] == "SLAVEOF") return Follow(server, argv[1], argv[2]);
  if (argv[0] == "CLIENT" && argv[1] == "PAUSE") {
    if (!server.pause_error.empty()) return WireReply::Error(server.pause_error);
    server.writes_paused_until = now_ + milliseconds(std::stoi(argv[2]));
    // What the replicas had not received yet reaches them meanwhile.
    After(milliseconds(5), [this, address = server.address] {
      for (FakeServer& replica : servers_)
        if (replica.follows && Real(*replica.follows) == address && LinkWorks(replica))
          replica.offset = FindServer(address)->offset - replica.lag;
    });
  }
  if (argv[0] == "CLIENT" && argv[1] == "UNPAUSE") server.writes_paused_until = {};
  return WireReply::Status("OK");
}

void World::ServerGets(Wire& wire, FakeServer& server, RequestId request,
                       const std::vector<std::string>& argv) {
  const WireKey key{wire.sentinel, static_cast<uint64_t>(wire.link)};
  if (argv[0] == "AUTH" || argv[0] == "SUBSCRIBE" || (argv[0] == "CLIENT" && argv[1] == "SETNAME"))
    return Answer(key, request, WireReply::Status("OK"));
  if (argv[0] == "MULTI") {
    wire.in_multi = true;
    return Answer(key, request, WireReply::Status("OK"));
  }
  if (argv[0] == "EXEC") {
    std::vector<WireReply> replies;
    for (const auto& queued : std::exchange(wire.queued, {}))
      replies.push_back(Execute(server, queued));
    wire.in_multi = false;
    return Answer(key, request, WireReply::Array(std::move(replies)));
  }
  if (wire.in_multi) {
    wire.queued.push_back(argv);
    return Answer(key, request, WireReply::Status("QUEUED"));
  }
  Answer(key, request, Execute(server, argv));
}

// ---- for the tests ----

void World::Command(int sentinel, uint64_t client, Input input) {
  std::visit(
      [client](auto& i) {
        if constexpr (requires { i.client; }) i.client = ClientId(client);
      },
      input);
  sentinels_[sentinel].replies.erase(client);
  StepSentinel(sentinel, input);
}

const CommandReply* World::ReplyTo(int sentinel, uint64_t client) {
  const auto position = sentinels_[sentinel].replies.find(client);
  return position == sentinels_[sentinel].replies.end() ? nullptr : &position->second;
}

std::vector<std::string> World::Events(const std::set<std::string>& names) const {
  std::vector<std::string> found;
  for (const std::string& line : transcript_) {
    const size_t begin = line.find(' ') + 1;
    const std::string name = line.substr(begin, line.find(' ', begin) - begin);
    if (names.empty() || names.count(name) != 0) found.push_back(line);
  }
  return found;
}

std::string World::Story(Instant since) const {
  std::string story;
  for (const auto& [when, line] : lines_)
    if (when >= since)
      story +=
          std::to_string(base::ToMicros(when - since) / 1000.0).substr(0, 8) + " " + line + "\n";
  return story;
}

bool World::Happened(const std::string& text) const { return When(text).has_value(); }

std::optional<Instant> World::When(const std::string& text, Instant since) const {
  for (const auto& [when, line] : lines_)
    if (when >= since && line.find(text) != std::string::npos) return when;
  return std::nullopt;
}

}  // namespace quorate::sentinel::core::test
