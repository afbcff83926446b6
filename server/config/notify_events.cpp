#include "server/config/notify_events.h"

#include <array>
#include <utility>

namespace quorate::server::config {

namespace {

// The letters of classes in the order in which Redis prints them.
constexpr std::array<std::pair<char, NotifyEvents>, 11> kClasses = {{
    {'g', kNotifyGeneric},
    {'$', kNotifyString},
    {'l', kNotifyList},
    {'s', kNotifySet},
    {'h', kNotifyHash},
    {'z', kNotifySortedSet},
    {'x', kNotifyExpired},
    {'e', kNotifyEvicted},
    {'t', kNotifyStream},
    {'d', kNotifyModule},
    {'n', kNotifyNewKey},
}};
constexpr std::array<std::pair<char, NotifyEvents>, 3> kSwitches = {{
    {'K', kNotifyKeyspace},
    {'E', kNotifyKeyevent},
    {'m', kNotifyKeyMiss},
}};

NotifyEvents EventOf(char letter) {
  if (letter == 'A') return kNotifyAll;
  for (const auto& [name, event] : kClasses)
    if (name == letter) return event;
  for (const auto& [name, event] : kSwitches)
    if (name == letter) return event;
  return kNotifyNothing;
}

}  // namespace

std::optional<NotifyEvents> ParseNotifyEvents(std::string_view letters) {
  NotifyEvents events = kNotifyNothing;
  for (const char letter : letters) {
    const NotifyEvents event = EventOf(letter);
    if (event == kNotifyNothing) return std::nullopt;
    events |= event;
  }
  return events;
}

std::string FormatNotifyEvents(NotifyEvents events) {
  std::string letters;
  if ((events & kNotifyAll) == kNotifyAll) {
    letters += 'A';
  } else {
    for (const auto& [name, event] : kClasses)
      if ((events & event) != 0) letters += name;
  }
  for (const auto& [name, event] : kSwitches)
    if ((events & event) != 0) letters += name;
  return letters;
}

}  // namespace quorate::server::config
