#include "replication/core/history.h"

#include <map>
#include <string>

#include "shared/base/random.h"
#include "tests/unit/replication/core/sample_history.h"

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;

namespace {

// A history beside what its data really are the result of: for each id all the bytes that anybody
// ever had under it.
class Model {
 public:
  explicit Model(uint64_t seed) : random_(seed), history_(Fresh(), 1 << 20) {
    streams_[history_.id().ToString()] = "";
  }

  void Change() {
    const std::string before = history_.id().ToString();
    const Offset offset = history_.offset();
    const bool may_fall = Transition();
    history_.CheckInvariants();
    CHECK(history_.offset() == Offset(static_cast<int64_t>(ours_.size())));
    if (history_.id().view() == before && !may_fall) CHECK(history_.offset() >= offset);  // H4
    std::string& own = streams_[history_.id().ToString()];
    if (ours_.size() >= own.size()) own = ours_;
    CHECK(own.starts_with(ours_));
    if (!history_.previous_end()) return;
    const auto kept = static_cast<size_t>(history_.previous_end()->bytes());
    const std::string& previous = streams_.at(history_.previous_id().ToString());
    CHECK(kept <= previous.size());
    CHECK(previous.substr(0, kept) == ours_.substr(0, kept));
  }

 private:
  ReplicationId Fresh() { return ReplicationId::Generate(random_); }
  std::string Bytes() {
    std::string bytes(random_.Below(50), '\0');
    for (char& c : bytes) c = static_cast<char>('a' + random_.Below(26));
    return bytes;
  }
  // True if it may take the history back.
  bool Transition() {
    switch (random_.Below(8)) {
      case 0:
        history_.StartNew(Fresh());
        for (char& c : ours_) c = 'X';  // what was written before was not counted
        return false;
      case 1:
        history_.Abandon(Fresh());
        for (char& c : ours_) c = 'Y';  // nor is what is written from now on
        return false;
      case 2:
        history_.Promote(Fresh());
        return false;
      case 3:
        history_.EnsureBacklog();
        return false;
      case 4:
        history_.AdoptContinued(Fresh());
        return false;
      case 5:
        // Back in our own history, or over to somebody else's.
        ours_ = random_.Chance(1, 2) ? ours_.substr(0, random_.Below(ours_.size() + 1)) : Bytes();
        history_.AdoptSnapshot(
            streams_[history_.id().ToString()].starts_with(ours_) ? history_.id() : Fresh(),
            Offset(static_cast<int64_t>(ours_.size())));
        return true;
      default:
        if (history_.backlog() == nullptr) return false;
        const std::string bytes = Bytes();
        // Whoever comes to a place of a stream again gets the same bytes.
        const std::string& stream = streams_[history_.id().ToString()];
        const std::string next = ours_.size() < stream.size() ? stream.substr(ours_.size()) : bytes;
        history_.Append(next);
        ours_ += next;
        return false;
    }
  }

  Random random_;
  History history_;
  std::string ours_;
  std::map<std::string, std::string> streams_;
};

}  // namespace

TEST_CASE("history: promotion keeps the old id valid up to the offset") {
  const History history = Sample();
  CHECK(history.id() == Id(kOurs));
  CHECK(history.previous_id() == Id(kBefore));
  CHECK(history.previous_end() == Offset(1000));
  CHECK(history.offset() == Offset(1200));
  history.CheckInvariants();
}

TEST_CASE("history: a new one forgets the id before; the offset goes on") {
  History history = Sample();
  history.StartNew(Id(std::string(40, 'd')));
  CHECK(history.previous_id().IsZero());
  CHECK_FALSE(history.previous_end().has_value());
  CHECK(history.offset() == Offset(1200));
  history.CheckInvariants();
}

TEST_CASE("history: a snapshot replaces everything") {
  History history = Sample();
  history.AdoptSnapshot(Id(std::string(40, 'e')), Offset(5));
  CHECK(history.offset() == Offset(5));
  CHECK(history.backlog()->start() == Offset(5));
  CHECK(history.previous_id().IsZero());
  history.CheckInvariants();
}

TEST_CASE("history: an abandoned one has no backlog, and a later one starts where it stopped") {
  History history = Sample();
  history.Abandon(Id(std::string(40, 'f')));
  CHECK(history.backlog() == nullptr);
  history.EnsureBacklog();
  CHECK(history.backlog()->start() == Offset(1200));
  history.CheckInvariants();
}

TEST_CASE("history: what is on disk goes with the history that it is a part of") {
  const History::DiskRange range{Offset(100), Offset(1100)};
  History history = Sample();
  history.SetDisk(range);
  history.Promote(Id(std::string(40, 'c')));
  history.AdoptContinued(Id(std::string(40, 'd')));
  CHECK(history.OnDisk(Offset(100)));
  history.StartNew(Id(std::string(40, 'e')));
  CHECK_FALSE(history.disk().has_value());
  history.SetDisk(range);
  history.AdoptSnapshot(Id(std::string(40, 'f')), Offset(2000));
  CHECK_FALSE(history.disk().has_value());
  history.SetDisk(range);
  history.Abandon(Id(std::string(40, 'c')));
  CHECK_FALSE(history.disk().has_value());
}

TEST_CASE(
    "history: an id names the same bytes for ever, and within one only a snapshot goes back") {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    Model model(seed);
    for (int step = 0; step < 200; ++step) model.Change();
  }
}
