// What a sentinel knows: plain data, changed only by Sentinel::Step and read by everyone (commands
// and INFO render it). Ownership is a tree: State -> Group -> primary, replicas, peers; links of
// data nodes belong to their node, and the one command link to a peer sentinel is shared by all
// groups and belongs to the State.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sentinel/core/durable.h"
#include "sentinel/core/info_parser.h"
#include "sentinel/core/settings.h"
#include "sentinel/core/wire.h"
#include "shared/base/ids.h"
#include "shared/base/time.h"

namespace quorate::sentinel::core {

// ---- links ----

enum class LinkPhase { kClosed, kConnecting, kUp };

// One connection slot to an instance and its clocks. The id changes with every connection.
struct Link {
  LinkId id{};
  LinkPhase phase = LinkPhase::kClosed;
  std::string local_host;                     // ours, while up
  base::Instant opened_at{};                  // connection attempt; Redis' cc_conn_time
  std::optional<base::Instant> next_attempt;  // while closed: earliest next OpenLink
  base::Instant last_activity{};              // anything received
  int refusals = 0;                           // connections refused in a row since it was last up
  bool was_reset = false;                     // it broke by reset or close since it was last up

  bool up() const { return phase == LinkPhase::kUp; }
};

// A command link and the pings on it.
struct CommandLink : Link {
  std::optional<base::Instant>
      unanswered_since;  // oldest ping without a valid reply (survives reconnects)
  base::Instant last_ping_sent{};
  base::Instant last_valid_reply{};  // +PONG, -LOADING, -MASTERDOWN
  base::Instant last_reply{};        // any reply to a ping
  int pending_commands = 0;
};

// ---- instances ----

// A process that may hold the data: what is common to a primary and a replica.
struct DataNode {
  base::Endpoint address;
  CommandLink command;
  Link pubsub;

  std::optional<base::Instant> sdown_since;
  std::optional<base::RunId> run_id;
  std::optional<base::Instant> info_at;        // last INFO reply
  std::optional<base::Instant> info_asked_at;  // outstanding or last question
  bool info_pending = false;
  std::string info_text;  // last INFO, as received
  Role reported_role = Role::kPrimary;
  base::Instant role_reported_at{};  // since when it has reported this role
  base::Instant last_hello_sent{};
  bool script_kill_sent = false;
  std::optional<base::Instant> rebooted_at;  // run id changed and no +PONG since

  // From INFO; absent until first told.
  std::optional<base::ReplicationId> replication_id;
  std::optional<base::ReplicationId> second_replication_id;
  std::optional<base::Offset> second_offset;
  std::optional<base::Offset> primary_offset;
};

// Where a replica stands in the re-pointing that follows a promotion.
struct NotReconfigured {};
struct ReconfSent {
  base::Instant at{};
};
struct ReconfInProgress {
  base::Instant at{};
};
struct ReconfDone {};
using Reconfiguration = std::variant<NotReconfigured, ReconfSent, ReconfInProgress, ReconfDone>;

struct Replica : DataNode {
  std::optional<base::Endpoint> primary;  // whom it says it follows
  base::Instant primary_changed_at{};     // since when it has said so
  bool primary_link_up = false;
  base::Duration primary_link_down{0};
  bool sync_in_progress = false;
  uint32_t priority = 100;
  base::Offset offset{0};
  bool announced = true;
  Reconfiguration reconfiguration;
};

// The answer of a peer to "is the primary down?" and its vote.
struct PeerAnswer {
  bool down = false;
  base::Instant at{};
};

// Another sentinel, as one group knows it. Its link is State::peer_links[id].
struct Peer {
  base::RunId id;
  base::Endpoint address;
  std::optional<base::Instant> sdown_since;
  std::optional<base::Instant> last_hello;
  std::optional<base::Instant> asked_at;
  base::Instant last_hello_sent{};
  std::optional<PeerAnswer> answer;
  std::optional<Vote> vote;  // the newest vote it told us of
  std::optional<base::Epoch>
      replied_to;  // newest epoch of ours that it answered a request for, yes or no
};

struct PeerLink : CommandLink {
  base::RunId peer;
  base::Endpoint address;
  size_t users = 0;  // groups that know the peer; Redis' link-refcount
};

// ---- failover ----

// One failover of a group, from candidacy to the last replica re-pointed. Phases in the order they
// are passed through.
struct WaitStart {
  bool own_vote_durable = false;
  base::Instant deadline{};
};
// Fresh INFO has been asked of every candidate; the choice is made when all have answered, or at
// the deadline.
struct SelectReplica {
  base::Instant deadline{};
  base::Instant asked_at{};
};
// Planned switchover only: writes on the primary are paused and the heir catches up (switchover.h).
struct PauseWrites {
  base::Instant deadline{};            // abort, if not equal by then
  bool paused = false;                 // the primary has confirmed
  std::optional<base::Offset> target;  // the primary's offset after the pause
  std::optional<base::Instant> next_poll;
};
struct SendPromotion {};
struct WaitPromotion {
  bool exec_confirmed = false;
};
// The promotion is a fact; the new configuration waits for its durability before anyone is told.
struct CommitConfig {};
struct ReconfigureReplicas {};
using FailoverPhase = std::variant<WaitStart, SelectReplica, PauseWrites, SendPromotion,
                                   WaitPromotion, CommitConfig, ReconfigureReplicas>;

struct Failover {
  base::Epoch epoch;
  bool forced = false;   // SENTINEL FAILOVER
  bool planned = false;  // forced with a healthy primary: the switchover path
  base::Instant started_at{};
  base::Instant phase_entered_at{};
  std::optional<base::Endpoint> heir;         // from SelectReplica on
  std::optional<base::Endpoint> old_primary;  // from CommitConfig on
  std::optional<base::Instant>
      paused_until;  // writes on the old primary are paused till then at most
  FailoverPhase phase;
};

// SENTINEL MASTERS' failover-state: none, wait_start, select_slave, send_slaveof_noone,
// wait_promotion, reconf_slaves.
std::string_view FailoverStateName(const std::optional<Failover>& failover);

// An (epoch, address) that was adopted but is not durable yet: it takes effect with its
// persistence.
struct PendingConfig {
  base::Epoch epoch;
  base::Endpoint primary;
  std::optional<base::RunId> from;  // the sentinel that announced it; absent: we are the leader
  uint64_t version = 0;             // of the PersistState that makes it durable
};

// ---- groups ----

struct Group {
  std::string name;
  GroupOptions options;
  DataNode primary;
  std::map<base::Endpoint, Replica> replicas;
  std::map<base::RunId, Peer> peers;

  base::Epoch config_epoch;
  Vote vote;
  std::optional<base::Instant> odown_since;
  std::optional<Failover> failover;
  std::optional<PendingConfig> pending_config;
  // No candidacy before this.
  base::Instant may_stand_at{};
  int failed_elections = 0;  // in a row, each with live peers
  base::Instant last_hinted_ask{};

  base::Instant next_deadline = base::Instant::max();
};

struct State {
  base::RunId myid;
  base::Epoch current_epoch;
  Settings settings;
  std::map<std::string, Group> groups;  // in the order of their names
  std::map<base::RunId, PeerLink> peer_links;
  std::map<std::string, base::Epoch> retired_votes;
  base::Epoch retired_vote_floor;

  std::optional<base::Instant> tilt_since;
  uint64_t tilts = 0;
  bool persist_failed = false;   // the newest finished write failed
  uint64_t persist_version = 0;  // newest asked for
  uint64_t durable_version = 0;  // newest known durable
  bool duplicate_myid = false;   // another process uses our id
};

}  // namespace quorate::sentinel::core
