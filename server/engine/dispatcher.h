// Decides whether a request may run now: the checks between parsing and the handler, in Redis'
// order, each with Redis' error text. Holds no state of its own.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "server/engine/command_table.h"

namespace quorate::server::engine {

class Engine;
class Session;

// What becomes of a request.
struct RunNow {};
struct Queue {};     // inside MULTI
struct Postpone {};  // CLIENT PAUSE: the session blocks, and the request is judged again later
struct Refuse {      // answered with the error; inside MULTI it spoils the transaction, in the
                     // primary's stream it ends the link
  std::string error;
};
using Verdict = std::variant<RunNow, Queue, Postpone, Refuse>;

// `command` is the table's answer for args[0] (and its subcommand); nullptr = unknown. May evict
// keys to get below maxmemory.
Verdict Judge(Engine& engine, Session& session, const Command* command,
              std::span<const std::string_view> args);

}  // namespace quorate::server::engine
