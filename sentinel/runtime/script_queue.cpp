#include "sentinel/runtime/script_queue.h"

#include <signal.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace quorate::sentinel::runtime {

namespace {
// What execve's failure is in Redis.
constexpr int kExitNotRunnable = 2;
}  // namespace

ScriptQueue::ScriptQueue(io::Io& io, std::function<const core::Timings&()> timings,
                         std::function<void(ScriptNews, std::string_view, std::string)> report)
    : io_(io), timings_(std::move(timings)), report_(std::move(report)) {
  timer_ = io_.CreateTimer([this] { Work(); });
}

void ScriptQueue::Add(std::vector<std::string> argv) {
  scripts_.push_back({.argv = std::move(argv),
                      .child = nullptr,
                      .since = io_.Now(),
                      .kill_sent = false,
                      .runs = 0});
  if (scripts_.size() > kMaxQueuedScripts) {
    const auto oldest = std::ranges::find_if(
        scripts_, [](const Script& script) { return script.child == nullptr; });
    if (oldest != scripts_.end()) scripts_.erase(oldest);
  }
  // Not from inside the core's step: a failing start is an event.
  timer_->StartAt(io_.Now());
}

std::vector<commands::ScriptView> ScriptQueue::View() const {
  const base::Instant now = io_.Now();
  std::vector<commands::ScriptView> view;
  for (const Script& script : scripts_) {
    const bool running = script.child != nullptr;
    const base::Duration time =
        running ? now - script.since : std::max(base::Duration(0), script.since - now);
    view.push_back({script.argv, running, running ? script.child->pid() : 0, time, script.runs});
  }
  return view;
}

size_t ScriptQueue::Running() const {
  return static_cast<size_t>(std::ranges::count_if(
      scripts_, [](const Script& script) { return script.child != nullptr; }));
}

void ScriptQueue::Work() {
  const base::Instant now = io_.Now();
  for (Script& script : scripts_)
    if (script.child != nullptr && now >= script.since + timings_().script_max_runtime)
      Kill(script);
  for (auto it = scripts_.begin(); it != scripts_.end() && Running() < kMaxRunningScripts;) {
    const auto script = it++;
    if (script->child == nullptr && now >= script->since) Launch(script);
  }
  ArmTimer();
}

void ScriptQueue::Launch(Scripts::iterator script) {
  ++script->runs;
  script->since = io_.Now();
  script->kill_sent = false;
  base::Result<std::unique_ptr<io::Child>> child =
      io_.Spawn(script->argv, [this, script](io::ChildExit exit) { OnExit(script, exit); });
  if (!child) return OnExit(script, {.exit_code = kExitNotRunnable, .signal = 0});
  script->child = std::move(*child);
  report_(ScriptNews::kStarted, "+script-child", std::to_string(script->child->pid()));
}

void ScriptQueue::OnExit(Scripts::iterator script, io::ChildExit exit) {
  if (script->child != nullptr)
    report_(ScriptNews::kEnded, "-script-child",
            std::to_string(script->child->pid()) + " " + std::to_string(exit.exit_code) + " " +
                std::to_string(exit.signal));
  script->child.reset();
  if (!RetryLater(*script, exit)) {
    if (exit.signal != 0 || exit.exit_code != 0)
      report_(ScriptNews::kFailed, "-script-error",
              script->argv[0] + " " + std::to_string(exit.signal) + " " +
                  std::to_string(exit.exit_code));
    scripts_.erase(script);
  }
  timer_->StartAt(io_.Now());
}

bool ScriptQueue::RetryLater(Script& script, const io::ChildExit& exit) {
  if (exit.signal == 0 && exit.exit_code != 1) return false;
  if (script.runs >= kMaxScriptRuns) return false;
  script.since = io_.Now() + timings_().script_retry_delay * (1 << (script.runs - 1));
  return true;
}

void ScriptQueue::Kill(Script& script) {
  if (std::exchange(script.kill_sent, true)) return;
  report_(ScriptNews::kTimedOut, "-script-timeout",
          script.argv[0] + " " + std::to_string(script.child->pid()));
  script.child->Kill(SIGKILL);
}

void ScriptQueue::ArmTimer() {
  std::optional<base::Instant> next;
  const auto at = [&next](base::Instant when) { next = next ? std::min(*next, when) : when; };
  const bool room = Running() < kMaxRunningScripts;
  for (const Script& script : scripts_) {
    if (script.child != nullptr && !script.kill_sent)
      at(script.since + timings_().script_max_runtime);
    if (script.child == nullptr && room) at(script.since);
  }
  if (next) {
    timer_->StartAt(*next);
  } else {
    timer_->Stop();
  }
}

}  // namespace quorate::sentinel::runtime
