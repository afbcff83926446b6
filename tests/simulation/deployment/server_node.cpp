#include "tests/simulation/deployment/server_node.h"

#include "server/runtime/process_probe.h"
#include "shared/base/check.h"
#include "shared/config/loader.h"

namespace quorate::simulation {

namespace {

constexpr char kConfigName[] = "server.conf";
constexpr char kConfigPath[] = "/server/server.conf";

}  // namespace

// A simulated server shares its process with others: it has no figures of its own, and two runs
// must not differ by them.
class ServerNode::Probe final : public server::runtime::ProcessProbe {
 public:
  uint64_t UsedBytes() override { return 0; }
  uint64_t ResidentBytes() override { return 0; }
  uint64_t SystemMemoryBytes() override { return 0; }
  double CpuSystemSeconds() override { return 0; }
  double CpuUserSeconds() override { return 0; }
  std::string Allocator() override { return "simulated"; }
  int64_t Pid() override { return 1; }
  std::string Executable() override { return "/quorate-server"; }
  void Sleep(int64_t) override {}
};

ServerNode::ServerNode(World& world, const std::string& ip, std::string configuration)
    : host_(world.AddHost(ip)),
      configuration_(std::move(configuration)),
      probe_(std::make_unique<Probe>()) {
  host_.disk().Put(kConfigPath, configuration_);
}

ServerNode::~ServerNode() { Kill(); }

base::Status ServerNode::Start() {
  CHECK(!running());
  ++starts_;
  if (!host_.powered()) host_.PowerOn();
  process_ = &host_.StartProcess("server");
  logger_ = std::make_unique<log::Logger>(
      log::CapturingSink([this](log::Level, std::string_view line) { Log(line); }),
      log::Level::kNotice, 'M');
  base::Result<std::string> text = process_->io().files().Read(kConfigName);
  CHECK(text.ok());
  quorate::config::StartupSources sources;
  sources.file = quorate::config::SourceFile{kConfigName, *text};
  base::Result<server::LoadedSettings> loaded = server::LoadSettings(sources);
  if (!loaded) Log(loaded.error().message);
  CHECK(loaded.ok());
  server::runtime::Server::Options options{std::move(loaded->settings), kConfigName};
  auto app = server::App::Start(process_->io(), std::move(options), *logger_, *probe_,
                                [this](int) { OnExit(); });
  if (!app) {
    Log(app.error().message);
    process_->Kill();
    process_ = nullptr;
    return app.error();
  }
  app_ = std::move(*app);
  return {};
}

void ServerNode::Log(std::string_view line) {
  log_.emplace_back(line);
  if (on_log_) on_log_(line);
}

// In one of its own turns, which has to end first.
void ServerNode::OnExit() {
  host_.world().After({}, [this, run = starts_] {
    if (!running() || starts_ != run) return;
    Kill();
    if (on_end_) on_end_(log_.back());
  });
}

std::vector<std::string> ServerNode::Segments() const {
  std::vector<std::string> paths = host_.disk().List();
  std::erase_if(paths, [](const std::string& path) { return !path.ends_with(".seg"); });
  return paths;
}

void ServerNode::Kill() {
  if (!running()) return;
  process_->Kill();
  app_.reset();
  process_ = nullptr;
}

void ServerNode::PowerOff() {
  host_.PowerOff();
  app_.reset();
  process_ = nullptr;
}

}  // namespace quorate::simulation
