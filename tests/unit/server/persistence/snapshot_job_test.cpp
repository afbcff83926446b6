// A snapshot job over the simulated world: whatever is written between its slices, the bytes decode
// to the state at the cut.
#include "server/persistence/snapshot_job.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "replication/snapshot/reader.h"
#include "server/persistence/staged_databases.h"
#include "shared/base/random.h"
#include "tests/simulation/world/world.h"

#include <doctest/doctest.h>

using namespace quorate;
using namespace std::chrono_literals;
using server::persistence::RecordForm;
using server::persistence::SnapshotJob;
using server::persistence::StagedDatabases;

namespace {

constexpr size_t kDatabases = 4;
using Content = std::map<std::pair<size_t, std::string>, std::pair<std::string, int64_t>>;

Content ContentOf(server::store::Databases& databases) {
  Content content;
  for (size_t i = 0; i < databases.count(); ++i)
    databases[i].ForEach([&](const server::store::Record* record) {
      server::store::IntegerText scratch;
      content[{i, std::string(record->key())}] = {std::string(record->StringValue(scratch)),
                                                  record->expire_at_ms()};
    });
  return content;
}

struct Subject {
  explicit Subject(uint64_t seed)
      : random(seed),
        world(seed),
        process(world.AddHost("10.0.0.1").StartProcess("server")),
        hasher(random.Fork()),
        databases(hasher, kDatabases) {}

  void Set(size_t db, const std::string& key, std::string_view value) {
    server::store::Keyspace& keyspace = databases[db];
    keyspace.SetString(keyspace.Prepare(key), value, server::store::ExpiryChange::Keep());
  }
  void Fill(int count) {
    for (int i = 0; i < count; ++i)
      Set(random.Below(kDatabases), "k" + std::to_string(random.Below(50000)),
          std::string(random.Below(100), 'v'));
  }
  void Change() {
    const size_t db = random.Below(kDatabases);
    const std::string key = "k" + std::to_string(random.Below(50000));
    server::store::Keyspace& keyspace = databases[db];
    switch (random.Below(20)) {
      case 0:
        databases.SwapDatabases(db, random.Below(kDatabases));
        break;
      case 1:
        if (random.Chance(1, 10)) {
          std::vector<server::store::Keyspace::Content> gone;
          gone.push_back(keyspace.Clear());
          job->Retain(gone);
        }
        break;
      case 2:
      case 3:
        keyspace.Delete(keyspace.Prepare(key));
        break;
      case 4:
        keyspace.SetExpiry(keyspace.Prepare(key), {1'800'000'000'000});
        break;
      default:
        Set(db, key, "changed " + std::to_string(random.Next()));
    }
  }
  void Begin(SnapshotJob::Plan plan) {
    job = std::make_unique<SnapshotJob>(process.io(), databases, std::move(plan));
  }
  SnapshotJob::Plan Plan() {
    return {.meta = {},
            .options = {},
            .form = RecordForm(settings, [this] { return wall; }),
            .on_progress = [this] { ++progresses; }};
  }
  Content Decode(std::string_view bytes) {
    StagedDatabases staged(hasher, kDatabases, {}, std::nullopt);
    replication::snapshot::Reader reader(staged, {.databases = static_cast<int>(kDatabases)});
    const base::Result<size_t> used = reader.Push(bytes);
    REQUIRE_MESSAGE(used.ok(), (used.ok() ? "" : used.error().message));
    REQUIRE(reader.complete());
    return ContentOf(staged.databases);
  }

  base::Random random;
  simulation::World world;
  simulation::Process& process;
  server::config::ServerSettings settings;
  base::WallTime wall{1'800'000'000'000};
  const server::store::Hasher hasher;
  server::store::Databases databases;
  std::unique_ptr<SnapshotJob> job;
  int progresses = 0;
};

}  // namespace

TEST_CASE("snapshot job: the bytes are the state at the cut, whatever is written between slices") {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    CAPTURE(seed);
    Subject s(seed);
    s.Fill(30000);
    const Content at_cut = ContentOf(s.databases);
    s.Begin(s.Plan());
    std::string bytes;
    for (int turn = 0; turn < 100000 && !(s.job->complete() && s.job->ready().empty()); ++turn) {
      for (uint64_t i = s.random.Below(50); i > 0; --i) s.Change();
      s.world.RunFor(20us);
      // A consumer that takes what it pleases.
      const size_t n = std::min<size_t>(s.random.Below(40000), s.job->ready().size());
      bytes.append(s.job->ready().view().substr(0, n));
      s.job->Consume(n);
    }
    REQUIRE(s.job->complete());
    CHECK(s.job->records() == at_cut.size());
    CHECK(s.job->total_records() == at_cut.size());
    CHECK(s.Decode(bytes) == at_cut);
    CHECK(s.progresses > 0);
  }
}

TEST_CASE("snapshot job: rests while nobody takes its bytes, and goes on when they are taken") {
  Subject s(3);
  for (int i = 0; i < 3000; ++i) s.Set(0, "k" + std::to_string(i), std::string(10000, 'x'));
  SnapshotJob::Plan plan = s.Plan();
  plan.options.compress = false;
  s.Begin(std::move(plan));
  s.world.RunFor(10s);
  CHECK(s.job->sweeping());
  CHECK(s.job->WaitingBytes() >= SnapshotJob::kAheadBytes);
  CHECK(s.job->WaitingBytes() < SnapshotJob::kAheadBytes + 2 * SnapshotJob::kSliceBytes);
  CHECK(s.job->PushedOutBytes() == 0);
  for (int i = 0; i < 3000; ++i) s.Set(0, "k" + std::to_string(i), "y");
  CHECK(s.job->PushedOutBytes() > 20'000'000);
  while (!s.job->complete() || !s.job->ready().empty()) {
    s.job->Consume(s.job->ready().size());
    s.world.RunFor(1ms);
  }
  CHECK(s.job->records() == 3000);
}

TEST_CASE("snapshot job: rests for each record that it has read, and ends after the last rest") {
  Subject s(6);
  for (int i = 0; i < 200; ++i) s.Set(i % 2, "k" + std::to_string(i), "v");
  const Content at_cut = ContentOf(s.databases);
  SnapshotJob::Plan plan = s.Plan();
  plan.rest_per_record = 10ms;
  s.Begin(std::move(plan));
  s.world.RunFor(1s);
  CHECK(s.job->records() > 60);
  CHECK(s.job->records() < 140);
  CHECK_FALSE(s.job->ready().empty());
  for (int i = 0; i < 200; ++i) s.Set(i % 2, "k" + std::to_string(i), "changed");
  CHECK(s.job->records() == 200);  // what writes push out is not waited for
  s.job.reset();

  plan = s.Plan();
  plan.rest_per_record = 10ms;
  s.Begin(std::move(plan));
  s.world.RunFor(1990ms);
  CHECK(s.job->sweeping());
  s.world.RunFor(100ms);
  CHECK(s.job->complete());
  CHECK(s.Decode(s.job->ready().view()).size() == at_cut.size());
}

TEST_CASE("snapshot job: a failed write ends it with the reason, and frees the tables") {
  Subject s(4);
  s.Fill(100000);
  int writes = 0;
  SnapshotJob::Plan plan = s.Plan();
  plan.write = [&](std::string_view) -> base::Status {
    if (++writes == 2) return base::Error{"disk full"};
    return {};
  };
  s.Begin(std::move(plan));
  s.world.RunFor(10s);
  CHECK(s.job->complete());
  CHECK(writes == 2);
  REQUIRE_FALSE(s.job->status().ok());
  CHECK(s.job->status().error().message == "disk full");
  CHECK(s.job->records() < s.job->total_records());
  for (size_t db = 0; db < kDatabases; ++db) CHECK_FALSE(s.databases[db].keys().sweeping());
}

TEST_CASE("snapshot job: one that is given up calls nobody and lets the next begin") {
  Subject s(5);
  s.Fill(20000);
  s.Begin(s.Plan());
  s.world.RunFor(100us);
  s.job.reset();
  const int progresses = s.progresses;
  s.world.RunFor(1s);
  CHECK(s.progresses == progresses);
  s.Begin(s.Plan());
  while (!s.job->complete()) {
    s.job->Consume(s.job->ready().size());
    s.world.RunFor(1ms);
  }
}
