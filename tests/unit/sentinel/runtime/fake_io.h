// An Io of timers, child processes and one file, driven by hand; for what needs no sockets.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "shared/io/io.h"
#include "shared/io/timer_queue.h"

namespace quorate::sentinel::runtime {

class FakeIo final : public io::Io, public io::Files {
 public:
  struct Spawned {
    std::vector<std::string> argv;
    std::function<void(io::ChildExit)> on_exit;
    int killed_by = 0;
  };
  struct Write {
    std::string path;
    std::string bytes;
    uint32_t mode = 0;
    std::function<void(base::Status)> done;
  };

  void Advance(base::Duration by) {
    now_ += by;
    timers_.FireDue(now_);
    while (!deferred_.empty()) {
      const auto task = std::move(deferred_.front());
      deferred_.pop_front();
      task();
    }
  }
  // Ends the `index`th child ever started.
  void End(size_t index, io::ChildExit exit) {
    children.at(index)->on_exit(exit);
    Advance({});
  }

  std::vector<std::shared_ptr<Spawned>> children;
  bool can_spawn = true;
  std::vector<Write> writes;
  // What runs off the loop, in order, until RunOffloaded.
  std::deque<std::pair<std::function<void()>, std::function<void()>>> offloaded;
  std::vector<std::string> replaced;  // at once
  bool can_create = false;
  bool can_append = true;
  std::map<std::string, std::shared_ptr<std::string>> created;  // by name

  void RunOffloaded() {
    const auto [work, done] = offloaded.at(0);
    offloaded.pop_front();
    work();
    done();
  }

  // ---- io::Io
  base::Instant Now() override { return now_; }
  base::WallTime WallNow() override { return {}; }
  uint64_t RandomSeed() override { return 1; }
  std::unique_ptr<io::Timer> CreateTimer(std::function<void()> on_fire) override {
    return timers_.Create(std::move(on_fire));
  }
  void Defer(std::function<void()> task) override { deferred_.push_back(std::move(task)); }
  void SetEndOfTurn(std::function<void()>) override {}
  void Offload(std::function<void()> work, std::function<void()> done) override {
    offloaded.emplace_back(std::move(work), std::move(done));
  }
  base::Result<std::unique_ptr<io::Listener>> Listen(
      const io::ListenOptions&, std::function<void(std::unique_ptr<io::Stream>)>) override {
    return base::Error{"none"};
  }
  std::unique_ptr<io::Stream> Connect(const io::ConnectOptions&, io::StreamObserver&) override {
    return nullptr;
  }
  void Resolve(const std::string&,
               std::function<void(base::Result<std::vector<std::string>>)>) override {}
  io::Files& files() override { return *this; }
  base::Result<std::unique_ptr<io::Child>> Spawn(
      const std::vector<std::string>& argv, std::function<void(io::ChildExit)> on_exit) override {
    if (!can_spawn) return base::Error{"no such file"};
    children.push_back(std::make_shared<Spawned>(Spawned{argv, std::move(on_exit)}));
    return std::unique_ptr<io::Child>(
        std::make_unique<FakeChild>(children.back(), 100 + children.size()));
  }

  // ---- io::Files
  base::Result<std::string> Read(const std::string&) override { return base::Error{"none"}; }
  base::Result<std::unique_ptr<io::ReadableFile>> Open(const std::string&) override {
    return base::Error{"none"};
  }
  bool Exists(const std::string&) override { return false; }
  base::Result<std::string> Absolute(const std::string& path) override { return path; }
  base::Result<std::vector<std::string>> List(const std::string&) override {
    return base::Error{"none"};
  }
  base::Status Replace(const std::string& path, std::string_view, uint32_t) override {
    replaced.push_back(path);
    return {};
  }
  void ReplaceAsync(const std::string& path, std::string bytes, uint32_t mode,
                    std::function<void(base::Status)> done) override {
    writes.push_back({path, std::move(bytes), mode, std::move(done)});
  }
  base::Result<std::unique_ptr<io::WritableFile>> Create(const std::string& path,
                                                         uint32_t) override {
    if (!can_create) return base::Error{"none"};
    created[path] = std::make_shared<std::string>();
    return std::unique_ptr<io::WritableFile>(std::make_unique<FakeFile>(*this, created[path]));
  }
  base::Status Sync(const std::string&) override { return base::Error{"not this"}; }
  base::Status Rename(const std::string& from, const std::string& to) override {
    if (created.count(from) == 0) return base::Error{"none"};
    created[to] = created.extract(from).mapped();
    return {};
  }
  base::Status Remove(const std::string&) override { return base::Error{"none"}; }
  base::Status MakeDirectory(const std::string&) override { return base::Error{"none"}; }

 private:
  class FakeFile final : public io::WritableFile {
   public:
    FakeFile(FakeIo& io, std::shared_ptr<std::string> content)
        : io_(io), content_(std::move(content)) {}
    base::Status Append(std::string_view bytes) override {
      if (!io_.can_append) return base::Error{"no space"};
      content_->append(bytes);
      return {};
    }
    base::Status Sync() override { return {}; }

   private:
    FakeIo& io_;
    std::shared_ptr<std::string> content_;
  };
  class FakeChild final : public io::Child {
   public:
    FakeChild(std::shared_ptr<Spawned> spawned, size_t pid)
        : spawned_(std::move(spawned)), pid_(pid) {}
    int64_t pid() const override { return static_cast<int64_t>(pid_); }
    void Kill(int signal) override { spawned_->killed_by = signal; }

   private:
    std::shared_ptr<Spawned> spawned_;
    size_t pid_;
  };

  base::Instant now_{std::chrono::seconds(1)};
  io::TimerQueue timers_;
  std::deque<std::function<void()>> deferred_;
};

}  // namespace quorate::sentinel::runtime
