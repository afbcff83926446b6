// The connections to data nodes and to other sentinels, as the core orders them: opened, written to
// and closed by its actions, and reporting back as its inputs. Replies are matched to requests in
// order; what breaks that order, or the protocol, ends the link. Nothing is retried here: the core
// opens a new link when it wants one.
//
// What a turn sends leaves at its end. A closed link lives on, deaf, until then, since it may be
// closed from inside its own callbacks.
#pragma once

#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "sentinel/core/actions.h"
#include "sentinel/core/inputs.h"
#include "shared/io/io.h"

namespace quorate::sentinel::runtime {

class Connections {
 public:
  Connections(io::Io& io, std::function<void(core::Input)> feed);
  ~Connections();

  void Open(const core::OpenLink& order);
  void Close(core::LinkId id);
  // Ignored if the link is gone: its LinkDown is on the way to the core or has just been told.
  void Send(const core::Send& order);
  void EndTurn();

 private:
  class Connection;
  void MarkDirty(Connection& connection);

  io::Io& io_;
  std::function<void(core::Input)> feed_;
  std::unordered_map<core::LinkId, std::unique_ptr<Connection>> connections_;
  std::vector<core::LinkId> dirty_;
  std::vector<std::unique_ptr<Connection>> closed_;
};

}  // namespace quorate::sentinel::runtime
