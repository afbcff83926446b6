// INFO: which sections were asked for, and their order. Each section has a file of its own beside
// this one. Only figures that are true are printed; what a field of Redis' counts that we do not
// have (forks, scripts, modules) is left out, unless tools insist on the field and zero is the
// truth.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/engine/engine.h"
#include "server/info/fields.h"

namespace quorate::server::info {

// `sections` as given to INFO: names, "all", "everything", "default"; empty = default. Unknown
// names print nothing.
std::string Render(engine::Engine& engine, std::span<const std::string_view> sections);

void AppendServer(engine::Engine& engine, Fields& out);
void AppendClients(engine::Engine& engine, Fields& out);
void AppendMemory(engine::Engine& engine, Fields& out);
void AppendPersistence(engine::Engine& engine, Fields& out);
void AppendStats(engine::Engine& engine, Fields& out);
void AppendReplication(engine::Engine& engine, Fields& out);
void AppendCpu(engine::Engine& engine, Fields& out);
void AppendModules(engine::Engine& engine, Fields& out);
void AppendCommandstats(engine::Engine& engine, Fields& out);
void AppendErrorstats(engine::Engine& engine, Fields& out);
void AppendLatencystats(engine::Engine& engine, Fields& out);
void AppendCluster(engine::Engine& engine, Fields& out);
void AppendKeyspace(engine::Engine& engine, Fields& out);

}  // namespace quorate::server::info
