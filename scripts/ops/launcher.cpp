#include "scripts/ops/launcher.h"

#include <vector>

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
  std::vector<std::unique_ptr<io::Listener>> held;  // all at once, so that all are different
  const auto assign = [&](uint16_t& port) -> base::Status {
    io::ListenOptions options;
    options.endpoint = {topology.host, 0};
    auto listener = foreground.io().Listen(options, [](std::unique_ptr<io::Stream>) {});
    if (!listener) return listener.error();
    port = (*listener)->endpoint().port;
    held.push_back(std::move(*listener));
    return {};
  };
  for (ServerNode& server : topology.servers) {
    if (auto status = assign(server.port); !status) return status.error();
  }
  for (SentinelNode& sentinel : topology.sentinels) {
    if (auto status = assign(sentinel.port); !status) return status.error();
  }
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
