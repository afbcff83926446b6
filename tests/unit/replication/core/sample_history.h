// A history of two ids, for the tests that judge positions in one.
#pragma once

#include <string>

#include "replication/core/history.h"

namespace quorate::replication::core {

inline const std::string kOurs(40, 'a');
inline const std::string kBefore(40, 'b');

inline base::ReplicationId Id(const std::string& text) { return *base::ReplicationId::Parse(text); }

// kBefore up to 1000, kOurs since; the backlog holds [900, 1200).
inline History Sample() {
  History history(Id(kBefore), 1 << 20);
  history.Restore(Id(kBefore), base::Offset(900), {}, std::nullopt);
  history.Append(std::string(100, 'x'));
  history.Promote(Id(kOurs));
  history.Append(std::string(200, 'x'));
  return history;
}

}  // namespace quorate::replication::core
