// The identities of the field as distinct types, so that an offset cannot be passed for an epoch
// nor a run id for a replication id. Plain values: comparable, hashable, printable.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace quorate::base {

class Random;

// A host (IP literal or name, never empty when set) and a TCP port (1-65535 when set; 0 = unset).
struct Endpoint {
  std::string host;
  uint16_t port = 0;

  bool empty() const { return host.empty() || port == 0; }
  // "host:port", IPv6 literals bracketed.
  std::string ToString() const;

  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// 40 lower-case hexadecimal characters. Tag makes the kinds distinct.
template <typename Tag>
class HexId {
 public:
  static constexpr size_t kLength = 40;

  // All zeros: "not set", as Redis prints it.
  HexId() { digits_.fill('0'); }
  static HexId Generate(Random& random);
  // Accepts exactly 40 characters of [0-9a-fA-F]; letters are lowered.
  static std::optional<HexId> Parse(std::string_view text);

  bool IsZero() const;
  std::string_view view() const { return {digits_.data(), digits_.size()}; }
  std::string ToString() const { return std::string(view()); }

  // In one piece: the default goes from character to character, and maps of peers are searched
  // often.
  friend bool operator==(const HexId& a, const HexId& b) { return a.view() == b.view(); }
  friend std::strong_ordering operator<=>(const HexId& a, const HexId& b) {
    return a.view() <=> b.view();
  }

 private:
  std::array<char, kLength> digits_;
};

struct RunIdTag;
struct ReplicationIdTag;
// Identity of one process run (INFO run_id) or of a sentinel (myid).
using RunId = HexId<RunIdTag>;
// Identity of one replication history (INFO master_replid).
using ReplicationId = HexId<ReplicationIdTag>;
extern template class HexId<RunIdTag>;
extern template class HexId<ReplicationIdTag>;

// A position in a replication stream, in bytes. Half-open convention: Offset n means "the first n
// bytes were applied".
class Offset {
 public:
  constexpr Offset() = default;
  constexpr explicit Offset(int64_t bytes) : bytes_(bytes) {}
  constexpr int64_t bytes() const { return bytes_; }
  constexpr Offset& operator+=(int64_t n) {
    bytes_ += n;
    return *this;
  }
  friend constexpr Offset operator+(Offset a, int64_t n) { return Offset(a.bytes_ + n); }
  friend constexpr Offset operator-(Offset a, int64_t n) { return Offset(a.bytes_ - n); }
  friend constexpr int64_t operator-(Offset a, Offset b) { return a.bytes_ - b.bytes_; }
  friend constexpr auto operator<=>(Offset, Offset) = default;

 private:
  int64_t bytes_ = 0;
};

// The highest offset that is believed of a peer or a file. Offsets are added to, and no stream
// reaches half of what they can hold.
constexpr Offset kHighestOffset(std::numeric_limits<int64_t>::max() / 2);

// A sentinel epoch (current, leader or config epoch). Saturates instead of wrapping.
class Epoch {
 public:
  constexpr Epoch() = default;
  constexpr explicit Epoch(uint64_t number) : number_(number) {}
  constexpr uint64_t number() const { return number_; }
  constexpr Epoch Next() const { return Epoch(number_ == UINT64_MAX ? number_ : number_ + 1); }
  friend constexpr auto operator<=>(Epoch, Epoch) = default;

 private:
  uint64_t number_ = 0;
};

}  // namespace quorate::base

template <>
struct std::hash<quorate::base::Endpoint> {
  size_t operator()(const quorate::base::Endpoint& e) const noexcept {
    return std::hash<std::string>()(e.host) * 31 + e.port;
  }
};
template <typename Tag>
struct std::hash<quorate::base::HexId<Tag>> {
  size_t operator()(const quorate::base::HexId<Tag>& id) const noexcept {
    return std::hash<std::string_view>()(id.view());
  }
};
