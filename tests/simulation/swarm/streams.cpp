#include "tests/simulation/swarm/streams.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "shared/base/numbers.h"
#include "shared/resp/request_parser.h"

namespace quorate::simulation {

namespace core = replication::core;

namespace {

// Of a stream's past this much goes on under its successor's id; backlogs hold less.
constexpr size_t kInherited = 64 * 1024 * 1024;

// The last bytes of the history, from `from` on. A cursor is the only way to read a backlog, and
// needs it writable; it leaves nothing changed but that a block nobody needs may go at once.
std::string LastBytes(const core::History& history, int64_t from) {
  std::string bytes;
  auto& backlog = const_cast<core::Backlog&>(*history.backlog());
  std::optional<core::Backlog::Cursor> cursor = backlog.FindOffset(base::Offset(from));
  std::array<std::string_view, 16> slices;
  while (cursor) {
    const size_t count = cursor->Peek(slices);
    if (count == 0) break;
    size_t read = 0;
    for (size_t i = 0; i < count; ++i) {
      bytes += slices[i];
      read += slices[i].size();
    }
    cursor->Advance(read);
  }
  return bytes;
}

}  // namespace

int64_t Streams::AddedFrom(const std::optional<Seen>& seen, const core::History& history) {
  const int64_t end = history.offset().bytes();
  if (!seen) return end;
  const bool goes_on = seen->id == history.id().view() || seen->id == history.previous_id().view();
  if (!goes_on) return end;  // a snapshot
  return std::min(end, std::max(seen->offset, history.backlog()->start().bytes()));
}

Streams::Stream Streams::BeginningOf(const core::History& history, int64_t from) const {
  Stream stream{from, false, {}, {from}};
  const auto parent = streams_.find(history.previous_id().ToString());
  if (parent == streams_.end() || !history.previous_end()) return stream;
  const int64_t left = history.previous_end()->bytes();
  if (left < parent->second.start || left > parent->second.end()) return stream;
  const auto known = static_cast<size_t>(left - parent->second.start);
  const size_t skipped = known - std::min(known, kInherited);
  stream.start = parent->second.start + static_cast<int64_t>(skipped);
  stream.from_empty = parent->second.from_empty && skipped == 0;
  stream.bytes = parent->second.bytes.substr(skipped, known - skipped);
  stream.units.clear();
  for (const int64_t unit : parent->second.units)
    if (unit >= stream.start && unit <= left) stream.units.push_back(unit);
  return stream;
}

void Streams::FindUnits(Stream& stream) {
  if (stream.units.empty()) return;
  resp::RequestParser parser;
  int64_t at = stream.units.back();
  std::string_view rest(stream.bytes);
  rest.remove_prefix(static_cast<size_t>(at - stream.start));
  bool in_transaction = false;
  while (parser.Next(rest) == resp::RequestParser::Outcome::kRequest) {
    at += static_cast<int64_t>(parser.consumed());
    rest.remove_prefix(parser.consumed());
    const std::string_view name = parser.args()[0];
    if (base::EqualsIgnoreCase(name, "multi")) in_transaction = true;
    if (base::EqualsIgnoreCase(name, "exec")) in_transaction = false;
    if (!in_transaction) stream.units.push_back(at);
  }
}

std::optional<std::string_view> Streams::Beginning(const std::string& id, int64_t offset) const {
  const auto found = streams_.find(id);
  if (found == streams_.end() || !found->second.from_empty || offset > found->second.end())
    return std::nullopt;
  return std::string_view(found->second.bytes).substr(0, static_cast<size_t>(offset));
}

std::optional<std::string> Streams::Observe(size_t index, const core::History& history,
                                            bool is_replica, bool no_data) {
  std::optional<Seen>& seen = seen_[index];
  const int64_t offset = history.offset().bytes();
  if (seen && seen->offset == offset && seen->id == history.id().view()) {
    seen->was_primary = !is_replica;
    return std::nullopt;
  }
  const bool may_write = !is_replica || (seen && seen->was_primary);
  const int64_t from = history.backlog() == nullptr ? offset : AddedFrom(seen, history);
  seen = Seen{history.id().ToString(), offset, !is_replica};
  if (history.backlog() == nullptr) return std::nullopt;

  const auto [found, fresh] = streams_.try_emplace(seen->id);
  Stream& stream = found->second;
  if (fresh) stream = BeginningOf(history, from);
  if (fresh && offset == 0 && no_data) stream.from_empty = true;
  const auto at = [&](const std::string& what) {
    return fmt::format("server {} at offset {} of {}: {}", index + 1, offset, seen->id, what);
  };
  if (from > stream.end() || (offset > stream.end() && !may_write && !fresh))
    return at(fmt::format("nobody wrote more than {}", stream.end()));
  const std::string added = LastBytes(history, from);
  const int64_t first = std::max(from, stream.start);
  const int64_t last = std::min(offset, stream.end());
  if (first < last) {
    const auto length = static_cast<size_t>(last - first);
    const auto ours = std::string_view(added).substr(static_cast<size_t>(first - from), length);
    const auto theirs =
        std::string_view(stream.bytes).substr(static_cast<size_t>(first - stream.start), length);
    if (ours != theirs) return at(fmt::format("not the bytes written from {} on", first));
  }
  if (offset > stream.end()) stream.bytes += added.substr(static_cast<size_t>(stream.end() - from));
  FindUnits(stream);
  if (!stream.units.empty() && offset >= stream.units.front() &&
      !std::ranges::binary_search(stream.units, offset))
    return at("in the middle of a command or a transaction");
  return std::nullopt;
}

}  // namespace quorate::simulation
