#include "server/engine/engine.h"

#include <algorithm>
#include <array>

#include "server/engine/context.h"
#include "server/engine/dispatcher.h"
#include "server/engine/lookahead.h"
#include "server/engine/redaction.h"
#include "shared/base/overloaded.h"
#include "shared/resp/errors.h"

namespace quorate::server::engine {

namespace {

bool IsExec(const Command& command) {
  return command.parent == nullptr && command.spec->name == "exec";
}

// What EXEC answers if it may not run now: the reason's code stays unless it is the general one.
std::string AbortedBecause(std::string_view error) {
  if (error.starts_with("ERR ")) error.remove_prefix(4);
  return "EXECABORT Transaction discarded because of: " + std::string(error);
}

}  // namespace

bool IsLocal(const Session& session) {
  return session.unix_socket || session.peer.host.starts_with("127.") || session.peer.host == "::1";
}

Engine::Engine(config::ServerSettings& settings, store::Databases& databases,
               ReplicationPort& replication, Host& host, base::Random random, base::RunId run_id,
               base::Instant started)
    : settings_(settings),
      databases_(databases),
      replication_(replication),
      host_(host),
      random_(random),
      run_id_(run_id),
      pubsub_([this](session::Client& client) { MarkReady(static_cast<Session&>(client)); }),
      propagation_(replication),
      started_(started) {}

// ---- sessions

void Engine::AddSession(Session& session) {
  session.authenticated = settings_.requirepass.empty();
  resp::RequestParser::Limits limits;
  limits.max_bulk_bytes = static_cast<int64_t>(settings_.proto_max_bulk_len);
  limits.unauthenticated = !session.authenticated;
  session.parser.set_limits(limits);
  sessions_.emplace(session.id, &session);
}

void Engine::RemoveSession(Session& session) {
  watches_.UnwatchAll(session);
  pubsub_.Remove(session);
  std::erase(waiting_for_acks_, &session);
  std::erase(waiting_for_offset_, &session);
  if (session.kind == SessionKind::kMonitor) monitors_.Remove(session);
  if (session.listed_ready) std::erase(ready_, &session);
  session.listed_ready = false;
  sessions_.erase(session.id);
}

void Engine::ResetSession(Session& session) {
  session.transaction.reset();
  watches_.UnwatchAll(session);
  pubsub_.Remove(session);
  if (session.kind == SessionKind::kMonitor) {
    monitors_.Remove(session);
    session.kind = SessionKind::kNormal;
  }
  session.db = 0;
  session.name.clear();
  session.reply_mode = ReplyMode::kOn;
  session.no_evict = false;
  session.no_touch = false;
  session.writer = resp::Writer(session.output, 2);
  session.authenticated = settings_.requirepass.empty();
  session.parser.set_unauthenticated(!session.authenticated);
}

void Engine::BeginMonitoring(Session& session) {
  session.kind = SessionKind::kMonitor;
  monitors_.Add(session);
}

void Engine::ResetStatistics() {
  stats_ = Statistics{};
  stats_.commands.resize(table_.size());
  replication_.ResetCounters();
  host_.ResetStatistics();
}

Session* Engine::FindSession(uint64_t id) const {
  const auto it = sessions_.find(id);
  return it == sessions_.end() ? nullptr : it->second;
}

std::span<Session* const> Engine::TakeReady() {
  for (Session* session : ready_) {
    session->listed_ready = false;
    EnforceOutputLimit(*session);
  }
  taken_.clear();
  taken_.swap(ready_);
  return taken_;
}

void Engine::Kill(Session& session, std::string_view reason) {
  session.close_now = true;
  session.close_reason = reason;
  MarkReady(session);
}

void Engine::EnforceOutputLimit(Session& session) {
  const auto client_class =
      session.is_subscriber() ? config::ClientClass::kPubSub : config::ClientClass::kNormal;
  const config::OutputBufferLimit& limit = settings_.output_buffer_limit(client_class);
  const size_t size = session.output.size();
  const bool over_hard = limit.hard_bytes != 0 && size > limit.hard_bytes;
  const bool over_soft = limit.soft_bytes != 0 && size > limit.soft_bytes;
  if (!over_soft) {
    session.output_over_soft_limit_since = base::Instant{};
  } else if (session.output_over_soft_limit_since == base::Instant{}) {
    session.output_over_soft_limit_since = now_;
  }
  const bool soft_for_too_long =
      over_soft && now_ - session.output_over_soft_limit_since > limit.soft_time;
  if ((over_hard || soft_for_too_long) && !session.close_now) {
    ++stats_.client_output_buffer_limit_disconnections;
    session.close_now = true;
    session.close_reason = "output buffer limit reached";
  }
}

// ---- input

void Engine::Feed(Session& session, std::string_view bytes) {
  command_clock_ = base::Instant{};
  if (!bytes.empty()) session.last_interaction = now_;
  if (session.input.empty()) {
    const size_t consumed = RunRequests(session, bytes);
    session.input.Append(bytes.substr(consumed));
  } else {
    session.input.Append(bytes);
    session.input.Consume(RunRequests(session, session.input.view()));
  }
  if (session.input.size() > settings_.client_query_buffer_limit && !session.close_now) {
    ++stats_.client_query_buffer_limit_disconnections;
    Kill(session, "query buffer limit reached");
  }
  if (!session.output.empty() || session.close_now || session.close_after_reply) MarkReady(session);
}

size_t Engine::RunRequests(Session& session, std::string_view input) {
  using Outcome = resp::RequestParser::Outcome;
  size_t consumed = 0;
  size_t fetched = 1;  // requests, this one included, whose keys need no fetching
  while (consumed < input.size() && !session.blocked() && !session.close_now &&
         !session.close_after_reply) {
    const Outcome outcome = session.parser.Next(input.substr(consumed));
    if (outcome == Outcome::kNeedMore) return consumed + session.parser.consumed();
    if (outcome == Outcome::kError && session.kind == SessionKind::kReplica) {
      Kill(session, session.parser.error());
      return input.size();
    }
    if (outcome == Outcome::kError) {
      Refused(session, nullptr, session.parser.error());
      session.close_after_reply = true;
      session.close_reason = session.parser.error();
      return input.size();
    }
    const size_t size = session.parser.consumed();
    Dispatch(session, session.parser.args(),
             session.parser.canonical() ? session.parser.raw() : std::string_view());
    if (std::holds_alternative<BlockedByPause>(session.blocked_state))
      return consumed;  // runs when the pause ends
    consumed += size;
    if (--fetched == 0) fetched = FetchAhead(session, input.substr(consumed));
  }
  return consumed;
}

size_t Engine::FetchAhead(const Session& session, std::string_view input) const {
  // A keyspace that fits the processor's cache gains nothing.
  constexpr size_t kCachedKeys = 10000;
  constexpr size_t kRequests = 16;
  const store::Keyspace& keyspace = databases_[static_cast<size_t>(session.db)];
  if (input.empty() || keyspace.size() < kCachedKeys) return kRequests;
  std::array<std::string_view, kRequests> keys;
  const size_t count = GlanceAtKeys(input, keys);
  std::array<store::Lookup, kRequests> lookups;
  for (size_t i = 0; i < count; ++i) {
    lookups[i] = keyspace.Prepare(keys[i]);
    keyspace.Prefetch(lookups[i]);
  }
  for (size_t i = 0; i < count; ++i) keyspace.PrefetchRecord(lookups[i]);
  return std::max<size_t>(count, 1);
}

bool Engine::Dispatch(Session& session, std::span<const std::string_view> args,
                      std::string_view raw) {
  const Command* command = table_.Resolve(args);
  const size_t reply_begin = session.output.size();
  bool refused = false;
  session.BeginAnswer();

  std::visit(base::Overloaded{
                 [&](const RunNow&) {
                   Execute(session, *command, args, raw);
                   EndUnit(*command);
                   session.last_offset = replication_.offset();
                   session.last_dataset = dataset_number_;
                 },
                 [&](const Queue&) {
                   Transaction& transaction = *session.transaction;
                   transaction.commands.emplace_back(*command, args);
                   session.writer.SimpleString("QUEUED");
                 },
                 [&](const Postpone&) { session.blocked_state = BlockedByPause{}; },
                 [&](const Refuse& refuse) {
                   refused = true;
                   if (session.transaction != nullptr) session.transaction->aborted = true;
                   if (command != nullptr && IsExec(*command)) {
                     DiscardTransaction(session);
                     Refused(session, command, AbortedBecause(refuse.error));
                   } else {
                     Refused(session, command, refuse.error);
                   }
                 },
             },
             Judge(*this, session, command, args));

  // A replica link's output is the stream: an answer in it would corrupt the replica.
  if (session.kind == SessionKind::kReplica && session.output.size() > reply_begin) {
    const std::string_view reply = session.output.view().substr(reply_begin);
    const std::string reason =
        "Replica generated a reply to command '" +
        std::string(command == nullptr ? "<unknown>" : command->full_name) +
        "', disconnecting it: " +
        std::string(reply.substr(0, std::min(reply.find('\r'), size_t{128})));
    session.output.Truncate(reply_begin);
    Kill(session, reason);
    return !refused;
  }
  if (session.blocked()) {
    session.PostponeAnswer();
  } else {
    session.EndAnswer();
  }
  return !refused;
}

void Engine::Refused(Session& session, const Command* command, std::string_view error) {
  session.writer.Error(error);
  stats_.CountError(error.substr(0, error.find(' ')));
  if (command != nullptr) ++stats_.commands[command->index].rejected;
}

void Engine::Execute(Session& session, const Command& command,
                     std::span<const std::string_view> args, std::string_view raw) {
  if (command_clock_ == base::Instant{}) command_clock_ = host_.Now();
  const base::Instant begin = command_clock_;
  const size_t reply_begin = session.output.size();
  Context context(*this, session, command, args);
  table_.Run(command, context);
  if (context.changes_ != 0) {
    unsaved_changes += context.changes_;
    session.wrote = session.wrote || !session.muted();
  }
  if (context.own_effect_ == Context::OwnEffect::kRequest &&
      (context.changes_ != 0 || context.forced_)) {
    if (raw.empty()) {
      propagation_.Add(context.database_, args);
    } else {
      propagation_.AddRaw(context.database_, raw);
    }
  }
  Account(session, command, args, reply_begin, begin);
}

void Engine::Account(Session& session, const Command& command,
                     std::span<const std::string_view> args, size_t reply_begin,
                     base::Instant begin) {
  const base::Instant end = host_.Now();
  const base::Duration took = end - begin;  // EXEC's includes that of the commands it ran
  command_clock_ = end;
  CommandStatistics& statistics = stats_.commands[command.index];
  ++statistics.calls;
  statistics.nanoseconds += took.count();
  ++stats_.commands_processed;
  ++session.commands_run;
  session.last_command = &command;

  const std::string_view reply =
      session.output.view().substr(std::min(reply_begin, session.output.size()));
  if (!reply.empty() && reply[0] == '-') {
    ++statistics.failed;
    if (session.kind == SessionKind::kPrimary) [[unlikely]] {
      ++stats_.unexpected_error_replies;
      if (stream_error_.empty()) stream_error_ = reply.substr(1, reply.find('\r') - 1);
    }
    stats_.CountError(reply.substr(1, reply.find_first_of(" \r") - 1));
  }
  const int64_t microseconds = base::ToMicros(took);
  if (settings_.latency_tracking && !command.Has(command::flag::kBlocking))
    statistics.latency.Record(microseconds);
  const int64_t slow = settings_.slowlog_log_slower_than.count();
  if (slow >= 0 && microseconds >= slow && settings_.slowlog_max_len > 0 &&
      !command.Has(command::flag::kSkipSlowlog)) {
    std::vector<std::string_view> scratch;
    slowlog_.Add(Redacted(command, args, host_.directives().catalog(), scratch), wall_,
                 microseconds, session.peer.ToString(), session.name,
                 static_cast<size_t>(settings_.slowlog_max_len));
  }
  const int64_t spike = settings_.latency_monitor_threshold.count();
  if (spike > 0 && microseconds >= spike * 1000) {
    latency_.Record(command.Has(command::flag::kFast) ? "fast-command" : "command", wall_,
                    microseconds / 1000, spike);
  }
  if (!monitors_.empty()) [[unlikely]]
    ShowMonitors(session, command, args);
}

void Engine::ShowMonitors(const Session& source, const Command& command,
                          std::span<const std::string_view> args) {
  if (command.Has(command::flag::kSkipMonitor | command::flag::kAdmin)) return;
  std::vector<std::string_view> scratch;
  const int64_t micros = wall_.ms * 1000 + base::ToMicros(command_clock_ - now_);
  const std::string line =
      DescribeForMonitors(micros, source, settings_.unixsocket,
                          Redacted(command, args, host_.directives().catalog(), scratch));
  for (Session* monitor : monitors_.sessions()) {
    if (monitor->reply_mode == ReplyMode::kOff || monitor->close_now) continue;
    monitor->writer.SimpleString(line);
    MarkReady(*monitor);
  }
}

void Engine::EndUnit(const Command& command) {
  if (propagation_.pending() == 0) return;
  propagation_.EndUnit(command.Has(command::flag::kTouchesArbitraryKeys));
}

Engine::ApplyOutcome Engine::ApplyFromPrimary(Session& primary,
                                              std::span<const std::string_view> args,
                                              std::string_view raw) {
  stream_error_.clear();
  const bool ran = Dispatch(primary, args, raw);
  const std::string_view reply = primary.output.view();
  ApplyOutcome outcome;
  if (!stream_error_.empty()) {
    outcome = AnsweredError{stream_error_};
  } else if (!ran) {
    ++stats_.unexpected_error_replies;
    outcome = Unrunnable{std::string(reply.substr(1, reply.find('\r') - 1))};
  }
  primary.output.Clear();
  return outcome;
}

}  // namespace quorate::server::engine
