// What can happen to a sentinel: everything that Sentinel::Step takes. Plain values; the texts in
// them come from peers and are judged by the core, not by the runtime.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "sentinel/core/settings.h"
#include "sentinel/core/wire.h"
#include "shared/base/ids.h"
#include "shared/base/time.h"

namespace quorate::sentinel::core {

// ---- the process and its clock ----

// The first input, once: opens the links and announces the monitored groups.
struct Start {};
// NextDeadline() has come (an early or late Tick is harmless).
struct Tick {};
// Every PersistState up to and including `version` is durable (ok), or the write of `version` has
// failed.
struct Persisted {
  uint64_t version = 0;
  bool ok = false;
};

// ---- links (opened by OpenLink) ----

enum class LinkFailure {
  kRefused,
  kReset,
  kClosed,
  kTimeout,
  kUnreachable,
  kUnresolved,
  kProtocol
};

struct LinkUp {
  LinkId link{};
  std::string local_host;  // our own address on this connection, an IP literal
};
// The link is gone: it never came up, or broke. Requests without a reply on it are lost. The core
// opens a new one under a new id when it is due. Not sent for links closed by CloseLink.
struct LinkDown {
  LinkId link{};
  LinkFailure failure = LinkFailure::kClosed;
};
// The reply to Send{request}; replies of one link come in the order of its Sends.
struct Replied {
  LinkId link{};
  RequestId request{};
  WireReply reply;
};
// A pub/sub message on a pubsub link.
struct MessageReceived {
  LinkId link{};
  std::string channel;
  std::string payload;
};

// The answer to ResolveName{host}: its IP literals, the preferred first; none if it failed.
struct NameResolved {
  std::string host;
  std::vector<std::string> ips;
};

// What the operator's script says to AskVeto{question}.
enum class Verdict { kProceed, kVeto, kNone };
struct VetoAnswered {
  uint64_t question = 0;
  Verdict verdict = Verdict::kNone;
  std::string detail;  // for people: "exit code 3"
};

// ---- commands of clients; each is answered by one Respond with its client, perhaps later ----

// What a vote is asked for: the primary is lost, or a change was ordered.
enum class Candidacy { kLost, kOrdered };
// SENTINEL IS-MASTER-DOWN-BY-ADDR; `candidate` empty when the caller gave "*" (it only asks).
// `candidacy`: only sentinels of ours say it, and are told why they are refused.
struct MasterDownQuery {
  ClientId client{};
  base::Endpoint primary;
  uint64_t epoch = 0;
  std::string candidate;
  std::optional<Candidacy> candidacy = {};
};
// PUBLISH __sentinel__:hello <payload>. Answered with the integer 1.
struct HelloPublished {
  ClientId client{};
  std::string payload;
};
struct ResetGroups {
  ClientId client{};
  std::string pattern;
};
struct FailoverRequested {
  ClientId client{};
  std::string group;
  bool coordinated = false;  // COORDINATED: only if no write is lost
};
// SENTINEL SWITCHOVER <group> [TO <ip> <port>] [TIMEOUT <ms>]; answered when it has ended.
struct SwitchoverRequested {
  ClientId client{};
  std::string group;
  std::optional<base::Endpoint> to;
  std::optional<base::Duration> timeout;
};
// SENTINEL PAUSE <group> <seconds> <reason> [VERSION <n>] and RESUME <group> [VERSION <n>]
// (maintenance.h); `version`: another sentinel passes it on.
struct PauseRequested {
  ClientId client{};
  std::string group;
  int64_t seconds = 0;
  std::string reason;
  std::optional<uint64_t> version;
  base::WallTime asked_at{};  // of what an operator says, the last word wins
};
struct ResumeRequested {
  ClientId client{};
  std::string group;
  std::optional<uint64_t> version;
  base::WallTime asked_at{};
};
// Texts are as the client sent them; the core checks them and answers with Redis' errors.
struct MonitorRequested {
  ClientId client{};
  std::string group;
  std::string host;
  std::string port;
  std::string quorum;
};
struct RemoveRequested {
  ClientId client{};
  std::string group;
};
// SENTINEL FORGET <group> <run id of a sentinel>.
struct ForgetRequested {
  ClientId client{};
  std::string group;
  std::string peer;
};
// SENTINEL SET <group> <arguments...>: option/value pairs (rename-command takes two values), then
// perhaps PROPAGATE; or what another sentinel passes on, which begins with VERSION
// (shared_settings.h).
// `not_executable`: those of the arguments that name no file which can be run.
struct SetRequested {
  ClientId client{};
  std::string group;
  std::vector<std::string> arguments;
  std::set<std::string> not_executable = {};
  base::WallTime asked_at{};
};
struct FlushRequested {
  ClientId client{};
};
// SENTINEL CONFIG SET, or SENTINEL DEBUG: the new settings as a whole, already checked by the
// command.
struct SettingsChanged {
  ClientId client{};
  Settings settings;
};

using Input = std::variant<Start, Tick, Persisted, LinkUp, LinkDown, Replied, MessageReceived,
                           NameResolved, MasterDownQuery, HelloPublished, ResetGroups,
                           FailoverRequested, SwitchoverRequested, PauseRequested, ResumeRequested,
                           MonitorRequested, RemoveRequested, ForgetRequested, SetRequested,
                           FlushRequested, SettingsChanged, VetoAnswered>;

}  // namespace quorate::sentinel::core
