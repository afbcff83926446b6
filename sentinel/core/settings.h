// What is configured, as opposed to learned: the process-wide settings and the options of one
// monitored group.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "sentinel/core/timings.h"
#include "shared/base/time.h"

namespace quorate::sentinel::core {

// Process-wide (`sentinel announce-ip` and the like, CONFIG SET, DEBUG).
struct Settings {
  std::string announce_ip;     // empty: the local address of the link in question
  uint16_t announce_port = 0;  // 0: listen_port
  uint16_t listen_port = 26379;
  std::string sentinel_user;  // credentials towards peers
  std::string sentinel_pass;  // empty: requirepass, if that is set
  std::string requirepass;
  bool resolve_hostnames = false;
  bool announce_hostnames = false;
  bool deny_scripts_reconfig = true;
  Timings timings;

  friend bool operator==(const Settings&, const Settings&) = default;
};

// How the death of a process is recognised. kClassic waits for silence of down-after; kFast also
// acts on repeated resets and refusals.
enum class FailureDetection { kClassic, kFast };

// What follows when pre-failover-script gives no verdict: it ran too long, was killed, or could not
// be run.
enum class NoVerdict { kProceed, kVeto };

// Per group (`sentinel down-after-milliseconds <group> ...` and the like, SENTINEL SET).
struct GroupOptions {
  uint32_t quorum = 2;
  base::Duration down_after = std::chrono::seconds(30);
  base::Duration failover_timeout = std::chrono::minutes(3);
  uint32_t parallel_syncs = 1;
  // After a restart of the primary (new run id), -LOADING alone counts as down after this long; 0:
  // never.
  base::Duration reboot_down_after{0};
  std::string auth_user;
  std::string auth_pass;
  std::string notification_script;
  std::string client_reconfig_script;
  std::map<std::string, std::string> renamed_commands;  // upper-case original -> name on the wire
  FailureDetection failure_detection = FailureDetection::kClassic;
  // Sentinels, with ourselves, that elections count on, as the operator says; 0: all ever known.
  uint32_t electorate = 0;
  // A replica that is known to lack more bytes of the primary's stream does not take the role of a
  // lost primary; 0: however many.
  int64_t max_lag_on_failover = 0;
  // After so many failovers within the window that nobody ordered, none follows by itself
  // (flapping.h); 0: no limit.
  uint32_t flap_limit = 0;
  base::Duration flap_window = std::chrono::minutes(10);
  // Asked before we stand because the primary is lost (veto.h).
  std::string pre_failover_script;
  base::Duration pre_failover_timeout = std::chrono::seconds(5);
  NoVerdict pre_failover_on_timeout = NoVerdict::kProceed;

  friend bool operator==(const GroupOptions&, const GroupOptions&) = default;
};

}  // namespace quorate::sentinel::core
