#include "scripts/ops/launcher.h"

#include <vector>

#include "scripts/ops/free_ports.h"

namespace quorate::ops {
namespace {

constexpr base::Duration kReadinessLimit = std::chrono::seconds(60);

base::Status CheckPortFree(Foreground& foreground, const Topology& topology,
                           const std::string& name) {
  const base::Endpoint endpoint = topology.EndpointOf(PortOf(topology, name));
  io::ListenOptions options;
  options.endpoint = endpoint;
  const auto listener = foreground.io().Listen(options, [](std::unique_ptr<io::Stream>) {});
  if (listener) return {};
  return base::Error{name + " cannot have " + endpoint.ToString() + ": " +
                     listener.error().message};
}

}  // namespace

base::Result<Observation> BringUp(Foreground& foreground, Deployment& deployment) {
  std::vector<std::string> missing;
  for (const std::string& name : deployment.Names()) {
    if (!deployment.Running(name)) missing.push_back(name);
  }
  for (const std::string& name : missing) {
    if (auto status = CheckPortFree(foreground, deployment.topology(), name); !status)
      return status.error();
  }
  for (const std::string& name : missing) {
    if (auto status = deployment.Start(name); !status) return status.error();
  }
  return AwaitReady(foreground, deployment, kReadinessLimit);
}

base::Result<Topology> OnFreePorts(Foreground& foreground, Topology topology) {
  const size_t count = topology.servers.size() + topology.sentinels.size();
  const auto ports = FreePorts(foreground.io(), topology.host, count);
  if (!ports) return ports.error();
  auto next = ports->begin();
  for (ServerNode& server : topology.servers) server.port = *next++;
  for (SentinelNode& sentinel : topology.sentinels) sentinel.port = *next++;
  return topology;
}

base::Result<std::unique_ptr<TemporaryDeployment>> TemporaryDeployment::Create(
    Foreground& foreground, Topology topology, Programs programs) {
  auto placed = OnFreePorts(foreground, std::move(topology));
  if (!placed) return placed.error();
  auto folder = ScratchFolder::Create("drill");
  if (!folder) return folder.error();
  auto deployment = Deployment::Create((*folder)->path(), std::move(*placed), std::move(programs));
  if (!deployment) return deployment.error();
  return std::unique_ptr<TemporaryDeployment>(
      new TemporaryDeployment(std::move(*folder), std::move(*deployment)));
}

TemporaryDeployment::~TemporaryDeployment() {
  // A process that does not end stays on record in its folder, since nobody is left here to tell.
  if (!deployment_.StopAll()) folder_->Keep();
}

}  // namespace quorate::ops
