// Faults of one run: strikes at random moments of the safety phase, each of a random kind among
// those enabled and undone after a random time; and the end of all faults at once. What was killed
// is started again by a supervisor, as often as it takes.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shared/base/random.h"
#include "tests/simulation/deployment/deployment.h"
#include "tests/simulation/swarm/operators.h"
#include "tests/simulation/swarm/options.h"

namespace quorate::simulation {

class Faults {
 public:
  // `tell` is given every fault in words, as it happens.
  Faults(Deployment& deployment, const SwarmOptions& options, base::Random random,
         std::function<void(const std::string&)> tell);

  // Plans all strikes, from now on.
  void Plan();
  // Everything is powered, runs, is connected and in order again; no strike that is still planned
  // happens.
  void HealAll();
  // After HealAll, again and again: what is missing at sentinels is put right.
  void MendSentinels();
  Operators& operators() { return operators_; }
  // A sentinel has just announced it; some steps of a failover are answered by a strike at once.
  void OnEvent(size_t sentinel, std::string_view event);

  // A daemon that should have started and did not, though its disk was well; or one that started
  // from a damaged file.
  const std::optional<std::string>& failed_start() const { return failed_start_; }

 private:
  Fault AnyFault();
  void Strike(Fault fault);
  // Its index, if one was stopped.
  std::optional<size_t> StopServer(bool power);
  // The node is stopped now and starts later.
  void TearSnapshot();
  void TearSegment();
  // `file` cut short, or with one bit changed, at a random place; which is returned.
  size_t Damage(std::string& file);
  void OnServerEnd(size_t index, const std::string& last_words);
  void StopSentinel(size_t index, bool power);
  // False if it does not run.
  template <typename Node>
  bool Stop(Node& node, bool power);
  void RestartServer(size_t index);
  void RestartSentinel(size_t index);
  template <typename Node>
  void Pause(Node& node);
  void StallSentinels();
  void CutWays(bool both);
  void Partition();
  void SlowLink();
  void SpoilDisk(Host& host, Fault fault);
  void TouchClock(Fault fault);
  void SlowNetwork();
  // It is MONITORed again after a while.
  void RemoveGroup(size_t sentinel);
  // One sentinel is gone for good, and another starts in its place: one at a time.
  void ReplaceSentinel();
  void StartReplacement();

  size_t AnyServer() { return random_.Below(deployment_.servers().size()); }
  size_t AnySentinel() { return random_.Below(deployment_.sentinels().size()); }
  // Sentinels' more often than servers'.
  Host& AnyHost();
  // Mostly the primary: what hits a replica says little.
  size_t ServerToHit();
  base::Duration Draw(int64_t low_ms, int64_t high_ms);
  // How long a fault lasts; of some it is sure that others may strike after their end.
  base::Duration DrawLasting(int64_t low_ms, int64_t high_ms);
  void Later(base::Duration delay, std::function<void()> action);

  Deployment& deployment_;
  World& world_;
  const SwarmOptions& options_;
  base::Random random_;
  const std::function<void(const std::string&)> tell_;
  Operators operators_;
  bool healed_ = false;
  int timely_strikes_ = 0;
  int votes_to_hit_ = 0;
  int votes_to_forget_ = 0;
  std::optional<std::string> failed_start_;
  // Of servers whose snapshot file was damaged and not read since: what it is now.
  std::map<size_t, std::string> torn_;
  bool replaced_ = false;       // a sentinel, or it is about to be
  std::optional<size_t> gone_;  // the sentinel that is to be replaced
};

}  // namespace quorate::simulation
