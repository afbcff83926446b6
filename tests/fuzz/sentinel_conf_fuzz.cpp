// A sentinel.conf of arbitrary bytes: what loads, loads again from the file that is written in its
// place, and says the same then.
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "sentinel/config/configuration.h"
#include "shared/base/check.h"

namespace {

using quorate::sentinel::config::Configuration;
using quorate::sentinel::config::LoadConfiguration;
using quorate::sentinel::config::MakeDirectiveTable;
using quorate::sentinel::config::ProcessTable;
using quorate::sentinel::config::RenderState;
using quorate::sentinel::config::Sources;

quorate::base::Result<Configuration> Load(std::string text, const ProcessTable& table) {
  Sources sources;
  sources.startup.file = {"fuzz.conf", std::move(text)};
  sources.startup.include = [](const std::string& path)
      -> quorate::base::Result<std::vector<quorate::config::SourceFile>> {
    return quorate::base::Error{path + ": No such file or directory"};
  };
  return LoadConfiguration(sources, table);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const ProcessTable table = MakeDirectiveTable();
  const std::string text(reinterpret_cast<const char*>(data), size);
  auto first = Load(text, table);
  if (!first || first->durable.myid.IsZero()) return 0;  // an id is given before the first write
  ++first->durable.journal;
  const std::string written = RenderState("fuzz.conf", text, table, *first);
  const auto second = Load(written, table);
  CHECK(second.ok());
  for (auto& group : first->durable.groups) group.vote.leader.reset();  // not kept in this syntax
  // What is not said of an electorate is at least ourselves and the peers.
  auto again = second->durable;
  for (auto* state : {&first->durable, &again})
    for (auto& group : state->groups)
      if (group.electorate_met <= group.peers.size() + 1) group.electorate_met = 0;
  CHECK(again == first->durable);
  CHECK(second->settings == first->settings);
  CHECK(RenderState("fuzz.conf", written, table, *second) == written);
  return 0;
}
