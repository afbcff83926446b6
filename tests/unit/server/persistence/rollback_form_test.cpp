#include "server/persistence/rollback_form.h"

#include <string>

#include "server/commands/all.h"
#include "server/engine/command_table.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace quorate::server::persistence;
using replication::runtime::DiscardedStream;

namespace {

const std::string kId(40, 'a');
const std::string kSetA = "*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\n";
const std::string kMset = "*5\r\n$4\r\nMSET\r\n$1\r\na\r\n$1\r\n1\r\n$2\r\n\xffz\r\n$1\r\n2\r\n";
const std::string kPing = "*1\r\n$4\r\nPING\r\n";
const std::string kSelect0 = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n";

DiscardedStream Discarded(const std::string& bytes, int64_t begin, int64_t fork) {
  DiscardedStream discarded;
  discarded.history = *base::ReplicationId::Parse(kId);
  discarded.fork = {base::Offset(fork), false};
  discarded.begin = base::Offset(begin);
  discarded.end = base::Offset(begin + static_cast<int64_t>(bytes.size()));
  discarded.bytes = bytes;
  discarded.not_after = base::WallTime{7000};
  discarded.successor = {"10.0.0.2", 6379};
  return discarded;
}

RollbackRecord Make(const DiscardedStream& discarded) {
  server::engine::CommandTable table;
  server::commands::RegisterAll(table);
  return MakeRollbackRecord(discarded, table, {9000});
}

}  // namespace

TEST_CASE("rollback form: the file holds the writes, the summary their figures") {
  const RollbackRecord record = Make(Discarded(kSetA + kPing + kMset, 100, 100));
  CHECK(record.file == kSelect0 + kSetA + kMset);
  CHECK(record.summary.id ==
        kId + "-100-" + std::to_string(100 + kSetA.size() + kPing.size() + kMset.size()));
  CHECK(record.summary.commands == 2);
  CHECK(record.summary.keys == 2);
  CHECK(record.summary.key_names == std::vector<std::string>{"0:a", "0:\\xffz"});
  CHECK(record.summary.bytes == record.file.size());
  CHECK(record.summary.missing_bytes == 0);
  CHECK(record.summary.successor == "10.0.0.2:6379");
}

TEST_CASE("rollback form: what the backlog no longer held, and what cannot be read, is missing") {
  CHECK(Make(Discarded(kSetA, 130, 100)).summary.missing_bytes == 30);
  const RollbackRecord torn = Make(Discarded(kSetA + "*1\r\n$4\r\nPI", 100, 100));
  CHECK(torn.summary.commands == 1);
  CHECK(torn.summary.missing_bytes == 10);
}

TEST_CASE("rollback form: a summary reads back as it was written") {
  RollbackSummary summary = Make(Discarded(kSetA + kMset, 130, 100)).summary;
  summary.estimated = true;
  summary.written_after.reset();
  const auto read = ParseRollbackSummary(ToJson(summary));
  REQUIRE(read.ok());
  CHECK(*read == summary);
}

TEST_CASE("rollback form: what is no summary is refused, and what is odd in one is left out") {
  for (const char* text :
       {"", "[]", "nonsense", "{}", R"({"id": 5})", R"({"id": "../../etc/passwd"})"})
    CHECK(!ParseRollbackSummary(text).ok());
  const auto odd = ParseRollbackSummary(
      R"({"id": ")" + kId + R"(-1-2", "from": -5, "commands": "x", "keys": 1e99, "took_over": 3,
          "key_names": [1, "0:a"], "recorded_ms": null})");
  REQUIRE(odd.ok());
  CHECK(odd->from == base::Offset(0));
  CHECK(odd->key_names == std::vector<std::string>{"0:a"});
}

TEST_CASE("rollback form: an id is nothing but an id") {
  CHECK(IsRollbackId(kId + "-0-15"));
  for (const char* bad : {"", "-0-1", "/-0-1"}) {
    CHECK(!IsRollbackId(bad));
    CHECK(!IsRollbackId(kId + "/../" + bad));
  }
  CHECK(!IsRollbackId(kId + "-0-"));
  CHECK(!IsRollbackId(kId + "-0--1"));
  CHECK(!IsRollbackId(kId + "-0-1/../x"));
  CHECK(!IsRollbackId(std::string(40, 'g') + "-0-1"));
}
