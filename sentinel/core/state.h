// What a sentinel knows: plain data, changed only by Sentinel::Step and read by everyone (commands
// and INFO render it). Ownership is a tree: State -> Group -> primary, replicas, peers; links of
// data nodes belong to their node, and the one command link to a peer sentinel is shared by all
// groups and belongs to the State.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "sentinel/core/durable.h"
#include "sentinel/core/failover_record.h"
#include "sentinel/core/hello.h"
#include "sentinel/core/info_parser.h"
#include "sentinel/core/settings.h"
#include "sentinel/core/wire.h"
#include "shared/base/ids.h"
#include "shared/base/time.h"

namespace quorate::sentinel::core {

// ---- links ----

enum class LinkPhase { kClosed, kConnecting, kUp };

// What a request was sent for; decides who judges its reply.
struct ForNothing {};
struct ForPing {};
struct ForInfo {
  base::Instant asked_at{};
};
// "Is the primary down?", with our candidacy of `epoch` if that is set.
struct ForMasterDown {
  std::string group;
  base::Endpoint primary;
  std::optional<base::Epoch> candidacy;
  base::Instant asked_at{};  // what it answers was so then
};
// The EXEC that promotes the heir of the failover with this epoch.
struct ForPromotion {
  base::Epoch epoch;
};
// CLIENT PAUSE on the primary, in the switchover with this epoch.
struct ForPause {
  base::Epoch epoch;
  base::Instant until;  // counted from when it was sent: the server's own end is later
};
// QUORATE HEARTBEAT (fencing.h).
struct ForHeartbeat {
  bool primary = false;  // what it was told that it is
};
// The EXEC of an order to follow the primary.
struct ForOrder {};
// SENTINEL MYID, of a stranger or a peer.
struct ForMyid {};
using RequestPurpose = std::variant<ForNothing, ForPing, ForInfo, ForMasterDown, ForPromotion,
                                    ForPause, ForHeartbeat, ForOrder, ForMyid>;
struct PendingRequest {
  RequestId id{};
  RequestPurpose purpose;
};

// One connection slot to an instance and its clocks. The id changes with every connection.
struct Link {
  LinkId id{};
  LinkPhase phase = LinkPhase::kClosed;
  std::vector<PendingRequest> requests;    // unanswered, in order; size() is link-pending-commands
  std::string local_host;                  // ours, while up
  base::Instant opened_at{};               // connection attempt; Redis' cc_conn_time
  base::Instant next_attempt{};            // while closed: earliest next OpenLink
  base::Instant last_activity{};           // anything received
  int failures = 0;                        // attempts to connect that failed since it was last up
  int refusals = 0;                        // of those in a row, the refused ones
  std::optional<base::Instant> broken_at;  // when it broke by reset or close, until it is up again

  bool up() const { return phase == LinkPhase::kUp; }
};

// A command link and the pings on it.
struct CommandLink : Link {
  std::optional<base::Instant>
      unanswered_since;  // oldest ping without a valid reply (survives reconnects)
  base::Instant last_ping_sent{};
  base::Instant last_valid_reply{};  // +PONG, -LOADING, -MASTERDOWN; at first: our start
  bool has_answered = false;         // validly, since we know the instance
  base::Instant last_reply{};        // any reply to a ping
};

// ---- instances ----

// What a server knows that refuses our epoch: a later one, whether it is the primary in that, and
// since when it has said so.
struct EpochRefusal {
  base::Epoch epoch;
  bool primary = false;
  base::Instant since{};
};

// A process that may hold the data: what is common to a primary and a replica.
struct DataNode {
  base::Endpoint address;
  CommandLink command;
  Link pubsub;

  std::optional<base::Instant> sdown_since;
  std::optional<base::RunId> run_id;
  std::optional<base::Instant> info_at;  // last INFO reply
  base::Instant info_as_of{};            // when the question it answers was sent
  base::Instant info_asked_at{};         // last question
  bool info_pending = false;
  bool info_wanted = false;  // ask at once, whatever the period
  std::string info_text;     // last INFO, as received
  Role reported_role = Role::kPrimary;
  base::Instant role_reported_at{};       // since when it has reported this role
  std::optional<base::Endpoint> primary;  // whom it said it follows, when last it reported replica
  base::Instant last_hello_sent{};
  bool script_kill_sent = false;
  std::optional<base::Instant> rebooted_at;  // run id changed and no +PONG since
  base::Instant new_process_at{};            // run id changed

  // fencing.h
  bool fencible = false;                  // a server of ours, by its INFO
  base::Duration primary_lease{};         // its own, by its INFO; 0 = none
  base::Instant heartbeat_at{};           // the last one sent
  std::optional<int64_t> stamp;           // of the last answer to one
  std::optional<base::Instant> stamp_at;  // when that came
  std::optional<EpochRefusal> refusal;    // by its last answer

  // From INFO; absent until first told.
  std::optional<std::string> rollback_record;  // the newest; empty: it has none
  std::optional<base::ReplicationId> replication_id;
  std::optional<base::ReplicationId> second_replication_id;
  std::optional<base::Offset> primary_offset;
};

// Where a replica stands in the re-pointing that follows a promotion.
struct NotReconfigured {};
struct ReconfSent {
  base::Instant at{};
};
struct ReconfInProgress {};
struct ReconfDone {};
using Reconfiguration = std::variant<NotReconfigured, ReconfSent, ReconfInProgress, ReconfDone>;

struct Replica : DataNode {
  base::Instant primary_changed_at{};  // since when it has said so
  bool primary_link_up = false;
  base::Duration primary_link_down{0};
  bool sync_in_progress = false;
  uint32_t priority = 100;
  base::Offset offset{0};
  bool announced = true;
  bool sync_refused = false;  // it says that the primary has lost data that it has
  bool was_primary = false;   // replaced by a failover and not seen as a replica since
  std::optional<base::RunId> replaced_process;  // that was the primary then, as far as known
  // When a sentinel of another group was last heard to call it that one's primary (IsForeign).
  std::optional<base::Instant> claimed_at;
  // Known from before a RESET at that time, and not heard from since (administration.h, Reset).
  std::optional<base::Instant> doubted_since;
  std::optional<base::Instant> repaired_at;  // last +convert-to-slave or +fix-slave-config
  Reconfiguration reconfiguration;
};

// The answer of a peer to "is the primary down?".
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
  base::Epoch config_epoch;  // of its last hello
  // The newest versions that it was told over this link: of PAUSE and RESUME, of shared settings.
  uint64_t maintenance_told = 0;
  uint64_t shared_told = 0;
  std::optional<PeerAnswer> answer;
  std::optional<Vote> vote;      // the newest vote it told us of
  uint32_t electorate_told = 0;  // with its newest answer to a request for a vote; 0: none
  std::optional<base::Epoch>
      replied_to;  // newest epoch of ours that it answered a request for, yes or no
};

struct PeerLink : CommandLink {
  base::RunId peer;
  base::Endpoint address;
  size_t users = 0;             // groups that know the peer; Redis' link-refcount
  base::Duration down_after{};  // the shortest of those groups
  std::optional<bool> ours;     // not a stock sentinel, by its INFO; absent: not told yet
  bool proven = false;          // this connection leads to the peer itself (links.h)
  base::Instant next_deadline{};
};

// Whose link it is: a group's data node, a peer's, or that of a stranger at an address.
using LinkOwner = std::variant<std::string, base::RunId, base::Endpoint>;

// ---- strangers ----

// It is being asked who it is.
struct Asked {};
// It has said so. Without an id: it is a sentinel too old to know the question.
struct Answered {
  std::optional<base::RunId> id;
};
// Nobody is there, or nobody who says who it is.
struct Unproven {};
using Standing = std::variant<Asked, Answered, Unproven>;

// Of which sentinel and group a hello speaks.
using Claim = std::pair<base::RunId, std::string>;

// An address that hellos claim for a sentinel which we have not met there (strangers.h).
struct Stranger {
  Link link;
  std::map<Claim, Hello> claims;  // the newest ones, that wait for the answer
  Standing standing;
  base::Instant until{};  // the deadline of the answer; then: when the standing is forgotten
};

// ---- failover ----

// One failover of a group, from candidacy to the last replica re-pointed. Phases in the order they
// are passed through.
struct WaitStart {
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
  base::Instant deadline{};                // abort, if not equal by then
  std::optional<base::Instant> paused_at;  // the primary has confirmed
  std::optional<base::Offset> target;      // the primary's offset after the pause
  base::Instant next_poll{};
};
struct SendPromotion {
  base::Instant not_before{};
};
struct WaitPromotion {
  LinkId sent_on{};
  base::Instant sent_at{};
};
// The promotion is a fact; the new configuration waits for its durability before anyone is told.
struct CommitConfig {};
struct ReconfigureReplicas {};
using FailoverPhase = std::variant<WaitStart, SelectReplica, PauseWrites, SendPromotion,
                                   WaitPromotion, CommitConfig, ReconfigureReplicas>;

// What an operator ordered by SENTINEL FAILOVER or SENTINEL SWITCHOVER.
struct Order {
  bool lossless = false;               // given up rather than carried out without a pause of writes
  std::optional<base::Endpoint> heir;  // absent: the best
  base::Duration catch_up{};           // the heir's time to become equal, with writes paused
  ClientId client = ClientId::kNone;   // waits for the end
  bool confirm = false;                // the primary is to stay, in a new epoch (fencing.h, Z3)
};

// CLIENT PAUSE on the old primary of a switchover.
struct WritePause {
  base::Instant until;        // as far as acknowledged; that of the first, before its answer
  base::Instant asked_until;  // by the newest
};

struct Failover {
  base::Epoch epoch;
  std::optional<Order> order;   // absent: the primary was lost
  bool planned = false;         // ordered, with a healthy primary: the switchover path
  bool promotion_sent = false;  // and not refused: it may be a fact
  int elections = 1;            // stood for so far
  base::Instant started_at{};
  base::Instant phase_entered_at{};
  base::Instant timeout_from{};        // as phase_entered_at, but see EnterPhase (failover.h)
  base::Endpoint old_primary;          // whom it replaces
  std::optional<base::Endpoint> heir;  // once chosen
  std::optional<WritePause> pause;     // of the old primary; absent: none, or left to run out
  std::optional<base::Instant> fenced_until;  // a fence was raised (fencing.h)
  FailoverRecord record;                      // so far (history.h)
  FailoverPhase phase;
};

// Where a configuration comes from.
struct OwnElection {};  // we led: a promotion, or a confirmation
struct HeardFrom {
  base::RunId sentinel;
};
struct ServerSaid {};  // the word of the server itself (fencing.h, Z3)
using ConfigSource = std::variant<OwnElection, HeardFrom, ServerSaid>;

// An (epoch, address) that was adopted but is not durable yet: it takes effect with its
// persistence.
struct PendingConfig {
  base::Epoch epoch;
  base::Endpoint primary;
  ConfigSource source;
  uint64_t version = 0;  // of the PersistState that makes it durable
};

// ---- names ----

// The addresses behind a host name, as last resolved (names.h).
struct ResolvedName {
  std::vector<std::string> ips;  // the preferred first; empty: never resolved yet
  base::Instant asked_at{};
  bool pending = false;
};

// ---- groups ----

// A lease that may rest on us, of a server that is not the primary any more (fencing.h, Z1).
struct FormerLease {
  std::optional<base::Endpoint> primary;  // absent: before our start, or a RESET
  base::Instant answered_at{};            // its last answer to a heartbeat was not later
  base::Duration lease{};
};

// pre-failover-script's word on the loss of the primary that began then (veto.h).
struct Consent {
  base::Instant odown_since;
  uint64_t question = 0;
  bool given = false;
};

// SENTINEL PAUSE (maintenance.h), as last told.
struct Maintenance {
  std::optional<base::Instant> until;  // absent: not paused
  std::string reason;
  uint64_t version = 0;  // of the last change; 0 = none that we know of
  bool expired = false;
};

struct Group {
  std::string name;
  GroupOptions options;
  DataNode primary;
  std::map<base::Endpoint, Replica> replicas;
  std::map<base::RunId, Peer> peers;

  base::Epoch config_epoch;
  // The newest epoch of which we know that somebody stood in it for this group, or won it.
  base::Epoch heard_epoch;
  // Another primary of our own epoch that was announced, so that it is said once.
  std::optional<base::Endpoint> conflict;
  base::Instant config_changed_at{};  // the primary became another; at first: our start
  std::vector<FormerLease> former_leases;
  Maintenance maintenance;
  SharedSettings shared;
  std::deque<base::Instant> unordered_failovers;  // seen, oldest first (flapping.h)
  base::Epoch ordered_epoch;  // the newest of which we know that its election was ordered
  std::optional<Consent> consent;
  Vote vote;
  base::Instant voted_at{};   // in this process
  uint64_t vote_version = 0;  // the PersistState that makes `vote` durable
  // Sentinels, with ourselves, whose majority is needed unless options.electorate says otherwise:
  // all ever known and not forgotten. RESET does not shrink it at once, or two small electorates
  // could elect two leaders in one epoch (electorate.h).
  uint32_t electorate_met = 1;
  // Addresses at which one sentinel took the place of another (electorate.h).
  std::set<base::Endpoint> replaced;
  // A RESET, or a replacement: some time after it the electorate is settled (KeepElectorate).
  std::optional<base::Instant> unsettled_at;
  bool data_lost = false;              // rule (e) of down_detection.h
  Cause down_cause = Cause::kUnknown;  // of the last +sdown of a primary
  std::optional<base::Instant> odown_since;
  std::optional<base::Instant> role_restored_at;  // last +fix-master-config
  std::optional<Failover> failover;
  std::optional<PendingConfig> pending_config;
  // No candidacy before this.
  base::Instant may_stand_at{};
  int failed_elections = 0;  // in a row, each with live peers
  base::Instant last_hinted_ask{};
};

struct State {
  base::RunId myid;
  base::Epoch current_epoch;
  Settings settings;
  std::map<std::string, Group> groups;  // in the order of their names
  std::map<base::RunId, PeerLink> peer_links;
  std::map<base::Endpoint, Stranger> strangers;
  std::map<std::string, ResolvedName> names;  // by name, in lower case
  base::Instant names_swept_at{};
  std::map<std::string, RetiredGroup> retired;
  base::Epoch retired_vote_floor;

  std::optional<base::Instant> tilt_since;
  uint64_t tilts = 0;
  bool persist_failed = false;    // the newest finished write failed
  uint64_t persist_version = 0;   // newest asked for
  uint64_t finished_version = 0;  // newest whose write has ended, well or not
  uint64_t durable_version = 0;   // newest known durable
  base::Instant persist_retry_at{};
  // When another process was last heard under our id: two would vote as one, so we take no part in
  // elections until it has been quiet for Timings::duplicate_quiet (E1).
  std::optional<base::Instant> duplicate_heard_at;
  std::deque<base::Endpoint> announced;  // the addresses in our hellos, newest last
  std::unordered_map<LinkId, LinkOwner> link_owners;
  uint64_t last_id = 0;  // of links and requests
};

}  // namespace quorate::sentinel::core
