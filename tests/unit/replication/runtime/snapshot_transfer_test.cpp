#include "replication/runtime/snapshot_transfer.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
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

constexpr core::ReplicaId kMark{1};
constexpr core::ReplicaId kLength{2};

core::BeginSnapshot ForBoth() {
  core::BeginSnapshot begin;
  begin.members = {{kMark, core::Framing::kEofMark}, {kLength, core::Framing::kLength}};
  return begin;
}

struct Subject {
  // All that there is for it.
  std::string Take(core::ReplicaId replica) {
    std::string out;
    std::array<std::string_view, 8> slices;
    while (size_t count = transfer.Peek(replica, slices)) {
      const size_t before = out.size();
      for (size_t i = 0; i < count; ++i) out.append(slices[i]);
      transfer.Advance(replica, out.size() - before);
    }
    return out;
  }

  std::shared_ptr<Source> source = std::make_shared<Source>();
  SnapshotTransfer transfer{ForBoth(), std::make_unique<Producer>(source), std::string(40, 'm')};
};

}  // namespace

TEST_CASE("snapshot transfer: what the length framing keeps back counts as lag") {
  Subject s;
  s.source->ready = std::string(300'000, 'a');
  CHECK(s.Take(kMark) == "$EOF:" + std::string(40, 'm') + "\r\n" + std::string(300'000, 'a'));
  CHECK(s.Take(kLength).empty());
  CHECK(s.transfer.Lag(kMark) == 0);
  CHECK(s.transfer.Lag(kLength) == 300'000);
  CHECK(s.transfer.SpoolBytes() >= 300'000);
  s.source->ready = "bb";
  CHECK(s.transfer.Lag(kLength) == 300'002);

  s.source->ended = true;
  CHECK(s.Take(kLength) == "$300002\r\n" + std::string(300'000, 'a') + "bb");
  CHECK(s.transfer.Lag(kLength) == 0);
  CHECK(s.transfer.Delivered(kLength));
  CHECK(s.Take(kMark) == "bb" + std::string(40, 'm'));
  CHECK(s.transfer.Delivered(kMark));
}
