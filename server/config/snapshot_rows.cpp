#include "server/config/table.h"
#include "shared/base/numbers.h"

namespace quorate::server::config {

using quorate::config::Args;
using quorate::config::Custom;
using quorate::config::Integer;
using quorate::config::kIntMax;
using quorate::config::ParseInteger;
using quorate::config::Shape;
using quorate::config::Text;
using quorate::config::Value;
using quorate::config::YesNo;
using S = ServerSettings;

namespace {

// Pairs of seconds and changes. Several lines of a file add up, the first one replaces the
// defaults; "" is none.
base::Status SetSave(S& settings, const Args& args) {
  std::vector<SavePoint> points;
  if (settings.save.lines_add) points = settings.save.points;
  if (args.empty() || args == Args{""}) {
    points.clear();
  } else if (args.size() % 2 != 0) {
    return base::Error{"Invalid save parameters"};
  }
  for (size_t i = 0; i + 1 < args.size(); i += 2) {
    const base::Result<int64_t> seconds = ParseInteger(args[i], 1, kIntMax);
    const base::Result<int64_t> changes = ParseInteger(args[i + 1], 0, kIntMax);
    if (!seconds || !changes) return base::Error{"Invalid save parameters"};
    points.push_back({*seconds, *changes});
  }
  settings.save.points = std::move(points);
  settings.save.lines_add = true;
  return {};
}

std::vector<Args> SaveLines(const S& settings) {
  if (settings.save.points.empty()) return {{""}};
  std::vector<Args> lines;
  for (const SavePoint& point : settings.save.points)
    lines.push_back({std::to_string(point.seconds), std::to_string(point.changes)});
  return lines;
}

base::Status CheckFileName(std::string_view name) {
  if (!name.empty() && name.find('/') == std::string_view::npos) return {};
  return base::Error{"dbfilename can't be a path, just a filename"};
}

}  // namespace

std::vector<ServerRow> SnapshotRows() {
  return {
      Custom<S>("save", Shape::kRepeated, "seconds and changes, or \"\"",
                "Save in the background when that many seconds have passed and that many keys have "
                "changed; several points may be given, \"\" is none.",
                SetSave, SaveLines),
      Value("dbfilename", &S::dbfilename, Text(CheckFileName),
            "Name of the snapshot file, in the working directory.")
          .Protected(),
      Value("rdbcompression", &S::rdb_compression, YesNo(),
            "Compress strings in snapshots where that saves anything."),
      Value("rdbchecksum", &S::rdb_checksum, YesNo(),
            "End a snapshot with a checksum, and check that of one that is read.")
          .Immutable(),
      Value("stop-writes-on-bgsave-error", &S::stop_writes_on_bgsave_error, YesNo(),
            "Refuse writes while there are save points and the last background save failed."),
      Value("rdb-key-save-delay", &S::rdb_key_save_delay,
            Integer<std::chrono::microseconds>(0, kIntMax),
            "Microseconds that a snapshot in the background rests for each key that it has read: "
            "a slow one, to try out what happens meanwhile."),
      Value("key-load-delay", &S::key_load_delay, Integer<std::chrono::microseconds>(0, kIntMax),
            "Microseconds that loading a snapshot file at start rests for each key that it has "
            "read: a slow one, to try out what happens meanwhile."),
  };
}

}  // namespace quorate::server::config
