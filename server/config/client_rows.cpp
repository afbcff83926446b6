#include "server/config/table.h"

#include <limits>

#include "shared/base/numbers.h"

namespace quorate::server::config {

using quorate::config::Args;
using quorate::config::Custom;
using quorate::config::Integer;
using quorate::config::kInt64Max;
using quorate::config::kIntMax;
using quorate::config::Memory;
using quorate::config::Shape;
using quorate::config::Value;
using S = ServerSettings;

namespace {

constexpr uint64_t kLeastBufferLimit = 1 << 20;

std::optional<ClientClass> ParseClientClass(std::string_view name) {
  if (base::EqualsIgnoreCase(name, "normal")) return ClientClass::kNormal;
  if (base::EqualsIgnoreCase(name, "replica") || base::EqualsIgnoreCase(name, "slave"))
    return ClientClass::kReplica;
  if (base::EqualsIgnoreCase(name, "pubsub")) return ClientClass::kPubSub;
  return std::nullopt;
}

// One or several groups of <class> <hard limit> <soft limit> <soft seconds>; the other classes stay
// as they are.
base::Status SetOutputBufferLimits(S& settings, const Args& args) {
  constexpr size_t kWordsPerClass = 4;
  if (args.empty() || args.size() % kWordsPerClass != 0)
    return base::Error{"Wrong number of arguments in buffer limit configuration."};
  auto limits = settings.client_output_buffer_limit;
  for (size_t i = 0; i < args.size(); i += kWordsPerClass) {
    const std::optional<ClientClass> client_class = ParseClientClass(args[i]);
    if (!client_class)
      return base::Error{"Invalid client class specified in buffer limit configuration."};
    const std::optional<uint64_t> hard = base::ParseMemorySize(args[i + 1]);
    const std::optional<uint64_t> soft = base::ParseMemorySize(args[i + 2]);
    const base::Result<int64_t> seconds = quorate::config::ParseInteger(args[i + 3], 0, kIntMax);
    if (!hard || !soft || !seconds)
      return base::Error{
          "Error in hard, soft or soft_seconds setting in buffer limit configuration."};
    limits[static_cast<size_t>(*client_class)] = {*hard, *soft, std::chrono::seconds(*seconds)};
  }
  settings.client_output_buffer_limit = limits;
  return {};
}

std::vector<Args> OutputBufferLimitLines(const S& settings) {
  static constexpr std::array<const char*, 3> kNames = {"normal", "replica", "pubsub"};
  std::vector<Args> lines;
  for (size_t i = 0; i < kNames.size(); ++i) {
    const OutputBufferLimit& limit = settings.client_output_buffer_limit[i];
    lines.push_back({kNames[i], quorate::config::WriteMemory(limit.hard_bytes),
                     quorate::config::WriteMemory(limit.soft_bytes),
                     std::to_string(limit.soft_time.count())});
  }
  return lines;
}

std::string GetOutputBufferLimits(const S& settings) {
  static constexpr std::array<const char*, 3> kNames = {"normal", "slave", "pubsub"};
  std::string text;
  for (size_t i = 0; i < kNames.size(); ++i) {
    const OutputBufferLimit& limit = settings.client_output_buffer_limit[i];
    text += std::string(i == 0 ? "" : " ") + kNames[i] + " " + std::to_string(limit.hard_bytes) +
            " " + std::to_string(limit.soft_bytes) + " " + std::to_string(limit.soft_time.count());
  }
  return text;
}

}  // namespace

std::vector<ServerRow> ClientRows() {
  return {
      Value("maxclients", &S::maxclients,
            Integer<uint32_t>(1, std::numeric_limits<uint32_t>::max()),
            "Clients that may be connected at the same time."),
      Custom<S>("client-output-buffer-limit", Shape::kRepeated,
                "normal|replica|pubsub, hard limit, soft limit, seconds",
                "Replies that a client of the class may leave unread: it is disconnected at the "
                "hard limit, or when it "
                "stays over the soft limit for the seconds given; 0 is no limit.",
                SetOutputBufferLimits, OutputBufferLimitLines, GetOutputBufferLimits),
      Value("client-query-buffer-limit", &S::client_query_buffer_limit,
            Memory(kLeastBufferLimit, kInt64Max),
            "Unfinished request that a client may send before it is disconnected."),
      Value("proto-max-bulk-len", &S::proto_max_bulk_len, Memory(kLeastBufferLimit, kInt64Max),
            "Largest single argument of a request, and largest string value."),
  };
}

}  // namespace quorate::server::config
