// MONITOR: the clients that are shown every command as it has run, in the order of running. What
// only operators run (the admin commands) is not shown, and passwords are not (redaction.h). With
// nobody watching it costs one look at an empty list.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace quorate::server::engine {

class Session;

class Monitors {
 public:
  bool empty() const { return sessions_.empty(); }
  void Add(Session& session) { sessions_.push_back(&session); }
  void Remove(Session& session) { std::erase(sessions_, &session); }
  const std::vector<Session*>& sessions() const { return sessions_; }

 private:
  std::vector<Session*> sessions_;
};

// One command as a monitor sees it, without its line's frame: time in seconds with microseconds,
// the database and the peer of `source`, every word quoted. `unix_path` is our own socket's.
std::string DescribeForMonitors(int64_t unix_micros, const Session& source,
                                std::string_view unix_path, std::span<const std::string_view> args);

}  // namespace quorate::server::engine
