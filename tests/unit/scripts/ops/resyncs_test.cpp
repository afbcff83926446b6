#include "scripts/ops/resyncs.h"

#include <string>

#include <doctest/doctest.h>

namespace quorate::ops {
namespace {

ServerView Server(const std::string& run_id, int64_t full, int64_t partial) {
  ServerView view;
  view.run_id = run_id;
  view.full_syncs = full;
  view.partial_syncs = partial;
  return view;
}

}  // namespace

TEST_CASE("resyncs: what all servers have served since counts, of a new process everything") {
  Observation before;
  before.servers = {Server("p", 5, 7), Server("q", 1, 0)};
  Observation after;
  after.servers = {Server("new", 1, 2), Server("q", 1, 3)};
  const Resyncs resyncs = ResyncsBetween(before, after);
  CHECK(resyncs.full == 1);
  CHECK(resyncs.partial == 5);
}

}  // namespace quorate::ops
