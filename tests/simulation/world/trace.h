// The running hash of everything that happens in a world. Two runs with equal hashes took the same
// path; a difference between two runs of one seed means that something depends on more than the
// seed. With a sink, every entry is also a line of text, for looking at one run.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "shared/base/time.h"

namespace quorate::simulation {

class Trace {
 public:
  // `what` names the event; `a`, `b` and `bytes` are its particulars.
  void Add(base::Instant now, std::string_view what, uint64_t a = 0, uint64_t b = 0,
           std::string_view bytes = {});

  uint64_t hash() const { return hash_; }
  uint64_t entries() const { return entries_; }
  void SetSink(std::function<void(const std::string&)> sink) { sink_ = std::move(sink); }

 private:
  uint64_t hash_ = 0;
  uint64_t entries_ = 0;
  std::function<void(const std::string&)> sink_;
};

}  // namespace quorate::simulation
