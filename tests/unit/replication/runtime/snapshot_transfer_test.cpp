#include "replication/runtime/snapshot_transfer.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <doctest/doctest.h>

using namespace quorate;
using namespace quorate::replication;
using runtime::SnapshotProducer;
using runtime::SnapshotTransfer;

namespace {

// Hands out what the test has put there.
struct Source {
  std::string ready;
  bool ended = false;
};

class Producer final : public SnapshotProducer {
 public:
  explicit Producer(std::shared_ptr<Source> source) : source_(std::move(source)) {}
  Progress Produce(size_t budget, base::Buffer& out) override {
    const size_t size = std::min(budget, source_->ready.size());
    out.Append(std::string_view(source_->ready).substr(0, size));
    source_->ready.erase(0, size);
    if (!source_->ready.empty()) return Progress::kMore;
    return source_->ended ? Progress::kComplete : Progress::kWait;
  }
  size_t WaitingBytes() const override { return source_->ready.size(); }

 private:
  const std::shared_ptr<Source> source_;
};

constexpr core::ReplicaId kFirst{1};
constexpr core::ReplicaId kSecond{2};

const std::string kMark(40, 'm');

struct Subject {
  explicit Subject(core::Framing framing)
      : transfer(For(framing), std::make_unique<Producer>(source), kMark) {}
  static core::BeginSnapshot For(core::Framing framing) {
    core::BeginSnapshot begin;
    begin.kind.framing = framing;
    begin.members = {kFirst, kSecond};
    return begin;
  }

  // At most `slice_count` slices of what there is for it, and of them at most `budget` bytes.
  std::string TakeSome(core::ReplicaId replica, size_t slice_count, size_t budget = SIZE_MAX) {
    std::string out;
    std::array<std::string_view, 8> slices;
    const size_t count = transfer.Peek(replica, std::span(slices).first(slice_count));
    for (size_t i = 0; i < count; ++i) out.append(slices[i]);
    out.resize(std::min(out.size(), budget));
    transfer.Advance(replica, out.size());
    return out;
  }
  // All that there is for it.
  std::string Take(core::ReplicaId replica, size_t slice_count = 8) {
    std::string out;
    while (true) {
      const std::string some = TakeSome(replica, slice_count);
      if (some.empty()) return out;
      out += some;
    }
  }

  std::shared_ptr<Source> source = std::make_shared<Source>();
  SnapshotTransfer transfer;
};

}  // namespace

TEST_CASE("snapshot transfer: what the length framing keeps back counts as lag") {
  Subject s(core::Framing::kLength);
  s.source->ready = std::string(300'000, 'a');
  CHECK(s.transfer.AwaitsLength());
  CHECK(s.Take(kFirst).empty());
  CHECK(s.transfer.Lag(kFirst) == 300'000);
  CHECK(s.transfer.Lag(kSecond) == 300'000);
  CHECK(s.transfer.SpoolBytes() >= 300'000);
  s.source->ready = "bb";
  CHECK(s.transfer.Lag(kFirst) == 300'002);

  s.source->ended = true;
  const std::string all = "$300002\r\n" + std::string(300'000, 'a') + "bb";
  CHECK(s.Take(kFirst) == all);
  CHECK(s.transfer.Lag(kFirst) == 0);
  CHECK(s.transfer.Delivered(kFirst));
  CHECK_FALSE(s.transfer.Delivered(kSecond));
  CHECK(s.Take(kSecond) == all);
  CHECK(s.transfer.Delivered(kSecond));
}

TEST_CASE("snapshot transfer: by mark no more is pulled than the fastest member takes") {
  Subject s(core::Framing::kEofMark);
  s.source->ready = std::string(1'000'000, 'a');
  CHECK(s.TakeSome(kFirst, 8, 10) == ("$EOF:" + kMark).substr(0, 10));
  CHECK(s.source->ready.size() >= 700'000);
  CHECK(s.transfer.SpoolBytes() < 1'000'000);
  s.source->ended = true;
  const std::string rest = s.Take(kFirst);
  CHECK(rest.size() == 45 + 2 - 10 + 1'000'000 + 40);
  CHECK(rest.ends_with("a" + kMark));
  CHECK(s.transfer.Lag(kSecond) == 1'000'000);
}

TEST_CASE("snapshot transfer: a member that leaves midway does not hold the others up") {
  for (const core::Framing framing : {core::Framing::kLength, core::Framing::kEofMark}) {
    CAPTURE(framing == core::Framing::kLength);
    Subject s(framing);
    s.source->ready = std::string(3'000'000, 'a');
    s.source->ended = true;
    const std::string begun = s.TakeSome(kSecond, 8, 100'000);
    CHECK(begun.size() == 100'000);
    const std::string all = s.Take(kFirst, 3);
    CHECK(all.starts_with(begun));
    // The one that is slow keeps the rest.
    CHECK(s.transfer.SpoolBytes() > 2'900'000);
    s.transfer.RemoveMember(kSecond);
    CHECK_FALSE(s.transfer.empty());
    CHECK(s.transfer.Delivered(kFirst));
    s.transfer.RemoveMember(kFirst);
    CHECK(s.transfer.empty());
  }
}

TEST_CASE("snapshot transfer: who is left goes on though the one that pulled has left") {
  Subject s(core::Framing::kEofMark);
  s.source->ready = std::string(600'000, 'a');
  s.TakeSome(kFirst, 8, 200'000);
  s.transfer.RemoveMember(kFirst);
  s.source->ready += std::string(5, 'b');
  s.source->ended = true;
  CHECK(s.Take(kSecond) == "$EOF:" + kMark + "\r\n" + std::string(600'000, 'a') + "bbbbb" + kMark);
  CHECK(s.transfer.Delivered(kSecond));
}

TEST_CASE("snapshot transfer: the mark does not overtake bytes that found no room") {
  // As many slices as there are before the mark, one less, and one at a time.
  for (size_t slice_count = 1; slice_count <= 8; ++slice_count) {
    CAPTURE(slice_count);
    Subject s(core::Framing::kEofMark);
    s.source->ready = std::string(200'000, 'a') + "z";  // several blocks of the spool
    s.source->ended = true;
    CHECK(s.Take(kFirst, slice_count) ==
          "$EOF:" + kMark + "\r\n" + std::string(200'000, 'a') + "z" + kMark);
    CHECK(s.transfer.Delivered(kFirst));
  }
}
