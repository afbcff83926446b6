#include "shared/uv/child_process.h"

#include <linux/close_range.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "shared/uv/handle.h"

namespace quorate::uv {

namespace {

// Lives until the process has exited, or the loop is torn down.
struct ProcessBox : HandleBox {
  uv_process_t process{};
  std::function<void(io::ChildExit)> on_exit;  // empty: nobody asks any more
  class SpawnedChild* owner = nullptr;
};

class SpawnedChild : public io::Child {
 public:
  explicit SpawnedChild(ProcessBox* box) : box_(box), pid_(box->process.pid) { box_->owner = this; }
  ~SpawnedChild() override {
    if (box_ == nullptr) return;
    box_->owner = nullptr;
    box_->on_exit = nullptr;
  }

  int64_t pid() const override { return pid_; }
  void Kill(int signal) override {
    // After the exit was reaped, the number may belong to another process.
    if (box_ != nullptr) kill(-static_cast<pid_t>(pid_), signal);
  }
  void ForgetProcess() { box_ = nullptr; }

 private:
  ProcessBox* box_;
  const int64_t pid_;
};

void OnExit(uv_process_t* process, int64_t status, int signal) {
  auto* box = static_cast<ProcessBox*>(static_cast<HandleBox*>(process->data));
  if (box->owner != nullptr) box->owner->ForgetProcess();
  const auto on_exit = std::move(box->on_exit);
  uv_close(reinterpret_cast<uv_handle_t*>(process), DeleteBox);
  if (on_exit) on_exit({static_cast<int>(status), signal});
}

}  // namespace

base::Result<std::unique_ptr<io::Child>> SpawnChild(Loop& loop,
                                                    const std::vector<std::string>& argv,
                                                    std::function<void(io::ChildExit)> on_exit) {
  if (argv.empty()) return base::Error{"no program to run"};
  std::vector<char*> arguments;
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  uv_stdio_container_t stdio[3]{};
  for (uv_stdio_container_t& slot : stdio) slot.flags = UV_IGNORE;
  uv_process_options_t options{};
  options.exit_cb = OnExit;
  options.file = arguments[0];
  options.args = arguments.data();
  options.flags = UV_PROCESS_DETACHED;
  options.stdio = stdio;
  options.stdio_count = 3;
  // Ours are close-on-exec already; this covers what the process was started with. Older kernels
  // refuse it.
  close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
  auto* box = new ProcessBox;
  box->on_exit = std::move(on_exit);
  const int rc = uv_spawn(loop.get(), &box->process, &options);
  box->process.data = static_cast<HandleBox*>(box);
  if (rc != 0) {
    uv_close(reinterpret_cast<uv_handle_t*>(&box->process), DeleteBox);
    return base::Error{argv[0] + ": " + uv_strerror(rc)};
  }
  return std::unique_ptr<io::Child>(std::make_unique<SpawnedChild>(box));
}

}  // namespace quorate::uv
