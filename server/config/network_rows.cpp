#include "server/config/table.h"

namespace quorate::server::config {

using quorate::config::Args;
using quorate::config::Custom;
using quorate::config::Integer;
using quorate::config::kIntMax;
using quorate::config::Octal;
using quorate::config::OptionalText;
using quorate::config::Shape;
using quorate::config::Value;
using quorate::config::YesNo;
using S = ServerSettings;

namespace {

constexpr size_t kMaxBindAddresses = 16;

base::Status SetBind(S& settings, const Args& args) {
  if (args.size() > kMaxBindAddresses) return base::Error{"Too many bind addresses specified."};
  settings.bind = args == Args{""} ? Args{} : args;
  return {};
}
std::vector<Args> BindLines(const S& settings) {
  return {settings.bind.empty() ? Args{""} : settings.bind};
}
std::string GetBind(const S& settings) {
  std::string joined;
  for (const std::string& address : settings.bind) joined += (joined.empty() ? "" : " ") + address;
  return joined;
}

}  // namespace

std::vector<ServerRow> NetworkRows() {
  return {
      Value("port", &S::port, Integer<uint16_t>(0, 65535),
            "TCP port for clients and replicas; 0 listens on no TCP port."),
      Custom<S>("bind", Shape::kWords, "up to 16 addresses",
                "Addresses to listen on: IP literals, * for every IPv4 and ::* for every IPv6 "
                "address. One with a leading "
                "'-' is skipped if the host does not have it.",
                SetBind, BindLines, GetBind),
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
      Value("tcp-keepalive", &S::tcp_keepalive, Integer<std::chrono::seconds>(0, kIntMax),
            "Idle seconds after which the kernel probes a client; 0 turns the probes off."),
      Value("timeout", &S::timeout, Integer<std::chrono::seconds>(0, kIntMax),
            "Idle seconds after which a client is disconnected; 0 keeps it."),
      Value("protected-mode", &S::protected_mode, YesNo(),
            "Without a password, serve loopback and unix socket connections only."),
  };
}

}  // namespace quorate::server::config
