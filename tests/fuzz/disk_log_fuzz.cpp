// The recovery of the on-disk backlog from hostile bytes: whatever lies in the files, the index
// holds its invariants, and what it says is there can be read and is where it says. Input: a byte;
// if it is even, segments, each after a little-endian u16 of its size; if it is odd, recipes of 8
// bytes each for segments that are well formed and belong together or do not.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "replication/core/disk_format.h"
#include "replication/core/disk_index.h"
#include "replication/core/disk_run.h"
#include "shared/base/check.h"

namespace {

using namespace quorate::replication::core;
using quorate::base::Offset;
using quorate::base::ReplicationId;

// Takes the segment apart as a reader of a file would; `visit` gets each bytes record.
template <typename Visit>
std::optional<SegmentSummary> Scan(std::string_view file, const Visit& visit) {
  std::optional<SegmentSummary> found;
  SegmentParser parser;
  while (true) {
    const SegmentParser::Outcome outcome = parser.Next(file);
    if (outcome == SegmentParser::Outcome::kNeedMore) {
      CHECK(parser.needed() > file.size());
      return found;
    }
    if (outcome == SegmentParser::Outcome::kBad) {
      CHECK(!parser.error().empty());
      return found;
    }
    CHECK(parser.consumed() > 0);
    CHECK(parser.consumed() <= file.size());
    file.remove_prefix(parser.consumed());
    if (outcome == SegmentParser::Outcome::kBytes) {
      CHECK(parser.offset() + static_cast<int64_t>(parser.bytes().size()) == parser.end());
      visit(parser.offset(), parser.bytes());
    }
    found = SegmentSummary{0, 0, parser.position(), parser.end()};
  }
}

std::string Framed(const std::string& file) {
  std::string framed;
  framed.push_back(static_cast<char>(file.size() & 0xff));
  framed.push_back(static_cast<char>(file.size() >> 8));
  return framed + file;
}

ReplicationId Id(uint8_t number) {
  return *ReplicationId::Parse(
      std::string(ReplicationId::kLength, static_cast<char>('0' + number % 4)));
}

// The segments that the recipes describe.
std::string Cook(const uint8_t* data, size_t size) {
  std::string segments;
  for (; size >= 8; data += 8, size -= 8) {
    LogPosition position;
    position.id = Id(data[0]);
    position.offset = Offset(data[1] / 8);
    position.from_empty = data[2] % 2 != 0;
    if (data[3] % 4 != 0) {
      position.previous_id = Id(data[3]);
      position.previous_end = Offset(data[4] / 8);
    }
    std::string file;
    AppendSegmentStart(position, file);
    const std::string bytes(1 + data[5] / 8, 'x');
    if (data[6] % 4 != 0) AppendBytesRecord(position.offset, bytes, file);
    if (data[6] % 4 == 2)
      AppendBytesRecord(position.offset + static_cast<int64_t>(bytes.size()), bytes, file);
    segments += Framed(file.substr(0, file.size() - data[7] / 64));
  }
  return segments;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string cooked = data[0] % 2 != 0 ? Cook(data + 1, size - 1) : std::string();
  std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (data[0] % 2 != 0) input = cooked;
  DiskIndex index;
  std::map<uint64_t, std::string_view> files;
  for (uint64_t number = 1; input.size() >= 2; ++number) {
    const size_t wanted = static_cast<unsigned char>(input[0]) |
                          static_cast<size_t>(static_cast<unsigned char>(input[1])) << 8;
    const std::string_view file = input.substr(2, wanted);
    input.remove_prefix(2 + file.size());
    files[number] = file;
    if (std::optional<SegmentSummary> found = Scan(file, [](Offset, std::string_view) {})) {
      found->number = number;
      found->file_bytes = file.size();
      index.Add(*found);
    } else {
      index.AddUnreadable(number, file.size());
    }
    index.CheckInvariants();
  }
  // The last run, and that which a start without a snapshot file chooses, can be read whole.
  DiskIndex chosen = index;
  if (const auto choice = chosen.Choose({})) CHECK(choice->from == chosen.start());
  chosen.CheckInvariants();
  for (const DiskIndex* each : {&index, &chosen}) {
    Offset next = each->start();
    for (const DiskRun::Piece& piece : each->PiecesFrom(next)) {
      Scan(files.at(piece.number), [&](Offset offset, std::string_view bytes) {
        const Offset end = std::min(offset + static_cast<int64_t>(bytes.size()), piece.end);
        if (offset <= next && end > next) next = end;
      });
      CHECK(next == piece.end);
    }
    CHECK(next == each->end());
  }
  if (index.TakeSurplus(size / 2).size() > files.size()) return 1;
  index.CheckInvariants();
  return 0;
}
