// A topology that runs on this machine out of one folder (the run directory):
//
//   topology.yaml   what was asked for          programs.json   which programs run it
//   <name>/conf     the process' configuration, <name>/log its output, <name>/pid who it is;
//   <name>/ is its working directory
//
// Knows files and processes, not protocols: whether a process *answers* is readiness.h's question.
// Only processes whose pid file still names them are ever signalled (process.h).
#pragma once

#include <string>
#include <vector>

#include "scripts/ops/process.h"
#include "scripts/ops/topology.h"
#include "shared/base/result.h"

namespace quorate::ops {

// The executables: absolute paths, or names for PATH.
struct Programs {
  std::string server;
  std::string sentinel;

  friend bool operator==(const Programs&, const Programs&) = default;
};

// quorate-server and quorate-sentinel of `folder`; an error if they are not there.
base::Result<Programs> OurPrograms(const std::string& folder);
// Redis' own, as Debian installs them, for comparison.
base::Result<Programs> RedisPrograms();

class Deployment {
 public:
  // Creates the folder with its files; existing configuration files are kept, since their processes
  // own them.
  static base::Result<Deployment> Create(const std::string& directory, Topology topology,
                                         Programs programs);
  // Opens what Create left. The error is fit for people.
  static base::Result<Deployment> Open(const std::string& directory);
  static bool Exists(const std::string& directory);

  const std::string& directory() const { return directory_; }
  const Topology& topology() const { return topology_; }
  const Programs& programs() const { return programs_; }

  // Names of all processes: servers first, each after the one it follows is not promised; then
  // sentinels.
  std::vector<std::string> Names() const;
  std::string LogOf(const std::string& name) const { return directory_ + "/" + name + "/log"; }

  // Starts one process. Error if it runs already or its program cannot be started; that it then
  // answers is not awaited.
  base::Status Start(const std::string& name);
  // SIGTERM and, if need be, SIGKILL. No-op if it does not run.
  base::Status Stop(const std::string& name);
  // The running process; nothing if it does not run.
  std::optional<ProcessId> Running(const std::string& name) const;
  base::Status Signal(const std::string& name, int signal);

  // Removes what the server has written to keep its data. Precondition: it does not run.
  base::Status RemoveData(const std::string& name);

  // Stops sentinels before servers, so that none of them sees a failure.
  base::Status StopAll();
  // Removes what Create and the processes put there, and the folder if nothing else is in it.
  // Precondition: nothing runs.
  base::Status Remove();

 private:
  Deployment(std::string directory, Topology topology, Programs programs);
  std::string PathOf(const std::string& name, const std::string& file) const;
  base::Status WriteFiles() const;

  std::string directory_;  // absolute
  Topology topology_;
  Programs programs_;
};

// The port of a process of the topology; 0 if it has none by that name.
uint16_t PortOf(const Topology& topology, const std::string& name);
// The name of the server at `port`; empty if there is none.
std::string ServerAt(const Topology& topology, uint16_t port);

}  // namespace quorate::ops
