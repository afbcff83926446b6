// The engine fixture with every command of the server, for the tests of the command families.
#pragma once

#include "server/commands/all.h"
#include "tests/support/engine_fixture.h"

namespace quorate::testing {

struct CommandFixture : EngineFixture {
  explicit CommandFixture(base::RunId run_id = {})
      : EngineFixture(&server::commands::RegisterAll, run_id) {}
};

}  // namespace quorate::testing
