#include "replication/core/discarded_writes.h"

#include <string>
#include <vector>

#include "replication/core/wire.h"

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;

namespace {

std::string Encode(const std::string& words) {
  std::vector<std::string_view> args;
  for (size_t at = 0; at < words.size();) {
    const size_t end = std::min(words.find(' ', at), words.size());
    args.push_back(std::string_view(words).substr(at, end - at));
    at = end + 1;
  }
  return EncodeCommand(std::span<const std::string_view>(args));
}

std::string Stream(const std::vector<std::string>& commands) {
  std::string bytes;
  for (const std::string& command : commands) bytes += Encode(command);
  return bytes;
}

class Bench {
 public:
  explicit Bench(int64_t begin = 0, int db = 0, int64_t from = 0)
      : writes(Offset(begin), db, Offset(from), [](auto args, const auto& found) {
          if (args.size() > 1 && args[0] != "FLUSHALL") found(args[1]);
        }) {}

  void Add(const std::vector<std::string>& commands) {
    for (const std::string& command : commands) {
      std::vector<std::string_view> args;
      for (size_t at = 0; at < command.size();) {
        const size_t end = std::min(command.find(' ', at), command.size());
        args.push_back(std::string_view(command).substr(at, end - at));
        at = end + 1;
      }
      writes.Add(args, Encode(command));
    }
  }

  DiscardedWrites writes;
};

}  // namespace

TEST_CASE("discarded writes: the commands as they came, SELECT first") {
  Bench bench;
  bench.Add({"SET a 1", "INCR b"});
  CHECK(bench.writes.file() == Stream({"SELECT 0", "SET a 1", "INCR b"}));
  CHECK(bench.writes.commands() == 2);
  CHECK(bench.writes.keys() == 2);
}

TEST_CASE(
    "discarded writes: the database at the start counts, and SELECT comes only where needed") {
  Bench bench(0, 3);
  bench.Add({"SET a 1", "SELECT 5", "SELECT 3", "SET b 1", "SELECT 7", "SET c 1"});
  CHECK(bench.writes.file() == Stream({"SELECT 3", "SET a 1", "SET b 1", "SELECT 7", "SET c 1"}));
}

TEST_CASE("discarded writes: keepalives, questions and messages are none") {
  Bench bench;
  bench.Add({"PING", "REPLCONF GETACK *", "PUBLISH __sentinel__:hello x", "SELECT 2"});
  CHECK(bench.writes.file().empty());
  CHECK(bench.writes.commands() == 0);
  CHECK(bench.writes.at() ==
        Offset(static_cast<int64_t>(
            Stream({"PING", "REPLCONF GETACK *", "PUBLISH __sentinel__:hello x", "SELECT 2"})
                .size())));
}

TEST_CASE("discarded writes: what ends at the fork is kept by both sides") {
  const auto common = static_cast<int64_t>(Stream({"SELECT 4", "SET a 1"}).size());
  Bench bench(1000, -1, 1000 + common);
  bench.Add({"SELECT 4", "SET a 1", "SET b 2"});
  CHECK(bench.writes.file() == Stream({"SELECT 4", "SET b 2"}));
}

TEST_CASE("discarded writes: a command that the fork cuts is recorded whole") {
  Bench bench(1000, 0, 1005);
  bench.Add({"SET a 1"});
  CHECK(bench.writes.file() == Stream({"SELECT 0", "SET a 1"}));
}

TEST_CASE("discarded writes: a transaction is whole, its database before MULTI") {
  Bench bench;
  bench.Add({"SELECT 1", "MULTI", "SET a 1", "PUBLISH c m", "SET b 1", "EXEC", "SET c 1"});
  CHECK(bench.writes.file() ==
        Stream({"SELECT 1", "MULTI", "SET a 1", "SET b 1", "EXEC", "SET c 1"}));
  CHECK(bench.writes.commands() == 3);
}

TEST_CASE("discarded writes: a SELECT inside a transaction is moved before it, later ones stay") {
  Bench bench;
  bench.Add({"MULTI", "SELECT 1", "SET a 1", "SELECT 2", "SET b 1", "EXEC", "SET c 1"});
  CHECK(bench.writes.file() ==
        Stream({"SELECT 1", "MULTI", "SET a 1", "SELECT 2", "SET b 1", "EXEC", "SET c 1"}));
}

TEST_CASE("discarded writes: a transaction that the fork cuts is recorded whole") {
  const auto half = static_cast<int64_t>(Stream({"MULTI", "SET a 1"}).size());
  Bench bench(0, 0, half);
  bench.Add({"MULTI", "SET a 1", "SET b 1", "EXEC"});
  CHECK(bench.writes.file() == Stream({"SELECT 0", "MULTI", "SET a 1", "SET b 1", "EXEC"}));
}

TEST_CASE("discarded writes: half transactions leave nothing") {
  Bench open;
  open.Add({"SET a 1", "MULTI", "SET b 1"});
  CHECK(open.writes.file() == Stream({"SELECT 0", "SET a 1"}));
  CHECK(open.writes.commands() == 1);
  Bench discarded;
  discarded.Add({"MULTI", "SELECT 3", "SET b 1", "DISCARD", "SET a 1", "EXEC"});
  CHECK(discarded.writes.file() == Stream({"SELECT 0", "SET a 1"}));
  Bench empty;
  empty.Add({"MULTI", "PUBLISH a b", "EXEC"});
  CHECK(empty.writes.file().empty());
}

TEST_CASE("discarded writes: keys are counted once per database and named in order") {
  Bench bench;
  bench.Add({"SET b 1", "SET a 1", "SET b 2", "SELECT 1", "DEL b", "FLUSHALL"});
  CHECK(bench.writes.keys() == 3);
  CHECK(bench.writes.named_keys() ==
        std::vector<std::pair<int, std::string>>{{0, "b"}, {0, "a"}, {1, "b"}});
}
