#include "replication/core/disk_index.h"

#include <vector>

#include "shared/base/random.h"

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;

namespace {

ReplicationId Id(uint64_t number) {
  Random random(number);
  return ReplicationId::Generate(random);
}

SegmentSummary Segment(uint64_t number, uint64_t id, int64_t offset, int64_t end) {
  SegmentSummary segment;
  segment.number = number;
  segment.file_bytes = 100;
  segment.position.id = Id(id);
  segment.position.offset = Offset(offset);
  segment.end = Offset(end);
  return segment;
}

SegmentSummary After(SegmentSummary segment, uint64_t previous, int64_t previous_end) {
  segment.position.previous_id = Id(previous);
  segment.position.previous_end = Offset(previous_end);
  return segment;
}

SnapshotFile FileAt(uint64_t id, int64_t offset) {
  return {.exists = true, .position = {{Id(id), Offset(offset)}}};
}

// [0, 120) from the empty dataset, a gap, and [160, 240) of the same history.
DiskIndex WithGap() {
  DiskIndex index;
  SegmentSummary first = Segment(1, 1, 0, 80);
  first.position.from_empty = true;
  index.Add(first);
  index.Add(Segment(2, 1, 80, 120));
  index.Add(Segment(3, 1, 160, 240));
  index.CheckInvariants();
  return index;
}

void Add(DiskIndex& index, const SegmentSummary& segment) {
  index.Add(segment);
  index.CheckInvariants();
}

}  // namespace

TEST_CASE("disk index: segments that follow each other are one run") {
  DiskIndex index;
  CHECK(index.empty());
  Add(index, Segment(1, 1, 100, 200));
  Add(index, Segment(2, 1, 200, 300));
  CHECK(index.start() == Offset(100));
  CHECK(index.end() == Offset(300));
  index.Extend(Offset(350), 150);
  CHECK(index.end() == Offset(350));
  CHECK(index.file_bytes() == 250);
  CHECK(index.Holds(Id(1), Offset(100)));
  CHECK(index.Holds(Id(1), Offset(350)));
  CHECK_FALSE(index.Holds(Id(1), Offset(99)));
  CHECK_FALSE(index.Holds(Id(1), Offset(351)));
  CHECK_FALSE(index.Holds(Id(2), Offset(200)));
  REQUIRE(index.PiecesFrom(Offset(150)).size() == 2);
  CHECK(index.PiecesFrom(Offset(150))[0].number == 1);
  CHECK(index.PiecesFrom(Offset(200)).size() == 1);
  CHECK(index.PiecesFrom(Offset(350)).empty());
  CHECK(index.PiecesFrom(Offset(99)).empty());
}

TEST_CASE("disk index: an id that takes over continues the run, and the old one holds to its end") {
  DiskIndex index;
  Add(index, Segment(1, 1, 0, 200));
  Add(index, After(Segment(2, 2, 200, 300), 1, 200));
  CHECK(index.start() == Offset(0));
  CHECK(index.Holds(Id(1), Offset(200)));
  CHECK_FALSE(index.Holds(Id(1), Offset(201)));
  CHECK(index.Holds(Id(2), Offset(300)));
  CHECK(index.latest().id == Id(2));
}

TEST_CASE("disk index: what was torn off is passed over") {
  DiskIndex index;
  Add(index, Segment(1, 1, 0, 200));
  Add(index, Segment(2, 1, 200, 300));
  Add(index, After(Segment(3, 2, 150, 400), 1, 150));
  CHECK(index.end() == Offset(400));
  CHECK_FALSE(index.Holds(Id(1), Offset(151)));
  const std::vector<DiskRun::Piece> pieces = index.PiecesFrom(Offset(100));
  REQUIRE(pieces.size() == 2);
  CHECK(pieces[0].number == 1);
  CHECK(pieces[0].end == Offset(150));
  CHECK(pieces[1].number == 3);
}

TEST_CASE("disk index: an id does not hold what was passed over and written anew") {
  DiskIndex index;
  Add(index, Segment(1, 1, 0, 100));
  Add(index, After(Segment(2, 2, 100, 200), 1, 100));
  index.Truncate(Offset(90));
  Add(index, After(Segment(3, 3, 90, 150), 2, 90));
  CHECK(index.Holds(Id(1), Offset(90)));
  CHECK_FALSE(index.Holds(Id(1), Offset(95)));
  CHECK_FALSE(index.Holds(Id(2), Offset(95)));
  CHECK(index.Holds(Id(3), Offset(95)));
}

TEST_CASE("disk index: a gap, a foreign id and an id that left too early begin a run") {
  DiskIndex index;
  Add(index, Segment(1, 1, 0, 200));
  Add(index, Segment(2, 1, 201, 300));
  CHECK(index.start() == Offset(201));
  Add(index, Segment(3, 2, 300, 400));
  CHECK(index.start() == Offset(300));
  CHECK_FALSE(index.Holds(Id(1), Offset(300)));
  Add(index, After(Segment(4, 3, 400, 500), 2, 399));
  CHECK(index.start() == Offset(400));
  CHECK(index.file_bytes() == 400);
  index.AddUnreadable(5, 50);
  index.CheckInvariants();
  Add(index, Segment(6, 3, 500, 600));
  CHECK(index.start() == Offset(400));
  CHECK(index.PiecesFrom(Offset(400)).size() == 2);
}

TEST_CASE(
    "disk index: the oldest make room, and a run that lost its beginning is not all there is") {
  DiskIndex index;
  SegmentSummary first = Segment(3, 1, 0, 200);
  first.position.from_empty = true;
  Add(index, first);
  Add(index, Segment(4, 1, 200, 300));
  Add(index, Segment(5, 1, 300, 300));
  CHECK(index.from_empty());
  CHECK(index.TakeSurplus(300).empty());
  CHECK(index.TakeSurplus(299) == std::vector<uint64_t>{3});
  index.CheckInvariants();
  CHECK_FALSE(index.from_empty());
  CHECK(index.start() == Offset(200));
  CHECK(index.TakeSurplus(0) == std::vector<uint64_t>{4});
  CHECK(index.TakeSurplus(0).empty());
  CHECK(index.last_number() == 5);
  index.EndRun();
  CHECK(index.empty());
  CHECK(index.file_bytes() == 100);
}

TEST_CASE("disk index: what lies before a gap is gone on with, if the file leads there") {
  const auto choose = [](const SnapshotFile& file, DiskIndex& index) {
    index = WithGap();
    const std::optional<DiskIndex::Choice> choice = index.Choose(file);
    index.CheckInvariants();
    REQUIRE(choice);
    return *choice;
  };
  DiskIndex index;
  for (const SnapshotFile& file : {SnapshotFile(), FileAt(1, 40), FileAt(1, 120)}) {
    const DiskIndex::Choice choice = choose(file, index);
    CHECK(choice.from == (file.exists ? file.position->offset : Offset(0)));
    CHECK(index.start() == Offset(0));
    CHECK(index.end() == Offset(120));
    REQUIRE(choice.unreachable.size() == 1);
    CHECK(choice.unreachable[0].start == Offset(160));
    CHECK(choice.unreachable[0].end == Offset(240));
  }
  const DiskIndex::Choice behind = choose(FileAt(1, 200), index);
  CHECK(behind.from == Offset(200));
  CHECK(behind.unreachable.empty());
  CHECK(index.start() == Offset(160));
  CHECK(index.end() == Offset(240));
  index = WithGap();
  CHECK_FALSE(index.Choose(FileAt(1, 140)));
  CHECK(index.empty());
  CHECK(index.file_bytes() == 300);
}

TEST_CASE("disk index: nothing joins what lay behind a gap that was not got over") {
  DiskIndex index = WithGap();
  SUBCASE("under the same id") {
    Add(index, Segment(4, 1, 120, 180));
    Add(index, Segment(5, 1, 180, 200));
  }
  SUBCASE("under a new id") {
    Add(index, After(Segment(4, 2, 120, 180), 1, 120));
    Add(index, After(Segment(5, 2, 180, 200), 1, 120));
  }
  const std::optional<DiskIndex::Choice> choice = index.Choose({});
  REQUIRE(choice);
  CHECK(choice->unreachable.empty());
  CHECK(index.start() == Offset(0));
  CHECK(index.end() == Offset(200));
  const std::vector<DiskRun::Piece> pieces = index.PiecesFrom(Offset(0));
  REQUIRE(pieces.size() == 4);
  CHECK(pieces[1].end == Offset(120));
  CHECK(pieces[2].number == 4);
}

TEST_CASE("disk index: a new id behind a gap says how much of the old one it shares") {
  DiskIndex index = WithGap();
  Add(index, After(Segment(4, 2, 300, 400), 1, 110));
  REQUIRE(index.Choose({}));
  CHECK(index.end() == Offset(110));
  // The id in between is lost with its segment.
  index = WithGap();
  Add(index, After(Segment(4, 3, 300, 400), 2, 250));
  REQUIRE(index.Choose({}));
  CHECK(index.end() == Offset(120));
}

TEST_CASE("disk index: a history that was given up for another one is not gone back to") {
  DiskIndex index = WithGap();
  SUBCASE("which came whole") { Add(index, Segment(4, 2, 300, 400)); }
  SUBCASE("which left from before") { Add(index, After(Segment(4, 3, 100, 400), 2, 100)); }
  CHECK_FALSE(index.Choose({}));
  CHECK(index.empty());
}

TEST_CASE("disk index: what makes room is taken from the run that it is in") {
  DiskIndex index = WithGap();
  CHECK(index.TakeSurplus(250) == std::vector<uint64_t>{1});
  index.CheckInvariants();
  CHECK_FALSE(DiskIndex(index).Choose({}));
  CHECK(DiskIndex(index).Choose(FileAt(1, 100)));
  CHECK(index.TakeSurplus(150) == std::vector<uint64_t>{2});
  index.CheckInvariants();
  CHECK_FALSE(DiskIndex(index).Choose(FileAt(1, 100)));
  CHECK(index.start() == Offset(160));
}
