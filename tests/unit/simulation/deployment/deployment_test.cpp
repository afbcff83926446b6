#include "tests/simulation/deployment/deployment.h"

#include <doctest/doctest.h>

using namespace quorate::simulation;
using namespace std::chrono_literals;

namespace {

DeploymentOptions TwoGroups() {
  DeploymentOptions options;
  options.follows = {std::nullopt, 0, std::nullopt, 2};
  options.prompt = true;
  return options;
}

}  // namespace

TEST_CASE("deployment: a server that follows nobody begins another group") {
  Deployment deployment(1, TwoGroups());
  CHECK(deployment.groups() == 2);
  CHECK(GroupName(0) == "mymaster");
  CHECK(deployment.GroupOf(1) == 0);
  CHECK(deployment.GroupOf(3) == 1);
  CHECK(deployment.FirstServerOf(1) == 2);
  CHECK(deployment.GroupOfWriter(1) == 1);
}

TEST_CASE("deployment: each group has its primary, its writes, and its troubles") {
  Deployment deployment(1, TwoGroups());
  REQUIRE(deployment.Start());
  deployment.world().RunFor(1s);
  CHECK(&deployment.primary(0) == deployment.servers()[0].get());
  CHECK(&deployment.primary(1) == deployment.servers()[2].get());
  CHECK(deployment.LostWrites(*deployment.servers()[2]) == 0);
  CHECK_FALSE(deployment.Trouble().has_value());
  deployment.servers()[2]->Kill();
  CHECK(deployment.Trouble().has_value());
  deployment.world().RunFor(20s);
  CHECK(&deployment.primary(0) == deployment.servers()[0].get());
  CHECK(&deployment.primary(1) == deployment.servers()[3].get());
}

TEST_CASE("deployment: a sentinel that replaces another has an id of its own") {
  Deployment deployment(1, TwoGroups());
  REQUIRE(deployment.Start());
  SentinelNode& node = *deployment.sentinels()[1];
  const quorate::base::RunId old = node.id();
  node.Kill();
  deployment.ReplaceSentinel(
      1, {deployment.servers()[0]->endpoint(), deployment.servers()[2]->endpoint()},
      /*told_electorate=*/true);
  REQUIRE(node.Start().ok());
  CHECK(node.id() != old);
  CHECK(Deployment::GroupAt(node, 1)->options.electorate == 3);
  deployment.world().RunFor(5s);
  CHECK_FALSE(deployment.Trouble().has_value());
}
