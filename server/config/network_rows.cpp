#include "server/config/table.h"
#include "shared/config/process_rows.h"

namespace quorate::server::config {

using quorate::config::Join;
using quorate::config::Value;
using quorate::config::YesNo;
using S = ServerSettings;

std::vector<ServerRow> NetworkRows() {
  return Join(quorate::config::ListeningRows<S>(
                  "TCP port for clients and replicas; 0 listens on no TCP port."),
              {Value("protected-mode", &S::protected_mode, YesNo(),
                     "Without a password, serve loopback and unix socket connections only.")});
}

}  // namespace quorate::server::config
