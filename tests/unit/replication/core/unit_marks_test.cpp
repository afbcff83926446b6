#include "replication/core/unit_marks.h"

#include <doctest/doctest.h>

namespace quorate::replication::core {
namespace {

using base::Offset;
constexpr int64_t kMb = UnitMarks::kSpacing;

}  // namespace

TEST_CASE("unit marks: the last one before a place, else the first that may be used") {
  UnitMarks marks;
  CHECK(!marks.Find(Offset(0), Offset(100)));
  marks.Add({Offset(10), 1});
  marks.Add({Offset(10 + kMb), 2});
  marks.Add({Offset(10 + 2 * kMb), 3});
  CHECK(marks.Find(Offset(0), Offset(5))->db == 1);
  CHECK(marks.Find(Offset(0), Offset(10))->db == 1);
  CHECK(marks.Find(Offset(0), Offset(9 + kMb))->db == 1);
  CHECK(marks.Find(Offset(0), Offset(10 + kMb))->db == 2);
  CHECK(marks.Find(Offset(0), Offset(100 * kMb))->db == 3);
  // What lies before `oldest` is gone.
  CHECK(marks.Find(Offset(11), Offset(12))->db == 2);
  CHECK(marks.Find(Offset(10 + kMb), Offset(10 + kMb))->db == 2);
  CHECK(!marks.Find(Offset(11 + 2 * kMb), Offset(100 * kMb)));
}

TEST_CASE("unit marks: few, the oldest go first") {
  UnitMarks marks;
  for (int64_t i = 0; i < 8; ++i) marks.Add({Offset(i * kMb / 4), 0});
  CHECK(marks.size() == 2);
  marks.Add({Offset(0), 7});  // before the others
  CHECK(marks.size() == 2);
  for (int64_t i = 2; i < static_cast<int64_t>(UnitMarks::kMarks) + 10; ++i)
    marks.Add({Offset(i * kMb), 0});
  CHECK(marks.size() == UnitMarks::kMarks);
  CHECK(marks.Find(Offset(0), Offset(0))->at == Offset(10 * kMb));
}

}  // namespace quorate::replication::core
