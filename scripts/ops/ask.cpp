#include "scripts/ops/ask.h"

#include <algorithm>
#include <memory>
#include <string_view>

#include "shared/base/random.h"
#include "shared/link/link.h"

namespace quorate::ops {
namespace {

// The state of one question. Its connection is not tried again: the first failure is the answer.
struct Asked {
  std::unique_ptr<link::Link> link;
  size_t expected = 0;
  std::vector<resp::Value> replies;
  std::string failure;

  bool Done() const { return !failure.empty() || replies.size() == expected; }
  void Fail(const std::string& why) {
    if (!Done()) failure = why;
  }
};

void Start(Foreground& foreground, const Question& question, base::Duration timeout, Asked& asked) {
  link::LinkOptions options;
  options.endpoint = question.to;
  link::LinkCallbacks callbacks;
  callbacks.on_down = [&asked](const link::LinkDown& down) { asked.Fail(down.reason.message); };
  asked.link = std::make_unique<link::Link>(
      foreground.io(), base::Random(foreground.io().RandomSeed()), options, callbacks);
  asked.expected = question.commands.size();
  asked.link->Start();
  for (const Command& command : question.commands) {
    const std::vector<std::string_view> arguments(command.begin(), command.end());
    const bool sent = asked.link->Send(arguments, foreground.Now() + timeout,
                                       [&asked](base::Result<resp::Value> reply) {
                                         if (!reply) return asked.Fail(reply.error().message);
                                         asked.replies.push_back(std::move(*reply));
                                       });
    if (!sent) asked.Fail("too many commands");
  }
}

}  // namespace

std::vector<Answer> AskAll(Foreground& foreground, const std::vector<Question>& questions,
                           base::Duration timeout) {
  std::vector<Asked> asked(questions.size());
  for (size_t i = 0; i < questions.size(); ++i) Start(foreground, questions[i], timeout, asked[i]);
  const auto all_done = [&] { return std::ranges::all_of(asked, &Asked::Done); };
  const bool done = foreground.WaitUntil(all_done, 2 * timeout);
  std::vector<Answer> answers;
  for (Asked& one : asked) {
    if (!one.failure.empty()) {
      answers.emplace_back(base::Error{one.failure});
    } else if (!done && !one.Done()) {
      answers.emplace_back(base::Error{"interrupted"});
    } else {
      answers.emplace_back(std::move(one.replies));
    }
  }
  return answers;
}

base::Result<resp::Value> Ask(Foreground& foreground, const base::Endpoint& to,
                              const Command& command, base::Duration timeout) {
  std::vector<Answer> answers = AskAll(foreground, {{to, {command}}}, timeout);
  if (!answers[0]) return answers[0].error();
  return std::move(answers[0]->front());
}

}  // namespace quorate::ops
