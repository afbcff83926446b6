#include "scripts/ops/replica_cut.h"

#include <doctest/doctest.h>

namespace quorate::ops {
namespace {

base::Endpoint Local(uint16_t port) { return {"127.0.0.1", port}; }

ServerView Server(const std::string& name, uint16_t port, uint16_t follows) {
  ServerView view;
  view.name = name;
  view.endpoint = Local(port);
  view.is_primary = follows == 0;
  if (follows != 0) view.follows = Local(follows);
  return view;
}

}  // namespace

TEST_CASE("replica cut: of a chain the middle is cut, else the first that follows the primary") {
  Observation observation;
  observation.servers = {Server("c", 3, 2), Server("a", 1, 0), Server("b", 2, 1)};
  CHECK(FirstReplica(observation, Local(1)) == "b");
  observation.servers = {Server("c", 3, 1), Server("a", 1, 0), Server("b", 2, 1)};
  CHECK(FirstReplica(observation, Local(1)) == "c");
  observation.servers = {Server("a", 1, 0)};
  CHECK(FirstReplica(observation, Local(1)).empty());
}

}  // namespace quorate::ops
