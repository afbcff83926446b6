// Host names and the addresses behind them. An instance is known under the address that it was
// given with, a name or an IP literal; what comes from elsewhere (INFO, hello, another sentinel's
// question) may use the other. Here names are resolved, never waited for: an address whose name is
// not resolved yet is just not recognised yet. Names are resolved again whenever a link to them is
// opened.
//
// Only with `sentinel resolve-hostnames yes`; without it a name in what others tell is one more
// address. `sentinel announce-hostnames` decides what is told: the name, or the IP behind it.
#pragma once

#include <string>

#include "sentinel/core/inputs.h"
#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

// Has the host resolved, if it is a name and that was not done a moment ago.
void KeepName(Turn& turn, const std::string& host);
void OnNameResolved(Turn& turn, const NameResolved& resolved);

// The same port of the same host: by text, or by an address that both names have.
bool IsSameAddress(const State& state, const base::Endpoint& a, const base::Endpoint& b);
// The address under which the group knows the instance; if it does not, `address`.
base::Endpoint KnownAs(const State& state, const Group& group, const base::Endpoint& address);

// Whether others may make us know such an address: a name only if names are resolved. What is known
// is written to the configuration file, which would not load otherwise.
bool MayName(const State& state, const base::Endpoint& address);

// What is put into events, replies, hellos and REPLICAOF.
base::Endpoint Shown(const State& state, const base::Endpoint& address);

}  // namespace quorate::sentinel::core
