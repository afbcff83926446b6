#include "replication/snapshot/checksum.h"

#include <string>

#include <doctest/doctest.h>

using quorate::replication::snapshot::Crc64;

TEST_CASE("checksum: the published check value") {
  CHECK(Crc64(0, "123456789") == 0xe9c6d914c4b8d9caULL);
}

TEST_CASE("checksum: continues piece by piece") {
  const std::string text = "the quick brown fox jumps over the lazy dog, several times over";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    CHECK(Crc64(Crc64(0, text.substr(0, cut)), text.substr(cut)) == Crc64(0, text));
  }
  CHECK(Crc64(7, "") == 7);
}
