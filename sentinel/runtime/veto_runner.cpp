#include "sentinel/runtime/veto_runner.h"

#include <signal.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace quorate::sentinel::runtime {

namespace {

core::VetoAnswered Judge(uint64_t question, const io::ChildExit& exit) {
  if (exit.signal != 0)
    return {question, core::Verdict::kNone, "killed by signal " + std::to_string(exit.signal)};
  return {question, exit.exit_code == 0 ? core::Verdict::kProceed : core::Verdict::kVeto,
          "exit code " + std::to_string(exit.exit_code)};
}

}  // namespace

VetoRunner::VetoRunner(io::Io& io, std::function<void(core::VetoAnswered)> answer)
    : io_(io), answer_(std::move(answer)) {
  timer_ = io_.CreateTimer([this] { Work(); });
}

void VetoRunner::Ask(core::AskVeto question) {
  runs_.push_back({.question = std::move(question)});
  timer_->StartAt(io_.Now());
}

void VetoRunner::Work() {
  const base::Instant now = io_.Now();
  std::vector<core::VetoAnswered> late;
  for (Run& run : runs_) {
    if (!run.child || run.answered || now < run.deadline) continue;
    late.push_back({run.question.question, core::Verdict::kNone, "timed out"});
    run.answered = true;
    run.child->Kill(SIGKILL);
  }
  auto running = static_cast<size_t>(
      std::ranges::count_if(runs_, [](const Run& run) { return run.child != nullptr; }));
  for (auto it = runs_.begin(); it != runs_.end() && running < kMaxRunningVetoes;) {
    const auto run = it++;
    if (!run->child && Launch(run)) ++running;
  }
  ArmTimer();
  for (core::VetoAnswered& answered : late) answer_(std::move(answered));
}

bool VetoRunner::Launch(Runs::iterator run) {
  base::Result<std::unique_ptr<io::Child>> child =
      io_.Spawn(run->question.argv, [this, run](const io::ChildExit& exit) { OnExit(run, exit); });
  if (!child) {
    End(run, {run->question.question, core::Verdict::kNone, "not runnable"});
    return false;
  }
  run->child = std::move(*child);
  run->deadline = io_.Now() + run->question.timeout;
  return true;
}

void VetoRunner::OnExit(Runs::iterator run, const io::ChildExit& exit) {
  End(run, Judge(run->question.question, exit));
}

void VetoRunner::End(Runs::iterator run, const core::VetoAnswered& verdict) {
  const bool answered = run->answered;
  runs_.erase(run);
  timer_->StartAt(io_.Now());  // for one that waits
  if (!answered) answer_(verdict);
}

void VetoRunner::ArmTimer() {
  std::optional<base::Instant> next;
  for (const Run& run : runs_)
    if (run.child && !run.answered) next = next ? std::min(*next, run.deadline) : run.deadline;
  if (next) timer_->StartAt(*next);
}

}  // namespace quorate::sentinel::runtime
