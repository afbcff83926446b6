// Assertions. CHECK is always on and means that the program itself is broken; never use it on
// anything that a peer, a client, a file or an operator can cause. DCHECK is the same for costly
// conditions, in debug builds only.
#pragma once

namespace quorate::base {

// Prints "CHECK failed: <condition> at <file>:<line>" to stderr and aborts.
[[noreturn]] void CheckFailed(const char* condition, const char* file, int line);

}  // namespace quorate::base

#define CHECK(condition)                  \
  (static_cast<bool>(condition) ? (void)0 \
                                : ::quorate::base::CheckFailed(#condition, __FILE__, __LINE__))

#ifdef NDEBUG
#define DCHECK(condition) ((void)sizeof(condition))
#else
#define DCHECK(condition) CHECK(condition)
#endif
