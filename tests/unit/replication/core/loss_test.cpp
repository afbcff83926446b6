#include "replication/core/loss.h"

#include <string>

#include <doctest/doctest.h>

using namespace quorate::base;
using namespace quorate::replication::core;

namespace {

ReplicationId Id(char digit) { return *ReplicationId::Parse(std::string(40, digit)); }

// Bytes 100 to 130 of 'a', which was 'e' up to 50.
History Ours() {
  History history(Id('f'), 1 << 20);
  history.Restore(Id('a'), Offset(100), Id('e'), Offset(50));
  history.Append(std::string(30, 'x'));
  return history;
}

std::string Show(const Loss& loss) {
  return std::to_string(loss.fork.at.bytes()) + (loss.fork.estimated ? " estimated" : "") +
         (loss.unrelated ? ", all" : "");
}

const std::optional<PrimaryHistory> kSilent;
const std::optional<OwnStream> kFromPrimary;
const OwnStream kUnheard{};
const OwnStream kHeard{.acknowledged = Offset(120)};

}  // namespace

TEST_CASE("loss: nothing of ours is lost to our own history, whoever has what") {
  const History ours = Ours();
  for (const auto& own : {kFromPrimary, std::optional(kUnheard), std::optional(kHeard)}) {
    CHECK(Show(FindLoss(ours, own, kSilent, {Id('a'), Offset(130)})) == "130");
    CHECK(Show(FindLoss(ours, own, kSilent, {Id('a'), Offset(999)})) == "130");
    // It was behind when it answered INFO.
    CHECK(Show(FindLoss(ours, own, PrimaryHistory{Id('a'), Offset(90), {}, {}},
                        {Id('a'), Offset(999)})) == "130");
    CHECK(Show(FindLoss(ours, own, kSilent, {Id('a'), Offset(110)})) == "110");
    CHECK(Show(FindLoss(ours, own, kSilent, {Id('e'), Offset(110)})) == "50");
  }
}

TEST_CASE("loss: INFO tells where another history left ours") {
  const History ours = Ours();
  const PrimaryHistory told{Id('b'), Offset(200), Id('a'), Offset(115)};
  CHECK(Show(FindLoss(ours, kUnheard, told, {Id('b'), Offset(210)})) == "115");
  // Another has begun since: it is related, but nobody knows how far.
  CHECK(Show(FindLoss(ours, kHeard, told, {Id('c'), Offset(210)})) == "120 estimated");
  const PrimaryHistory foreign{Id('b'), Offset(200), {}, {}};
  CHECK(Show(FindLoss(ours, kHeard, foreign, {Id('b'), Offset(210)})) == "120 estimated, all");
  CHECK(Show(FindLoss(ours, kFromPrimary, foreign, {Id('c'), Offset(0)})) == "100 estimated, all");
}

TEST_CASE("loss: of a stream that nobody acknowledged nothing is known to live on") {
  const History ours = Ours();
  CHECK(Show(FindLoss(ours, kUnheard, kSilent, {Id('b'), Offset(200)})) == "100 estimated, all");
  CHECK(Show(FindLoss(ours, kUnheard, kSilent, {{}, std::nullopt})) == "100 estimated, all");
  CHECK(Show(FindLoss(ours, kHeard, kSilent, {Id('b'), Offset(200)})) == "120 estimated");
  CHECK(Show(FindLoss(ours, kFromPrimary, kSilent, {Id('b'), Offset(200)})) == "100 estimated");
}

TEST_CASE("loss: a stream that tells nothing of the dataset is no reason to believe in less") {
  History ours(Id('a'), 1 << 20);
  CHECK(Show(FindLoss(ours, kHeard, kSilent, {Id('b'), Offset(200)})) == "0 estimated, all");
  ours.EnsureBacklog();
  CHECK(Show(FindLoss(ours, kFromPrimary, kSilent, {Id('b'), Offset(200)})) == "0 estimated, all");
  ours.Append("x");
  CHECK(Show(FindLoss(ours, OwnStream{.untold = true, .acknowledged = Offset(1)}, kSilent,
                      {Id('b'), Offset(200)})) == "1 estimated, all");
}
