#include "sentinel/config/table.h"

#include <limits>

#include "shared/config/default_user.h"
#include "shared/config/process_rows.h"
#include "shared/config/unhonoured.h"

namespace quorate::sentinel::config {

using quorate::config::AddGroup;
using quorate::config::Choice;
using quorate::config::Integer;
using quorate::config::Join;
using quorate::config::kInt64Max;
using quorate::config::Memory;
using quorate::config::OptionalText;
using quorate::config::Row;
using quorate::config::Text;
using quorate::config::Value;
using quorate::config::YesNo;
using S = ProcessSettings;

namespace {

constexpr uint64_t kLeastBufferLimit = 1 << 20;

std::vector<Row<S>> NetworkRows() {
  return Join(quorate::config::ListeningRows<S>("TCP port for clients and other sentinels."),
              {Value("protected-mode", &S::protected_mode, YesNo(),
                     "Without a password, serve loopback and unix socket connections only.")});
}

std::vector<Row<S>> ClientRows() {
  return {
      Value("requirepass", &S::requirepass, OptionalText(),
            "Password that clients must give with AUTH; empty means none. It is also given to "
            "other sentinels, unless sentinel-pass is set.")
          .Sensitive(),
      quorate::config::DefaultUserRow(&S::kept),
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
  return Join({Value("loglevel", &S::loglevel, LogLevelCodec(),
                     "The least severe messages that are logged.")},
              Join(quorate::config::ProcessRows<S>(),
                   {
                       Value("dir", &S::dir, Text(),
                             "Working directory: relative paths, also of scripts, start here."),
                   }));
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
  quorate::config::AddUnhonoured(rows, &S::kept);
  return ProcessTable(std::move(rows));
}

const ProcessTable& Directives() {
  static const ProcessTable kTable = MakeDirectiveTable();
  return kTable;
}

}  // namespace quorate::sentinel::config
