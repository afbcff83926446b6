#include "tests/simulation/deployment/sentinel_node.h"

#include <utility>

#include "shared/base/check.h"

namespace quorate::simulation {

namespace {

constexpr char kDirectory[] = "/sentinel/";

}  // namespace

SentinelNode::SentinelNode(World& world, const std::string& ip, ConfigSyntax syntax,
                           const std::string& configuration)
    : host_(world.AddHost(ip)),
      config_name_(syntax == ConfigSyntax::kYaml ? "sentinel.yaml" : "sentinel.conf") {
  host_.disk().Put(kDirectory + config_name_, configuration);
}

SentinelNode::~SentinelNode() { Kill(); }

std::string SentinelNode::state_path() const {
  return kDirectory + sentinel::config::StatePath(config_name_);
}

void SentinelNode::Log(std::string_view line) {
  log_.emplace_back(line);
  if (on_log_) on_log_(line);
}

base::Status SentinelNode::Start() {
  CHECK(!running());
  ++starts_;
  if (!host_.powered()) host_.PowerOn();
  process_ = &host_.StartProcess("sentinel");
  logger_ = std::make_unique<log::Logger>(
      log::CapturingSink([this](log::Level, std::string_view line) { Log(line); }),
      log::Level::kNotice, 'X');
  sentinel::AppOptions options;
  options.config_path = config_name_;
  auto app = sentinel::App::Start(process_->io(), options, *logger_, [this, ended = process_](int) {
    // From inside a turn: the process ends after it.
    host_.world().After({}, [this, ended] {
      if (process_ == ended) Kill();
    });
  });
  if (!app) {
    process_->Kill();
    process_ = nullptr;
    Log(app.error().message);
    return app.error();
  }
  app_ = std::move(*app);
  id_ = state().myid;
  return {};
}

void SentinelNode::Replace(const std::string& configuration) {
  CHECK(!running());
  host_.disk().Wipe();
  host_.disk().Put(kDirectory + config_name_, configuration);
}

void SentinelNode::Kill() {
  if (!running()) return;
  process_->Kill();
  app_.reset();
  process_ = nullptr;
}

void SentinelNode::PowerOff() {
  host_.PowerOff();
  app_.reset();
  process_ = nullptr;
}

}  // namespace quorate::simulation
