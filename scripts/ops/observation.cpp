#include "scripts/ops/observation.h"

#include <algorithm>

#include "shared/base/numbers.h"

namespace quorate::ops {
namespace {

constexpr base::Duration kAnswerTimeout = std::chrono::milliseconds(500);
constexpr base::Duration kPollInterval = std::chrono::milliseconds(50);

// "name:value\r\n" lines of INFO.
std::string InfoField(const std::string& info, const std::string& name) {
  const std::string start = "\n" + name + ":";
  size_t at = info.find(start);
  if (at == std::string::npos) return "";
  at += start.size();
  return info.substr(at, info.find_first_of("\r\n", at) - at);
}

// Of Quorate before that of Redis, which ours answers to as well.
std::string Version(const std::string& info) {
  const std::string ours = InfoField(info, "quorate_version");
  return ours.empty() ? InfoField(info, "redis_version") : ours;
}

int64_t Number(const std::string& text) { return base::ParseInt64(text).value_or(0); }

std::string Field(const resp::Value& map, std::string_view key) {
  const resp::Value* value = map.Find(key);
  return value == nullptr ? "" : value->text;
}

base::Endpoint ReadEndpoint(const std::string& host, const std::string& port) {
  const int64_t number = Number(port);
  if (number < 1 || number > 65535) return {};
  return {host, static_cast<uint16_t>(number)};
}

// The first error among the replies, so that "LOADING ..." is seen as not answering yet.
std::string FirstError(const std::vector<resp::Value>& replies) {
  const auto error = std::ranges::find_if(replies, &resp::Value::is_error);
  return error == replies.end() ? "" : error->text;
}

// Whether following the chain from `server` with all links up ends at `primary`.
bool ReachesPrimary(const Observation& observation, const ServerView& server,
                    const base::Endpoint& primary) {
  const ServerView* at = &server;
  for (size_t steps = 0; steps < observation.servers.size(); ++steps) {
    if (at->endpoint == primary) return true;
    if (at->is_primary || !at->link_up) return false;
    at = observation.ServerOn(at->follows);
    if (at == nullptr) return false;
  }
  return false;
}

std::string MissingInServers(const Observation& observation, const base::Endpoint& primary) {
  for (const ServerView& server : observation.servers) {
    if (server.endpoint == primary) {
      if (!server.is_primary)
        return server.name + " is still a replica, though the sentinels name it";
    } else if (server.is_primary) {
      return server.name + " takes itself for a primary";
    } else if (!ReachesPrimary(observation, server, primary)) {
      return server.name + " does not follow the primary yet";
    }
  }
  return "";
}

std::string MissingInSentinels(const Observation& observation, const base::Endpoint& primary) {
  const auto direct = std::ranges::count(observation.servers, primary, &ServerView::follows);
  const auto others = static_cast<int64_t>(observation.sentinels.size()) - 1;
  for (const SentinelView& sentinel : observation.sentinels) {
    if (sentinel.flags != "master") return sentinel.name + " sees the primary as " + sentinel.flags;
    if (sentinel.other_sentinels != others)
      return sentinel.name + " does not know all other sentinels yet";
    if (sentinel.replicas < direct) return sentinel.name + " does not know all replicas yet";
    if (!sentinel.quorum.starts_with("OK")) return sentinel.name + ": " + sentinel.quorum;
  }
  return "";
}

template <typename View>
View NewView(const Deployment& deployment, const std::string& name, uint16_t port) {
  View view;
  view.name = name;
  view.endpoint = deployment.topology().EndpointOf(port);
  if (const auto process = deployment.Running(name)) view.pid = process->pid;
  return view;
}

}  // namespace

const ServerView* Observation::ServerOn(const base::Endpoint& endpoint) const {
  const auto found = std::ranges::find(servers, endpoint, &ServerView::endpoint);
  return found == servers.end() ? nullptr : &*found;
}

std::optional<base::Endpoint> Observation::AgreedPrimary() const {
  if (sentinels.empty()) return std::nullopt;
  const base::Endpoint& first = sentinels.front().primary;
  const bool agreed = std::ranges::all_of(sentinels, [&](const SentinelView& sentinel) {
    return sentinel.Answers() && sentinel.primary == first;
  });
  if (!agreed || first.empty()) return std::nullopt;
  return first;
}

std::vector<Command> ServerCommands() {
  return {{"INFO", "server"}, {"INFO", "replication"}, {"DBSIZE"}, {"INFO", "stats"}};
}

std::vector<Command> SentinelCommands(const std::string& group) {
  return {{"INFO", "server"},
          {"SENTINEL", "MASTER", group},
          {"SENTINEL", "GET-MASTER-ADDR-BY-NAME", group},
          {"SENTINEL", "CKQUORUM", group}};
}

void ReadServer(const std::vector<resp::Value>& replies, ServerView& view) {
  view.problem = FirstError(replies);
  if (!view.problem.empty()) return;
  const std::string& replication = replies[1].text;
  view.version = Version(replies[0].text);
  view.run_id = InfoField(replies[0].text, "run_id");
  view.keys = replies[2].integer;
  view.full_syncs = Number(InfoField(replies[3].text, "sync_full"));
  view.partial_syncs = Number(InfoField(replies[3].text, "sync_partial_ok"));
  view.memory_from = Number(InfoField(replication, "repl_backlog_first_byte_offset"));
  view.is_primary = InfoField(replication, "role") == "master";
  view.replicas = Number(InfoField(replication, "connected_slaves"));
  view.offset =
      Number(InfoField(replication, view.is_primary ? "master_repl_offset" : "slave_repl_offset"));
  if (view.is_primary) return;
  view.follows =
      ReadEndpoint(InfoField(replication, "master_host"), InfoField(replication, "master_port"));
  view.link_up = InfoField(replication, "master_link_status") == "up";
}

void ReadSentinel(const std::vector<resp::Value>& replies, SentinelView& view) {
  // CKQUORUM answers with an error when the quorum cannot be reached: that is a finding, not a
  // silence.
  view.problem = FirstError({replies.begin(), replies.begin() + 3});
  if (!view.problem.empty()) return;
  view.version = Version(replies[0].text);
  view.flags = Field(replies[1], "flags");
  view.other_sentinels = Number(Field(replies[1], "num-other-sentinels"));
  view.replicas = Number(Field(replies[1], "num-slaves"));
  view.epoch = Number(Field(replies[1], "config-epoch"));
  const auto& address = replies[2].items;
  if (address.size() == 2) view.primary = ReadEndpoint(address[0].text, address[1].text);
  view.quorum = replies[3].text;
}

std::string WhatIsMissing(const Observation& observation) {
  for (const ServerView& server : observation.servers) {
    if (!server.Answers()) return server.name + ": " + server.problem;
  }
  for (const SentinelView& sentinel : observation.sentinels) {
    if (!sentinel.Answers()) return sentinel.name + ": " + sentinel.problem;
  }
  const auto primary = observation.AgreedPrimary();
  if (!primary) return "the sentinels do not name the same primary";
  const std::string missing = MissingInServers(observation, *primary);
  return missing.empty() ? MissingInSentinels(observation, *primary) : missing;
}

Observation Observe(Foreground& foreground, const Deployment& deployment) {
  const Topology& topology = deployment.topology();
  Observation observation;
  std::vector<Question> questions;
  for (const ServerNode& server : topology.servers) {
    observation.servers.push_back(NewView<ServerView>(deployment, server.name, server.port));
    questions.push_back({observation.servers.back().endpoint, ServerCommands()});
  }
  for (const SentinelNode& sentinel : topology.sentinels) {
    observation.sentinels.push_back(
        NewView<SentinelView>(deployment, sentinel.name, sentinel.port));
    questions.push_back({observation.sentinels.back().endpoint, SentinelCommands(topology.group)});
  }
  const std::vector<Answer> answers = AskAll(foreground, questions, kAnswerTimeout);
  for (size_t i = 0; i < observation.servers.size(); ++i) {
    ServerView& view = observation.servers[i];
    answers[i] ? ReadServer(*answers[i], view) : void(view.problem = answers[i].error().message);
  }
  for (size_t i = 0; i < observation.sentinels.size(); ++i) {
    SentinelView& view = observation.sentinels[i];
    const Answer& answer = answers[observation.servers.size() + i];
    answer ? ReadSentinel(*answer, view) : void(view.problem = answer.error().message);
  }
  return observation;
}

ServerView ObserveServer(Foreground& foreground, const Deployment& deployment,
                         const std::string& name) {
  ServerView view = NewView<ServerView>(deployment, name, PortOf(deployment.topology(), name));
  const Answer answer =
      AskAll(foreground, {{view.endpoint, ServerCommands()}}, kAnswerTimeout).front();
  answer ? ReadServer(*answer, view) : void(view.problem = answer.error().message);
  return view;
}

base::Result<Observation> AwaitReady(Foreground& foreground, const Deployment& deployment,
                                     base::Duration limit) {
  const base::Instant deadline = foreground.Now() + limit;
  for (;;) {
    Observation observation = Observe(foreground, deployment);
    const std::string missing = WhatIsMissing(observation);
    if (missing.empty()) return observation;
    for (const std::string& name : deployment.Names()) {
      if (deployment.Running(name)) continue;
      return base::Error{name + " has ended; its last words are in " + deployment.LogOf(name)};
    }
    if (foreground.Now() >= deadline) return base::Error{missing};
    if (!foreground.Pass(kPollInterval)) return base::Error{"interrupted"};
  }
}

base::Result<base::Endpoint> AwaitAgreedPrimary(Foreground& foreground,
                                                const Deployment& deployment,
                                                base::Duration limit) {
  const base::Instant deadline = foreground.Now() + limit;
  for (;;) {
    const Observation observation = Observe(foreground, deployment);
    if (const auto primary = observation.AgreedPrimary()) return *primary;
    if (foreground.Now() >= deadline) return base::Error{WhatIsMissing(observation)};
    if (!foreground.Pass(kPollInterval)) return base::Error{"interrupted"};
  }
}

}  // namespace quorate::ops
