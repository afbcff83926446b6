#include "scripts/ops/writer.h"

#include <utility>

#include "shared/base/numbers.h"

namespace quorate::ops {

Writer::Writer(io::Io& io, int number, WriterOptions options, History& history)
    : io_(io),
      number_(number),
      options_(std::move(options)),
      history_(history),
      random_(io.RandomSeed()),
      next_sentinel_(static_cast<size_t>(number)),
      next_step_(io.CreateTimer([this] {
        if (!stopped_) (this->*step_)();
      })) {}

void Writer::Start() {
  step_ = &Writer::Locate;
  next_step_->StartAt(io_.Now());
}

void Writer::Stop() {
  stopped_ = true;
  next_step_->Stop();
  if (!pending_) link_.reset();
}

void Writer::Connect(const base::Endpoint& endpoint) {
  link::LinkOptions options;
  options.endpoint = endpoint;
  options.connect_timeout = options_.timeout;
  link::LinkCallbacks callbacks;
  callbacks.on_down = [this](const link::LinkDown& down) { OnDown(down.reason.message); };
  link_ = std::make_unique<link::Link>(io_, random_.Fork(), options, callbacks);
  link_->Start();
}

void Writer::Locate() {
  Connect(options_.sentinels[next_sentinel_++ % options_.sentinels.size()]);
  const bool sent = link_->Send({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", options_.group},
                                io_.Now() + options_.timeout,
                                [this](base::Result<resp::Value> reply) { OnAddress(reply); });
  CHECK(sent);
}

void Writer::OnAddress(const base::Result<resp::Value>& reply) {
  if (!reply || reply->items.size() != 2) return StartOver();
  const auto port = base::ParseInt64(reply->items[1].text);
  if (!port || *port < 1 || *port > 65535) return StartOver();
  Verify({reply->items[0].text, static_cast<uint16_t>(*port)});
}

void Writer::Verify(const base::Endpoint& primary) {
  Connect(primary);
  server_ = primary.port;
  const bool sent =
      link_->Send({"ROLE"}, io_.Now() + options_.timeout, [this](base::Result<resp::Value> reply) {
        if (!reply || reply->items.empty() || reply->items[0].text != "master") return StartOver();
        WriteNext();
      });
  CHECK(sent);
}

void Writer::WriteNext() {
  if (stopped_) return link_.reset();
  const int64_t sequence = sequence_++;
  const bool increments = sequence % 4 == 3;
  const base::Instant now = io_.Now();
  pending_ = history_.Invoke(number_, sequence,
                             increments ? WriteKind::kIncrement : WriteKind::kSet, now, server_);
  const std::string key = KeyOf(number_, sequence);
  const std::string value = ValueOf(number_, sequence);
  const auto done = [this](base::Result<resp::Value> reply) { OnWritten(reply); };
  const bool sent = increments ? link_->Send({"INCR", kCounterKey}, now + options_.timeout, done)
                               : link_->Send({"SET", key, value}, now + options_.timeout, done);
  CHECK(sent);
}

void Writer::OnWritten(const base::Result<resp::Value>& reply) {
  const base::Instant now = io_.Now();
  const History::Index write = *std::exchange(pending_, std::nullopt);
  if (!reply || reply->is_error()) {
    if (reply) {
      history_.Failed(write, now, reply->text);
    } else {
      history_.Unknown(write, now, reply.error().message);
    }
    return StartOver();
  }
  pending_ = write;
  if (options_.replicas == 0) return Succeed(reply->integer);
  const std::string replicas = std::to_string(options_.replicas);
  const std::string time = std::to_string(base::ToMs(options_.timeout / 2));
  const bool sent =
      link_->Send({"WAIT", replicas, time}, now + options_.timeout,
                  [this, result = reply->integer](base::Result<resp::Value> confirmed) {
                    OnConfirmed(result, confirmed);
                  });
  CHECK(sent);
}

void Writer::OnConfirmed(int64_t result, const base::Result<resp::Value>& reply) {
  if (reply && !reply->is_error() && reply->integer >= options_.replicas) return Succeed(result);
  const std::string why = !reply              ? reply.error().message
                          : reply->is_error() ? reply->text
                                              : "confirmed by " + std::to_string(reply->integer);
  history_.Unknown(*std::exchange(pending_, std::nullopt), io_.Now(), why);
  StartOver();
}

void Writer::Succeed(int64_t result) {
  const History::Index write = *std::exchange(pending_, std::nullopt);
  history_.Ok(write, io_.Now(), result);
  last_ok_ = write;
  step_ = &Writer::WriteNext;
  next_step_->StartAt(history_.writes()[write].invoked + options_.pace);
}

void Writer::OnDown(const std::string& why) {
  if (pending_) history_.Unknown(*std::exchange(pending_, std::nullopt), io_.Now(), why);
  StartOver();
}

void Writer::StartOver() {
  link_.reset();
  if (stopped_) return;
  step_ = &Writer::Locate;
  next_step_->StartAt(io_.Now() + options_.pause);
}

}  // namespace quorate::ops
