#include "tests/simulation/deployment/writer.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "shared/base/numbers.h"

namespace quorate::simulation {

namespace {

constexpr uint64_t kWritesPerTransaction = 4;

constexpr uint64_t kWritesPerFleetingKey = 5;
constexpr int64_t kLongestLifeMs = 4000;
constexpr uint64_t kWritesPerDatabase = 3;
constexpr size_t kDatabases[] = {0, 9};

bool IsTransaction(uint64_t number) { return number % kWritesPerTransaction == 0; }

size_t DatabaseOf(uint64_t number) {
  return kDatabases[number / kWritesPerDatabase % std::size(kDatabases)];
}

}  // namespace

Writer::Writer(World& world, const std::string& ip, Options options)
    : ip_(ip),
      counter_(ip + ":transactions"),
      options_(std::move(options)),
      process_(world.AddHost(ip).StartProcess("writer")),
      random_(world.ForkRandom()),
      timer_(process_.io().CreateTimer([this] {
        if (next_ != nullptr) (this->*next_)();
      })) {}

void Writer::Start() {
  running_ = true;
  Ask();
}

void Writer::Later(base::Duration delay, void (Writer::*step)()) {
  next_ = step;
  timer_->StartAt(process_.io().Now() + delay);
}

void Writer::Ask() {
  primary_.reset();
  if (!running_) return;
  link::LinkOptions options;
  options.endpoint = options_.sentinels[next_sentinel_++ % options_.sentinels.size()];
  options.connect_timeout = options_.timeout;
  sentinel_ =
      std::make_unique<link::Link>(process_.io(), random_.Fork(), options, link::LinkCallbacks{});
  sentinel_->Start();
  if (!sentinel_->Send({"SENTINEL", "GET-MASTER-ADDR-BY-NAME", options_.group},
                       process_.io().Now() + options_.timeout,
                       [this](const base::Result<resp::Value>& reply) { OnAddress(reply); }))
    Later(options_.retry, &Writer::Ask);
}

void Writer::OnAddress(const base::Result<resp::Value>& reply) {
  const std::optional<int64_t> port = reply.ok() && reply->items.size() == 2
                                          ? base::ParseInt64(reply->items[1].text)
                                          : std::nullopt;
  if (!port) return Later(options_.retry, &Writer::Ask);
  Connect({reply->items[0].text, static_cast<uint16_t>(*port)});
}

void Writer::Connect(const base::Endpoint& primary) {
  link::LinkOptions options;
  options.endpoint = primary;
  options.connect_timeout = options_.timeout;
  link::LinkCallbacks callbacks;
  callbacks.on_down = [this](const link::LinkDown&) { Later(options_.retry, &Writer::Ask); };
  selected_ = 0;
  primary_ = std::make_unique<link::Link>(process_.io(), random_.Fork(), options, callbacks);
  primary_->Start();
  if (!primary_->Send({"ROLE"}, process_.io().Now() + options_.timeout,
                      [this](const base::Result<resp::Value>& reply) { OnRole(reply); }))
    Later(options_.retry, &Writer::Ask);
}

void Writer::OnRole(const base::Result<resp::Value>& reply) {
  const bool primary = reply.ok() && !reply->items.empty() && reply->items[0].text == "master";
  if (!primary) return Later(options_.retry, &Writer::Ask);
  Write();
}

void Writer::Write() {
  if (!running_ || primary_ == nullptr) return;
  const uint64_t number = next_number_++;
  unknown_.insert(number);
  waits_ = IsTransaction(number) ? SendTransaction(number) : SendSet(number);
  if (!waits_) Later(options_.retry, &Writer::Ask);
}

std::string Writer::KeyOf(uint64_t number) const { return ip_ + ":" + std::to_string(number); }

bool Writer::SendSelect(uint64_t number) {
  const size_t database = DatabaseOf(number);
  if (std::exchange(selected_, database) == database) return true;
  return primary_->Send({"SELECT", std::to_string(database)},
                        process_.io().Now() + options_.timeout, {});
}

bool Writer::SendFleeting(uint64_t number) {
  if (!options_.fleeting_keys || number % kWritesPerFleetingKey != 0) return true;
  return primary_->Send({"SET", ip_ + ":soon:" + std::to_string(number), "1", "PX",
                         std::to_string(random_.Between(1, kLongestLifeMs))},
                        process_.io().Now() + options_.timeout, {});
}

bool Writer::SendSet(uint64_t number) {
  return SendSelect(number) && SendFleeting(number) &&
         primary_->Send(
             {"SET", KeyOf(number), "1"}, process_.io().Now() + options_.timeout,
             [this, number](const base::Result<resp::Value>& reply) { OnWritten(number, reply); });
}

bool Writer::SendTransaction(uint64_t number) {
  const base::Instant deadline = process_.io().Now() + options_.timeout;
  const std::string value(random_.Below(options_.longest_value), 'v');
  return primary_->Send({"MULTI"}, deadline, {}) &&
         primary_->Send({"INCR", counter_}, deadline, {}) && SendSelect(number) &&
         primary_->Send({"SET", KeyOf(number), value}, deadline, {}) &&
         primary_->Send({"EXEC"}, deadline, [this, number](const base::Result<resp::Value>& reply) {
           OnWritten(number, reply);
         });
}

void Writer::OnWritten(uint64_t number, const base::Result<resp::Value>& reply) {
  waits_ = false;
  if (!reply.ok()) return Later(options_.retry, &Writer::Ask);  // unknown for ever
  unknown_.erase(number);
  if (reply->is_error()) return Later(options_.retry, &Writer::Ask);
  acknowledged_.insert(number);
  const base::Instant now = process_.io().Now();
  if (last_acknowledged_ != base::Instant{})
    longest_gap_ = std::max(longest_gap_, now - last_acknowledged_);
  last_acknowledged_ = now;
  Later(options_.pause, &Writer::Write);
}

bool Writer::IsIn(const server::store::Databases& databases, uint64_t number) const {
  return databases[DatabaseOf(number)].Find(KeyOf(number)) != nullptr;
}

size_t Writer::CountLost(const server::store::Databases& databases) const {
  return static_cast<size_t>(std::ranges::count_if(
      acknowledged_, [&](uint64_t number) { return !IsIn(databases, number); }));
}

std::set<std::string> Writer::Absent(const std::set<uint64_t>& numbers,
                                     const server::store::Databases& databases) const {
  std::set<std::string> absent;
  for (const uint64_t number : numbers)
    if (!IsIn(databases, number))
      absent.insert(std::to_string(DatabaseOf(number)) + ":" + KeyOf(number));
  return absent;
}

std::optional<std::string> Writer::TornTransaction(
    const server::store::Databases& databases) const {
  int64_t found = 0;
  for (uint64_t number = 0; number < next_number_; number += kWritesPerTransaction)
    if (IsIn(databases, number)) ++found;
  int64_t counted = 0;
  for (const size_t database : kDatabases) {
    const server::store::Record* counter = databases[database].Find(counter_);
    if (counter == nullptr) continue;
    server::store::IntegerText scratch;
    counted += base::ParseInt64(counter->StringValue(scratch)).value_or(0);
  }
  if (counted == found) return std::nullopt;
  return ip_ + " counted " + std::to_string(counted) + " transactions, and " +
         std::to_string(found) + " left their keys";
}

}  // namespace quorate::simulation
