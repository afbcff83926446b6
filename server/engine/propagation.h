// What a command did, in the form replicas must see it. Handlers add effects to the current unit;
// when the unit ends it is appended to the replication stream: one effect as it is, several framed
// by MULTI/EXEC. A write command that came as a RESP array and is not rewritten goes in as the same
// bytes.
//
// A unit is one client command, one EXEC with all it ran, or what one step of expiry or eviction
// deleted (arbitrary keys that belong to no command together, so never framed).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string_view>
#include <vector>

#include "server/engine/replication_port.h"
#include "shared/base/buffer.h"

namespace quorate::server::engine {

class Propagation {
 public:
  explicit Propagation(ReplicationPort& port) : port_(port) {}

  // Nothing is recorded while the port does not stream (no backlog yet, or we are a replica).
  bool active() const { return port_.streaming(); }

  void Add(int db, std::span<const std::string_view> args);
  void Add(int db, std::initializer_list<std::string_view> args) {
    Add(db, std::span(args.begin(), args.size()));
  }
  // `raw` is one complete RESP array.
  void AddRaw(int db, std::string_view raw);

  // Appends the unit to the stream and begins a new one. `arbitrary_keys`: never framed.
  void EndUnit(bool arbitrary_keys = false);
  // Forgets the unit without appending it: the role changed in its middle.
  void DropUnit();
  size_t pending() const { return effects_.size(); }

 private:
  struct Effect {
    int db = 0;
    size_t end = 0;  // in bytes_
  };

  ReplicationPort& port_;
  base::Buffer bytes_;
  std::vector<Effect> effects_;
};

}  // namespace quorate::server::engine
