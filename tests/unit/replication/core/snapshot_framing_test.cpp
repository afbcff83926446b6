#include "replication/core/snapshot_framing.h"

#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

using quorate::replication::core::SnapshotFraming;

namespace {

const std::string kMark = "abcdefghijklmnopqrstuvwxyz0123456789ABCD";

SnapshotFraming Framed(const std::string& header) {
  auto framing = SnapshotFraming::Parse(header);
  REQUIRE(framing.ok());
  return std::move(framing).value();
}

// The payload, when the bytes come in pieces of `size`; what is not taken is left in `bytes`.
std::string Read(SnapshotFraming& framing, std::string_view& bytes, size_t size) {
  std::string payload;
  while (!bytes.empty() && !framing.complete()) {
    std::string_view piece = bytes.substr(0, size);
    const size_t offered = piece.size();
    const SnapshotFraming::Payload got = framing.Take(piece);
    payload.append(got.first).append(got.second);
    bytes.remove_prefix(offered - piece.size());
  }
  return payload;
}

}  // namespace

TEST_CASE("snapshot framing: by length, what follows is left alone") {
  for (size_t size = 1; size <= 12; ++size) {
    CAPTURE(size);
    SnapshotFraming framing = Framed("$10");
    CHECK(framing.total() == 10);
    std::string_view bytes = "0123456789rest";
    CHECK(Read(framing, bytes, size) == "0123456789");
    CHECK(framing.complete());
    CHECK(framing.received() == 10);
    CHECK(bytes == "rest");
  }
  CHECK(Framed("$0").complete());
}

TEST_CASE("snapshot framing: by mark, however the bytes are cut") {
  // Payloads that look like the beginning of the mark, or are shorter than it.
  for (const std::string& payload :
       {std::string(), std::string("x"), std::string(100, 'x'), kMark.substr(0, 39),
        "x" + kMark.substr(0, 39) + kMark.substr(0, 20), std::string(40, 'a')}) {
    CAPTURE(payload);
    const std::string all = payload + kMark;
    for (size_t size = 1; size <= all.size(); ++size) {
      CAPTURE(size);
      SnapshotFraming framing = Framed("$EOF:" + kMark);
      CHECK(framing.total() == -1);
      std::string_view bytes = all;
      CHECK(Read(framing, bytes, size) == payload);
      CHECK(framing.complete());
      CHECK(framing.received() == static_cast<int64_t>(payload.size()));
    }
  }
}

TEST_CASE("snapshot framing: without its mark a snapshot is not whole") {
  SnapshotFraming framing = Framed("$EOF:" + kMark);
  const std::string all = "payload" + kMark.substr(0, 39);
  std::string_view bytes = all;
  Read(framing, bytes, 5);
  CHECK_FALSE(framing.complete());
}

TEST_CASE("snapshot framing: other headers are refused") {
  for (const std::string header : {"", "$", "$-1", "$x", "$1x", "+FULLRESYNC", "$EOF:",
                                   "$EOF:short", "$4611686018427387905", "$9223372036854775808"}) {
    CAPTURE(header);
    CHECK_FALSE(SnapshotFraming::Parse(header).ok());
  }
  CHECK_FALSE(SnapshotFraming::Parse("$EOF:" + kMark + "0").ok());
  CHECK(SnapshotFraming::Parse("$4611686018427387904").ok());
}
