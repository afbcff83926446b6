// The files that a sentinel keeps beside its YAML: arbitrary bytes as the state file (under a right
// checksum, or nothing would get past it), as its journal and as the history. What is read is
// written and read again to the same; what a journal adds never takes an epoch back.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "sentinel/config/checksum.h"
#include "sentinel/config/history_file.h"
#include "sentinel/config/journal.h"
#include "sentinel/config/state_file.h"
#include "sentinel/core/durable.h"
#include "shared/base/check.h"

namespace {

namespace config = quorate::sentinel::config;
namespace core = quorate::sentinel::core;
using quorate::base::RunId;

void FuzzState(const std::string& text) {
  const auto state = config::ReadStateFile(text + "# xxh3-64 " + config::Checksum(text) + "\n");
  if (!state) return;
  const std::string written = config::WriteStateFile(*state);
  const auto again = config::ReadStateFile(written);
  CHECK(again.ok());
  CHECK(config::WriteStateFile(*again) == written);
}

// Each line gets the checksum that it needs.
void FuzzJournal(std::string_view text) {
  core::DurableState state;
  state.myid = *RunId::Parse(std::string(RunId::kLength, 'a'));
  state.journal = 3;
  state.current_epoch = quorate::base::Epoch(5);
  state.groups.resize(1);
  state.groups[0].name = "g";
  state.groups[0].primary = {"10.0.0.1", 6379};
  state.groups[0].config_epoch = quorate::base::Epoch(4);
  state.groups[0].vote.epoch = quorate::base::Epoch(5);
  const core::DurableState before = state;
  std::string journal = config::JournalHeader(3, state.myid);
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() < text.size() ? line.size() + 1 : line.size());
    journal += config::Checksum(line) + " " + std::string(line) + "\n";
  }
  (void)config::ApplyJournal(journal, state);
  CHECK(state.current_epoch >= before.current_epoch);
  CHECK(state.groups.size() == 1);
  CHECK(state.groups[0].vote.epoch >= before.groups[0].vote.epoch);
  CHECK(state.groups[0].config_epoch >= before.groups[0].config_epoch);
  if (state.groups[0].config_epoch == before.groups[0].config_epoch) return;
  CHECK(!state.groups[0].primary.empty());
}

void FuzzHistory(std::string_view text) {
  const config::History history = config::ReadHistory(text);
  const std::string written = config::WriteHistory(history.entries);
  const config::History again = config::ReadHistory(written);
  CHECK(again.damaged_lines == 0);
  CHECK(again.entries == history.entries);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  FuzzState(text);
  FuzzJournal(text);
  FuzzHistory(text);
  return 0;
}
