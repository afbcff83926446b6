// One scripted run of a deployment with a transcript: what the script did, what the sentinels
// announced and which roles the servers took, in virtual time since the script began. The expected
// transcript is tests/simulation/scenarios/<name>.txt; with QUORATE_REWRITE=1 in the environment it
// is written anew instead of compared.
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulation/deployment/caller.h"
#include "tests/simulation/deployment/deployment.h"

namespace quorate::simulation {

class Scenario {
 public:
  // Starts the deployment and waits until it is well and has written for a second; time 0 is then.
  Scenario(std::string name, uint64_t seed, const DeploymentOptions& options = {});
  ~Scenario() { deployment_.world().SetTurnObserver({}); }

  // Numbers count from 1, as the addresses do.
  ServerNode& server(size_t number) { return *deployment_.servers().at(number - 1); }
  SentinelNode& sentinel(size_t number) { return *deployment_.sentinels().at(number - 1); }
  Writer& writer() { return *deployment_.writers().at(0); }
  World& world() { return deployment_.world(); }
  Deployment& deployment() { return deployment_; }

  // A line of the script's own.
  void Note(const std::string& what);
  void Run(base::Duration time) { world().RunFor(time); }
  // Runs until every running sentinel names that server; false: not within `limit`.
  bool UntilPrimaryIs(size_t number, base::Duration limit = std::chrono::seconds(30));
  // Runs until all is well and has been for a second.
  bool UntilWell(base::Duration limit = std::chrono::seconds(60));
  // Runs until that sentinel announces `event`.
  bool UntilEvent(size_t sentinel, std::string_view event,
                  base::Duration limit = std::chrono::seconds(30));
  std::string Call(const base::Endpoint& to, std::initializer_list<std::string_view> args);
  // Turns the on-disk backlog of that server, the only one that has one, off as soon as it is read; "(nothing was read)" if
  // it does not within `limit`.
  std::string TurnOffDiskWhileRead(size_t server, base::Duration limit = std::chrono::seconds(30));
  // Stops the writer and counts what it was promised and the server does not have.
  size_t CountLostWrites(size_t server);
  // From now on the transcript has what servers say about resynchronizations and backlogs.
  void ShowResyncs();
  // How often any sentinel announced `event`.
  size_t Count(std::string_view event) const;

  // True if the transcript is the expected one; otherwise says what differs on standard error.
  bool MatchesTranscript() const;

 private:
  void OnSentinelLog(size_t number, std::string_view line);
  void OnTurn(HostId host);
  void Add(const std::string& who, std::string_view what);
  std::string WithNames(std::string text) const;

  const std::string name_;
  Deployment deployment_;
  Caller caller_;
  std::optional<base::Instant> zero_;
  std::vector<std::string> lines_;
  std::map<std::string, std::string> names_;  // of sentinels, by their ids
  std::map<std::string, size_t> events_;      // how often
  std::vector<std::map<std::string, size_t>> events_of_;
  std::map<HostId, size_t> servers_;  // to numbers
  std::vector<std::string> roles_;    // of servers, as last told
};

}  // namespace quorate::simulation
