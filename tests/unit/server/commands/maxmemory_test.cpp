#include "tests/support/command_fixture.h"

#include <doctest/doctest.h>

using namespace quorate;
using quorate::testing::CommandFixture;

namespace {

struct Full : CommandFixture {
  Full() {
    for (int i = 0; i < 100; ++i) Run("SET k" + std::to_string(i) + " v");
    settings.maxmemory_policy = server::config::EvictionPolicy::kAllKeysRandom;
    settings.maxmemory = host.memory_used - 1000;
  }
  size_t keys() { return databases[0].size(); }
};

}  // namespace

TEST_CASE("maxmemory: what a snapshot or a slow replica holds evicts nothing") {
  Full f;
  f.host.memory_not_for_eviction = 1000;
  CHECK(f.Run("SET new v") == "+OK\r\n");
  CHECK(f.keys() == 101);
  CHECK(f.Run("INFO memory").find("mem_not_counted_for_evict:1000\r\n") != std::string::npos);
}

TEST_CASE("maxmemory: what is beyond it without that is evicted, and not more") {
  Full f;
  f.host.memory_not_for_eviction = 500;
  CHECK(f.Run("SET new v") == "+OK\r\n");
  const size_t left = f.keys();
  CHECK(left < 100);
  CHECK(left > 50);
}

TEST_CASE("maxmemory: a snapshot that holds everything does not count below nothing") {
  Full f;
  f.host.memory_not_for_eviction = UINT64_MAX / 2;
  CHECK(f.Run("SET new v") == "+OK\r\n");
  CHECK(f.keys() == 101);
}
