// A hello line of arbitrary bytes: what is accepted is within bounds and reads back from its own
// text, and a sentinel that hears it keeps its invariants and forgets no epoch.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sentinel/core/hello.h"
#include "sentinel/core/invariants.h"
#include "sentinel/core/sentinel.h"
#include "sentinel/core/timings.h"
#include "shared/base/check.h"

namespace {

using namespace quorate::sentinel::core;  // NOLINT(google-build-using-namespace)
using quorate::base::Endpoint;
using quorate::base::Instant;
using quorate::base::RunId;

DurableState OneGroup() {
  DurableState state;
  state.myid = *RunId::Parse(std::string(RunId::kLength, 'f'));
  DurableGroup group;
  group.name = "mymaster";
  group.primary = Endpoint{"10.0.0.1", 6379};
  group.replicas = {{"10.0.0.2", 6379}};
  group.peers = {{*RunId::Parse(std::string(RunId::kLength, 'a')), {"10.0.0.9", 26379}}};
  state.groups.push_back(group);
  return state;
}

void CheckParsed(std::string_view line) {
  const auto hello = ParseHello(line);
  if (!hello) return;
  CHECK(hello->current_epoch.number() <= kMaxEpoch && hello->config_epoch.number() <= kMaxEpoch);
  CHECK(hello->sentinel.port != 0 && hello->primary.port != 0);
  CHECK(IsValidGroupName(hello->group) && IsValidHost(hello->primary.host));
  CHECK(ParseHello(FormatHello(*hello)) == hello);
}

}  // namespace

// Lines are fed one after the other, so that an input can be a conversation.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  Instant now{std::chrono::seconds(1)};
  Sentinel sentinel(Settings{}, OneGroup(), 1);
  sentinel.Step(now, Start{});
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    CheckParsed(line);
    const DurableState before = sentinel.Durable();
    now += std::chrono::milliseconds(10);
    sentinel.Step(now, HelloPublished{ClientId(1), std::string(line)});
    sentinel.Step(now, Persisted{sentinel.state().persist_version, true});
    sentinel.CheckInvariants();
    CheckSuccession(before, sentinel.Durable());
  }
  return 0;
}
