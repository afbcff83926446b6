#include "scripts/ops/observation.h"

#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace quorate::ops {
namespace {

resp::Value Bulk(std::string text) {
  resp::Value value;
  value.type = resp::Value::Type::kBulk;
  value.text = std::move(text);
  return value;
}

resp::Value Array(const std::vector<std::string>& texts) {
  resp::Value value;
  value.type = resp::Value::Type::kArray;
  for (const std::string& text : texts) value.items.push_back(Bulk(text));
  return value;
}

base::Endpoint Local(uint16_t port) { return {"127.0.0.1", port}; }

ServerView Server(const std::string& name, uint16_t port, uint16_t follows) {
  ServerView view;
  view.name = name;
  view.endpoint = Local(port);
  view.is_primary = follows == 0;
  if (follows != 0) view.follows = Local(follows);
  view.link_up = follows != 0;
  return view;
}

SentinelView Sentinel(const std::string& name, uint16_t primary) {
  SentinelView view;
  view.name = name;
  view.primary = Local(primary);
  view.flags = "master";
  view.other_sentinels = 2;
  view.replicas = 1;
  view.quorum = "OK 3 usable Sentinels.";
  return view;
}

// a <- b <- c, watched by three.
Observation Chain() {
  Observation observation;
  observation.servers = {Server("a", 1, 0), Server("b", 2, 1), Server("c", 3, 2)};
  observation.sentinels = {Sentinel("x", 1), Sentinel("y", 1), Sentinel("z", 1)};
  return observation;
}

}  // namespace

TEST_CASE(
    "observation: a whole chain misses nothing, though the sentinels see its first link only") {
  CHECK(WhatIsMissing(Chain()) == "");
}

TEST_CASE("observation: what is missing is named") {
  Observation silent = Chain();
  silent.servers[1].problem = "connection refused";
  CHECK(WhatIsMissing(silent) == "b: connection refused");

  Observation two = Chain();
  two.servers[2] = Server("c", 3, 0);
  CHECK(WhatIsMissing(two) == "c takes itself for a primary");

  Observation broken = Chain();
  broken.servers[1].link_up = false;
  CHECK(WhatIsMissing(broken) == "b does not follow the primary yet");

  Observation circle = Chain();
  circle.servers[1].follows = Local(3);
  CHECK(WhatIsMissing(circle) == "b does not follow the primary yet");

  Observation divided = Chain();
  divided.sentinels[2].primary = Local(2);
  CHECK(WhatIsMissing(divided) == "the sentinels do not name the same primary");

  Observation doubted = Chain();
  doubted.sentinels[0].flags = "master,s_down";
  CHECK(WhatIsMissing(doubted) == "x sees the primary as master,s_down");

  Observation strangers = Chain();
  strangers.sentinels[1].other_sentinels = 1;
  CHECK(WhatIsMissing(strangers) == "y does not know all other sentinels yet");

  Observation unseen = Chain();
  unseen.sentinels[1].replicas = 0;
  CHECK(WhatIsMissing(unseen) == "y does not know all replicas yet");

  Observation powerless = Chain();
  powerless.sentinels[0].quorum = "NOQUORUM 1 usable Sentinels.";
  CHECK(WhatIsMissing(powerless) == "x: NOQUORUM 1 usable Sentinels.");

  Observation stale = Chain();
  for (SentinelView& sentinel : stale.sentinels) sentinel.primary = Local(2);
  CHECK(WhatIsMissing(stale) == "a takes itself for a primary");
}

TEST_CASE("observation: a replica is read from its INFO") {
  ServerView view;
  ReadServer({Bulk("# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\n"),
              Bulk("# Replication\r\nrole:slave\r\nmaster_host:127.0.0.1\r\nmaster_port:6379\r\n"
                   "master_link_status:up\r\nslave_repl_offset:42\r\nconnected_slaves:1\r\n"
                   "master_repl_offset:42\r\nrepl_backlog_first_byte_offset:7\r\n"),
              Bulk(""), Bulk("# Stats\r\nsync_full:2\r\nsync_partial_ok:3\r\n")},
             view);
  CHECK(view.Answers());
  CHECK(view.version == "7.0.15");
  CHECK_FALSE(view.is_primary);
  CHECK(view.follows == Local(6379));
  CHECK(view.link_up);
  CHECK(view.offset == 42);
  CHECK(view.replicas == 1);
  CHECK(view.run_id == "abc");
  CHECK(view.memory_from == 7);
  CHECK(view.full_syncs == 2);
  CHECK(view.partial_syncs == 3);
}

TEST_CASE("observation: a server that answers with an error does not answer yet") {
  resp::Value loading;
  loading.type = resp::Value::Type::kError;
  loading.text = "LOADING Redis is loading the dataset in memory";
  ServerView view;
  ReadServer({Bulk(""), Bulk(""), loading, Bulk("")}, view);
  CHECK(view.problem == loading.text);
}

TEST_CASE("observation: a sentinel is read from flat arrays, and a missing quorum is no silence") {
  resp::Value noquorum;
  noquorum.type = resp::Value::Type::kError;
  noquorum.text = "NOQUORUM 1 usable Sentinels.";
  SentinelView view;
  ReadSentinel({Bulk("# Server\r\nredis_version:7.0.15\r\nquorate_version:0.1.0\r\n"),
                Array({"name", "g", "flags", "master", "num-slaves", "1", "num-other-sentinels",
                       "2", "config-epoch", "7"}),
                Array({"127.0.0.1", "6380"}), noquorum},
               view);
  CHECK(view.Answers());
  CHECK(view.version == "0.1.0");
  CHECK(view.primary == Local(6380));
  CHECK(view.flags == "master");
  CHECK(view.other_sentinels == 2);
  CHECK(view.epoch == 7);
  CHECK(view.quorum == noquorum.text);
}

}  // namespace quorate::ops
