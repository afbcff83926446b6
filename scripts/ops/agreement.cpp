#include "scripts/ops/agreement.h"

#include <utility>

#include "scripts/ops/ask.h"

namespace quorate::ops {
namespace {

constexpr base::Duration kTimeout = std::chrono::seconds(5);  // a digest reads the whole dataset
constexpr base::Duration kPollInterval = std::chrono::milliseconds(50);

std::vector<DataView> ReadData(Foreground& foreground, const Deployment& deployment) {
  const Topology& topology = deployment.topology();
  std::vector<Command> commands = ServerCommands();
  commands.push_back({"DEBUG", "DIGEST"});
  std::vector<Question> questions;
  for (const ServerNode& server : topology.servers)
    questions.push_back({topology.EndpointOf(server.port), commands});
  const std::vector<Answer> answers = AskAll(foreground, questions, kTimeout);
  std::vector<DataView> views;
  for (size_t i = 0; i < answers.size(); ++i) {
    DataView view;
    view.server.name = topology.servers[i].name;
    if (answers[i]) {
      ReadServer(*answers[i], view.server);
      view.digest = answers[i]->back().text;
    } else {
      view.server.problem = answers[i].error().message;
    }
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace

std::string Disagreement(const std::vector<DataView>& views) {
  for (const DataView& view : views) {
    if (!view.server.Answers()) return view.server.name + ": " + view.server.problem;
  }
  for (const DataView& view : views) {
    const DataView& first = views.front();
    const std::string both = first.server.name + " and " + view.server.name;
    if (view.server.offset != first.server.offset) {
      return both + " are at the offsets " + std::to_string(first.server.offset) + " and " +
             std::to_string(view.server.offset);
    }
    if (view.digest != first.digest)
      return both + " have the digests " + first.digest + " and " + view.digest;
  }
  return "";
}

std::string AwaitAgreement(Foreground& foreground, const Deployment& deployment,
                           base::Duration limit) {
  const base::Instant deadline = foreground.Now() + limit;
  for (;;) {
    std::string disagreement = Disagreement(ReadData(foreground, deployment));
    if (disagreement.empty() || foreground.Now() >= deadline) return disagreement;
    if (!foreground.Pass(kPollInterval)) return "interrupted";
  }
}

}  // namespace quorate::ops
