#include "server/info/info.h"

#include <algorithm>

#include "shared/base/numbers.h"

namespace quorate::server::info {

namespace {

struct Section {
  std::string_view name;
  bool by_default;
  void (*append)(engine::Engine&, Fields&);
};
constexpr Section kSections[] = {
    {"server", true, AppendServer},
    {"clients", true, AppendClients},
    {"memory", true, AppendMemory},
    {"persistence", true, AppendPersistence},
    {"stats", true, AppendStats},
    {"replication", true, AppendReplication},
    {"cpu", true, AppendCpu},
    {"modules", true, AppendModules},
    {"commandstats", false, AppendCommandstats},
    {"errorstats", true, AppendErrorstats},
    {"latencystats", false, AppendLatencystats},
    {"cluster", true, AppendCluster},
    {"keyspace", true, AppendKeyspace},
};

bool Wanted(const Section& section, std::span<const std::string_view> asked) {
  if (asked.empty()) return section.by_default;
  return std::any_of(asked.begin(), asked.end(), [&](std::string_view name) {
    if (base::EqualsIgnoreCase(name, "all") || base::EqualsIgnoreCase(name, "everything"))
      return true;
    if (base::EqualsIgnoreCase(name, "default")) return section.by_default;
    return base::EqualsIgnoreCase(name, section.name);
  });
}

}  // namespace

std::string Render(engine::Engine& engine, std::span<const std::string_view> sections) {
  Fields out;
  for (const Section& section : kSections)
    if (Wanted(section, sections)) section.append(engine, out);
  return out.Take();
}

}  // namespace quorate::server::info
