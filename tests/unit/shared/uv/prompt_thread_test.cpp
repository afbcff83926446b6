#include "shared/uv/prompt_thread.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>
#include <thread>

#include <doctest/doctest.h>

namespace quorate::uv {
namespace {

// The kernel's struct sched_attr, first version: its header does not go with <thread>.
struct Attributes {
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime;
  uint64_t deadline;
  uint64_t period;
};

Attributes OfThisThread() {
  Attributes attributes{};
  REQUIRE(syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) == 0);
  return attributes;
}

TEST_CASE("short slices: for the thread that asks, not for those it starts") {
  std::thread([] {
    const Attributes before = OfThisThread();
    AskForShortSlices();
    const Attributes after = OfThisThread();
    CHECK(after.nice == before.nice);
    CHECK(after.policy == before.policy);
    if (before.runtime == 0) return;  // a kernel before 6.12
    CHECK(after.runtime < before.runtime);
    std::thread([&] { CHECK(OfThisThread().runtime == before.runtime); }).join();
  }).join();
}

TEST_CASE("short slices: a policy that somebody has chosen stays") {
  std::thread([] {
    Attributes batch{};
    batch.size = sizeof(batch);
    batch.policy = SCHED_BATCH;
    REQUIRE(syscall(SYS_sched_setattr, 0, &batch, 0) == 0);
    const Attributes before = OfThisThread();
    AskForShortSlices();
    CHECK(OfThisThread().policy == SCHED_BATCH);
    CHECK(OfThisThread().runtime == before.runtime);
  }).join();
}

}  // namespace
}  // namespace quorate::uv
