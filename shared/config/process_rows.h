// The directives that every daemon has about its process and its listening sockets, over a settings
// struct S with members of the same names.
#pragma once

#include <string>
#include <vector>

#include "shared/config/directive.h"
#include "shared/config/process_settings.h"

namespace quorate::config {

inline constexpr size_t kMaxBindAddresses = 16;

template <typename S>
Row<S> BindRow() {
  return Custom<S>(
      "bind", Shape::kWords, "up to 16 addresses",
      "Addresses to listen on: IP literals, * for every IPv4 and ::* for every IPv6 address. One "
      "with a leading '-' is skipped if the host does not have it.",
      [](S& settings, const Args& args) -> base::Status {
        if (args.size() > kMaxBindAddresses)
          return base::Error{"Too many bind addresses specified."};
        settings.bind = args == Args{""} ? Args{} : args;
        return {};
      },
      [](const S& settings) {
        return std::vector<Args>{settings.bind.empty() ? Args{""} : settings.bind};
      });
}

// What the process listens on; `port_doc` says for whom.
template <typename S>
std::vector<Row<S>> ListeningRows(std::string port_doc) {
  using Seconds = std::chrono::seconds;
  return {
      Value("port", &S::port, Integer<uint16_t>(0, 65535), std::move(port_doc)),
      BindRow<S>(),
      Value("unixsocket", &S::unixsocket, OptionalText(),
            "Path of a unix socket to listen on as well.")
          .Immutable(),
      Value("unixsocketperm", &S::unixsocketperm, Octal(0, 0777),
            "Permissions of the unix socket; 0 leaves them to the umask.")
          .Immutable(),
      Value("tcp-backlog", &S::tcp_backlog, Integer<int>(0, kIntMax),
            "Connections that the kernel queues until they are accepted (limited by "
            "net.core.somaxconn).")
          .Immutable(),
      Value("tcp-keepalive", &S::tcp_keepalive, Integer<Seconds>(0, kIntMax),
            "Idle seconds after which the kernel probes a client; 0 turns the probes off."),
      Value("timeout", &S::timeout, Integer<Seconds>(0, kIntMax),
            "Idle seconds after which a client without subscriptions is disconnected; 0 keeps it."),
  };
}

// How the process runs.
template <typename S>
std::vector<Row<S>> ProcessRows() {
  return {
      Value("logfile", &S::logfile, Text(), "Path of the log; empty is standard output.")
          .Immutable(),
      Value("daemonize", &S::daemonize, YesNo(), "Run in the background.").Immutable(),
      Value("pidfile", &S::pidfile, OptionalText(),
            "File that holds the process id while the process runs.")
          .Immutable(),
      Value("supervised", &S::supervised,
            Choice<Supervised>({{"systemd", Supervised::kSystemd},
                                {"auto", Supervised::kAuto},
                                {"no", Supervised::kNo}}),
            "Report readiness to systemd through NOTIFY_SOCKET; auto does so if that variable is "
            "set.")
          .Immutable(),
  };
}

// `first` and then `second`.
template <typename S>
std::vector<Row<S>> Join(std::vector<Row<S>> first, std::vector<Row<S>> second) {
  for (Row<S>& row : second) first.push_back(std::move(row));
  return first;
}

}  // namespace quorate::config
