// io::Child over uv_process_t: own session and process group, the null device as standard input and
// output, no other descriptor. A child outlives its object: it is reaped by the loop whether or not
// somebody still asks for its exit.
#pragma once

#include <uv.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "shared/base/result.h"
#include "shared/io/io.h"
#include "shared/uv/loop.h"

namespace quorate::uv {

// Fails if the program cannot be executed.
base::Result<std::unique_ptr<io::Child>> SpawnChild(Loop& loop,
                                                    const std::vector<std::string>& argv,
                                                    std::function<void(io::ChildExit)> on_exit);

}  // namespace quorate::uv
