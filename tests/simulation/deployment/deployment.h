// A whole simulated deployment: servers in chains, of one group or more, the sentinels that watch
// them all, and writers, each on a host of its own in one World. It knows who is who and when all
// is well; what happens to it is the harness' business. Groups are known by index; the first is
// "mymaster".
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/simulation/deployment/sentinel_node.h"
#include "tests/simulation/deployment/server_node.h"
#include "tests/simulation/deployment/writer.h"
#include "tests/simulation/world/world.h"

namespace quorate::simulation {

inline constexpr char kGroup[] = "mymaster";
// "mymaster", "group2", "group3" and so on.
std::string GroupName(size_t group);

struct DeploymentOptions {
  // Of every server the one it follows at first, by index; nothing: a primary, which begins another
  // group. The first is one.
  std::vector<std::optional<size_t>> follows = {std::nullopt, 0, 1};
  size_t sentinels = 3;
  uint32_t quorum = 2;
  base::Duration down_after = std::chrono::seconds(1);
  base::Duration failover_timeout = std::chrono::seconds(10);
  bool fast_detection = false;
  ConfigSyntax syntax = ConfigSyntax::kRedis;
  size_t writers = 1;  // of every group
  base::Duration write_pause = std::chrono::milliseconds(20);
  uint64_t longest_value = 2000;
  bool fleeting_keys = false;
  // Of the servers: seconds and changes.
  std::optional<std::pair<int64_t, int64_t>> save_point;
  uint64_t backlog_bytes = 1024 * 1024;
  int hz = 10;  // of the servers' periodic work
  std::chrono::seconds repl_timeout{5};
  base::Duration primary_lease{};  // of every server
  // Of every server, by index, the size of its on-disk backlog; 0, or no entry: it has none.
  std::vector<uint64_t> disk_backlogs;
  // The sentinels start when the servers have been there for so long, and writers when all is well.
  // Or, if `prompt`, as soon as every replica has its link, and as soon as all is in order, whether
  // the primary has its lease already or not.
  base::Duration sentinels_wait = std::chrono::seconds(2);
  bool prompt = false;
  // Between the starts of two sentinels: those that start together miss each other's first hello.
  base::Duration sentinel_gap{};
};

// As in a configuration file.
std::string SavePointText(const DeploymentOptions& options);

class Deployment {
 public:
  // Servers live at 10.0.1.1 and up, sentinels at 10.0.2.1, writers at 10.0.3.1. Nothing runs yet.
  Deployment(uint64_t seed, const DeploymentOptions& options, const WorldOptions& world = {});

  size_t groups() const { return first_servers_.size(); }
  // Of a server, by index; and the server that is its primary at first.
  size_t GroupOf(size_t server) const { return group_of_[server]; }
  size_t FirstServerOf(size_t group) const { return first_servers_[group]; }
  // Of a writer, by index.
  size_t GroupOfWriter(size_t writer) const { return writer / options_.writers; }

  // Starts everything in good order and waits until it is well (see `prompt`); false: it is not
  // within `limit`.
  bool Start(base::Duration limit = std::chrono::seconds(60));

  // Why not all is well now: every process runs; all sentinels know each other, count on each other
  // and nobody else, agree on one (epoch, address) of every group and see it up, with no failover
  // under way; the server there is the group's only one that takes writes, and its others follow
  // it, directly or not, with their links up. Nothing: all is well.
  std::optional<std::string> Trouble() const { return Trouble(true); }
  // Why the datasets of a group are not equal, at equal offsets; nothing: they are. Precondition:
  // Trouble() is nothing.
  std::optional<std::string> Difference() const;
  // The server at that address. Null: none.
  ServerNode* ServerAt(const base::Endpoint& address) const;
  // The server that the first sentinel's configuration names. Precondition: that one runs, and
  // watches the group.
  ServerNode& primary(size_t group = 0) const;
  // As that sentinel knows it. Null: it does not run, or does not watch the group.
  static const sentinel::core::Group* GroupAt(const SentinelNode& node, size_t group);
  // Acknowledged writes of the server's group that `server` does not have.
  size_t LostWrites(const ServerNode& server) const;
  void StopWriters();
  // That sentinel is gone with its disk; who starts in its place watches these, one of each group,
  // and counts on all of the sentinels from the beginning if `told_electorate`. Precondition: it
  // does not run.
  void ReplaceSentinel(size_t index, const std::vector<base::Endpoint>& primaries,
                       bool told_electorate);

  const DeploymentOptions& options() const { return options_; }
  World& world() { return world_; }
  std::vector<std::unique_ptr<ServerNode>>& servers() { return servers_; }
  std::vector<std::unique_ptr<SentinelNode>>& sentinels() { return sentinels_; }
  std::vector<std::unique_ptr<Writer>>& writers() { return writers_; }

 private:
  bool ReplicasAreLinked() const;
  std::optional<std::string> Trouble(bool writes_too) const;
  std::optional<std::string> SentinelTrouble(const SentinelNode& node) const;
  std::optional<std::string> GroupTrouble(const SentinelNode& node, size_t group) const;
  std::optional<std::string> WritesTrouble(const ServerNode& primary) const;
  std::optional<std::string> ServerTrouble(const ServerNode& node, const base::Endpoint& primary,
                                           bool writes_too) const;

  const DeploymentOptions options_;
  World world_;
  std::vector<size_t> group_of_;       // by server
  std::vector<size_t> first_servers_;  // by group
  std::vector<std::unique_ptr<ServerNode>> servers_;
  std::vector<std::unique_ptr<SentinelNode>> sentinels_;
  std::vector<std::unique_ptr<Writer>> writers_;
};

}  // namespace quorate::simulation
