// Everything that can be configured about a sentinel process beside what it monitors: the generic
// directives, as one plain struct whose initialisers are the defaults. What concerns monitoring is
// core::Settings and core::GroupOptions.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "shared/base/log_level.h"
#include "shared/config/process_settings.h"

namespace quorate::sentinel::config {

using base::LogLevel;
using quorate::config::Supervised;

struct ProcessSettings {
  // -- network
  uint16_t port = 26379;  // 0: no TCP
  std::vector<std::string> bind = {"*", "-::*"};
  std::string unixsocket;
  uint32_t unixsocketperm = 0;  // 0: as the umask leaves it
  int tcp_backlog = 511;
  std::chrono::seconds tcp_keepalive{300};  // 0: off
  std::chrono::seconds timeout{0};          // 0: idle clients stay
  bool protected_mode = false;

  // -- clients
  std::string requirepass;  // empty: none
  uint32_t maxclients = 10000;
  uint64_t client_query_buffer_limit = 1ULL << 30;
  uint64_t pubsub_output_limit = 32ULL << 20;  // 0: none

  // -- general
  LogLevel loglevel = LogLevel::kNotice;
  std::string logfile;  // empty: standard output
  bool daemonize = false;
  std::string pidfile;
  Supervised supervised = Supervised::kNo;
  std::string dir = ".";

  // -- unhonoured
  quorate::config::KeptValues kept;

  friend bool operator==(const ProcessSettings&, const ProcessSettings&) = default;
};

}  // namespace quorate::sentinel::config
