"""Client programs that write in Sentinel mode until they are told to stop, and say then what was acknowledged."""

import json
import os
import subprocess
import sys

from deployment import GROUP
from harness import wait_for

FOLDER = os.path.dirname(os.path.abspath(__file__))
CLIENTS = {
    "ioredis": ["node", "clients/ioredis.mjs"],
    "node-redis": ["node", "clients/node_redis.mjs"],
    "redis-py": [sys.executable, "-B", "clients/redis_py.py"],
    "redis-cli": [sys.executable, "-B", "clients/redis_cli.py"],
}
CLIENT_DEADLINE = 15  # seconds until every client writes to a primary


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


def start_writers(test, deployment):
    """All of CLIENTS, writing; they end with the test."""
    test.assertTrue(os.path.isdir(os.path.join(FOLDER, "node_modules", "ioredis")),
                    "the Node clients are missing: npm ci --prefix tests/system")
    writers = [Writer(name, deployment.sentinels) for name in CLIENTS]
    for writer in writers:
        test.addCleanup(writer.end)
        writer.await_first_write()
    return writers


def count(server, name):
    """The number of keys of one client on a server."""
    return len(set(server.client.scan_iter(f"{name}:*", count=1000)))


def await_everyone_writes_to(test, writers, server):
    before = {writer: count(server, writer.name) for writer in writers}
    for writer in writers:
        try:
            wait_for(f"{writer.name} writes to {server.label}",
                     lambda: count(server, writer.name) > before[writer] + 3, CLIENT_DEADLINE)
        except AssertionError as error:
            test.fail(f"{error}; {writer.verdict()['errors']}")
