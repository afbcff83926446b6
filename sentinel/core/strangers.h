// Dial-back: who says hello is asked at the address that it claims. Whoever can publish on a data
// node, or to us, can say hello in anybody's name; but not everybody can answer where that sentinel
// would be. A hello may speak of a sentinel which we have not met at that address: a new one, one
// that has moved, one in the place of another, one that bears our own id. Then it waits, and
// nothing of it counts, until the address has answered SENTINEL MYID with that id. It is dialled at
// once, over a link that authenticates as those of peers do and becomes the peer's.
//
// What is proven is who lives at an address, not who said the line: an attacker who can answer
// there gets in, and one who knows a peer's id and address can speak in its name.
//
// An address is asked, not a hello: all that wait for it are judged by its answer, and that is
// remembered for kDialBackPause. So is it if nobody answers, or somebody who does not say who it is
// (a server, a sentinel that wants another password); it is not dialled again before that, and
// -hello-unproven has told the operator once. A sentinel too old to know the question (before Redis
// 6.2) says so in words that only a sentinel uses; that is believed, whatever id is claimed.
//
//   Asked      -> Answered    SENTINEL MYID was answered: OnMyidReply
//   Asked      -> Unproven    an error, no link, or nothing for kDialBackTimeout: OnMyidReply,
//                             OnStrangerDown, KeepStrangers
//   the others -> forgotten   after kDialBackPause (KeepStrangers), or when there is no room for
//                             one that is new (AwaitProof)
//
// Invariants: hellos wait, and a link is open, exactly while a stranger is asked; both are bounded.
#pragma once

#include <string>
#include <vector>

#include "sentinel/core/hello.h"
#include "sentinel/core/inputs.h"
#include "sentinel/core/turn.h"

namespace quorate::sentinel::core {

// Who an answer to SENTINEL MYID comes from.
Standing JudgeMyid(const WireReply& reply);
bool Proves(const Standing& standing, const base::RunId& id);

// We know that this sentinel lives there: a peer of any group, or the address has just said so.
bool IsProven(const State& state, const Hello& hello);
// Keeps a hello that is not proven until the address has answered, and asks that if need be.
// Dropped if the address was asked a moment ago, or too many are being asked: it will come again.
void AwaitProof(Turn& turn, const Hello& hello);

void OnStrangerUp(Turn& turn, const base::Endpoint& address, std::string local_host);
void OnStrangerDown(Turn& turn, const base::Endpoint& address, LinkFailure failure);
// The hellos that are now proven, to be judged again. The link, if it was not taken, is closed.
[[nodiscard]] std::vector<Hello> OnMyidReply(Turn& turn, const base::Endpoint& address,
                                             const WireReply& reply);

// Ends what has waited long enough. Before anything else in a step, so that no old answer counts.
void KeepStrangers(Turn& turn);
// When that is due next.
base::Instant StrangersDeadline(const State& state);
// With another password they may answer: all are asked anew.
void ForgetStrangers(Turn& turn);

}  // namespace quorate::sentinel::core
