// The engine fixture with every command of the server, for the tests of the command families.
#pragma once

#include "server/commands/all.h"
#include "tests/support/engine_fixture.h"

namespace quorate::testing {

struct CommandFixture : EngineFixture {
  CommandFixture() : EngineFixture(&server::commands::RegisterAll) {}
};

}  // namespace quorate::testing
