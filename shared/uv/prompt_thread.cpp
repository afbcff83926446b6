#include "shared/uv/prompt_thread.h"

#include <linux/sched.h>
#include <linux/sched/types.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace quorate::uv {
namespace {

// The least that the kernel grants.
constexpr __u64 kSliceNanoseconds = 100'000;

}  // namespace

void AskForShortSlices() {
  sched_attr attributes{};
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) != 0) return;
  if (attributes.sched_policy != SCHED_NORMAL) return;  // the operator has chosen otherwise
  attributes.sched_runtime = kSliceNanoseconds;
  attributes.sched_flags |= SCHED_FLAG_RESET_ON_FORK;
  syscall(SYS_sched_setattr, 0, &attributes, 0);
}

}  // namespace quorate::uv
