"""Real clients in Sentinel mode keep writing while the primary is killed, and while it is moved on request."""

import sys

from deployment import Deployment
from harness import OURS, REDIS, SystemTest, main
from writers import await_everyone_writes_to, start_writers

# Longest time between two acknowledged writes that a client may show, in ms: detection (1 or 2 s) and failover, then the
# pause that the client itself makes before it asks again (node-redis: 1 s and more).
KILL_GAP_MS = 8000
SWITCHOVER_GAP_MS = 5000
WRITES_IN_FLIGHT = 5  # acknowledged by the killed primary and perhaps not yet sent to a replica


class Clients(SystemTest):
    sentinels = (OURS,) * 3

    def setUp(self):
        self.deployment = Deployment(self.world, sentinels=self.sentinels)
        self.writers = start_writers(self, self.deployment)

    def await_everyone_writes_to(self, server):
        await_everyone_writes_to(self, self.writers, server)

    def judge(self, new, longest_gap_ms, may_lose):
        for writer in self.writers:
            with self.subTest(writer.name):
                verdict = writer.verdict()
                print(f"  {writer.name}: {len(verdict['acknowledged'])} writes, longest gap"
                      f" {verdict['longestGapMs']} ms, errors {verdict['errors']}", file=sys.stderr)
                present = set(new.client.mget([f"{writer.name}:{n}" for n in verdict["acknowledged"]]))
                lost = [n for n in verdict["acknowledged"] if str(n) not in present]
                if may_lose is not None:
                    self.assertLessEqual(len(lost), may_lose, lost[:10])
                self.assertLess(verdict["longestGapMs"], longest_gap_ms)

    def test_primary_is_killed(self):
        old = self.deployment.primary
        self.await_everyone_writes_to(old)  # so that there is something to lose
        old.kill()
        new = self.deployment.await_new_primary(old)
        self.await_everyone_writes_to(new)
        self.judge(new, KILL_GAP_MS, WRITES_IN_FLIGHT)

    def test_switchover(self):
        old = self.deployment.primary
        self.await_everyone_writes_to(old)
        self.deployment.failover()
        new = self.deployment.await_new_primary(old)
        self.await_everyone_writes_to(new)
        self.judge(new, SWITCHOVER_GAP_MS, self.switchover_may_lose)

    switchover_may_lose = 0  # ours pauses writes and waits for the heir


class ClientsOfRedisSentinels(Clients):
    sentinels = (REDIS,) * 3
    switchover_may_lose = None  # Redis' sentinels promote at once, and tell the old primary up to ten seconds later


if __name__ == "__main__":
    main()
