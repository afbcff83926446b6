#include "replication/core/disk_format.h"

#include <string>
#include <vector>

#include "shared/base/random.h"

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;

namespace {

LogPosition Position(int64_t offset) {
  Random random(7);
  LogPosition position;
  position.id = ReplicationId::Generate(random);
  position.offset = Offset(offset);
  position.previous_id = ReplicationId::Generate(random);
  position.previous_end = Offset(offset + 3);
  position.stream_db = 5;
  position.from_empty = true;
  return position;
}

struct Read {
  std::optional<LogPosition> position;
  std::string bytes;
  std::string error;
};

Read Parse(std::string_view input) {
  Read read;
  SegmentParser parser;
  while (true) {
    const SegmentParser::Outcome outcome = parser.Next(input);
    if (outcome == SegmentParser::Outcome::kBad) read.error = parser.error();
    if (outcome == SegmentParser::Outcome::kPosition) read.position = parser.position();
    if (outcome == SegmentParser::Outcome::kBytes) read.bytes.append(parser.bytes());
    if (outcome == SegmentParser::Outcome::kBad || outcome == SegmentParser::Outcome::kNeedMore)
      return read;
    input.remove_prefix(parser.consumed());
  }
}

std::string Segment() {
  std::string bytes;
  AppendSegmentStart(Position(1000), bytes);
  AppendBytesRecord(Offset(1000), "hello ", bytes);
  AppendBytesRecord(Offset(1006), "world", bytes);
  return bytes;
}

}  // namespace

TEST_CASE("disk format: what is written is read") {
  const Read read = Parse(Segment());
  CHECK(read.error.empty());
  REQUIRE(read.position);
  CHECK(*read.position == Position(1000));
  CHECK(read.bytes == "hello world");
}

TEST_CASE("disk format: a segment torn anywhere is good up to its last whole record") {
  const std::string whole = Segment();
  std::string before;
  for (size_t size = 0; size < whole.size(); ++size) {
    const Read read = Parse(std::string_view(whole).substr(0, size));
    CHECK(read.error.empty());
    CHECK(std::string_view("hello world").starts_with(read.bytes));
    CHECK(read.bytes.size() >= before.size());
    before = read.bytes;
  }
  CHECK(before == "hello ");
}

TEST_CASE("disk format: no changed byte is believed") {
  const std::string whole = Segment();
  for (size_t at = 0; at < whole.size(); ++at) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x10);
    const Read read = Parse(changed);
    CHECK(read.bytes != "hello world");
    CHECK(std::string_view("hello world").starts_with(read.bytes));
    if (read.position) CHECK(*read.position == Position(1000));
  }
}

TEST_CASE("disk format: a gap between records and a second position are refused") {
  std::string bytes;
  AppendSegmentStart(Position(1000), bytes);
  AppendBytesRecord(Offset(1001), "x", bytes);
  CHECK(Parse(bytes).error == "a gap between records");
  bytes.clear();
  AppendSegmentStart(Position(1000), bytes);
  std::string again;
  AppendSegmentStart(Position(1000), again);
  bytes.append(again.substr(8));
  CHECK(Parse(bytes).error == "a second position");
  CHECK(Parse(std::string(100, 'x')).error == "not a segment of the backlog");
}
