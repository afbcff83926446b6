#include "replication/core/stream_tracker.h"

#include <string_view>
#include <vector>

#include <doctest/doctest.h>

using namespace quorate::replication::core;

TEST_CASE("stream tracker: transactions are released whole, by EXEC or DISCARD") {
  StreamTracker tracker;
  using Args = std::vector<std::string_view>;
  CHECK(tracker.Applied(Args{"PING"}, "p") == "p");
  CHECK(tracker.Applied(Args{"multi"}, "m") == "");
  CHECK(tracker.Applied(Args{"SET", "a", "b"}, "s") == "");
  CHECK(tracker.Applied({}, "\n") == "");
  CHECK(tracker.in_transaction());
  CHECK(tracker.Applied(Args{"EXEC"}, "e") == "ms\ne");
  CHECK_FALSE(tracker.in_transaction());
  CHECK(tracker.Applied(Args{"MULTI"}, "m") == "");
  CHECK(tracker.Applied(Args{"DISCARD"}, "d") == "md");
  CHECK(tracker.Applied(Args{"PING"}, "p") == "p");
  CHECK(tracker.pending().empty());
}

TEST_CASE("stream tracker: the database is that of the released bytes") {
  StreamTracker tracker;
  using Args = std::vector<std::string_view>;
  CHECK(tracker.db() == -1);
  tracker.Applied(Args{"SELECT", "3"}, "s");
  CHECK(tracker.db() == 3);
  tracker.Applied(Args{"MULTI"}, "m");
  tracker.Applied(Args{"SELECT", "5"}, "s");
  CHECK(tracker.db() == 3);
  tracker.Applied(Args{"EXEC"}, "e");
  CHECK(tracker.db() == 5);
  tracker.Applied(Args{"MULTI"}, "m");
  tracker.Applied(Args{"SELECT", "7"}, "s");
  tracker.Restart(tracker.db());  // the link is cut
  CHECK(tracker.db() == 5);
  CHECK(tracker.pending().empty());
}

TEST_CASE("stream tracker: REPLCONF is never run") {
  using Args = std::vector<std::string_view>;
  CHECK(StreamTracker::Classify(Args{"REPLCONF", "GETACK", "*"}) ==
        StreamTracker::Verdict::kGetAck);
  CHECK(StreamTracker::Classify(Args{"replconf", "capa", "x"}) == StreamTracker::Verdict::kSkip);
  CHECK(StreamTracker::Classify(Args{"SET", "a", "b"}) == StreamTracker::Verdict::kApply);
}
