// A peer of replication nodes that says what it is told to, and listens to nothing: for hostile
// bytes in both directions. Lives in the world of tests/unit/replication/runtime/fake_nodes.h.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "tests/unit/replication/runtime/fake_nodes.h"

namespace quorate::replication::runtime::fake {

class Stranger final : public io::StreamObserver {
 public:
  explicit Stranger(World& world) : world_(world) {}

  // Calls a node.
  void Call(Node& node) {
    auto [mine, theirs] = Pipe::Pair(world_);
    Take(std::move(mine));
    node.Accept(std::move(theirs));
  }
  // Is called: the connection before is over.
  void Take(std::unique_ptr<Pipe> pipe) {
    pipe_ = std::move(pipe);
    pipe_->SetObserver(*this);
  }
  void Say(std::string_view bytes) {
    if (pipe_ != nullptr && pipe_->connected())
      pipe_->TryWrite(std::array<std::string_view, 1>{bytes});
  }
  void HangUp() { pipe_.reset(); }

  void OnBytes(std::string_view) override {}
  void OnWritable() override {}
  void OnClosed(const io::CloseReason&) override {}

 private:
  World& world_;
  std::unique_ptr<Pipe> pipe_;
};

// `text` with %I, %P and %O replaced by what the node's history is: its id, the previous one, and
// the number of its next byte.
inline std::string Filled(std::string_view text, const core::History& history) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const char what = text[i] == '%' && i + 1 < text.size() ? text[i + 1] : '\0';
    if (what == 'I') {
      out += history.id().view();
    } else if (what == 'P') {
      out += history.previous_id().view();
    } else if (what == 'O') {
      out += std::to_string(history.offset().bytes() + 1);
    } else {
      out += text[i];
      continue;
    }
    ++i;
  }
  return out;
}

}  // namespace quorate::replication::runtime::fake
