// INFO text of arbitrary bytes: what is read is within bounds, and a sentinel that gets it from its
// primary or a replica keeps its invariants.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sentinel/core/hello.h"
#include "sentinel/core/info_parser.h"
#include "sentinel/core/sentinel.h"
#include "sentinel/core/timings.h"
#include "shared/base/check.h"

namespace {

using namespace quorate::sentinel::core;  // NOLINT(google-build-using-namespace)
using quorate::base::Endpoint;
using quorate::base::Instant;
using quorate::base::Offset;
using quorate::base::RunId;

void CheckParsed(std::string_view text) {
  const InfoFacts facts = ParseInfo(text);
  CHECK(facts.replicas.size() <= kMaxReplicasPerGroup);
  for (const Endpoint& replica : facts.replicas)
    CHECK(replica.port != 0 && IsValidHost(replica.host));
  if (facts.primary) CHECK(facts.primary->port != 0 && IsValidHost(facts.primary->host));
  CHECK(facts.replica_offset.value_or(Offset(0)) >= Offset(0));
  CHECK(facts.priority.value_or(0) <= INT32_MAX);
}

// Connects every link that is asked for and answers every INFO with `text`.
void Answer(Sentinel& sentinel, Instant now, const Actions& actions, const std::string& text) {
  for (const Action& action : actions) {
    if (const auto* open = std::get_if<OpenLink>(&action)) {
      Answer(sentinel, now, sentinel.Step(now, LinkUp{open->link, "10.0.0.100"}), text);
    } else if (const auto* send = std::get_if<Send>(&action)) {
      const bool info = send->argv.front() == "INFO";
      sentinel.Step(now, Replied{send->link, send->request,
                                 info ? WireReply::Bulk(text) : WireReply::Status("PONG")});
    }
  }
  sentinel.CheckInvariants();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  CheckParsed(text);
  DurableState state;
  state.myid = *RunId::Parse(std::string(RunId::kLength, 'f'));
  DurableGroup group;
  group.name = "mymaster";
  group.primary = Endpoint{"10.0.0.1", 6379};
  group.replicas = {{"10.0.0.2", 6379}};
  state.groups.push_back(group);
  Sentinel sentinel(Settings{}, state, 1);
  Instant now{std::chrono::seconds(1)};
  Answer(sentinel, now, sentinel.Step(now, Start{}), text);
  for (int i = 0; i < 3; ++i) {
    now += std::chrono::milliseconds(1100);
    Answer(sentinel, now, sentinel.Step(now, Tick{}), text);
  }
  return 0;
}
