#include "server/config/table.h"

namespace quorate::server::config {

using quorate::config::Args;
using quorate::config::Custom;
using quorate::config::Shape;
using quorate::config::Value;
using quorate::config::YesNo;
using S = ServerSettings;

namespace {

// Persistence on a schedule and the append-only file are not supported; the directives that turn
// them off are, because most configuration files hold them.
base::Status SetSave(S&, const Args& args) {
  if (args.empty() || args == Args{""}) return {};
  return base::Error{"snapshots on a schedule are not supported: only 'save \"\"' is accepted"};
}
base::Status SetAppendOnly(S&, const Args& args) {
  if (args.size() != 1) return base::Error{"wrong number of arguments"};
  const base::Result<bool> value = YesNo().parse(args[0]);
  if (!value) return value.error();
  if (*value)
    return base::Error{"the append-only file is not supported: only 'appendonly no' is accepted"};
  return {};
}

}  // namespace

std::vector<ServerRow> SnapshotRows() {
  ServerRow append_only =
      Custom<S>("appendonly", Shape::kSingle, "no", "The append-only file, which is not supported.",
                SetAppendOnly, [](const S&) { return std::vector<Args>{{"no"}}; });
  append_only.info.yes_no = true;
  return {
      Value("rdbcompression", &S::rdb_compression, YesNo(),
            "Compress strings in snapshots where that saves anything."),
      Value("rdbchecksum", &S::rdb_checksum, YesNo(),
            "End a snapshot with a checksum, and check that of one that is read.")
          .Immutable(),
      Custom<S>("save", Shape::kWords, "\"\"", "Snapshots on a schedule, which are not supported.",
                SetSave, [](const S&) { return std::vector<Args>{{""}}; }),
      std::move(append_only),
  };
}

}  // namespace quorate::server::config
