// A client of the simulation's harness: sends one command at a time to any endpoint and answers
// with the reply as text, in virtual time. For scripts; load comes from Writer.
#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "shared/link/link.h"
#include "tests/simulation/world/world.h"

namespace quorate::simulation {

class Caller {
 public:
  // Lives on a host of its own, `ip`.
  Caller(World& world, const std::string& ip);

  // Runs the world until the reply is there. Errors come as "(error) ERR ..."; no answer within
  // `limit` as "(no answer)".
  std::string Call(const base::Endpoint& to, std::initializer_list<std::string_view> args,
                   base::Duration limit = std::chrono::seconds(2));

 private:
  World& world_;
  Process& process_;
  base::Random random_;
};

}  // namespace quorate::simulation
