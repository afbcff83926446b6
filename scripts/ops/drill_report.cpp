#include "scripts/ops/drill_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <optional>

namespace quorate::ops {
namespace {

using nlohmann::json;

// The most lost writes that are listed one by one.
constexpr size_t kMaxListed = 100;

double Milliseconds(base::Duration duration) { return static_cast<double>(duration.count()) / 1e6; }

json Number(std::optional<base::Duration> duration) {
  if (!duration) return nullptr;
  return std::round(Milliseconds(*duration) * 1000) / 1000;
}

// One measured quantity: how it is called, and how to get it out of a round.
struct Measure {
  const char* name;   // in JSON
  const char* title;  // for people
  std::optional<base::Duration> (*of)(const RoundReport&);
};

constexpr std::array<Measure, 9> kMeasures = {{
    {"detection", "detection    first +sdown",
     [](const RoundReport& r) { return r.result.phases.detection; }},
    {"agreement", "agreement    first +odown",
     [](const RoundReport& r) { return r.result.phases.agreement; }},
    {"election", "election     +elected-leader",
     [](const RoundReport& r) { return r.result.phases.election; }},
    {"promotion", "promotion    +promoted-slave",
     [](const RoundReport& r) { return r.result.phases.promotion; }},
    {"publication", "publication  last +switch-master",
     [](const RoundReport& r) { return r.result.phases.publication; }},
    {"away", "away         the replica",
     [](const RoundReport& r) -> std::optional<base::Duration> {
       if (!r.result.cut) return std::nullopt;
       return r.result.cut->away;
     }},
    {"in_step", "in step      since its return",
     [](const RoundReport& r) { return r.result.cut ? r.result.cut->in_step : std::nullopt; }},
    {"two_primaries", "two primaries acknowledged writes",
     [](const RoundReport& r) { return r.result.two_primaries; }},
    {"write_gap", "client write gap", [](const RoundReport& r) { return WriteGap(r.result); }},
}};

struct Spread {
  base::Duration median, min, max;
};

// Over the rounds that have the measure; of an even number the lower middle counts.
std::optional<Spread> SpreadOf(const DrillReport& report, const Measure& measure) {
  std::vector<base::Duration> values;
  for (const RoundReport& round : report.rounds) {
    if (const auto value = measure.of(round)) values.push_back(*value);
  }
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  return Spread{values[(values.size() - 1) / 2], values.front(), values.back()};
}

bool RoundPassed(const RoundReport& round) {
  return !round.findings.empty() && std::ranges::all_of(round.findings, &Finding::passed);
}

std::string Cell(base::Duration duration) {
  char text[32];
  std::snprintf(text, sizeof text, "%8.0f", Milliseconds(duration));
  return text;
}

// Without what no round has: a switchover is not detected.
std::string MeasureTable(const DrillReport& report) {
  std::string text = "\n  ms since the fault                  median     min     max\n";
  for (const Measure& measure : kMeasures) {
    const auto spread = SpreadOf(report, measure);
    if (!spread) continue;
    std::string title = measure.title;
    title.resize(34, ' ');
    text += "  " + title + Cell(spread->median) + Cell(spread->min) + Cell(spread->max) + "\n";
  }
  return text;
}

std::string GapText(const RoundReport& round) {
  const auto gap = WriteGap(round.result);
  return gap ? std::to_string(std::lround(Milliseconds(*gap))) + " ms" : "without end";
}

std::string RoleText(Scenario scenario, const RoundReport& round) {
  if (!round.new_primary.empty()) return round.old_primary + " -> " + round.new_primary;
  return round.old_primary + (MovesRole(scenario) ? " -> nobody" : " stays primary");
}

std::string RecordLine(const RecordFindings& record) {
  return "    rollback record: " + std::to_string(record.lost - record.missing) + " of " +
         std::to_string(record.lost) + " lost writes, " + std::to_string(record.unanswered) +
         " unanswered, " + std::to_string(record.foreign) + " others\n";
}

std::string CutLine(const ReplicaCut& cut) {
  char away[32];
  std::snprintf(away, sizeof away, "%.1f", Milliseconds(cut.away) / 1000);
  return "    " + cut.replica + " was away for " + away + " s and missed " +
         std::to_string(cut.missed_bytes) + " bytes; in step again " +
         (cut.in_step ? "after " + std::to_string(std::lround(Milliseconds(*cut.in_step))) + " ms"
                      : "not in time") +
         "\n";
}

std::string ResyncLine(const Resyncs& resyncs) {
  return "    syncs: " + std::to_string(resyncs.full) + " full, " +
         std::to_string(resyncs.partial) + " partial\n";
}

std::string RoundLines(const DrillReport& report) {
  std::string text;
  for (size_t i = 0; i < report.rounds.size(); ++i) {
    const RoundReport& round = report.rounds[i];
    const WriteFindings& writes = round.result.writes;
    text += "\n  round " + std::to_string(i + 1) + ": " + RoleText(report.scenario, round) +
            ", gap " + GapText(round) + "; writes: " + std::to_string(writes.acknowledged) +
            " acknowledged, " + std::to_string(writes.unknown) + " unknown, " +
            std::to_string(writes.failed) + " refused, " + std::to_string(writes.lost.size()) +
            " lost, " + std::to_string(writes.duplicates) + " duplicated\n";
    if (const auto& record = round.result.record; record && record->problem.empty())
      text += RecordLine(*record);
    if (round.result.cut) text += CutLine(*round.result.cut);
    if (round.result.resyncs) text += ResyncLine(*round.result.resyncs);
    for (const Finding& finding : round.findings) {
      if (!finding.passed) text += "    FAILED " + finding.name + ": " + finding.detail + "\n";
    }
  }
  return text;
}

json LostWrites(const WriteFindings& writes) {
  json list = json::array();
  for (size_t i = 0; i < std::min(writes.lost.size(), kMaxListed); ++i) {
    const LostWrite& lost = writes.lost[i];
    list.push_back({{"writer", lost.writer},
                    {"sequence", lost.sequence},
                    {"kind", lost.kind == WriteKind::kSet ? "set" : "increment"},
                    {"acknowledged_ms_after_fault", Number(lost.after_fault)}});
  }
  return list;
}

json RecordJson(const std::optional<RecordFindings>& record) {
  if (!record) return nullptr;
  return {{"lost", record->lost},
          {"missing", record->missing},
          {"unanswered", record->unanswered},
          {"foreign", record->foreign},
          {"problem", record->problem.empty() ? json(nullptr) : json(record->problem)}};
}

json CutJson(const std::optional<ReplicaCut>& cut) {
  if (!cut) return nullptr;
  return {{"replica", cut->replica},
          {"away_ms", Number(cut->away)},
          {"missed_bytes", cut->missed_bytes},
          {"in_step_ms", Number(cut->in_step)},
          {"links", cut->links},
          {"resumed", cut->resumed}};
}

json ResyncJson(const std::optional<Resyncs>& resyncs) {
  if (!resyncs) return nullptr;
  return {{"full", resyncs->full}, {"partial", resyncs->partial}};
}

json EqualDataJson(const std::optional<std::string>& disagreement) {
  if (!disagreement) return nullptr;
  return disagreement->empty();
}

json RoundJson(const RoundReport& round) {
  json measures = json::object();
  for (const Measure& measure : kMeasures) measures[measure.name] = Number(measure.of(round));
  json gaps = json::array();
  for (const auto& [writer, gap] : round.result.gaps) gaps.push_back(Number(gap));
  const WriteFindings& writes = round.result.writes;
  json findings = json::array();
  for (const Finding& finding : round.findings) {
    findings.push_back(
        {{"name", finding.name}, {"passed", finding.passed}, {"detail", finding.detail}});
  }
  json events = json::array();
  for (const SentinelEvent& event : round.events) {
    events.push_back({{"ms", Number(event.at - round.fault)},
                      {"sentinel", event.sentinel},
                      {"channel", event.channel},
                      {"payload", event.payload}});
  }
  return {{"old_primary", round.old_primary},
          {"new_primary", round.new_primary.empty() ? json(nullptr) : json(round.new_primary)},
          {"role_moved", !round.new_primary.empty()},
          {"passed", RoundPassed(round)},
          {"ms", measures},
          {"write_gap_by_writer_ms", gaps},
          {"writes",
           {{"acknowledged", writes.acknowledged},
            {"failed", writes.failed},
            {"unknown", writes.unknown},
            {"lost", writes.lost.size()},
            {"duplicates", writes.duplicates},
            {"phantoms", writes.phantoms},
            {"missing_increments", writes.missing_increments}}},
          {"lost_writes", LostWrites(writes)},
          {"rollback_record", RecordJson(round.result.record)},
          {"replica_cut", CutJson(round.result.cut)},
          {"syncs", ResyncJson(round.result.resyncs)},
          {"equal_data", EqualDataJson(round.result.disagreement)},
          {"findings", findings},
          {"events", events}};
}

}  // namespace

bool Passed(const DrillReport& report) {
  return !report.rounds.empty() && std::ranges::all_of(report.rounds, RoundPassed);
}

std::string Summary(Scenario scenario, const RoundReport& round) {
  return RoleText(scenario, round) + ", write gap " + GapText(round);
}

std::string ToTable(const DrillReport& report) {
  std::string text = "drill " + ToString(report.scenario) + ": " + report.topology.name +
                     ", servers " + report.server + ", sentinels " + report.sentinel +
                     ", down-after " + std::to_string(base::ToMs(report.topology.down_after)) +
                     " ms, " + std::to_string(report.writers) + " writers" +
                     (report.replicas > 0 ? " with WAIT " + std::to_string(report.replicas) : "") +
                     ", " + std::to_string(report.rounds.size()) + " rounds\n";
  text += MeasureTable(report) + RoundLines(report);
  return text + "\nverdict: " + (Passed(report) ? "passed" : "FAILED") + "\n";
}

std::string ToJson(const DrillReport& report) {
  json rounds = json::array();
  for (const RoundReport& round : report.rounds) rounds.push_back(RoundJson(round));
  json summary = json::object();
  for (const Measure& measure : kMeasures) {
    const auto spread = SpreadOf(report, measure);
    if (spread) {
      summary[measure.name] = {{"median", Number(spread->median)},
                               {"min", Number(spread->min)},
                               {"max", Number(spread->max)}};
    } else {
      summary[measure.name] = nullptr;
    }
  }
  const json whole = {{"schema", kDrillReportSchema},
                      {"drill", ToString(report.scenario)},
                      {"verdict", Passed(report) ? "passed" : "failed"},
                      {"topology", report.topology.name},
                      {"server", report.server},
                      {"sentinel", report.sentinel},
                      {"down_after_ms", base::ToMs(report.topology.down_after)},
                      {"quorum", report.topology.quorum},
                      {"sentinels", report.topology.sentinels.size()},
                      {"writers", report.writers},
                      {"replicas", report.replicas},
                      {"summary_ms", summary},
                      {"rounds", rounds}};
  // Server texts are not promised to be UTF-8.
  return whole.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace quorate::ops
