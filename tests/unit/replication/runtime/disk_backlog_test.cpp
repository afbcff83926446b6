// The on-disk backlog over a disk that fills up, fails to sync and loses its power.
#include "replication/runtime/disk_backlog.h"

#include <fmt/format.h>

#include "tests/unit/replication/runtime/disk_node.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace std::chrono_literals;
using replication::runtime::DiskBacklog;
using replication::runtime::testing::DiskNode;
using replication::runtime::testing::Recovered;
using simulation::Host;
using simulation::World;

namespace {

std::string Bytes(base::Random& random, size_t size) {
  std::string bytes;
  while (bytes.size() < size) bytes.push_back(static_cast<char>('a' + random.Below(26)));
  return bytes;
}

// The run is a part of a history that there was, from its first byte to its last.
void DemandPart(const Recovered& found, const DiskNode& node) {
  CHECK(found.error == "");
  if (found.index.empty()) return;
  const auto history = node.written.find(found.index.latest().id.ToString());
  REQUIRE(history != node.written.end());
  REQUIRE(found.end() <= static_cast<int64_t>(history->second.size()));
  const auto start = static_cast<size_t>(found.start());
  CHECK(found.bytes == history->second.substr(start, static_cast<size_t>(found.end()) - start));
  if (found.index.from_empty()) CHECK(found.start() == 0);
}

// A log of three segments, the last with some records; its files in order.
struct SmallLog {
  SmallLog() : world(3), node(world, world.AddHost("10.0.0.1")) {
    base::Random random(5);
    node.Start();
    for (int process = 0; process < 3; ++process) {
      for (int i = 0; i < 4; ++i) {
        node.Append(Bytes(random, 20));
        world.RunFor(50ms);
      }
      node.Kill();
      const Recovered found = node.Recover();
      CHECK(found.end() == 80 * (process + 1));
      if (process < 2) node.Resume(found.end());
    }
    Host& host = world.host("10.0.0.1");
    for (const std::string& path : host.disk().List()) {
      paths.push_back(path);
      files.push_back(*host.disk().Peek(path));
    }
    REQUIRE(files.size() == 3);
  }
  // With these instead, and no snapshot file.
  Recovered With(const std::vector<std::string>& others) {
    Host& host = world.host("10.0.0.1");
    for (size_t i = 0; i < others.size(); ++i) host.disk().Put(paths[i], others[i]);
    return node.Recover(replication::core::SnapshotFile());
  }
  // How far the stream can be read from its beginning, if nothing of file `i` is good from byte
  // `size` on.
  int64_t ReadableEnd(size_t i, size_t size) const {
    replication::core::SegmentParser parser;
    std::string_view good = std::string_view(files[i]).substr(0, size);
    int64_t end = static_cast<int64_t>(i) * 80;
    while (parser.Next(good) != replication::core::SegmentParser::Outcome::kNeedMore) {
      good.remove_prefix(parser.consumed());
      end = parser.end().bytes();
    }
    return end;
  }
  // It is the stream from its first byte up to `end`.
  void DemandBeginning(const Recovered& found, int64_t end) const {
    DemandPart(found, node);
    CHECK(found.start() == 0);
    CHECK(found.end() == end);
    CHECK(found.bytes.size() == static_cast<size_t>(end));
    if (end != 0) CHECK(found.index.from_empty());
  }

  World world;
  DiskNode node;
  std::vector<std::string> paths;
  std::vector<std::string> files;
};

}  // namespace

TEST_CASE("on-disk backlog: cut at any byte, what is left is the stream's beginning") {
  SmallLog log;
  for (size_t i = 0; i < log.files.size(); ++i) {
    for (size_t size = 0; size < log.files[i].size(); ++size) {
      std::vector<std::string> files = log.files;
      files[i].resize(size);
      CAPTURE(i);
      CAPTURE(size);
      log.DemandBeginning(log.With(files), log.ReadableEnd(i, size));
    }
  }
  log.DemandBeginning(log.With(log.files), 240);
}

TEST_CASE("on-disk backlog: an altered byte of any segment leaves what is before it") {
  SmallLog log;
  for (size_t i = 0; i < log.files.size(); ++i) {
    for (size_t at = 0; at < log.files[i].size(); ++at) {
      std::vector<std::string> files = log.files;
      files[i][at] = static_cast<char>(files[i][at] ^ 0x11);
      const Recovered found = log.With(files);
      CAPTURE(i);
      CAPTURE(at);
      log.DemandBeginning(found, log.ReadableEnd(i, at));
      CHECK_FALSE(found.notes.empty());
    }
  }
}

TEST_CASE("on-disk backlog: segments that are lost, empty, or of another place") {
  SmallLog log;
  const std::string& first = log.files[0];
  const std::string& last = log.files[2];
  const struct {
    size_t at;
    std::string file;
    int64_t end;
  } cases[] = {
      {0, "", 0},      {0, std::string(100'000, '\xff'), 0},
      {0, first, 240}, {0, last, 0},
      {1, "", 80},     {1, std::string(100'000, '\xff'), 80},
      {1, first, 80},  {1, last, 80},
      {2, "", 160},    {2, std::string(100'000, '\xff'), 160},
      {2, last, 240},  {2, first, 80},  // it says that the history began anew
  };
  for (const auto& one : cases) {
    CAPTURE(one.at);
    CAPTURE(one.file.substr(0, 10));
    std::vector<std::string> files = log.files;
    files[one.at] = one.file;
    log.DemandBeginning(log.With(files), one.end);
  }
}

TEST_CASE("on-disk backlog: a bad place in the middle is its end, and it goes on from there") {
  SmallLog log;
  std::vector<std::string> files = log.files;
  files[1][files[1].size() - 60] ^= 0x11;  // in the third record of four
  const Recovered found = log.With(files);
  log.DemandBeginning(found, 120);
  REQUIRE(found.choice);
  REQUIRE(found.choice->unreachable.size() == 1);
  CHECK(found.choice->unreachable[0].start == base::Offset(160));
  CHECK(found.choice->unreachable[0].end == base::Offset(240));
  log.node.Resume(120);
  log.node.Append("and goes on");
  log.world.RunFor(2s);
  log.node.Kill();
  const Recovered again = log.node.Recover(replication::core::SnapshotFile());
  log.DemandBeginning(again, 131);
  CHECK(again.choice->unreachable.empty());
  CHECK(log.world.host("10.0.0.1").disk().Peek(log.paths[2]) == files[2]);
}

TEST_CASE("on-disk backlog: a segment that cannot be read is not a bad one") {
  SmallLog log;
  Host& host = log.world.host("10.0.0.1");
  host.disk().Put("/server/backlog-0000000000000009.seg.new", "begun");
  host.disk().FailNextReads(1);
  const Recovered found = log.node.Recover();
  CHECK(found.any);
  CHECK(found.scan_error == log.paths[0] + ": Input/output error");
  CHECK(found.index.empty());
  CHECK(host.disk().List().size() == 4);
  for (size_t i = 0; i < log.paths.size(); ++i)
    CHECK(host.disk().Peek(log.paths[i]) == log.files[i]);
  CHECK(log.node.Recover().end() == 240);
}

TEST_CASE("on-disk backlog: all that was found at a start is durable from then on") {
  SmallLog log;
  Host& host = log.world.host("10.0.0.1");
  for (size_t i = 0; i < log.paths.size(); ++i) {
    REQUIRE(host.disk().Remove(log.paths[i]).ok());
    const auto file = host.disk().Create(log.paths[i]);
    REQUIRE(file.ok());
    REQUIRE(host.disk().Append(**file, log.paths[i], log.files[i]).ok());
  }
  REQUIRE(host.disk().SyncDirectoryOf(log.paths[0]).ok());
  log.DemandBeginning(log.node.Recover(), 240);
  log.node.PowerOff();
  log.DemandBeginning(log.node.Recover(), 240);
}

TEST_CASE("on-disk backlog: what may not be durable at a start is not built upon") {
  SmallLog log;
  const replication::core::SnapshotFile none;
  log.world.host("10.0.0.1").disk().FailNextSyncs(1);
  log.DemandBeginning(log.node.Recover(none), 240);
  log.node.Resume(240);
  log.world.RunFor(1s);
  CHECK(log.node.disk().WantsSnapshot(none));
  CHECK(log.node.history().disk()->start == base::Offset(240));
}

TEST_CASE("on-disk backlog: what was written lately is durable soon, though nothing follows") {
  World world(1);
  Host& host = world.AddHost("10.0.0.1");
  DiskNode node(world, host);
  node.Start();
  world.RunFor(1500ms);
  node.Append("first");
  world.RunFor(20ms);
  node.Append("last");
  world.RunFor(1200ms);
  node.PowerOff();
  const Recovered found = node.Recover();
  CHECK(found.bytes == "firstlast");
  CHECK(found.index.from_empty());
}

TEST_CASE("on-disk backlog: after a failure it goes on from what is durable") {
  bool full = false;
  SUBCASE("the disk is full") { full = true; }
  SUBCASE("what should be synced is not") {}
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    World world(seed);
    Host& host = world.AddHost("10.0.0.1");
    DiskNode node(world, host);
    node.Start();
    world.RunFor(1500ms);
    node.Append("synced");
    world.RunFor(1200ms);
    node.Append(" written");
    world.RunFor(50ms);
    if (full) host.disk().SetFull(true);
    if (!full) host.disk().FailNextSyncs(1);
    world.RunFor(500ms);
    node.Append(" during");
    world.RunFor(1s);
    CHECK(node.notes.size() == 1);
    host.disk().SetFull(false);
    world.RunFor(10s);
    node.Append(" after");
    world.RunFor(2s);
    node.PowerOff();
    const Recovered found = node.Recover();
    CHECK(found.bytes == "synced written during after");
    CHECK(found.index.from_empty());
  }
}

// What was written and not synced is lost at a power cut, whatever is synced later.
TEST_CASE("on-disk backlog: nothing is built upon what a failed sync left, if memory has lost it") {
  World world(12);
  Host& host = world.AddHost("10.0.0.1");
  DiskNode node(world, host, DiskNode::kLimit, DiskBacklog::kMaxUnwritten, /*memory=*/1024 * 1024);
  base::Random random(12);
  node.Start();
  world.RunFor(1500ms);
  node.Append("synced");
  world.RunFor(20ms);
  for (int i = 0; i < 6; ++i) {
    node.Append(Bytes(random, 250'000));
    world.RunFor(20ms);
  }
  host.disk().FailNextSyncs(1);
  world.RunFor(2s);
  REQUIRE(node.notes.size() == 1);
  const base::Offset kept = node.history().backlog()->start();
  REQUIRE(kept > base::Offset(0));
  world.RunFor(6s);
  REQUIRE(node.notes.size() == 2);
  CHECK(node.notes[1] == "On-disk backlog: it is written again.");
  const replication::core::SnapshotFile none;
  CHECK(node.disk().WantsSnapshot(none));
  REQUIRE(node.history().disk());
  CHECK(node.history().disk()->start == kept);
  const replication::core::SnapshotFile file{
      .exists = true, .position = {{node.history().id(), node.history().offset()}}};
  node.Append("last");
  world.RunFor(1200ms);
  CHECK_FALSE(node.disk().WantsSnapshot(file));
  node.PowerOff();
  const Recovered found = node.Recover(file);
  REQUIRE(found.choice);
  DemandPart(found, node);
  CHECK(found.end() == node.history().offset().bytes());
}

TEST_CASE("on-disk backlog: a segment that was never finished does not stand in the way") {
  World world(4);
  Host& host = world.AddHost("10.0.0.1");
  host.disk().Put("/server/backlog-0000000000000001.seg.new", "rubbish");
  DiskNode node(world, host);
  CHECK_FALSE(node.Recover().any);
  CHECK(host.disk().List().empty());
}

TEST_CASE("on-disk backlog: turned on late, it writes what memory has, however much that is") {
  World world(6);
  Host& host = world.AddHost("10.0.0.1");
  DiskNode node(world, host, DiskNode::kLimit, /*max_unwritten=*/1'000'000);
  base::Random random(6);
  node.Append(Bytes(random, 5'000'000));
  node.Start();
  world.RunFor(1s);
  CHECK(node.notes.empty());
  REQUIRE(node.history().disk());
  CHECK(node.history().disk()->end == node.history().offset());
}

TEST_CASE("on-disk backlog: a disk that does not keep up is given up until it is written again") {
  World world(7);
  Host& host = world.AddHost("10.0.0.1");
  DiskNode node(world, host, DiskNode::kLimit, /*max_unwritten=*/1'000'000);
  node.Start();
  world.RunFor(1500ms);
  node.Append("under way");
  node.Append(std::string(DiskNode::kMemory + 1'000'100, 'x'));
  CHECK(node.notes.size() == 1);
  // What was under way is written; nothing else is.
  world.RunFor(3s);
  CHECK(node.notes.size() == 1);
  replication::core::BacklogView view;
  node.disk().Describe(view);
  CHECK(view.disk_problem == "the disk does not keep up");
  world.RunFor(5s);
  REQUIRE(node.notes.size() == 2);
  CHECK(node.notes[1] == "On-disk backlog: it is written again.");
  CHECK(node.history().disk()->end == node.history().offset());
}

TEST_CASE("on-disk backlog: a promotion between two segments is the second one's beginning") {
  World world(8);
  Host& host = world.AddHost("10.0.0.1");
  DiskNode node(world, host);
  node.Start();
  world.RunFor(1500ms);
  // Two segments, of which memory has only the second.
  for (size_t written = 0; written < 2 * DiskNode::kLimit / 8; written += 1024 * 1024) {
    node.Append(std::string(1024 * 1024, 'x'));
    REQUIRE(
        world.RunUntil([&] { return node.history().disk()->end == node.history().offset(); }, 1s));
  }
  REQUIRE(host.disk().List().size() == 2);
  node.Promote();
  node.Append("of the new history");
  REQUIRE(
      world.RunUntil([&] { return node.history().disk()->end == node.history().offset(); }, 1s));
  node.Kill();
  const Recovered found = node.Recover();
  DemandPart(found, node);
  CHECK(found.index.from_empty());
  CHECK(found.index.latest().id == node.history().id());
  CHECK(found.end() == node.history().offset().bytes());
}

TEST_CASE("on-disk backlog: begun at run time, nothing of an earlier time is left to be replayed") {
  World world(9);
  Host& host = world.AddHost("10.0.0.1");
  host.disk().Put("/server/backlog-0000000000000007.seg", "of another server");
  host.disk().Put("/server/backlog-0000000000000008.seg.new", "of another server");
  host.disk().Put("/server/dump.rdb", "a snapshot");
  DiskNode node(world, host);
  const auto clear = [&](bool start) {
    bool done = false;
    node.disk().Clear([&] { done = true; });
    REQUIRE(world.RunUntil([&] { return done; }, 1s));
    CHECK(host.disk().List() == std::vector<std::string>{"/server/dump.rdb"});
    if (start) node.Start();
  };
  clear(true);
  node.Append("first ");
  world.RunFor(20ms);
  CHECK(host.disk().Peek("/server/backlog-0000000000000008.seg"));
  node.Append("under way ");  // when it is turned off
  clear(false);
  node.Append("meanwhile ");
  world.RunFor(1s);
  CHECK(host.disk().List().size() == 1);
  CHECK_FALSE(node.history().disk());
  clear(true);
  node.Append("last");
  world.RunFor(1200ms);
  CHECK(host.disk().Peek("/server/backlog-0000000000000009.seg"));
  node.Kill();
  const Recovered found = node.Recover();
  DemandPart(found, node);
  CHECK(found.bytes == "first under way meanwhile last");
}

TEST_CASE(
    "on-disk backlog: begun at run time, it misses nothing that enters the stream meanwhile") {
  World world(10);
  DiskNode node(world, world.AddHost("10.0.0.1"));
  base::Random random(10);
  node.Append("of before");
  bool done = false;
  node.disk().Clear([&] { done = true; });
  node.disk().KeepPlace();
  node.Append(Bytes(random, 2 * DiskNode::kMemory));
  REQUIRE(world.RunUntil([&] { return done; }, 1s));
  node.Start();
  REQUIRE(world.RunUntil([&] { return node.history().disk().has_value(); }, 1s));
  CHECK(node.history().disk()->start == base::Offset(0));
  world.RunFor(1s);
  CHECK(node.history().disk()->end == node.history().offset());
  CHECK(node.history().backlog()->start() > base::Offset(0));
}

TEST_CASE("on-disk backlog: it wants a snapshot file that a restart can begin with") {
  World world(11);
  DiskNode node(world, world.AddHost("10.0.0.1"), 8 * 1024 * 1024);
  const replication::core::SnapshotFile none;
  const auto write = [&](size_t bytes) {
    node.Append(std::string(bytes, 'x'));
    world.RunFor(50ms);
  };
  const auto file = [&] {
    return replication::core::SnapshotFile{
        .exists = true, .position = {{node.history().id(), node.history().offset()}}};
  };
  node.Start();
  CHECK_FALSE(node.disk().WantsSnapshot(none));
  write(3'000'000);
  CHECK_FALSE(node.disk().WantsSnapshot(none));
  CHECK(node.disk().WantsSnapshot({.exists = true, .position = {}}));
  const replication::core::SnapshotFile first = file();
  CHECK_FALSE(node.disk().WantsSnapshot(first));
  write(3'000'000);
  // Half of what it may hold: it still reaches back, but not for long.
  CHECK(node.disk().WantsSnapshot(none));
  CHECK_FALSE(node.disk().WantsSnapshot(first));
  node.Promote();
  write(2'000'000);
  CHECK(node.disk().WantsSnapshot(first));
  CHECK_FALSE(node.disk().WantsSnapshot(file()));
  const replication::core::SnapshotFile last = file();
  node.AdoptSnapshot(5);
  write(100);
  CHECK(node.disk().WantsSnapshot(last));
}

// Any mixture of writing, changes of the history, faults of the disk and deaths: what is found is
// always a part of one of the histories, and at least what the disk had for certain.
TEST_CASE(
    "on-disk backlog: after any crash there is the beginning of the stream, and all that was "
    "durable") {
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    World world(seed);
    base::Random random(seed);
    Host& host = world.AddHost("10.0.0.1");
    DiskNode node(world, host);
    world.SetTurnObserver([&](simulation::HostId) { node.CheckInvariants(); });
    node.Start();
    for (int process = 0; process < 4; ++process) {
      for (uint64_t steps = random.Below(60); steps > 0; --steps) {
        const uint64_t what = random.Below(100);
        if (what < 70) {
          node.Append(Bytes(random, 1 + random.Below(what < 3 ? 700'000 : 3000)));
        } else if (what < 73) {
          node.Promote();
        } else if (what < 75) {
          node.AdoptSnapshot(static_cast<int64_t>(random.Below(1000)));
        } else if (what < 78) {
          host.disk().SetFull(true);
        } else if (what < 82) {
          host.disk().SetFull(false);
        } else if (what < 84) {
          host.disk().FailNextSyncs(static_cast<int>(random.Between(1, 3)));
        }
        world.RunFor(
            std::chrono::microseconds(random.Below(random.Chance(1, 10) ? 6'000'000 : 60'000)));
      }
      host.disk().SetFull(false);
      host.disk().FailNextSyncs(0);
      const std::optional<replication::core::History::DiskRange> told = node.history().disk();
      const bool power = random.Chance(1, 2);

      // What a cut leaves for certain, on a disk of its own.
      World other(seed);
      Host& certain = other.AddHost("10.0.0.1");
      for (const auto& [path, bytes] : host.disk().Durable()) certain.disk().Put(path, bytes);
      DiskNode certain_node(other, certain);
      const Recovered floor = certain_node.Recover();

      power ? node.PowerOff() : node.Kill();
      const Recovered found = node.Recover();
      DemandPart(found, node);
      if (!floor.index.empty()) {
        REQUIRE_FALSE(found.index.empty());
        // A snapshot may have taken the place of what was durable.
        if (found.index.Holds(floor.index.latest().id, floor.index.end()))
          CHECK(found.end() >= floor.end());
        else
          CHECK(found.index.latest().id.view() > floor.index.latest().id.view());
      }
      if (!power && told) CHECK(found.end() >= told->end.bytes());
      if (found.index.empty()) {
        node.Start();
      } else {
        node.Resume(found.end() -
                    static_cast<int64_t>(random.Below(2) * random.Below(found.bytes.size() + 1)));
      }
    }
  }
}
