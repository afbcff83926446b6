#include "sentinel/core/strangers.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "sentinel/core/events.h"
#include "sentinel/core/links.h"
#include "sentinel/core/names.h"
#include "sentinel/core/timings.h"
#include "shared/base/numbers.h"

namespace quorate::sentinel::core {
namespace {

// What a sentinel older than SENTINEL MYID says to it. A server knows no SENTINEL at all, and newer
// sentinels say it in other words.
constexpr std::string_view kTooOld = "err unknown sentinel subcommand";

bool IsAsked(const Stranger& stranger) { return std::holds_alternative<Asked>(stranger.standing); }

std::string Describe(const WireReply& reply) {
  return reply.is_error() || reply.is_text() ? Quoted(reply.text) : "#Not an id";
}

// Whoever has answered, or has not, makes room for one that may.
bool MakeRoom(State& state) {
  auto& strangers = state.strangers;
  if (strangers.size() < kMaxStrangers) return true;
  auto oldest = strangers.end();
  for (auto position = strangers.begin(); position != strangers.end(); ++position) {
    if (IsAsked(position->second)) continue;
    if (oldest == strangers.end() || position->second.until < oldest->second.until)
      oldest = position;
  }
  if (oldest == strangers.end()) return false;
  strangers.erase(oldest);
  return true;
}

void Dial(Turn& turn, const base::Endpoint& address) {
  Stranger& stranger = turn.state().strangers[address];
  stranger.until = turn.now() + kDialBackTimeout;
  OpenCommandLink(turn, stranger.link, address, address);
}

void AnnounceUnproven(Turn& turn, const Hello& hello, const std::string& reason) {
  const auto group = turn.state().groups.find(hello.group);
  if (group == turn.state().groups.end()) return;
  turn.Announce(group->second, EventType::kHelloUnproven,
                DescribePeer(hello.id, hello.sentinel, hello.group,
                             Shown(turn.state(), group->second.primary.address)) +
                    " " + reason);
}

// The address was asked and has answered, or not. Returns the hellos that it has proven; of the
// others one is announced, with the reason.
std::vector<Hello> Settle(Turn& turn, Stranger& stranger, const Standing& standing,
                          const std::string& reason) {
  DropLink(turn, stranger.link);
  stranger.standing = standing;
  stranger.until = turn.now() + kDialBackPause;
  std::vector<Hello> proven;
  std::optional<Hello> unproven;
  for (auto& [claim, hello] : std::exchange(stranger.claims, {}))
    if (Proves(standing, hello.id))
      proven.push_back(hello);
    else
      unproven = hello;
  if (unproven) AnnounceUnproven(turn, *unproven, reason);
  return proven;
}

}  // namespace

bool Proves(const Standing& standing, const base::RunId& id) {
  const auto* answered = std::get_if<Answered>(&standing);
  return answered && (!answered->id || *answered->id == id);
}

Standing JudgeMyid(const WireReply& reply) {
  if (reply.is_error() && base::ToLower(reply.text).compare(0, kTooOld.size(), kTooOld) == 0)
    return Answered{};
  const auto id = reply.is_text() ? base::RunId::Parse(reply.text) : std::nullopt;
  if (id && !id->IsZero()) return Answered{*id};
  return Unproven{};
}

bool IsProven(const State& state, const Hello& hello) {
  const auto peer = state.peer_links.find(hello.id);
  if (peer != state.peer_links.end() && IsSameAddress(state, peer->second.address, hello.sentinel))
    return true;
  const auto stranger = state.strangers.find(hello.sentinel);
  return stranger != state.strangers.end() && Proves(stranger->second.standing, hello.id);
}

void AwaitProof(Turn& turn, const Hello& hello) {
  auto& strangers = turn.state().strangers;
  if (strangers.count(hello.sentinel) == 0) {
    if (!MakeRoom(turn.state())) return;
    Dial(turn, hello.sentinel);
  }
  Stranger& stranger = strangers.at(hello.sentinel);
  const Claim claim{hello.id, hello.group};
  const bool fits = stranger.claims.size() < kMaxClaims || stranger.claims.count(claim) != 0;
  if (IsAsked(stranger) && fits) stranger.claims.insert_or_assign(claim, hello);
}

void OnStrangerUp(Turn& turn, const base::Endpoint& address, std::string local_host) {
  Link& link = turn.state().strangers.at(address).link;
  GreetSentinel(turn, link, std::move(local_host));
  SendRequest(turn, link, {"SENTINEL", "MYID"}, ForMyid{});
}

void OnStrangerDown(Turn& turn, const base::Endpoint& address, LinkFailure failure) {
  Stranger& stranger = turn.state().strangers.at(address);
  OnLinkDown(turn, stranger.link, failure);
  Settle(turn, stranger, Unproven{}, "#" + std::string(LinkFailureName(failure)));
}

std::vector<Hello> OnMyidReply(Turn& turn, const base::Endpoint& address, const WireReply& reply) {
  return Settle(turn, turn.state().strangers.at(address), JudgeMyid(reply), Describe(reply));
}

void KeepStrangers(Turn& turn) {
  auto& strangers = turn.state().strangers;
  for (auto position = strangers.begin(); position != strangers.end();) {
    Stranger& stranger = position->second;
    const bool due = turn.now() >= stranger.until;
    const bool asked = IsAsked(stranger);
    if (due && asked) Settle(turn, stranger, Unproven{}, "#No answer");
    position = due && !asked ? strangers.erase(position) : std::next(position);
  }
}

base::Instant StrangersDeadline(const State& state) {
  base::Instant earliest = base::Instant::max();
  for (const auto& [address, stranger] : state.strangers)
    earliest = std::min(earliest, stranger.until);
  return earliest;
}

void ForgetStrangers(Turn& turn) {
  for (auto& [address, stranger] : turn.state().strangers) DropLink(turn, stranger.link);
  turn.state().strangers.clear();
}

}  // namespace quorate::sentinel::core
