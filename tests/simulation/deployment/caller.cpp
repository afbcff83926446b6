#include "tests/simulation/deployment/caller.h"

#include <optional>

namespace quorate::simulation {

Caller::Caller(World& world, const std::string& ip)
    : world_(world),
      process_(world.AddHost(ip).StartProcess("caller")),
      random_(world.ForkRandom()) {}

std::string Caller::Call(const base::Endpoint& to, std::initializer_list<std::string_view> args,
                         base::Duration limit) {
  std::optional<std::string> answer;
  link::LinkOptions options;
  options.endpoint = to;
  options.backoff.delay = std::chrono::milliseconds(50);
  link::Link link(process_.io(), random_.Fork(), options, {});
  link.Start();
  const bool sent =
      link.Send(args, process_.io().Now() + limit, [&](base::Result<resp::Value> reply) {
        answer = reply.ok() ? reply->ToString() : "(no answer)";
      });
  if (!sent) return "(no answer)";
  world_.RunUntil([&] { return answer.has_value(); }, limit + std::chrono::seconds(1));
  return answer.value_or("(no answer)");
}

}  // namespace quorate::simulation
