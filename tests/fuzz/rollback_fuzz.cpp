// The files of a rollback record from arbitrary bytes. The commands: never a read outside the input,
// the same ones however the file is cut, and they are the file's own bytes. The summary: what is
// accepted is written so that it reads back as the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/persistence/rollback_base.h"
#include "server/persistence/rollback_form.h"
#include "server/persistence/rollback_reader.h"
#include "shared/base/check.h"
#include "shared/base/random.h"

namespace {

using namespace quorate::server::persistence;
using quorate::base::Random;

// The commands' bytes, and how it ended.
std::string ReadAll(std::string_view file, Random* pieces) {
  RollbackReader reader;
  std::string commands;
  bool more = true;
  while (more) {
    more = !file.empty();
    const size_t size =
        pieces == nullptr || file.empty() ? file.size() : 1 + pieces->Below(file.size());
    reader.Push(file.substr(0, size));
    file.remove_prefix(size);
    while (true) {
      const auto next = reader.Next();
      if (!next.ok()) return commands + next.error().message;
      if (!*next) break;
      CHECK(!reader.args().empty());
      commands += reader.raw();
    }
  }
  const auto end = reader.Finish();
  return end.ok() ? commands : commands + end.error().message;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  Random pieces(data[0]);
  const std::string whole = ReadAll(bytes, nullptr);
  CHECK(ReadAll(bytes, &pieces) == whole);

  if (const auto keys = RollbackBase::Parse(bytes); keys.ok()) {
    const auto keys_again = RollbackBase::Parse(keys->Encode());
    CHECK(keys_again.ok());
    CHECK(keys_again->size() == keys->size());
  }
  const auto summary = ParseRollbackSummary(bytes);
  if (!summary.ok()) return 0;
  CHECK(IsRollbackId(summary->id));
  const auto again = ParseRollbackSummary(ToJson(*summary));
  CHECK(again.ok());
  CHECK(*again == *summary);
  return 0;
}
