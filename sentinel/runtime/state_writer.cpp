#include "sentinel/runtime/state_writer.h"

#include <utility>

namespace quorate::sentinel::runtime {

StateWriter::StateWriter(io::Io& io, log::Logger& logger, std::string path,
                         std::function<base::Result<std::string>()> render,
                         std::function<void(core::Persisted)> done)
    : io_(io),
      logger_(logger),
      path_(std::move(path)),
      render_(std::move(render)),
      done_(std::move(done)) {}

void StateWriter::EndTurn() {
  if (writing_ || started_ == wanted_) return;
  writing_ = true;
  started_ = wanted_;
  const uint64_t version = started_;
  base::Result<std::string> text = render_();
  if (!text) {
    io_.Defer([this, version, error = text.error()] { Finish(version, error); });
    return;
  }
  io_.files().ReplaceAsync(
      path_, std::move(*text), kStateMode,
      [this, version](base::Status status) { Finish(version, std::move(status)); });
}

void StateWriter::Finish(uint64_t version, base::Status status) {
  writing_ = false;
  if (status) {
    logger_.Debug("Sentinel new configuration saved on disk");
  } else {
    logger_.Warning("WARNING: Sentinel was not able to save the new configuration on disk!!!: " +
                    status.error().message);
  }
  done_({version, status.ok()});
}

}  // namespace quorate::sentinel::runtime
