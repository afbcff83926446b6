// A stock redis-server as a sentinel sees it: its role, its place in a replication history and what
// INFO and ROLE say of them. No sockets, no data. A replica whose primary is up has everything that
// the primary has: there is no delay in this replication.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shared/base/buffer.h"
#include "shared/base/ids.h"
#include "shared/base/random.h"

namespace quorate::bench {

struct MockDataNode {
  base::Endpoint address;
  base::RunId run_id;
  bool alive = true;
  base::Endpoint follows;  // empty: a primary
  base::ReplicationId history;
  base::ReplicationId previous_history;
  base::Offset previous_end{-1};
  base::Offset offset{0};

  bool is_primary() const { return follows.empty(); }
};

// The nodes that may follow each other.
class MockGroup {
 public:
  // nodes[0] is the primary, the others follow it.
  MockGroup(std::vector<base::Endpoint> addresses, base::Random& random);

  std::vector<MockDataNode>& nodes() { return nodes_; }
  // REPLICAOF, and REPLICAOF NO ONE.
  void Follow(MockDataNode& node, const base::Endpoint& primary);
  void Promote(MockDataNode& node, base::Random& random);
  // Something of that many bytes was written to a primary; no effect on a replica.
  void Write(MockDataNode& node, int64_t bytes);
  // Followed, and up; null for a primary and for a replica whose link is down.
  MockDataNode* UpstreamOf(const MockDataNode& node);
  // Those who get what is written or published on `node`.
  std::vector<MockDataNode*> FollowersOf(const MockDataNode& node);

  std::string Info(const MockDataNode& node);
  void AppendRole(const MockDataNode& node, base::Buffer& out);

 private:
  std::vector<MockDataNode> nodes_;
};

}  // namespace quorate::bench
