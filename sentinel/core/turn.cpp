#include "sentinel/core/turn.h"

#include "sentinel/core/names.h"

namespace quorate::sentinel::core {
namespace {

std::string Join(std::string head, std::string_view more) {
  if (!more.empty()) head.append(" ").append(more);
  return head;
}

}  // namespace

void Turn::Announce(const Group& group, EventType type, std::string payload) {
  const EventRow& row = Row(type);
  const std::string& script = group.options.notification_script;
  if (row.level == EventLevel::kWarning && row.runs_script && !script.empty())
    Do(RunScript{{script, std::string(row.name), payload}});
  Do(core::Announce{Event{type, std::move(payload), group.name}});
}

void Turn::AnnouncePrimary(const Group& group, EventType type, std::string_view more) {
  Announce(group, type,
           Join(DescribePrimary(group.name, Shown(state_, group.primary.address)), more));
}

void Turn::AnnounceReplica(const Group& group, const Replica& replica, EventType type,
                           std::string_view more) {
  Announce(group, type,
           Join(DescribeReplica(Shown(state_, replica.address), group.name,
                                Shown(state_, group.primary.address)),
                more));
}

void Turn::AnnouncePeer(const Group& group, const Peer& peer, EventType type,
                        std::string_view more) {
  Announce(group, type,
           Join(DescribePeer(peer.id, Shown(state_, peer.address), group.name,
                             Shown(state_, group.primary.address)),
                more));
}

void Turn::AnnounceProcess(EventType type, std::string payload) {
  Do(core::Announce{Event{type, std::move(payload), {}}});
}

uint64_t Turn::Persist() {
  if (!std::exchange(persisting_, true)) {
    if (!persisting_soon_) ++state_.persist_version;
    Do(PersistState{state_.persist_version});
  }
  return state_.persist_version;
}

void Turn::PersistSoon() {
  if (persisting_ || std::exchange(persisting_soon_, true)) return;
  Do(PersistState{.version = ++state_.persist_version, .soon = true});
}

uint64_t Turn::PersistWhole() {
  const uint64_t version = Persist();
  Do(PersistState{version, true});
  return version;
}

void Turn::Respond(ClientId client, CommandReply reply) {
  if (client != ClientId::kNone) Do(core::Respond{client, std::move(reply)});
}

void Turn::RespondWhenDurable(HeldReply reply) {
  if (IsDurable(reply.version))
    Respond(reply.client, std::move(reply.if_durable));
  else if (!MayHold())
    Respond(reply.client, std::move(reply.if_failed));
  else
    held_.push_back(std::move(reply));
}

void Turn::TouchAll() {
  for (const auto& [name, group] : state_.groups) touched_.insert(name);
}

}  // namespace quorate::sentinel::core
