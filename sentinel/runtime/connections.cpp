#include "sentinel/runtime/connections.h"

#include <deque>
#include <string>
#include <utility>

#include "shared/base/buffer.h"
#include "shared/resp/reply_parser.h"
#include "shared/resp/writer.h"

namespace quorate::sentinel::runtime {

namespace {

using core::LinkFailure;
using core::WireReply;

// Nothing that is asked of a peer has a larger honest answer.
constexpr resp::ReplyParser::Limits kReplyLimits{.max_bulk_bytes = core::kMaxInfoLength,
                                                 .max_depth = 8,
                                                 .max_values = 4096,
                                                 .max_bytes = 2 * core::kMaxInfoLength};

LinkFailure FailureOf(io::CloseReason::Kind kind) {
  switch (kind) {
    case io::CloseReason::Kind::kEndOfFile:
      return LinkFailure::kClosed;
    case io::CloseReason::Kind::kReset:
      return LinkFailure::kReset;
    case io::CloseReason::Kind::kRefused:
      return LinkFailure::kRefused;
    case io::CloseReason::Kind::kTimedOut:
      return LinkFailure::kTimeout;
    case io::CloseReason::Kind::kUnreachable:
      return LinkFailure::kUnreachable;
    case io::CloseReason::Kind::kResolveFailed:
      return LinkFailure::kUnresolved;
    case io::CloseReason::Kind::kOther:
      return LinkFailure::kClosed;
  }
  return LinkFailure::kClosed;
}

WireReply ToWire(resp::Value value) {
  using Type = resp::Value::Type;
  switch (value.type) {
    case Type::kNull:
      return WireReply::Null();
    case Type::kError:
      return WireReply::Error(std::move(value.text));
    case Type::kInteger:
      return WireReply::Integer(value.integer);
    case Type::kBulk:
    case Type::kVerbatim:
      return WireReply::Bulk(std::move(value.text));
    case Type::kArray:
    case Type::kMap:
    case Type::kSet:
    case Type::kPush: {
      std::vector<WireReply> elements;
      for (resp::Value& item : value.items) elements.push_back(ToWire(std::move(item)));
      return WireReply::Array(std::move(elements));
    }
    case Type::kSimple:
    case Type::kDouble:
    case Type::kBool:
    case Type::kBigNumber:
      return WireReply::Status(std::move(value.text));
  }
  return WireReply::Null();
}

bool IsMessage(const resp::Value& value) {
  return value.is_aggregate() && value.items.size() == 3 && value.items[0].is_text() &&
         value.items[1].is_text() && value.items[2].is_text() && value.items[0].text == "message";
}

}  // namespace

class Connections::Connection final : public io::StreamObserver {
 public:
  Connection(Connections& owner, const core::OpenLink& order)
      : owner_(owner), id_(order.link), kind_(order.kind) {
    io::ConnectOptions options;
    options.endpoint = order.to;
    options.timeout = order.timeout;
    stream_ = owner.io_.Connect(options, *this);
  }

  core::LinkId id() const { return id_; }

  void Send(core::RequestId request, const std::vector<std::string>& argv) {
    const std::vector<std::string_view> words(argv.begin(), argv.end());
    resp::AppendCommand(output_, words);
    requests_.push_back(request);
  }
  void Flush() {
    if (!connected_ || output_.empty()) return;
    output_.Consume(stream_->TryWrite(output_.view()));
    if (!output_.empty()) stream_->NotifyWritable();
  }
  void Shut() {
    closed_ = true;
    stream_.reset();
  }

 private:
  // ---- io::StreamObserver
  void OnConnected() override {
    connected_ = true;
    owner_.MarkDirty(*this);
    owner_.feed_(core::LinkUp{id_, stream_->local().host});
  }
  void OnBytes(std::string_view bytes) override {
    input_.Append(bytes);
    while (!closed_) {
      const resp::ReplyParser::Outcome outcome = parser_.Next(input_.view());
      input_.Consume(parser_.consumed());
      if (outcome == resp::ReplyParser::Outcome::kNeedMore) return;
      if (outcome == resp::ReplyParser::Outcome::kError) return Fail(LinkFailure::kProtocol);
      OnReply(std::move(parser_.value()));
    }
  }
  void OnWritable() override { Flush(); }
  void OnClosed(const io::CloseReason& reason) override { Fail(FailureOf(reason.kind)); }

  void OnReply(resp::Value value) {
    if (kind_ == core::LinkKind::kPubsub && IsMessage(value))
      return owner_.feed_(core::MessageReceived{id_, std::move(value.items[1].text),
                                                std::move(value.items[2].text)});
    if (requests_.empty()) return Fail(LinkFailure::kProtocol);  // an answer to nothing
    const core::RequestId request = requests_.front();
    requests_.pop_front();
    if (request == core::RequestId::kNone) return;
    owner_.feed_(core::Replied{id_, request, ToWire(std::move(value))});
  }
  void Fail(LinkFailure failure) {
    Connections& owner = owner_;
    const core::LinkId id = id_;
    owner.Close(id);
    owner.feed_(core::LinkDown{id, failure});
  }

  Connections& owner_;
  const core::LinkId id_;
  const core::LinkKind kind_;
  std::unique_ptr<io::Stream> stream_;
  resp::ReplyParser parser_{kReplyLimits};
  base::Buffer input_;
  base::Buffer output_;
  std::deque<core::RequestId> requests_;
  bool connected_ = false;
  bool closed_ = false;
};

Connections::Connections(io::Io& io, std::function<void(core::Input)> feed)
    : io_(io), feed_(std::move(feed)) {}
Connections::~Connections() = default;

void Connections::Open(const core::OpenLink& order) {
  connections_.emplace(order.link, std::make_unique<Connection>(*this, order));
}

void Connections::Close(core::LinkId id) {
  const auto it = connections_.find(id);
  if (it == connections_.end()) return;
  it->second->Flush();
  it->second->Shut();
  closed_.push_back(std::move(it->second));
  connections_.erase(it);
}

void Connections::Send(const core::Send& order) {
  const auto it = connections_.find(order.link);
  if (it == connections_.end()) return;
  it->second->Send(order.request, order.argv);
  MarkDirty(*it->second);
}

void Connections::MarkDirty(Connection& connection) { dirty_.push_back(connection.id()); }

void Connections::EndTurn() {
  for (const core::LinkId id : std::exchange(dirty_, {}))
    if (const auto it = connections_.find(id); it != connections_.end()) it->second->Flush();
  closed_.clear();
}

}  // namespace quorate::sentinel::runtime
