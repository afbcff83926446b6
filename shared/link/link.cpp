#include "shared/link/link.h"

#include <algorithm>
#include <utility>

#include "shared/base/check.h"
#include "shared/base/numbers.h"
#include "shared/base/overloaded.h"
#include "shared/resp/writer.h"

namespace quorate::link {

namespace {

using Kind = io::CloseReason::Kind;

constexpr std::string_view kSubscriptionVerbs[] = {"subscribe",    "unsubscribe", "psubscribe",
                                                   "punsubscribe", "ssubscribe",  "sunsubscribe"};
constexpr std::string_view kMessageKinds[] = {"message", "pmessage", "smessage"};

bool IsSubscriptionVerb(std::string_view word) {
  return std::ranges::any_of(kSubscriptionVerbs, [word](std::string_view verb) {
    return base::EqualsIgnoreCase(word, verb);
  });
}

// The first word of an array or push.
std::string_view FirstWord(const resp::Value& value) {
  if (!value.is_aggregate() || value.items.empty() || !value.items[0].is_text()) return {};
  return value.items[0].text;
}

void AppendArgs(base::Buffer& out, const std::vector<std::string>& args) {
  const std::vector<std::string_view> views(args.begin(), args.end());
  resp::AppendCommand(out, views);
}

}  // namespace

Link::Link(io::Io& io, base::Random random, LinkOptions options, LinkCallbacks callbacks)
    : io_(io),
      random_(random),
      options_(std::move(options)),
      callbacks_(std::make_shared<const LinkCallbacks>(std::move(callbacks))),
      parser_(options_.reply_limits),
      self_(std::make_shared<Link*>(this)) {
  retry_timer_ = io_.CreateTimer([this] { Connect(); });
  setup_timer_ = io_.CreateTimer([this] { Lose({Kind::kTimedOut, "set-up timed out"}); });
  deadline_timer_ = io_.CreateTimer([this] { OnDeadline(); });
}

Link::~Link() = default;

// ---- life

void Link::Start() {
  if (std::holds_alternative<Stopped>(state_)) Connect();
}

void Link::Stop() {
  if (std::holds_alternative<Stopped>(state_)) return;
  std::deque<Request> requests = CloseConnection();
  state_ = Stopped{};
  std::ranges::move(std::exchange(waiting_, {}), std::back_inserter(requests));
  waiting_bytes_ = 0;
  Fail(std::move(requests), "link stopped");
}

void Link::Reconnect(std::string_view why) {
  if (std::holds_alternative<Stopped>(state_)) return;
  std::deque<Request> requests = CloseConnection();
  Connect();
  Fail(std::move(requests), std::string(why));
}

Link::Released Link::Release() {
  CHECK(up() || std::holds_alternative<SettingUp>(state_));
  Released released{std::move(stream_), std::string(unparsed_.empty() ? in_.view() : unparsed_)};
  Stop();
  return released;
}

void Link::Connect() {
  state_ = Connecting{io_.Now()};
  stream_ = io_.Connect({.endpoint = options_.endpoint,
                         .source_address = options_.source_address,
                         .timeout = options_.connect_timeout},
                        *this);
}

void Link::OnConnected() {
  const base::Instant deadline = std::get<Connecting>(state_).since + options_.connect_timeout;
  if (options_.keep_alive > base::Duration::zero()) stream_->SetKeepAlive(options_.keep_alive);
  const auto required = std::ranges::count_if(options_.setup, &SetupCommand::required);
  state_ = SettingUp{io_.Now(), static_cast<size_t>(required)};
  SendSetup();
  if (required == 0) return BecomeUp();
  setup_timer_->StartAt(deadline);
}

void Link::SendSetup() {
  for (const SetupCommand& command : options_.setup) {
    base::Buffer encoded;
    AppendArgs(encoded, command.args);
    ++setup_in_flight_;
    Request request{.callback = {}, .deadline = base::Instant::max(), .setup = command};
    request.subscribes = IsSubscriptionVerb(command.args[0]);
    if (request.subscribes && command.args.size() > 1)
      request.replies_left = command.args.size() - 1;
    Write(std::move(request), encoded.view());
  }
}

void Link::BecomeUp() {
  state_ = Up{io_.Now()};
  setup_timer_->Stop();
  for (Request& request : std::exchange(waiting_, {})) {
    const std::string encoded = std::move(request.encoded);
    Write(std::move(request), encoded);
  }
  waiting_bytes_ = 0;
  const auto callbacks = callbacks_;
  if (callbacks->on_up) callbacks->on_up();
}

void Link::OnClosed(const io::CloseReason& reason) { Lose(reason); }

std::deque<Link::Request> Link::CloseConnection() {
  ++connection_;
  stream_.reset();
  parser_ = resp::ReplyParser(options_.reply_limits);
  in_.Clear();
  out_.Clear();
  unparsed_ = {};
  subscribed_ = false;
  setup_in_flight_ = 0;
  last_received_.reset();
  last_sent_.reset();
  retry_timer_->Stop();
  setup_timer_->Stop();
  return std::exchange(in_flight_, {});
}

void Link::Lose(const io::CloseReason& reason) {
  const LinkDown down{reason, up()};  // a copy: the reason may live in the stream
  std::deque<Request> requests = CloseConnection();
  base::Duration delay = options_.backoff.delay;
  if (options_.backoff.jitter > base::Duration::zero()) {
    delay += base::Duration(random_.Between(0, options_.backoff.jitter.count()));
  }
  state_ = Waiting{io_.Now() + delay};
  retry_timer_->StartAt(std::get<Waiting>(state_).until);
  const std::weak_ptr<Link*> alive = self_;
  const auto callbacks = callbacks_;
  Fail(std::move(requests), "connection lost: " + down.reason.message);
  if (!alive.expired() && callbacks->on_down) callbacks->on_down(down);
}

void Link::Fail(std::deque<Request> requests, const std::string& why) {
  const std::weak_ptr<Link*> alive = self_;
  for (const Request& request : requests) {
    if (!request.callback) continue;
    request.callback(base::Error{why});
    if (alive.expired()) return;
  }
}

// ---- requests

bool Link::Send(std::span<const std::string_view> args, base::Instant deadline,
                ReplyCallback callback) {
  if (std::holds_alternative<Stopped>(state_) || args.empty()) return false;
  if (waiting_.size() + in_flight_.size() >= options_.max_pending) return false;
  size_t bytes = 0;
  for (const std::string_view arg : args) bytes += arg.size();
  if (out_.size() + waiting_bytes_ + bytes > options_.max_output_bytes) return false;

  base::Buffer encoded;
  resp::AppendCommand(encoded, args);
  Request request{.callback = std::move(callback), .deadline = deadline};
  request.subscribes = IsSubscriptionVerb(args[0]);
  if (request.subscribes && args.size() > 1) request.replies_left = args.size() - 1;
  WatchDeadline(deadline);
  if (up()) {
    Write(std::move(request), encoded.view());
    return true;
  }
  request.encoded = encoded.view();
  waiting_bytes_ += request.encoded.size();
  waiting_.push_back(std::move(request));
  return true;
}

void Link::Write(Request request, std::string_view encoded) {
  request.sent_at = io_.Now();
  last_sent_ = request.sent_at;
  if (request.subscribes) subscribed_ = true;
  out_.Append(encoded);
  in_flight_.push_back(std::move(request));
  FlushSoon();
}

void Link::FlushSoon() {
  if (flush_scheduled_) return;
  flush_scheduled_ = true;
  io_.Defer([weak = std::weak_ptr<Link*>(self_)] {
    const std::shared_ptr<Link*> alive = weak.lock();
    if (!alive) return;
    (*alive)->flush_scheduled_ = false;
    (*alive)->Flush();
  });
}

void Link::Flush() {
  if (stream_ == nullptr || out_.empty()) return;
  out_.Consume(stream_->TryWrite(out_.view()));
  if (!out_.empty()) stream_->NotifyWritable();
}

void Link::WatchDeadline(base::Instant deadline) {
  if (deadline >= deadline_at_) return;
  deadline_at_ = deadline;
  deadline_timer_->StartAt(deadline);
}

void Link::OnDeadline() {
  const base::Instant now = io_.Now();
  deadline_at_ = base::Instant::max();
  std::deque<Request> expired;
  std::deque<Request> still_waiting;
  for (Request& request : waiting_) {
    if (request.deadline <= now) waiting_bytes_ -= request.encoded.size();
    (request.deadline <= now ? expired : still_waiting).push_back(std::move(request));
  }
  waiting_ = std::move(still_waiting);
  for (Request& request : in_flight_) {
    if (!request.callback || request.deadline > now) continue;
    expired.push_back(
        {.callback = std::exchange(request.callback, {}), .deadline = request.deadline});
  }
  for (const Request& request : waiting_) WatchDeadline(request.deadline);
  for (const Request& request : in_flight_) {
    if (request.callback) WatchDeadline(request.deadline);
  }
  Fail(std::move(expired), "deadline passed");
}

std::optional<base::Instant> Link::oldest_unanswered() const {
  const auto oldest = std::ranges::find_if(in_flight_, [](const Request& r) { return !r.setup; });
  if (oldest == in_flight_.end()) return std::nullopt;
  return oldest->sent_at;
}

// ---- replies

void Link::OnBytes(std::string_view bytes) {
  last_received_ = io_.Now();
  size_t used = 0;
  if (in_.empty()) {
    if (Consume(bytes, &used)) in_.Append(bytes.substr(used));
    return;
  }
  base::Buffer work;  // a callback may end the connection, and with it in_
  work.Swap(in_);
  work.Append(bytes);
  if (!Consume(work.view(), &used)) return;
  work.Consume(used);
  in_.Swap(work);
}

bool Link::Consume(std::string_view input, size_t* used) {
  const std::weak_ptr<Link*> alive = self_;
  const uint64_t connection = connection_;
  while (*used < input.size()) {
    const auto outcome = parser_.Next(input.substr(*used));
    *used += parser_.consumed();
    if (outcome == resp::ReplyParser::Outcome::kNeedMore) return true;
    if (outcome == resp::ReplyParser::Outcome::kError) {
      Lose({Kind::kOther, "protocol error: " + std::string(parser_.error())});
      return false;
    }
    unparsed_ = input.substr(*used);
    Dispatch(std::move(parser_.value()));
    if (alive.expired() || connection != connection_) return false;
    unparsed_ = {};
  }
  return true;
}

void Link::Dispatch(resp::Value value) {
  if (!IsPush(value)) return Answer(std::move(value));
  const auto callbacks = callbacks_;
  if (callbacks->on_push) callbacks->on_push(value);
}

bool Link::IsPush(const resp::Value& value) const {
  if (!value.is_push() && !(subscribed_ && value.type == resp::Value::Type::kArray)) return false;
  const std::string_view word = FirstWord(value);
  if (IsSubscriptionVerb(word)) return in_flight_.empty() || !in_flight_.front().subscribes;
  return value.is_push() || std::ranges::find(kMessageKinds, word) != std::end(kMessageKinds);
}

void Link::Answer(resp::Value value) {
  if (in_flight_.empty()) return Lose({Kind::kOther, "protocol error: a reply without a request"});
  Request& front = in_flight_.front();
  if (front.replies_left > 1 && !value.is_error()) {
    --front.replies_left;
    return;
  }
  const Request request = std::move(front);
  in_flight_.pop_front();
  if (request.setup) return AnswerSetup(*request.setup, value);
  if (request.callback) request.callback(std::move(value));
}

void Link::AnswerSetup(const SetupCommand& command, const resp::Value& value) {
  --setup_in_flight_;
  const std::weak_ptr<Link*> alive = self_;
  const uint64_t connection = connection_;
  if (command.on_reply) command.on_reply(value);
  if (alive.expired() || connection != connection_ || !command.required) return;
  if (value.is_error()) return Lose({Kind::kOther, "set-up refused: " + value.text});
  auto* setting_up = std::get_if<SettingUp>(&state_);
  if (setting_up != nullptr && --setting_up->required_left == 0) BecomeUp();
}

}  // namespace quorate::link
