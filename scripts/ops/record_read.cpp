#include "scripts/ops/record_read.h"

#include <fstream>
#include <iterator>

#include "scripts/ops/ask.h"

namespace quorate::ops {
namespace {

constexpr base::Duration kTimeout = std::chrono::seconds(2);

}  // namespace

base::Result<std::set<std::string>> ListRecords(Foreground& foreground,
                                                const Deployment& deployment,
                                                const std::string& server) {
  const Topology& topology = deployment.topology();
  const auto reply = Ask(foreground, topology.EndpointOf(PortOf(topology, server)),
                         {"QUORATE", "ROLLBACK", "LIST"}, kTimeout);
  const std::string no_records = "no rollback records of " + server + ": ";
  if (!reply) return base::Error{no_records + reply.error().message};
  if (reply->is_error()) return base::Error{no_records + reply->text};
  std::set<std::string> ids;
  for (const resp::Value& entry : reply->items) {
    // Names and values in turn.
    for (size_t i = 0; i + 1 < entry.items.size(); i += 2)
      if (entry.items[i].text == "id") ids.insert(entry.items[i + 1].text);
  }
  return ids;
}

base::Status ReadRecord(const Deployment& deployment, const std::string& server,
                        const std::string& id, std::vector<RecordedCommand>& commands) {
  const std::string path = deployment.directory() + "/" + server + "/rollback/" + id + ".aof";
  std::ifstream file(path, std::ios::binary);
  if (!file) return base::Error{"cannot read " + path};
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (const auto status = AppendRecorded(bytes, commands); !status)
    return base::Error{path + ": " + status.error().message};
  return {};
}

}  // namespace quorate::ops
