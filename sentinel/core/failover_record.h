// What SENTINEL HISTORY keeps of a failover: plain facts, as one sentinel saw them. Put together by
// history.h; the runtime stamps it with the time of day, keeps and writes it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/ids.h"
#include "shared/base/time.h"

namespace quorate::sentinel::core {

// Why a primary was to be replaced. The first five are the rules of down_detection.h.
enum class Cause {
  kSilence,
  kDeath,
  kWrongRole,
  kReboot,
  kDataLost,
  kOrder,   // SENTINEL FAILOVER or SWITCHOVER
  kUnknown  // another sentinel led it
};
std::string_view CauseName(Cause cause);
std::optional<Cause> ParseCause(std::string_view name);

inline constexpr std::string_view kOutcomePromoted = "promoted";
inline constexpr std::string_view kOutcomeDone = "done";  // and the replicas were re-pointed
inline constexpr std::string_view kOutcomeObserved = "observed";
inline constexpr std::string_view kOutcomeGivenUp =
    "given-up";  // for another configuration, or RESET

struct PhaseSpan {
  std::string name;
  base::Duration took{};

  friend bool operator==(const PhaseSpan&, const PhaseSpan&) = default;
};

struct FailoverRecord {
  std::string group;
  base::Epoch epoch;
  bool led = false;  // by this sentinel; else only epoch, cause, addresses and leader are known
  Cause cause = Cause::kUnknown;
  // One of the above, or the event of its end: "failover-abort-no-good-slave".
  std::string outcome;
  std::optional<base::RunId> leader;  // of an observed one: whom we heard of it from first
  base::Endpoint from;
  std::optional<base::Endpoint> to;
  std::vector<std::string> evidence;  // sentences
  std::vector<base::RunId> votes;     // whose
  size_t votes_needed = 0;
  std::vector<PhaseSpan> phases;  // in order, each once
  base::Duration took{};  // from the candidacy until the promotion was announced, or the end
  // Of the old primary's stream, what the heir is known to have lacked: as of the primary's last
  // INFO, so there may be more. 0 after a switchover. Absent: it told no offset.
  std::optional<int64_t> bytes_at_risk;

  friend bool operator==(const FailoverRecord&, const FailoverRecord&) = default;
};

// A rollback record that a server of ours made when it came back as a replica: what it had to
// discard, and where it is.
struct DiscardedWrites {
  base::Endpoint server;
  std::string record;  // its id, for QUORATE ROLLBACK
  uint64_t commands = 0;
  uint64_t bytes = 0;

  friend bool operator==(const DiscardedWrites&, const DiscardedWrites&) = default;
};

}  // namespace quorate::sentinel::core
