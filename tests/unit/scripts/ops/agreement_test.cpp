#include "scripts/ops/agreement.h"

#include <string>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

namespace quorate::ops {
namespace {

DataView View(const std::string& name, int64_t offset, std::string digest) {
  DataView view;
  view.server.name = name;
  view.server.offset = offset;
  view.digest = std::move(digest);
  return view;
}

}  // namespace

TEST_CASE("agreement: equal offsets and digests are no disagreement") {
  CHECK(Disagreement({View("a", 7, "d"), View("b", 7, "d"), View("c", 7, "d")}) == "");
}

TEST_CASE("agreement: the server that differs is named, and one that does not answer first") {
  CHECK(Disagreement({View("a", 7, "d"), View("b", 7, "d"), View("c", 6, "d")}) ==
        "a and c are at the offsets 7 and 6");
  CHECK(Disagreement({View("a", 7, "d"), View("b", 7, "e")}) == "a and b have the digests d and e");
  DataView silent = View("c", 7, "d");
  silent.server.problem = "connection refused";
  CHECK(Disagreement({View("a", 7, "d"), View("b", 6, "d"), silent}) == "c: connection refused");
}

}  // namespace quorate::ops
