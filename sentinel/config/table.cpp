#include "sentinel/config/table.h"

#include <limits>

namespace quorate::sentinel::config {

using quorate::config::AddGroup;
using quorate::config::Args;
using quorate::config::Choice;
using quorate::config::Custom;
using quorate::config::Integer;
using quorate::config::kInt64Max;
using quorate::config::kIntMax;
using quorate::config::Memory;
using quorate::config::Octal;
using quorate::config::OptionalText;
using quorate::config::Row;
using quorate::config::Shape;
using quorate::config::Text;
using quorate::config::Value;
using quorate::config::YesNo;
using S = ProcessSettings;

namespace {

constexpr size_t kMaxBindAddresses = 16;
constexpr uint64_t kLeastBufferLimit = 1 << 20;

base::Status SetBind(S& settings, const Args& args) {
  if (args.size() > kMaxBindAddresses) return base::Error{"Too many bind addresses specified."};
  settings.bind = args == Args{""} ? Args{} : args;
  return {};
}
std::vector<Args> BindLines(const S& settings) {
  return {settings.bind.empty() ? Args{""} : settings.bind};
}

std::vector<Row<S>> NetworkRows() {
  return {
      Value("port", &S::port, Integer<uint16_t>(0, 65535),
            "TCP port for clients and other sentinels."),
      Custom<S>("bind", Shape::kWords, "up to 16 addresses",
                "Addresses to listen on: IP literals, * for every IPv4 and ::* for every IPv6 "
                "address. One with a "
                "leading '-' is skipped if the host does not have it.",
                SetBind, BindLines),
      Value("unixsocket", &S::unixsocket, OptionalText(),
            "Path of a unix socket to listen on as well."),
      Value("unixsocketperm", &S::unixsocketperm, Octal(0, 0777),
            "Permissions of the unix socket; 0 leaves them to the umask."),
      Value("tcp-backlog", &S::tcp_backlog, Integer<int>(0, kIntMax),
            "Connections that the kernel queues until they are accepted."),
      Value("tcp-keepalive", &S::tcp_keepalive, Integer<std::chrono::seconds>(0, kIntMax),
            "Idle seconds after which the kernel probes a client; 0 turns the probes off."),
      Value("timeout", &S::timeout, Integer<std::chrono::seconds>(0, kIntMax),
            "Idle seconds after which a client without subscriptions is disconnected; 0 keeps it."),
      Value("protected-mode", &S::protected_mode, YesNo(),
            "Without a password, serve loopback and unix socket connections only."),
  };
}

std::vector<Row<S>> ClientRows() {
  return {
      Value("requirepass", &S::requirepass, OptionalText(),
            "Password that clients must give with AUTH; empty means none. It is also given to "
            "other sentinels, "
            "unless sentinel-pass is set.")
          .Sensitive(),
      Value("maxclients", &S::maxclients,
            Integer<uint32_t>(1, std::numeric_limits<uint32_t>::max()),
            "Clients that may be connected at the same time."),
      Value("client-query-buffer-limit", &S::client_query_buffer_limit,
            Memory(kLeastBufferLimit, kInt64Max),
            "Unfinished request that a client may send before it is disconnected."),
      Value("pubsub-output-limit", &S::pubsub_output_limit, Memory(0, kInt64Max),
            "Events that a subscriber may leave unread before it is disconnected; 0 is no limit."),
  };
}

std::vector<Row<S>> GeneralRows() {
  return {
      Value("loglevel", &S::loglevel, LogLevelCodec(),
            "The least severe messages that are logged."),
      Value("logfile", &S::logfile, Text(), "Path of the log; empty is standard output."),
      Value("daemonize", &S::daemonize, YesNo(), "Run in the background."),
      Value("pidfile", &S::pidfile, OptionalText(),
            "File that holds the process id while the sentinel runs."),
      Value("supervised", &S::supervised,
            Choice<Supervised>({{"systemd", Supervised::kSystemd},
                                {"auto", Supervised::kAuto},
                                {"no", Supervised::kNo}}),
            "Report readiness to systemd through NOTIFY_SOCKET; auto does so if that variable is "
            "set."),
      Value("dir", &S::dir, Text(),
            "Working directory: relative paths, also of scripts, start here."),
  };
}

}  // namespace

quorate::config::Codec<LogLevel> LogLevelCodec() {
  return Choice<LogLevel>({{"debug", LogLevel::kDebug},
                           {"verbose", LogLevel::kVerbose},
                           {"notice", LogLevel::kNotice},
                           {"warning", LogLevel::kWarning},
                           {"nothing", LogLevel::kNothing}});
}

ProcessTable MakeDirectiveTable() {
  std::vector<Row<S>> rows;
  AddGroup(rows, "network", NetworkRows());
  AddGroup(rows, "clients", ClientRows());
  AddGroup(rows, "general", GeneralRows());
  return ProcessTable(std::move(rows));
}

}  // namespace quorate::sentinel::config
