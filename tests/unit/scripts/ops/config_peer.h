// A server that knows CONFIG and nothing else, on the loop that the test turns.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "shared/base/buffer.h"
#include "shared/io/io.h"
#include "shared/resp/request_parser.h"

#include <doctest/doctest.h>

namespace quorate::ops {

class ConfigPeer {
 public:
  ConfigPeer(io::Io& io, std::map<std::string, std::string> directives)
      : directives_(std::move(directives)) {
    io::ListenOptions options;
    options.endpoint = {"127.0.0.1", 0};
    auto listener = io.Listen(options, [this](std::unique_ptr<io::Stream> stream) {
      conversations_.push_back(std::make_unique<Conversation>(*this, std::move(stream)));
    });
    REQUIRE(listener.ok());
    listener_ = std::move(*listener);
  }

  const base::Endpoint& endpoint() const { return listener_->endpoint(); }
  const std::string& operator[](const std::string& directive) { return directives_[directive]; }
  // What was sent, but for CONFIG GET: "SET maxmemory 5", "REWRITE".
  const std::vector<std::string>& changes() const { return changes_; }
  // From now on every value of this directive is refused.
  void Refuse(const std::string& directive) { refused_ = directive; }

 private:
  struct Conversation : io::StreamObserver {
    Conversation(ConfigPeer& owner, std::unique_ptr<io::Stream> accepted)
        : peer(owner), stream(std::move(accepted)) {
      stream->SetObserver(*this);
    }
    void OnBytes(std::string_view bytes) override {
      in.Append(bytes);
      while (parser.Next(in.view()) == resp::RequestParser::Outcome::kRequest) {
        const std::vector<std::string> words(parser.args().begin(), parser.args().end());
        in.Consume(parser.consumed());
        stream->TryWrite(peer.Answer(words));
      }
    }
    void OnClosed(const io::CloseReason&) override {}

    ConfigPeer& peer;
    std::unique_ptr<io::Stream> stream;
    base::Buffer in;
    resp::RequestParser parser;
  };

  std::string Answer(const std::vector<std::string>& words) {
    if (words.size() == 3 && words[1] == "GET") return Get(words[2]);
    std::string change;
    for (size_t i = 1; i < words.size(); ++i) change += (i == 1 ? "" : " ") + words[i];
    if (words.size() == 4 && words[1] == "SET") {
      if (words[2] == refused_) return "-ERR refused\r\n";
      directives_[words[2]] = words[3];
    }
    changes_.push_back(change);
    return "+OK\r\n";
  }

  std::string Get(const std::string& directive) const {
    const auto found = directives_.find(directive);
    if (found == directives_.end()) return "*0\r\n";
    const auto bulk = [](const std::string& text) {
      return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
    };
    return "*2\r\n" + bulk(directive) + bulk(found->second);
  }

  std::map<std::string, std::string> directives_;
  std::vector<std::string> changes_;
  std::string refused_;
  std::unique_ptr<io::Listener> listener_;
  std::vector<std::unique_ptr<Conversation>> conversations_;
};

}  // namespace quorate::ops
