// Runs a fuzz target without a fuzzer: every seed of its corpus, and a fixed number of mutations of
// each, the same in every run. It finds what is grossly wrong in seconds, in any build;
// scripts/fuzz searches for real.
//
// usage: fuzz_smoke_<name> <corpus folder>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "shared/base/random.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using quorate::base::Random;

constexpr int kMutationsPerSeed = 300;

void Run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

std::string Mutated(std::string input, const std::string& other, Random& random) {
  const auto changes = random.Between(1, 4);
  for (int64_t i = 0; i < changes; ++i) {
    const size_t at = input.empty() ? 0 : random.Below(input.size());
    switch (random.Below(6)) {
      case 0:
        if (!input.empty()) input[at] = static_cast<char>(random.Below(256));
        break;
      case 1:
        if (!input.empty()) input[at] = static_cast<char>(input[at] ^ (1 << random.Below(8)));
        break;
      case 2:
        input.insert(at, 1 + random.Below(8), static_cast<char>(random.Below(256)));
        break;
      case 3:
        input.erase(at, 1 + random.Below(16));
        break;
      case 4:
        input.resize(at);
        break;
      default:
        if (!other.empty())
          input.insert(at, other, random.Below(other.size()), 1 + random.Below(64));
        break;
    }
  }
  return input;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s <corpus folder>\n", argv[0]);
    return 2;
  }
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1]))
    files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<std::string> seeds = {""};
  for (const auto& path : files) {
    std::ifstream file(path, std::ios::binary);
    seeds.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  Random random(1);
  for (const std::string& seed : seeds) {
    Run(seed);
    for (int i = 0; i < kMutationsPerSeed; ++i)
      Run(Mutated(seed, seeds[random.Below(seeds.size())], random));
  }
  std::printf("%zu inputs\n", seeds.size() * (kMutationsPerSeed + 1));
  return seeds.size() > 1 ? 0 : 1;  // a target without seeds tests nothing
}
