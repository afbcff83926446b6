#include "server/engine/fencing.h"

#include <algorithm>
#include <functional>
#include <vector>

namespace quorate::server::engine {

void Fencing::Restore(const Word& word) {
  word_ = word;
  watched_ = true;
  confirmed_ = false;
}

std::optional<base::Error> Fencing::Stale(base::Instant now, base::Epoch epoch) const {
  const bool fenced = fence_ && now < fence_->until && epoch < fence_->epoch;
  if (epoch >= word_.epoch && !fenced) return std::nullopt;
  if (fenced)
    return base::Error{"STALEEPOCH " + std::to_string(fence_->epoch.number()) +
                       " elected: an order of that epoch is awaited here, not of " +
                       std::to_string(epoch.number())};
  return base::Error{"STALEEPOCH " + std::to_string(word_.epoch.number()) + " " +
                     std::string(RoleName(word_.role)) +
                     ": that is the epoch here, and this server's role in it, not " +
                     std::to_string(epoch.number())};
}

base::Status Fencing::OnHeartbeat(base::Instant now, const Heartbeat& heartbeat) {
  if (auto stale = Stale(now, heartbeat.epoch)) return *std::move(stale);
  watched_ = true;
  confirmed_ = true;
  if (word_.role == Role::kReplica || !heartbeat.primary) ForgetHeard();
  word_.epoch = heartbeat.epoch;
  word_.role = heartbeat.primary ? Role::kPrimary : Role::kReplica;
  // Whoever speaks in that epoch has seen its order carried out.
  if (fence_ && heartbeat.epoch >= fence_->epoch) fence_.reset();
  Note(heartbeat, now);
  RememberElectorate(now);
  ComputeLeaseEnd();
  return {};
}

void Fencing::Release() {
  if (word_.role == Role::kReplica) word_.role = Role::kReleased;
}

void Fencing::Note(const Heartbeat& heartbeat, base::Instant now) {
  std::erase_if(told_, [now](const auto& entry) {
    return entry.second.electorate == 0 && entry.second.at + kStockMemory <= now;
  });
  Told& told = told_[heartbeat.sentinel];
  told.at = now;
  told.electorate = heartbeat.electorate;
  // One that we cannot have given is no stamp.
  if (heartbeat.returned && *heartbeat.returned <= now)
    told.stamp = std::max(told.stamp.value_or(*heartbeat.returned), *heartbeat.returned);
  if (told_.size() <= kMaxSentinels) return;
  told_.erase(std::ranges::min_element(
      told_, [](const auto& a, const auto& b) { return a.second.at < b.second.at; }));
}

void Fencing::ForgetHeard() {
  told_.clear();
  lease_end_ = base::Instant{};
}

uint32_t Fencing::ToldElectorate() const {
  uint32_t largest = 0;
  for (const auto& [sentinel, told] : told_) {
    if (told.electorate == 0) return 0;
    largest = std::max(largest, told.electorate);
  }
  return largest;
}

uint32_t Fencing::Electorate() const {
  const uint32_t told = ToldElectorate();
  return told == 0 ? 0 : std::max(told, word_.electorate);
}

void Fencing::RememberElectorate(base::Instant now) {
  const uint32_t told = ToldElectorate();
  if (told == 0) return;
  const bool may_fall =
      lease_ == base::Duration::zero() || CountHeard(now).heard > word_.electorate / 2;
  if (told > word_.electorate || may_fall) word_.electorate = told;
}

void Fencing::ComputeLeaseEnd() {
  lease_end_ = base::Instant{};
  if (told_.empty()) return;
  const uint32_t electorate = Electorate();
  if (electorate == 0) {
    lease_end_ = base::Instant::max();
    return;
  }
  const size_t majority = electorate / 2 + 1;
  std::vector<base::Instant> stamps;
  stamps.reserve(told_.size());
  for (const auto& [sentinel, told] : told_)
    if (told.stamp) stamps.push_back(*told.stamp);
  if (stamps.size() < majority) return;
  std::ranges::nth_element(stamps, stamps.begin() + static_cast<ptrdiff_t>(majority - 1),
                           std::greater());
  lease_end_ = stamps[majority - 1] + lease_;
}

base::Status Fencing::OnFence(base::Instant now, base::Epoch epoch, base::Duration time) {
  if (time == base::Duration::zero()) {
    if (fence_ && fence_->epoch == epoch) fence_.reset();
    return {};
  }
  // The epoch that is in force has had its order.
  if (auto stale = Stale(now, epoch)) return *std::move(stale);
  if (epoch == word_.epoch && watched_) return {};
  watched_ = true;
  fence_ = Fence{epoch, now + std::min(time, kLongestFence)};
  return {};
}

base::Status Fencing::OnOrder(base::Instant now, std::optional<base::Epoch> epoch, bool primary) {
  if (epoch) {
    if (auto stale = Stale(now, *epoch)) return *std::move(stale);
    watched_ = true;
    // A majority has elected us anew.
    if (primary && *epoch > word_.epoch) word_.electorate = 0;
    word_.epoch = *epoch;
  } else {
    word_.electorate = 0;
  }
  if (word_.role == Role::kReplica || !primary) ForgetHeard();
  if (!primary)
    word_.role = Role::kReplica;
  else if (epoch)
    word_.role = Role::kPrimary;
  else
    Release();
  confirmed_ = true;
  fence_.reset();
  return {};
}

void Fencing::SetLease(base::Duration lease) {
  lease_ = lease;
  ComputeLeaseEnd();
}

Fencing::Refusal Fencing::WhyRefused(base::Instant now) const {
  if (!confirmed_) return Refusal::kBooted;
  if (word_.role == Role::kReplica) return Refusal::kDeposed;
  if (fence_ && now < fence_->until) return Refusal::kFenced;
  if (lease_ != base::Duration::zero() && now >= lease_end_) return Refusal::kNoMajority;
  return Refusal::kNone;
}

Fencing::Majority Fencing::CountHeard(base::Instant now) const {
  const auto heard = std::ranges::count_if(told_, [&](const auto& entry) {
    return entry.second.stamp && now < *entry.second.stamp + lease_;
  });
  return {static_cast<uint32_t>(heard), Electorate()};
}

std::string_view Fencing::RoleName(Role role) {
  switch (role) {
    case Role::kPrimary:
      return "primary";
    case Role::kReplica:
      return "replica";
    case Role::kReleased:
      return "released";
  }
  return "";
}

std::string_view Fencing::InfoName(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNone:
      return "none";
    case Refusal::kBooted:
      return "unconfirmed";
    case Refusal::kDeposed:
      return "deposed";
    case Refusal::kFenced:
      return "fenced";
    case Refusal::kNoMajority:
      return "no-majority";
  }
  return "";
}

std::string Fencing::ErrorText(Refusal refusal) const {
  const std::string lifts = " REPLICAOF NO ONE lifts this.";
  switch (refusal) {
    case Refusal::kNone:
      return "";
    case Refusal::kBooted:
      return "NOQUORUM This server was started again and no sentinel has confirmed yet that it is "
             "still the primary (epoch " +
             std::to_string(word_.epoch.number()) + ")." + lifts;
    case Refusal::kDeposed:
      return "NOQUORUM Another primary was elected (epoch " + std::to_string(word_.epoch.number()) +
             ")." + lifts;
    case Refusal::kFenced:
      return "NOQUORUM An election was won for epoch " + std::to_string(fence_->epoch.number()) +
             ", another primary may follow." + lifts;
    case Refusal::kNoMajority:
      return "NOQUORUM No majority of the sentinels has been heard for primary-lease. CONFIG SET "
             "primary-lease 0 lifts this.";
  }
  return "";
}

}  // namespace quorate::server::engine
