#include <set>

#include "server/config/table.h"

namespace quorate::server::config {

using quorate::config::Args;
using quorate::config::Custom;
using quorate::config::Shape;
using quorate::config::Value;
using quorate::config::YesNo;
using S = ServerSettings;

namespace {

// Snapshots on a schedule are not supported. Every file that Redis rewrites holds its three default
// points, asked for by nobody: they are let pass, with the warning of an inert directive. Others
// are refused.
base::Status SetSave(S&, const Args& args) {
  static const std::set<Args> kDefaults = {{"3600", "1"}, {"300", "100"}, {"60", "10000"}};
  if (args.empty() || args == Args{""} || kDefaults.contains(args)) return {};
  return base::Error{"snapshots on a schedule are not supported: only 'save \"\"' is accepted"};
}

}  // namespace

std::vector<ServerRow> SnapshotRows() {
  ServerRow save =
      Custom<S>("save", Shape::kWords, "\"\"", "Snapshots on a schedule, which are not supported.",
                SetSave, [](const S&) { return std::vector<Args>{{""}}; });
  save.info.inert = true;
  return {
      Value("rdbcompression", &S::rdb_compression, YesNo(),
            "Compress strings in snapshots where that saves anything."),
      Value("rdbchecksum", &S::rdb_checksum, YesNo(),
            "End a snapshot with a checksum, and check that of one that is read.")
          .Immutable(),
      std::move(save),
  };
}

}  // namespace quorate::server::config
