// MEMORY: what one key costs, and what the server costs as a whole.
#include "server/commands/arguments.h"
#include "server/commands/families.h"
#include "server/engine/context.h"
#include "server/engine/engine.h"
#include "server/info/memory_figures.h"
#include "shared/command/introspection.h"
#include "shared/resp/errors.h"

namespace quorate::server::commands {

namespace {

using engine::Context;

void MemoryUsage(Context& context) {
  for (size_t i = 3; i < context.argc(); i += 2) {
    if (!Is(context.arg(i), "samples") || i + 1 == context.argc())
      return context.Error(resp::errors::kSyntax);
    const std::optional<int64_t> samples = IntegerArgument(context, i + 1);
    if (!samples) return;
    if (*samples < 0) return context.Error(resp::errors::kSyntax);
  }
  const store::Record* record = context.Peek(context.Key(2));
  if (record == nullptr) return context.reply.Null();
  context.reply.Integer(static_cast<int64_t>(record->UsedBytes() + sizeof(record)));
}

// The pairs of MEMORY STATS, counted as they are written.
class Figures {
 public:
  explicit Figures(resp::Writer& out) : out_(out), mark_(out.Defer()) {}
  void Count(std::string_view name, uint64_t value) {
    Name(name);
    out_.Integer(static_cast<int64_t>(value));
  }
  void Ratio(std::string_view name, double value) {
    Name(name);
    out_.Double(value);
  }
  void Name(std::string_view name) {
    out_.Bulk(name);
    ++count_;
  }
  void Finish() { out_.FinishMap(mark_, count_); }

 private:
  resp::Writer& out_;
  resp::Writer::Mark mark_;
  size_t count_ = 0;
};

double Percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : 100 * static_cast<double>(part) / static_cast<double>(whole);
}

void MemoryStats(Context& context) {
  const info::MemoryFigures memory = info::MeasureMemory(context.engine);
  const store::Databases& databases = context.engine.databases();
  const uint64_t keys = databases.TotalKeys();
  const uint64_t net = memory.used - std::min(memory.used, context.engine.startup_memory);
  Figures out(context.reply);
  out.Count("peak.allocated", memory.peak);
  out.Count("total.allocated", memory.used);
  out.Count("startup.allocated", context.engine.startup_memory);
  out.Count("replication.backlog", memory.backlog);
  out.Count("clients.slaves", memory.replica_buffers);
  out.Count("clients.normal", memory.normal_clients);
  for (size_t db = 0; db < databases.count(); ++db) {
    const store::Keyspace& keyspace = databases[db];
    if (keyspace.size() == 0) continue;
    out.Name("db." + std::to_string(db));
    context.reply.MapHeader(2);
    context.reply.Bulk("overhead.hashtable.main");
    context.reply.Integer(
        static_cast<int64_t>(keyspace.TableBytes() - keyspace.expires().MemoryBytes()));
    context.reply.Bulk("overhead.hashtable.expires");
    context.reply.Integer(static_cast<int64_t>(keyspace.expires().MemoryBytes()));
  }
  out.Count("overhead.total", memory.used - memory.dataset);
  out.Count("keys.count", keys);
  out.Count("keys.bytes-per-key", keys == 0 ? 0 : net / keys);
  out.Count("dataset.bytes", memory.dataset);
  out.Ratio("dataset.percentage", Percent(memory.dataset, net));
  out.Ratio("peak.percentage", Percent(memory.used, memory.peak));
  out.Ratio("fragmentation", Percent(memory.resident, memory.used) / 100);
  out.Name("fragmentation.bytes");
  context.reply.Integer(static_cast<int64_t>(memory.resident) - static_cast<int64_t>(memory.used));
  out.Finish();
}

void MemoryPurge(Context& context) {
  context.engine.host().ReturnFreeMemory();
  context.reply.Ok();
}

void MemoryMallocStats(Context& context) {
  context.reply.Verbatim(context.engine.host().AllocatorReport());
}

void MemoryHelp(Context& context) {
  static constexpr std::string_view kLines[] = {
      "MALLOC-STATS",
      "    Return internal statistics report from the memory allocator.",
      "PURGE",
      "    Attempt to purge dirty pages for reclamation by the allocator.",
      "STATS",
      "    Return information about the memory usage of the server.",
      "USAGE <key> [SAMPLES <count>]",
      "    Return memory in bytes used by <key> and its value. Nested values are",
      "    sampled up to <count> times (default: 5, 0 means sample all).",
  };
  command::ReplyHelp("MEMORY", kLines, context.reply);
}

// ---- rows

constexpr std::string_view kMemoryMallocStatsTips[] = {
    "nondeterministic_output", "request_policy:all_shards", "response_policy:special"};
constexpr std::string_view kMemoryPurgeTips[] = {"request_policy:all_shards",
                                                 "response_policy:all_succeeded"};
constexpr std::string_view kMemoryStatsTips[] = {
    "nondeterministic_output", "request_policy:all_shards", "response_policy:special"};
constexpr KeySpec kMemoryUsageKeys[] = {{.flags = key::kRO, .begin = BeginSearch::Index(2)}};
constexpr Argument kMemoryUsageArguments[] = {
    {.name = "key", .type = Type::kKey, .key_spec_index = 0},
    {.name = "count", .type = Type::kInteger, .token = "SAMPLES", .optional = true}};
constexpr CommandRow kMemorySubcommands[] = {
    {.spec = {.name = "help",
              .summary = "Show helpful text about the different subcommands",
              .since = "4.0.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 2,
              .flags = flag::kLoading | flag::kStale},
     .run = &MemoryHelp},
    {.spec = {.name = "malloc-stats",
              .summary = "Show allocator internal stats",
              .since = "4.0.0",
              .group = Group::kServer,
              .complexity = "Depends on how much memory is allocated, could be slow",
              .arity = 2,
              .tips = kMemoryMallocStatsTips},
     .run = &MemoryMallocStats},
    {.spec = {.name = "purge",
              .summary = "Ask the allocator to release memory",
              .since = "4.0.0",
              .group = Group::kServer,
              .complexity = "Depends on how much memory is allocated, could be slow",
              .arity = 2,
              .tips = kMemoryPurgeTips},
     .run = &MemoryPurge},
    {.spec = {.name = "stats",
              .summary = "Show memory usage details",
              .since = "4.0.0",
              .group = Group::kServer,
              .complexity = "O(1)",
              .arity = 2,
              .tips = kMemoryStatsTips},
     .run = &MemoryStats},
    {.spec = {.name = "usage",
              .summary = "Estimate the memory usage of a key",
              .since = "4.0.0",
              .group = Group::kServer,
              .complexity = "O(N) where N is the number of samples.",
              .arity = -3,
              .flags = flag::kReadonly,
              .keys = kMemoryUsageKeys,
              .arguments = kMemoryUsageArguments},
     .run = &MemoryUsage}};

constexpr CommandRow kRows[] = {
    {.spec = {.name = "memory",
              .summary = "A container for memory diagnostics commands",
              .since = "4.0.0",
              .group = Group::kServer,
              .complexity = "Depends on subcommand.",
              .arity = -2},
     .subcommands = kMemorySubcommands},
};

}  // namespace

Rows MemoryRows() { return kRows; }

}  // namespace quorate::server::commands
