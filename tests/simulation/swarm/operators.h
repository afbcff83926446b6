// The operators of one run: what they ask of sentinels and servers at random moments, and what has
// to follow from it - a group that was removed is monitored again, a sentinel that is gone for good
// is replaced and forgotten. They look at the daemons before they act, as INFO and the SENTINEL
// views would show them, and repeat what had no effect.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/ids.h"
#include "shared/base/random.h"
#include "shared/link/link.h"
#include "tests/simulation/deployment/deployment.h"

namespace quorate::simulation {

class Operators {
 public:
  // Live on a host of their own. `tell` is given every request and its answer in words.
  Operators(Deployment& deployment, base::Random random,
            std::function<void(const std::string&)> tell);

  // ---- a request each, at any sentinel or server
  void Failover();
  // Maybe to a certain server, maybe with little time to catch up.
  void Switchover();
  void Reset();
  // A pause of some seconds, or the end of one.
  void PauseOrResume();
  // The quorum, or a shorter down-after-milliseconds; often at all sentinels.
  void Set();
  // A replica is told to follow another server of its group, at most kDeepest below the top; never
  // below itself, as far as can be seen: nobody would mend that.
  void Reparent();
  void Save();
  // REMOVE. What was removed is Monitored again when the caller says so.
  void Remove(size_t sentinel);

  // ---- mending
  // MONITOR of what this sentinel does not watch, at the primary that others name, and SET of what
  // the configuration says.
  void MonitorAgain(size_t sentinel);
  // It does not run any more and never will: its machine gets an empty disk and a configuration
  // with which a new sentinel can start there.
  void Replace(size_t sentinel);
  // FORGET at everyone who still lists one that was replaced, when the others know the same: an
  // epoch that was won with its vote could be won again where nobody remembers it (E1).
  void ForgetReplaced();
  // Servers refuse what their primaries would give them (replica-refuse-empty-primary), and no
  // sentinel has found a better primary: lets it happen.
  void AllowRefusedSyncs();
  // A server that was away while every sentinel was told to forget its group comes back as a
  // primary that none of them knows: it is told to follow theirs.
  void AttachStrays();
  // All that is to be mended at the sentinels.
  void MendSentinels();

  // Requests that wait for a reply must not start anything any more.
  void DropRequests() { requests_.clear(); }

 private:
  using Words = std::vector<std::string>;
  struct Replaced {
    size_t sentinel;
    base::RunId id;
  };

  void Request(const base::Endpoint& to, const Words& words);
  // SENTINEL <words>.
  void Ask(const SentinelNode& node, Words words);
  // How many servers are above it, as their configurations go; far more than allowed if one of them
  // does not run: it may come back below anybody.
  size_t DepthOf(const ServerNode& node) const;
  // How many generations of replicas are below it.
  size_t HeightOf(const ServerNode& node) const;
  void MonitorAgain(const SentinelNode& node, size_t group);
  // As some other sentinel names it; if nobody does, a server that says it is one.
  base::Endpoint PrimaryToMonitor(const SentinelNode& but, size_t group);
  bool OthersAgree(size_t sentinel) const;
  bool IsStray(size_t server) const;
  size_t AnyGroup();
  SentinelNode& AnySentinel();
  // Mostly one that is a replica.
  ServerNode& AnyHeir(size_t group);
  ServerNode& AnyServer();

  Deployment& deployment_;
  base::Random random_;
  const std::function<void(const std::string&)> tell_;
  Process& process_;
  std::vector<std::unique_ptr<link::Link>> requests_;
  std::optional<Replaced> replaced_;
  bool removed_ = false;  // some group, from some sentinel
};

}  // namespace quorate::simulation
