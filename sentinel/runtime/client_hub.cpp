#include "sentinel/runtime/client_hub.h"

#include <fmt/format.h>

#include <utility>

#include "shared/base/overloaded.h"
#include "shared/resp/errors.h"

namespace quorate::sentinel::runtime {

namespace {

namespace errors = resp::errors;
namespace flag = command::flag;

constexpr base::Duration kCronPeriod = std::chrono::seconds(1);
// Requests are small; a hello is the longest that counts.
constexpr int64_t kMaxBulkBytes = 1 << 20;
constexpr int64_t kMaxArguments = 1 << 16;

bool AllowedWhileSubscribed(const command::Command& command) {
  if (command.Has(flag::kPubsub)) return command.spec->name != "publish";
  return command.spec->name == "ping";
}

void WriteReply(resp::Writer& out, const core::CommandReply& reply) {
  std::visit(base::Overloaded{
                 [&](const core::OkReply&) { out.Ok(); },
                 [&](const core::ErrorReply& error) { out.Error(error.text); },
                 [&](const core::IntegerReply& integer) { out.Integer(integer.value); },
                 [&](const core::MasterDownReply& answer) {
                   out.ArrayHeader(answer.refusal ? 5 : 3);
                   out.Integer(answer.down ? 1 : 0);
                   out.Bulk(answer.leader);
                   out.Integer(static_cast<int64_t>(answer.leader_epoch));
                   if (!answer.refusal) return;
                   out.Bulk(*answer.refusal);
                   out.Integer(static_cast<int64_t>(answer.electorate));
                 },
             },
             reply);
}

}  // namespace

class ClientHub::SentinelClient final : public session::Client {
 public:
  using Client::Client;
  core::ClientId awaited = core::ClientId::kNone;  // the answer it waits for
  bool running = false;                            // inside Run
  bool muted_answer = false;                       // CLIENT REPLY said so when it asked
  bool paused = false;
};

ClientHub::ClientHub(io::Io& io, log::Logger& logger, const config::ProcessSettings& settings,
                     commands::Host& host)
    : io_(io),
      logger_(logger),
      settings_(settings),
      host_(host),
      pubsub_([this](session::Client& client) { MarkReady(client); }) {
  commands::RegisterAll(table_);
  pause_timer_ = io_.CreateTimer([this] { UnpauseClients(); });
  cron_timer_ = io_.CreateTimer([this] { OnCron(); });
}

ClientHub::~ClientHub() = default;

base::Status ClientHub::Listen() {
  const serve::ListenSpec spec{settings_.port, settings_.bind, settings_.unixsocket,
                               settings_.unixsocketperm, settings_.tcp_backlog};
  base::Result<serve::Listeners> opened = serve::OpenListeners(
      io_, spec, [this](std::unique_ptr<io::Stream> stream) { Accept(std::move(stream)); });
  if (!opened) return opened.error();
  listeners_ = std::move(*opened);
  cron_timer_->StartAt(io_.Now() + kCronPeriod);
  return {};
}

void ClientHub::Accept(std::unique_ptr<io::Stream> stream) {
  ++counters_.connections_received;
  const bool full = connections_.size() >= settings_.maxclients;
  const bool stranger =
      settings_.protected_mode && settings_.requirepass.empty() && !serve::IsLocalPeer(*stream);
  if (full || stranger) {
    ++counters_.rejected_connections;
    stream->TryWrite(fmt::format("-{}\r\n", full ? errors::kMaxClients : errors::kProtectedMode));
    return;
  }
  stream->SetKeepAlive(settings_.tcp_keepalive);
  auto client = std::make_unique<SentinelClient>(++last_client_, io_.Now());
  client->authenticated = settings_.requirepass.empty();
  resp::RequestParser::Limits limits;
  limits.max_bulk_bytes = kMaxBulkBytes;
  limits.max_args = kMaxArguments;
  limits.unauthenticated = !client->authenticated;
  client->parser.set_limits(limits);
  const uint64_t id = client->id;
  serve::ConnectionOwner& owner = *this;
  auto connection =
      std::make_unique<serve::Connection>(owner, std::move(stream), std::move(client));
  serve::Connection& opened = *connections_.emplace(id, std::move(connection)).first->second;
  opened.Begin();
}

ClientHub::SentinelClient* ClientHub::Find(uint64_t id) {
  const auto it = connections_.find(id);
  if (it == connections_.end() || it->second->closing) return nullptr;
  return &static_cast<SentinelClient&>(it->second->client());
}

// ---- requests

void ClientHub::OnConnectionBytes(serve::Connection& connection, std::string_view bytes) {
  if (connection.closing) return;
  auto& client = static_cast<SentinelClient&>(connection.client());
  ++counters_.reads;
  counters_.input_bytes += bytes.size();
  client.last_interaction = io_.Now();
  client.input.Append(bytes);
  Run(client);
  if (client.input.size() > settings_.client_query_buffer_limit)
    KillClient(client, "query buffer limit reached");
}

void ClientHub::Run(SentinelClient& client) {
  using Outcome = resp::RequestParser::Outcome;
  client.running = true;
  while (!client.input.empty() && client.awaited == core::ClientId::kNone && !client.paused &&
         !client.close_now && !client.close_after_reply) {
    const Outcome outcome = client.parser.Next(client.input.view());
    const size_t consumed = client.parser.consumed();
    if (outcome == Outcome::kNeedMore) {
      client.input.Consume(consumed);
      break;
    }
    if (outcome == Outcome::kError) {
      Refuse(client, client.parser.error());
      client.close_after_reply = true;
      client.close_reason = client.parser.error();
      break;
    }
    Dispatch(client, client.parser.args());
    if (!client.paused) client.input.Consume(consumed);
  }
  client.running = false;
  if (!client.output.empty() || client.close_now || client.close_after_reply) MarkReady(client);
}

void ClientHub::Dispatch(SentinelClient& client, std::span<const std::string_view> args) {
  const command::Command* command = table_.Resolve(args);
  if (Paused(command)) {
    client.paused = true;
    return;
  }
  const size_t reply_begin = client.output.size();
  client.BeginAnswer();
  client.muted_answer = client.muted();
  if (const std::string refusal = Refusal(client, command, args); !refusal.empty()) {
    Refuse(client, refusal);
  } else {
    ++counters_.commands_processed;
    ++client.commands_run;
    client.last_command = command;
    commands::Context context{host_, client, *command, args};
    table_.Run(*command, context);
    if (client.output.size() > reply_begin && client.output.view()[reply_begin] == '-')
      ++counters_.error_replies;
  }
  client.EndAnswer();
}

std::string ClientHub::Refusal(const SentinelClient& client, const command::Command* command,
                               std::span<const std::string_view> args) const {
  if (std::string refusal = command::RefusalOf(table_, command, args); !refusal.empty())
    return refusal;
  if (!client.authenticated && !command->Has(flag::kNoAuth)) return std::string(errors::kNoAuth);
  if (client.in_subscriber_mode() && !AllowedWhileSubscribed(*command))
    return errors::SubscribeContext(command->full_name);
  return {};
}

void ClientHub::Refuse(SentinelClient& client, std::string_view error) {
  client.writer.Error(error);
  ++counters_.error_replies;
}

// ---- answers of the core

core::ClientId ClientHub::Await(session::Client& client) {
  const core::ClientId name{++last_awaited_};
  static_cast<SentinelClient&>(client).awaited = name;
  awaited_.emplace(name, client.id);
  return name;
}

void ClientHub::Answer(core::ClientId id, const core::CommandReply& reply) {
  const auto awaited = awaited_.find(id);
  if (awaited == awaited_.end()) return;
  SentinelClient* client = Find(awaited->second);
  awaited_.erase(awaited);
  if (client == nullptr) return;
  client->awaited = core::ClientId::kNone;
  const size_t reply_begin = client->output.size();
  WriteReply(client->writer, reply);
  if (client->muted_answer) client->output.Truncate(reply_begin);
  if (client->running) return;
  MarkReady(*client);
  if (client->input.empty()) return;
  io_.Defer([this, client_id = client->id] {
    if (SentinelClient* waiting = Find(client_id)) Run(*waiting);
  });
}

// ---- pauses

bool ClientHub::Paused(const command::Command* command) {
  if (!pause_) return false;
  if (pause_->scope == session::PauseScope::kAll) return true;
  return command != nullptr && command->spec->name == "publish";
}

void ClientHub::PauseClients(session::PauseScope scope, base::Instant until) {
  if (!pause_) {
    pause_ = Pause{scope, until};
  } else {
    if (scope == session::PauseScope::kAll) pause_->scope = scope;
    pause_->until = std::max(pause_->until, until);
  }
  if (pause_->until != base::Instant::max()) pause_timer_->StartAt(pause_->until);
}

void ClientHub::UnpauseClients() {
  pause_.reset();
  pause_timer_->Stop();
  io_.Defer([this] {
    for (auto& [id, connection] : connections_) {
      auto& client = static_cast<SentinelClient&>(connection->client());
      if (connection->closing || !std::exchange(client.paused, false)) continue;
      Run(client);
    }
  });
}

// ---- the directory

void ClientHub::ForEachClient(const std::function<void(session::Client&)>& visit) {
  for (auto& [id, connection] : connections_)
    if (!connection->closing) visit(connection->client());
}

session::Client* ClientHub::FindClient(uint64_t id) { return Find(id); }

session::ClientFacts ClientHub::FactsOf(const session::Client& client) const {
  session::ClientFacts facts;
  facts.blocked = static_cast<const SentinelClient&>(client).awaited != core::ClientId::kNone;
  return facts;
}

void ClientHub::KillClient(session::Client& client, std::string_view reason) {
  client.close_now = true;
  client.close_reason = reason;
  MarkReady(client);
}

commands::Counters ClientHub::Count() const {
  commands::Counters counters = counters_;
  counters.connected_clients = connections_.size();
  return counters;
}

// ---- output and ends

void ClientHub::MarkReady(session::Client& client) {
  if (std::exchange(client.listed_ready, true)) return;
  ready_.push_back(client.id);
}

void ClientHub::EndTurn() {
  for (const uint64_t id : std::exchange(ready_, {})) {
    const auto it = connections_.find(id);
    if (it == connections_.end()) continue;
    it->second->client().listed_ready = false;
    if (!it->second->closing) Flush(*it->second);
  }
  for (const uint64_t id : std::exchange(discarded_, {})) connections_.erase(id);
}

void ClientHub::FlushAll() {
  for (auto& [id, connection] : connections_)
    if (!connection->closing) Flush(*connection);
}

void ClientHub::Flush(serve::Connection& connection) {
  session::Client& client = connection.client();
  const bool unread =
      settings_.pubsub_output_limit != 0 && client.output.size() > settings_.pubsub_output_limit;
  if (unread) {
    client.close_now = true;
    client.close_reason = "output buffer limit reached";
  }
  if (client.close_now) {
    logger_.Verbose(
        fmt::format("Closing client {}: {}", client.peer.ToString(), client.close_reason));
    return Discard(connection);
  }
  const size_t written = connection.Flush();
  counters_.output_bytes += written;
  if (written != 0) ++counters_.writes;
  if (client.close_after_reply && client.output.empty()) Discard(connection);
}

void ClientHub::OnConnectionWritable(serve::Connection& connection) {
  if (!connection.closing) Flush(connection);
}

void ClientHub::OnConnectionClosed(serve::Connection& connection) { Discard(connection); }

void ClientHub::Discard(serve::Connection& connection) {
  if (std::exchange(connection.closing, true)) return;
  pubsub_.Remove(connection.client());
  discarded_.push_back(connection.id());
}

void ClientHub::OnCron() {
  CloseIdle();
  cron_timer_->StartAt(io_.Now() + kCronPeriod);
}

void ClientHub::CloseIdle() {
  if (settings_.timeout.count() == 0) return;
  for (auto& [id, connection] : connections_) {
    session::Client& client = connection->client();
    if (client.subscription_count() == 0 && io_.Now() - client.last_interaction > settings_.timeout)
      KillClient(client, "idle");
  }
}

}  // namespace quorate::sentinel::runtime
