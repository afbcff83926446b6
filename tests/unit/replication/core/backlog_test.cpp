#include "replication/core/backlog.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "shared/base/random.h"

#include <doctest/doctest.h>

using namespace quorate::base;
using quorate::replication::core::Backlog;

namespace {

// What the cursor would send now, and moves it to the end.
std::string Drain(Backlog::Cursor& cursor) {
  std::string out;
  std::array<std::string_view, 3> slices;
  while (size_t n = cursor.Peek(slices)) {
    size_t bytes = 0;
    for (size_t i = 0; i < n; ++i) {
      out.append(slices[i]);
      bytes += slices[i].size();
    }
    cursor.Advance(bytes);
  }
  return out;
}

std::string Pattern(size_t bytes, Random& random) {
  std::string out(bytes, '\0');
  for (char& c : out) c = static_cast<char>(random.Next());
  return out;
}

}  // namespace

TEST_CASE("backlog: a new one is empty at its start offset") {
  Backlog backlog(1024, Offset(100));
  CHECK(backlog.start() == Offset(100));
  CHECK(backlog.end() == Offset(100));
  CHECK(backlog.FindOffset(Offset(100)).has_value());
  CHECK_FALSE(backlog.FindOffset(Offset(99)).has_value());
  CHECK_FALSE(backlog.FindOffset(Offset(101)).has_value());
}

TEST_CASE("backlog: two cursors read the same bytes without copies") {
  Backlog backlog(1 << 20, Offset());
  Backlog::Cursor a = backlog.AtEnd();
  Backlog::Cursor b = backlog.AtEnd();
  backlog.Append("hello");
  std::array<std::string_view, 1> sa;
  std::array<std::string_view, 1> sb;
  REQUIRE(a.Peek(sa) == 1);
  REQUIRE(b.Peek(sb) == 1);
  CHECK(sa[0] == "hello");
  CHECK(sa[0].data() == sb[0].data());
  a.Advance(2);
  CHECK(a.pending() == 3);
  CHECK(a.offset() == Offset(2));
  CHECK(b.pending() == 5);
}

TEST_CASE("backlog: trims whole blocks and keeps at least its limit") {
  Backlog backlog(32 * 1024, Offset());
  const std::string chunk(1000, 'x');
  for (int i = 0; i < 200; ++i) {
    backlog.Append(chunk);
    backlog.CheckInvariants();
  }
  CHECK(backlog.end() == Offset(200000));
  CHECK(backlog.size() >= 32 * 1024);
  CHECK(backlog.size() < 32 * 1024 + 2 * Backlog::kMinBlockBytes);
}

TEST_CASE("backlog: a slow cursor pins what it has not read, and others may use the excess") {
  Backlog backlog(16 * 1024, Offset());
  Backlog::Cursor slow = backlog.AtEnd();
  const std::string chunk(10000, 'y');
  for (int i = 0; i < 100; ++i) backlog.Append(chunk);
  CHECK(backlog.start() == Offset());
  CHECK(backlog.size() == 1000000);
  {
    std::optional<Backlog::Cursor> other = backlog.FindOffset(Offset(5));
    REQUIRE(other.has_value());
    CHECK(other->pending() == 999995);
  }
  slow.Release();
  CHECK(backlog.size() < 16 * 1024 + 2 * Backlog::kMinBlockBytes);
  backlog.CheckInvariants();
}

TEST_CASE("backlog: a cursor that has read a full block lets it go") {
  Backlog backlog(Backlog::kMinBlockBytes, Offset());
  Backlog::Cursor cursor = backlog.AtEnd();
  const std::string block(Backlog::kMinBlockBytes, 'z');
  for (int i = 0; i < 10; ++i) {
    backlog.Append(block);
    CHECK(Drain(cursor) == block);
  }
  CHECK(backlog.size() <= 2 * Backlog::kMinBlockBytes);
}

TEST_CASE("backlog: a smaller limit trims at once") {
  Backlog backlog(1 << 20, Offset());
  backlog.Append(std::string(900000, 'a'));
  backlog.Append(std::string(100000, 'a'));
  CHECK(backlog.start() == Offset());
  backlog.SetLimit(20000);
  CHECK(backlog.size() >= 20000);
  CHECK(backlog.size() <= 100000 + Backlog::kMaxBlockBytes / 16);
  backlog.CheckInvariants();
}

TEST_CASE("backlog: reset forgets and continues elsewhere") {
  Backlog backlog(1024, Offset());
  backlog.Append("abc");
  backlog.Reset(Offset(77));
  CHECK(backlog.start() == Offset(77));
  CHECK(backlog.end() == Offset(77));
  backlog.CheckInvariants();
}

TEST_CASE("backlog: behaves as a string with a moving window, whatever the sizes") {
  for (uint64_t seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    Random random(seed);
    const auto limit = static_cast<size_t>(random.Between(1, 100000));
    const Offset origin(random.Between(0, 1000));
    Backlog backlog(limit, origin);
    std::string model;  // every byte ever appended
    struct Reader {
      Backlog::Cursor cursor;
      std::string got;
      Offset from;
    };
    std::vector<Reader> readers;
    for (int step = 0; step < 300; ++step) {
      switch (random.Below(6)) {
        case 0:
        case 1: {
          const std::string bytes =
              Pattern(random.Below(random.Chance(1, 10) ? 60000 : 600), random);
          backlog.Append(bytes);
          model += bytes;
          break;
        }
        case 2: {
          const Offset at(random.Between(origin.bytes(), backlog.end().bytes() + 1));
          std::optional<Backlog::Cursor> cursor = backlog.FindOffset(at);
          REQUIRE(cursor.has_value() == (at >= backlog.start() && at <= backlog.end()));
          if (cursor) readers.push_back({std::move(*cursor), "", at});
          break;
        }
        case 3:
        case 4: {
          if (readers.empty()) break;
          Reader& reader = readers[random.Below(readers.size())];
          std::array<std::string_view, 2> slices;
          const size_t n = reader.cursor.Peek(slices);
          for (size_t i = 0; i < n; ++i) {
            const size_t take = random.Below(slices[i].size() + 1);
            reader.got.append(slices[i].substr(0, take));
            reader.cursor.Advance(take);
            if (take != slices[i].size()) break;
          }
          break;
        }
        case 5: {
          if (readers.empty() || !random.Chance(1, 3)) break;
          const size_t i = random.Below(readers.size());
          std::swap(readers[i], readers.back());
          readers.pop_back();
          break;
        }
      }
      backlog.CheckInvariants();
      REQUIRE(backlog.end() - origin == static_cast<int64_t>(model.size()));
      REQUIRE(backlog.size() >= std::min<uint64_t>(limit, model.size()));
      for (const Reader& reader : readers) {
        REQUIRE(reader.cursor.offset() >= backlog.start());
        REQUIRE(reader.cursor.offset() <= backlog.end());
        REQUIRE(reader.cursor.offset() == reader.from + static_cast<int64_t>(reader.got.size()));
      }
    }
    for (Reader& reader : readers) {
      reader.got += Drain(reader.cursor);
      REQUIRE(reader.got == model.substr(static_cast<size_t>(reader.from - origin)));
    }
  }
}

TEST_CASE("backlog: its excess is what only a slow cursor keeps") {
  constexpr size_t kLimit = 1 << 20;
  Backlog backlog(kLimit, Offset());
  const auto append = [&] {
    for (int i = 0; i < 400; ++i) backlog.Append(std::string(10000, 'x'));
  };
  append();
  CHECK(backlog.excess() == 0);
  Backlog::Cursor slow = backlog.AtEnd();
  append();
  CHECK(backlog.excess() > 2'500'000);
  CHECK(backlog.excess() < 4'000'000);
  slow.Release();
  CHECK(backlog.excess() == 0);
}

TEST_CASE("backlog: a mark in each block says where commands begin") {
  Backlog backlog(64 * 1024, Offset(1000));
  CHECK(!backlog.FindUnit(Offset(1000)));
  std::vector<int64_t> marks;
  const std::string command(5000, 'x');
  for (int i = 0; i < 10; ++i) {
    if (backlog.wants_unit_start()) {
      marks.push_back(backlog.end().bytes());
      backlog.NoteUnitStart(i);
    }
    backlog.Append(command);
    backlog.CheckInvariants();
  }
  REQUIRE(marks == std::vector<int64_t>{1000, 21000, 36000});
  CHECK(backlog.FindUnit(Offset(1000))->at == Offset(1000));
  CHECK(backlog.FindUnit(Offset(20999))->at == Offset(1000));
  CHECK(backlog.FindUnit(Offset(35999))->at == Offset(21000));
  CHECK(backlog.FindUnit(Offset(35999))->db == 4);
  CHECK(backlog.FindUnit(Offset(99999))->at == Offset(36000));
  // What lies before the first mark cannot be read: the first one after it is found.
  backlog.NoteUnitStart(11);
  backlog.SetLimit(1);
  backlog.CheckInvariants();
  REQUIRE(backlog.start() > Offset(36000));
  CHECK(backlog.FindUnit(backlog.start())->at == backlog.end());
  CHECK(backlog.FindUnit(backlog.start())->db == 11);
}

TEST_CASE("backlog: marks of bytes that are gone serve whoever can read them elsewhere") {
  Backlog backlog(64 * 1024, Offset(0));
  const std::string command(4096, 'x');
  for (int i = 0; i < 1024; ++i) {
    if (backlog.wants_unit_start()) backlog.NoteUnitStart(i);
    backlog.Append(command);
  }
  const Offset start = backlog.start();
  REQUIRE(start > Offset(4'000'000));
  CHECK(backlog.FindUnit(Offset(3'000'000))->at >= start);
  const auto gone = backlog.FindUnit(Offset(3'000'000), Offset(0));
  REQUIRE(gone);
  CHECK(gone->at <= Offset(3'000'000));
  CHECK(gone->at > Offset(1'500'000));
  CHECK(gone->at.bytes() == gone->db * 4096);
  // Not before what can be read, and memory's own marks come first.
  CHECK(backlog.FindUnit(Offset(3'000'000), Offset(3'500'000))->at >= Offset(3'500'000));
  CHECK(backlog.FindUnit(backlog.end(), Offset(0))->at >= start);
  backlog.Reset(Offset(0));
  CHECK(!backlog.FindUnit(Offset(3'000'000), Offset(0)));
}
