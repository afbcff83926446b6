// The value of notify-keyspace-events: which keyspace events are published, as a set of flags, and
// its text form with Redis' letters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quorate::server::config {

using NotifyEvents = uint32_t;

inline constexpr NotifyEvents kNotifyNothing = 0;
inline constexpr NotifyEvents kNotifyKeyspace = 1 << 0;   // K: __keyspace@<db>__ channels
inline constexpr NotifyEvents kNotifyKeyevent = 1 << 1;   // E: __keyevent@<db>__ channels
inline constexpr NotifyEvents kNotifyGeneric = 1 << 2;    // g: DEL, EXPIRE, RENAME, ...
inline constexpr NotifyEvents kNotifyString = 1 << 3;     // $
inline constexpr NotifyEvents kNotifyList = 1 << 4;       // l
inline constexpr NotifyEvents kNotifySet = 1 << 5;        // s
inline constexpr NotifyEvents kNotifyHash = 1 << 6;       // h
inline constexpr NotifyEvents kNotifySortedSet = 1 << 7;  // z
inline constexpr NotifyEvents kNotifyExpired = 1 << 8;    // x
inline constexpr NotifyEvents kNotifyEvicted = 1 << 9;    // e
inline constexpr NotifyEvents kNotifyStream = 1 << 10;    // t
inline constexpr NotifyEvents kNotifyKeyMiss = 1 << 11;   // m, not part of A
inline constexpr NotifyEvents kNotifyModule = 1 << 12;    // d
inline constexpr NotifyEvents kNotifyNewKey = 1 << 13;    // n, not part of A
inline constexpr NotifyEvents kNotifyAll =
    kNotifyGeneric | kNotifyString | kNotifyList | kNotifySet | kNotifyHash | kNotifySortedSet |
    kNotifyExpired | kNotifyEvicted | kNotifyStream | kNotifyModule;  // A

// nullopt on a letter that is not one of "Ag$lshzxeKEtmdn".
std::optional<NotifyEvents> ParseNotifyEvents(std::string_view letters);
// In Redis' order: "A" or the classes "g$lshzxetdn", then K, E, m. As in Redis "A" swallows the n
// of new keys: to write a file that says everything, append it (observation_rows.cpp).
std::string FormatNotifyEvents(NotifyEvents events);

}  // namespace quorate::server::config
