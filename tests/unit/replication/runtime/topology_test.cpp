// Random topologies: nodes change their primary, are promoted, hand their role over, start anew
// with nothing, lose links and go on writing, all at random moments by seed. Then everything heals
// into one tree, and every node must hold what its root holds. While it runs, a node at the same
// place of the same history as another must hold the same data.
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/replication/runtime/fake_nodes.h"

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication;
using namespace std::chrono_literals;
using runtime::fake::Data;
using runtime::fake::Node;
using runtime::fake::World;

namespace {

constexpr int kNodes = 5;

class Topology {
 public:
  explicit Topology(uint64_t seed) : world_(seed), random_(seed * 31) {
    core::Options& options = options_;
    options.backlog_size = 100000;
    world_.length_framing = random_.Chance(1, 2);
    world_.window = static_cast<size_t>(random_.Between(200, 100000));
    for (int i = 0; i < kNodes; ++i) {
      nodes_.push_back(
          std::make_unique<Node>(world_, by_port_, static_cast<uint16_t>(7001 + i), options));
      parent_.push_back(-1);
    }
  }

  void Disturb() {
    const int node = static_cast<int>(random_.Below(kNodes));
    switch (random_.Below(10)) {
      case 0:
        Promote(node);
        break;
      case 1:
      case 2:
        Follow(node, static_cast<int>(random_.Below(kNodes)));
        break;
      case 3:
        nodes_[node]->CutReplicas();
        break;
      case 4:
        FailOver(node);
        break;
      case 5:
        if (random_.Chance(1, 3)) Restart(node);
        break;
      default:
        Write(node);
    }
    world_.Run(std::chrono::microseconds(random_.Between(0, 20000)));
    ComparePrefixes();
  }

  void Heal() {
    for (const auto& node : nodes_) static_cast<void>(node->replication.AbortFailover());
    // Roles that have moved are not in parent_.
    for (int i = 0; i < kNodes; ++i)
      if (!nodes_[i]->replication.is_replica()) parent_[i] = -1;
    const int root = static_cast<int>(random_.Below(kNodes));
    Promote(root);
    for (int i = 0; i < kNodes; ++i) {
      if (i != root) Follow(i, root);
    }
    world_.Run(10s);
    // Then a chain, so that the middle of it is tried as well.
    int last = root;
    for (int i = 0; i < kNodes; ++i) {
      if (i == root) continue;
      Follow(i, last);
      last = i;
    }
    Write(root);
    world_.Run(30s);
    if (!AtRest()) world_.Run(1s);  // a keepalive was under way
    for (const auto& node : nodes_) {
      CHECK(node->data == nodes_[root]->data);
      CHECK(node->replication.offset() == nodes_[root]->replication.offset());
      CHECK(node->replication.history().id() == nodes_[root]->replication.history().id());
    }
  }

 private:
  // As the command does: to whoever is first, or to one of them, by force if it does not come.
  void FailOver(int node) {
    const auto replicas = nodes_[node]->replication.Replicas();
    core::FailoverRequest request;
    if (!replicas.empty() && random_.Chance(1, 2)) {
      const auto& target = replicas[random_.Below(replicas.size())];
      request.target = {target.ip, target.port};
      request.timeout = std::chrono::milliseconds(random_.Between(1, 50));
      request.force = random_.Chance(1, 3);
    }
    static_cast<void>(nodes_[node]->replication.StartFailover(request));
  }
  void Restart(int node) {
    nodes_[node].reset();
    nodes_[node] =
        std::make_unique<Node>(world_, by_port_, static_cast<uint16_t>(7001 + node), options_);
    parent_[node] = -1;
  }
  void Promote(int node) {
    if (nodes_[node]->replication.failover_state() != core::FailoverState::kNone) return;
    nodes_[node]->replication.Promote();
    parent_[node] = -1;
  }
  void Follow(int node, int primary) {
    for (int at = primary; at != -1; at = parent_[at]) {
      if (at == node) return;  // would be a cycle
    }
    if (nodes_[node]->replication.failover_state() != core::FailoverState::kNone) return;
    nodes_[node]->Follow(*nodes_[primary]);
    parent_[node] = primary;
  }
  void Write(int node) {
    if (nodes_[node]->replication.is_replica() || nodes_[node]->paused) return;
    for (uint64_t n = 1 + random_.Below(20); n > 0; --n) {
      const std::string value = std::to_string(++written_);
      const int db = static_cast<int>(random_.Below(3));
      const std::string key = "k" + std::to_string(random_.Below(30));
      if (random_.Chance(1, 4)) {
        nodes_[node]->SetTwo(db, key, value);
      } else {
        nodes_[node]->Set(db, key, value);
      }
    }
  }
  bool AtRest() const {
    return std::ranges::all_of(nodes_, [&](const auto& node) {
      return node->replication.offset() == nodes_[0]->replication.offset();
    });
  }
  // Only histories that somebody follows are counted, so only those say anything.
  void ComparePrefixes() {
    for (const auto& node : nodes_) {
      if (node->replication.history().backlog() == nullptr) continue;
      if (node->replication.is_replica() && !node->replication.primary_link_up()) continue;
      const auto place = std::pair(node->replication.history().id().ToString(),
                                   node->replication.offset().bytes());
      const auto [known, fresh] = seen_.emplace(place, node->data);
      CHECK(known->second == node->data);
    }
  }

  World world_;
  Random random_;
  core::Options options_;
  std::map<uint16_t, Node*> by_port_;
  std::vector<std::unique_ptr<Node>> nodes_;
  std::vector<int> parent_;
  std::map<std::pair<std::string, int64_t>, Data> seen_;
  uint64_t written_ = 0;
};

}  // namespace

TEST_CASE("replication: whatever the topology went through, after healing all are equal") {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    Topology topology(seed);
    for (int step = 0; step < 80; ++step) topology.Disturb();
    topology.Heal();
  }
}
