#include "server/persistence/rollback_base.h"

#include <doctest/doctest.h>

using namespace quorate;
using server::persistence::RollbackBase;

namespace {

server::store::Digest DigestOf(uint8_t byte) {
  server::store::Digest digest;
  digest.bytes.fill(byte);
  return digest;
}

}  // namespace

TEST_CASE("rollback base: what is written is read") {
  RollbackBase base;
  base.Set({0, "a"}, DigestOf(1));
  base.Set({15, std::string("b\r\n\0", 4)}, DigestOf(2));
  base.Set({0, "a"}, DigestOf(3));
  const auto read = RollbackBase::Parse(base.Encode());
  REQUIRE(read.ok());
  CHECK(read->size() == 2);
  CHECK(read->Matches({0, "a"}, DigestOf(3)));
  CHECK(!read->Matches({0, "a"}, DigestOf(1)));
  CHECK(read->Matches({15, std::string("b\r\n\0", 4)}, DigestOf(2)));
  CHECK(!read->Matches({1, "a"}, DigestOf(3)));
}

TEST_CASE("rollback base: damaged files are refused") {
  RollbackBase base;
  base.Set({0, "a"}, DigestOf(1));
  const std::string file = base.Encode();
  for (size_t size = 1; size < file.size(); ++size)
    CHECK(!RollbackBase::Parse(file.substr(0, size)).ok());
  for (const char* text : {"*1\r\n$1\r\n0\r\n", "*3\r\n$1\r\nx\r\n$1\r\na\r\n$1\r\nb\r\n", "?"})
    CHECK(!RollbackBase::Parse(text).ok());
  CHECK(RollbackBase::Parse("").ok());
}
