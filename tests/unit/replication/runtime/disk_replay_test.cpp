// A stream that was found on disk is run up to the last whole command or transaction.
#include "replication/runtime/disk_replay.h"

#include <string>
#include <vector>

#include "tests/unit/replication/runtime/disk_node.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace std::chrono_literals;
using replication::runtime::DiskReplay;
using replication::runtime::StreamApplier;
using replication::runtime::testing::DiskNode;
using replication::runtime::testing::Recovered;

namespace {

// Writes down what it is asked to do.
class Applier final : public StreamApplier {
 public:
  void BeginBytes() override {}
  size_t LookAhead(std::string_view) override { return 1; }
  base::Status Apply(std::span<const std::string_view> args) override {
    if (args[0] == "NOSUCH") return base::Error{"ERR unknown command"};
    for (size_t i = 0; i < args.size(); ++i) log += (i == 0 ? "" : " ") + std::string(args[i]);
    log += "\n";
    return {};
  }
  void SelectDb(int db) override { log += "in " + std::to_string(db) + "\n"; }
  void AbortTransaction() override { log += "abort\n"; }
  void EndStream() override { log += "end\n"; }

  std::string log;
};

std::string Resp(const std::vector<std::string>& args) {
  std::string out = "*" + std::to_string(args.size()) + "\r\n";
  for (const std::string& arg : args)
    out += "$" + std::to_string(arg.size()) + "\r\n" + arg + "\r\n";
  return out;
}

constexpr int kDatabases = 16;

// Writes `stream`, dies, and replays it from offset `from` on.
struct Replayed {
  explicit Replayed(const std::string& stream, int64_t from = 0, int db = 2,
                    bool reads_fail = false) {
    simulation::World world(1);
    simulation::Host& host = world.AddHost("10.0.0.1");
    DiskNode node(world, host);
    node.Start();
    node.Append(stream);
    world.RunFor(1s);
    node.Kill();
    REQUIRE(node.Recover().bytes == stream);
    bool done = false;
    DiskReplay replay(node.disk(), applier, {base::Offset(from), db}, kDatabases,
                      [&](const DiskReplay::Outcome& found) {
                        outcome = found;
                        done = true;
                      });
    if (reads_fail) host.disk().FailNextReads(1);
    replay.Start();
    REQUIRE(world.RunUntil([&] { return done; }, 10s));
  }
  int64_t end() const { return outcome.end.bytes(); }

  Applier applier;
  DiskReplay::Outcome outcome;
};

const std::string kFirst = Resp({"SET", "a", "1"});

}  // namespace

TEST_CASE("disk replay: whole commands run, from where the dataset is") {
  const std::string rest = Resp({"SELECT", "7"}) + Resp({"SET", "b", "2"});
  const Replayed replayed(kFirst + rest, static_cast<int64_t>(kFirst.size()));
  CHECK(replayed.applier.log == "in 2\nSELECT 7\nSET b 2\nend\n");
  CHECK(replayed.end() == static_cast<int64_t>(kFirst.size() + rest.size()));
  CHECK(replayed.outcome.stream_db == 7);
  CHECK(replayed.outcome.problem == "");
}

TEST_CASE("disk replay: a torn command is left out") {
  const Replayed replayed(kFirst + kFirst.substr(0, 9));
  CHECK(replayed.applier.log == "in 2\nSET a 1\nend\n");
  CHECK(replayed.end() == static_cast<int64_t>(kFirst.size()));
}

TEST_CASE("disk replay: half a transaction is left out, with the database that it selected") {
  const Replayed replayed(kFirst + Resp({"MULTI"}) + Resp({"SELECT", "5"}) + kFirst);
  CHECK(replayed.applier.log == "in 2\nSET a 1\nMULTI\nSELECT 5\nSET a 1\nabort\nend\n");
  CHECK(replayed.end() == static_cast<int64_t>(kFirst.size()));
  CHECK(replayed.outcome.stream_db == 2);
}

TEST_CASE("disk replay: messages and questions to replicas count, and are not run again") {
  const std::string others =
      Resp({"PUBLISH", "c", "m"}) + Resp({"REPLCONF", "GETACK", "*"}) + "\r\n";
  const Replayed replayed(others + kFirst);
  CHECK(replayed.applier.log == "in 2\nSET a 1\nend\n");
  CHECK(replayed.end() == static_cast<int64_t>(others.size() + kFirst.size()));
}

TEST_CASE("disk replay: it stops before what it cannot run, and says so") {
  const Replayed unknown(kFirst + Resp({"NOSUCH"}) + kFirst);
  CHECK(unknown.end() == static_cast<int64_t>(kFirst.size()));
  CHECK(unknown.outcome.problem == "ERR unknown command");
  const Replayed text(kFirst + "SET a 2\r\n");
  CHECK(text.end() == static_cast<int64_t>(kFirst.size()));
  CHECK(text.outcome.problem == "what follows is no stream of commands");
}

TEST_CASE("disk replay: what cannot be read is not the stream's end") {
  const Replayed replayed(kFirst, 0, 2, /*reads_fail=*/true);
  REQUIRE_FALSE(replayed.outcome.status);
  CHECK(replayed.outcome.status.error().message ==
        "/server/backlog-0000000000000001.seg: Input/output error");
  CHECK(replayed.applier.log == "in 2\nend\n");
}

TEST_CASE("disk replay: a database that there is not is no place to go on in") {
  const Replayed begins(kFirst, 0, kDatabases);
  REQUIRE_FALSE(begins.outcome.status);
  CHECK(begins.outcome.status.error().message ==
        "at offset 0 the stream selects database 16, which does not exist here (databases 16)");
  CHECK(begins.applier.log == "end\n");
  const std::string last = Resp({"SELECT", std::to_string(kDatabases - 1)});
  CHECK(Replayed(last + kFirst).outcome.status);
  const std::string beyond = Resp({"SELECT", std::to_string(kDatabases)});
  const Replayed selects(kFirst + beyond + kFirst);
  REQUIRE_FALSE(selects.outcome.status);
  CHECK(selects.applier.log == "in 2\nSET a 1\nend\n");
}
