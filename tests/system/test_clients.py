"""Real clients in Sentinel mode keep writing while the primary is killed, and while it is moved on request."""

import json
import os
import subprocess
import sys

from deployment import GROUP, Deployment
from harness import OURS, REDIS, SystemTest, main, wait_for

FOLDER = os.path.dirname(os.path.abspath(__file__))
CLIENTS = {
    "ioredis": ["node", "clients/ioredis.mjs"],
    "node-redis": ["node", "clients/node_redis.mjs"],
    "redis-py": [sys.executable, "-B", "clients/redis_py.py"],
    "redis-cli": [sys.executable, "-B", "clients/redis_cli.py"],
}
# Longest time between two acknowledged writes that a client may show, in ms: detection (1 or 2 s) and failover, then the
# pause that the client itself makes before it asks again (node-redis: 1 s and more).
KILL_GAP_MS = 8000
SWITCHOVER_GAP_MS = 5000
CLIENT_DEADLINE = 15  # seconds until every client writes to a primary
WRITES_IN_FLIGHT = 5  # acknowledged by the killed primary and perhaps not yet sent to a replica


class Writer:
    """One client program, writing."""

    def __init__(self, name, sentinels):
        self.name = name
        ports = [str(sentinel.port) for sentinel in sentinels]
        self._popen = subprocess.Popen([*CLIENTS[name], GROUP, name, *ports], cwd=FOLDER, stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def await_first_write(self):
        line = self._popen.stdout.readline().strip()
        if line != "writing":
            raise AssertionError(f"{self.name} did not start: {line} {self._popen.stderr.read()}")

    def verdict(self):
        out, err = self._popen.communicate("", timeout=30)
        if self._popen.returncode != 0:
            raise AssertionError(f"{self.name} ended with code {self._popen.returncode}: {err}")
        return json.loads(out.splitlines()[-1])

    def end(self):
        self._popen.kill()
        self._popen.communicate()


class Clients(SystemTest):
    sentinels = (OURS,) * 3

    def setUp(self):
        self.assertTrue(os.path.isdir(os.path.join(FOLDER, "node_modules", "ioredis")),
                        "the Node clients are missing: npm ci --prefix tests/system")
        self.deployment = Deployment(self.world, sentinels=self.sentinels)
        self.writers = [Writer(name, self.deployment.sentinels) for name in CLIENTS]
        for writer in self.writers:
            self.addCleanup(writer.end)
            writer.await_first_write()

    def count(self, server, name):
        """The number of keys of one client on a server."""
        return len(set(server.client.scan_iter(f"{name}:*", count=1000)))

    def await_everyone_writes_to(self, server):
        before = {writer: self.count(server, writer.name) for writer in self.writers}
        for writer in self.writers:
            try:
                wait_for(f"{writer.name} writes to {server.label}",
                         lambda: self.count(server, writer.name) > before[writer] + 3, CLIENT_DEADLINE)
            except AssertionError as error:
                self.fail(f"{error}; {writer.verdict()['errors']}")

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
