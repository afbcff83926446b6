// What the keyspace costs, without a server around it: bytes per key, and nanoseconds per operation
// on random keys, one by one and in pipelines of 16 with prefetching. Not part of the default
// build: ninja store_bench.
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "server/store/keyspace.h"

using namespace quorate::server::store;
using quorate::base::Random;

namespace {

constexpr uint64_t kOperations = 4'000'000;
constexpr size_t kPipeline = 16;

// 14 bytes, as redis-benchmark's "key:__rand_int__" cut to the same length.
std::string_view KeyOf(uint64_t n, char* out) {
  std::snprintf(out, 24, "ky%012llu", static_cast<unsigned long long>(n % 1000000000000));
  return {out, 14};
}

size_t ResidentBytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  unsigned long size = 0, resident = 0;
  if (std::fscanf(file, "%lu %lu", &size, &resident) != 2) resident = 0;
  std::fclose(file);
  return resident * 4096;
}

double CpuNanoseconds() {
  timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

template <typename Run>
void Measure(const char* name, uint64_t operations, Run run) {
  const double start = CpuNanoseconds();
  run();
  std::printf("%-28s %7.1f ns\n", name,
              (CpuNanoseconds() - start) / static_cast<double>(operations));
}

template <typename Operation>
void OneByOne(const char* name, const std::vector<std::string>& keys, const Keyspace& keyspace,
              Operation operation) {
  Measure(name, keys.size(), [&] {
    for (const std::string& key : keys) operation(keyspace.Prepare(key));
  });
}

template <typename Operation>
void Pipelined(const char* name, const std::vector<std::string>& keys, const Keyspace& keyspace,
               Operation operation) {
  Measure(name, keys.size(), [&] {
    Lookup lookups[kPipeline];
    for (size_t i = 0; i + kPipeline <= keys.size(); i += kPipeline) {
      for (size_t j = 0; j < kPipeline; ++j) {
        lookups[j] = keyspace.Prepare(keys[i + j]);
        keyspace.Prefetch(lookups[j]);
      }
      for (const Lookup& lookup : lookups) keyspace.PrefetchRecord(lookup);
      for (const Lookup& lookup : lookups) operation(lookup);
    }
  });
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t key_count = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 2'000'000;
  const Hasher hasher(Random(42));
  Keyspace keyspace(hasher);
  const std::string value(64, 'x');
  char key[24];
  const size_t before = ResidentBytes();
  Measure("insert", key_count, [&] {
    for (uint64_t i = 0; i < key_count; ++i)
      keyspace.SetString(keyspace.Prepare(KeyOf(i, key)), value, ExpiryChange::Clear());
  });
  const double keys = static_cast<double>(keyspace.size());
  std::printf("%-28s %7.1f (resident), %.1f records, %.1f tables\n", "bytes per key",
              static_cast<double>(ResidentBytes() - before) / keys,
              static_cast<double>(keyspace.RecordBytes()) / keys,
              static_cast<double>(keyspace.TableBytes()) / keys);

  Random random(7);
  std::vector<std::string> drawn;
  for (uint64_t i = 0; i < kOperations; ++i)
    drawn.emplace_back(KeyOf(random.Below(key_count), key));
  uint64_t sink = 0;
  const auto get = [&](const Lookup& lookup) {
    sink += static_cast<unsigned char>(keyspace.Find(lookup)->text()[5]);
  };
  const auto set = [&](const Lookup& lookup) {
    keyspace.SetString(lookup, value, ExpiryChange::Clear());
  };
  OneByOne("get", drawn, keyspace, get);
  Pipelined("get, pipeline of 16", drawn, keyspace, get);
  OneByOne("set existing", drawn, keyspace, set);
  Pipelined("set existing, pipeline of 16", drawn, keyspace, set);
  for (std::string& k : drawn) k[0] = 'z';
  OneByOne("get missing", drawn, keyspace,
           [&](const Lookup& lookup) { sink += keyspace.Find(lookup) != nullptr; });
  Measure("scan", keyspace.size(), [&] {
    uint64_t cursor = 0;
    do {
      cursor = keyspace.Scan(cursor, 100, [&](const Record* r) { sink += r->key().size(); });
    } while (cursor != 0);
  });
  Measure("random key", 1'000'000, [&] {
    for (int i = 0; i < 1'000'000; ++i) sink += keyspace.RandomKey(random)->key().size();
  });
  Measure("clear", keyspace.size(), [&] { const auto content = keyspace.Clear(); });
  std::printf("(%llu)\n", static_cast<unsigned long long>(sink));
}
