#!/usr/bin/env python3
"""The primary is cut off from everybody, again and again, in network namespaces that this makes and removes.

Three servers and three sentinels of ours, each in a namespace of its own, on one bridge; writers beside the bridge, each of whose
writes counts when WAIT 1 has confirmed it. In each round the primary's cable is pulled until another one is elected; then it comes
back. Not one confirmed write may be missing, and what the old primary alone was told while it was cut off is in a rollback record that
every sentinel's history names. QUORATE_PARTITIONS says how many rounds (4). Needs root.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import redis

from harness import BIN, wait_for

GROUP = "mymaster"
HUB = "quorate-hub-%d"
DOWN_AFTER_MS = 1000
WRITERS = 4
ROUNDS = int(os.environ.get("QUORATE_PARTITIONS", "4"))


def ip(*words, check=True):
    return subprocess.run(["ip", *words], check=check, capture_output=True, text=True)


def enter_hub():
    """Goes on in a namespace of its own, which ends with this process."""
    name = HUB % os.getpid()
    if (made := ip("netns", "add", name, check=False)).returncode != 0:
        print("skipped: no network namespace can be made here:", made.stderr.strip(), file=sys.stderr)
        sys.exit(77)
    try:
        code = subprocess.run(["ip", "netns", "exec", name, sys.executable, "-B", os.path.abspath(__file__)],
                              env=dict(os.environ, QUORATE_HUB=name)).returncode
    finally:
        for line in ip("netns", "list", check=False).stdout.splitlines():  # the nodes' too, if the test broke off
            if line.split()[0].startswith(name):
                ip("netns", "del", line.split()[0], check=False)
    sys.exit(code)


class Node:
    """A namespace with one process in it, at 10.77.0.<number>."""

    def __init__(self, number, program, arguments, folder):
        self.name = f"{os.environ['QUORATE_HUB']}-{number}"
        self.cable = f"cable{number}"
        self.address = f"10.77.0.{number}"
        ip("netns", "add", self.name)
        ip("link", "add", self.cable, "type", "veth", "peer", "name", "eth0", "netns", self.name)
        ip("link", "set", self.cable, "master", "bridge", "up")
        for words in (("addr", "add", f"{self.address}/24", "dev", "eth0"), ("link", "set", "eth0", "up"),
                      ("link", "set", "lo", "up")):
            ip("-n", self.name, *words)
        self.log = open(os.path.join(folder, f"{number}.log"), "w", encoding="utf-8")
        self.process = subprocess.Popen(["ip", "netns", "exec", self.name, os.path.join(BIN, program), *arguments],
                                        stdout=self.log, stderr=subprocess.STDOUT)

    def cut(self, off):
        ip("link", "set", self.cable, "down" if off else "up")

    def end(self):
        self.process.kill()
        self.process.wait()
        self.log.close()
        ip("netns", "del", self.name, check=False)


class Writer(threading.Thread):
    """Writes to whom the sentinels name, and keeps what was confirmed."""

    def __init__(self, number, sentinels):
        super().__init__(daemon=True)
        self.number, self.sentinels = number, sentinels
        self.confirmed, self.stopped = [], False
        self.longest_gap = 0.0

    def run(self):
        sequence, last = 0, time.monotonic()
        while not self.stopped:
            try:
                primary = self.locate()
                while not self.stopped:
                    key = f"{self.number}:{sequence}"
                    sequence += 1
                    primary.set(key, key)
                    if primary.wait(1, 100) < 1:
                        break
                    self.confirmed.append(key)
                    self.longest_gap, last = max(self.longest_gap, time.monotonic() - last), time.monotonic()
                    time.sleep(0.001)
            except (redis.RedisError, OSError):
                time.sleep(0.01)

    def locate(self):
        for address in self.sentinels:
            try:
                found = redis.Redis(address, 26379, socket_timeout=0.3).execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", GROUP)
                return redis.Redis(found[0].decode(), int(found[1]), socket_timeout=0.3, retry_on_timeout=False)
            except redis.RedisError:
                continue
        raise OSError("no sentinel answers")


class Partition(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="quorate-partition-")
        self.addCleanup(self.folder.cleanup)
        self.passed = False
        ip("link", "set", "lo", "up")
        ip("link", "add", "bridge", "type", "bridge")
        ip("addr", "add", "10.77.0.1/24", "dev", "bridge")
        ip("link", "set", "bridge", "up")
        self.nodes = []
        self.addCleanup(lambda: [node.end() for node in self.nodes])
        self.addCleanup(self.tell)
        for number in (11, 12, 13):
            arguments = ["--bind", f"10.77.0.{number}", "--protected-mode", "no", "--save", "", "--dir", self.folder.name,
                         "--repl-diskless-sync-delay", "0", "--primary-lease", "500", "--dbfilename", f"{number}.rdb",
                         "--port", str(6379 + number), *(() if number == 11 else ("--replicaof", "10.77.0.11", "6390"))]
            self.nodes.append(Node(number, "quorate-server", arguments, self.folder.name))
        for number in (21, 22, 23):
            path = os.path.join(self.folder.name, f"{number}.conf")
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"port 26379\nbind 10.77.0.{number}\nprotected-mode no\n"
                           f"sentinel monitor {GROUP} 10.77.0.11 6390 2\n"
                           f"sentinel down-after-milliseconds {GROUP} {DOWN_AFTER_MS}\n"
                           f"sentinel failover-timeout {GROUP} 10000\n")
            self.nodes.append(Node(number, "quorate-sentinel", [path], self.folder.name))
        self.servers = {node.address: node for node in self.nodes[:3]}
        self.sentinels = [node.address for node in self.nodes[3:]]

    def tell(self):
        """What they said, if it went wrong."""
        for node in [] if self.passed else self.nodes:
            with open(os.path.join(self.folder.name, node.address.rsplit(".", 1)[1] + ".log"), encoding="utf-8") as file:
                print(node.address, file.read()[-3000:], file=sys.stderr)

    def server(self, address):
        return redis.Redis(address, 6379 + int(address.rsplit(".", 1)[1]), socket_timeout=1, decode_responses=True)

    def neighbour(self, address):
        """A client beside a server, that reaches it whatever its cable."""
        port = str(6379 + int(address.rsplit(".", 1)[1]))
        client = subprocess.Popen(["ip", "netns", "exec", self.servers[address].name, "redis-cli", "-h", address, "-p", port],
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.addCleanup(client.kill)
        self.assertEqual(self.ask(client, "PING"), "PONG")
        return client

    @staticmethod
    def ask(client, command):
        client.stdin.write(command + "\n")
        client.stdin.flush()
        return client.stdout.readline().strip()

    def discarded(self, sentinel):
        """Of the newest failover in a sentinel's history: whose writes went into which records."""
        client = redis.Redis(sentinel, 26379, socket_timeout=1, decode_responses=True)
        entry = client.execute_command("SENTINEL HISTORY", GROUP, 1)[0]
        records = dict(zip(entry[::2], entry[1::2]))["discarded"]
        return [dict(zip(record[::2], record[1::2])) for record in records]

    def named(self):
        """Whom all sentinels name."""
        names = set()
        for address in self.sentinels:
            sentinel = redis.Redis(address, 26379, socket_timeout=1, decode_responses=True)
            names.add(sentinel.execute_command("SENTINEL GET-MASTER-ADDR-BY-NAME", GROUP)[0])
        return names.pop() if len(names) == 1 else None

    def well(self):
        """Two replicas follow the primary, and every sentinel knows everybody."""
        try:
            for address in self.sentinels:
                sentinel = redis.Redis(address, 26379, socket_timeout=1, decode_responses=True)
                flat = sentinel.execute_command("SENTINEL MASTER", GROUP)
                group = flat if isinstance(flat, dict) else dict(zip(flat[::2], flat[1::2]))
                if int(group["num-slaves"]) != 2 or int(group["num-other-sentinels"]) != 2 or group["flags"] != "master":
                    return False
            primary = self.named()
            online = self.server(primary).info("replication") if primary else {}
            return all(online.get(f"slave{i}", {}).get("state") == "online" for i in (0, 1))
        except redis.RedisError:
            return False

    def test_no_confirmed_write_is_lost(self):
        wait_for("the deployment is well", self.well, 30)
        writers = [Writer(i, self.sentinels) for i in range(WRITERS)]
        for writer in writers:
            writer.start()
        for number in range(ROUNDS):
            wait_for(f"round {number}: all is well", self.well, 60)
            time.sleep(0.5)
            old = self.named()
            neighbour = self.neighbour(old)
            wait_for("its lease has begun", lambda n=neighbour: self.ask(n, "SET probe x") == "OK")
            self.servers[old].cut(True)
            secret = self.ask(neighbour, f"SET secret:{number} x")
            wait_for(f"round {number}: another primary than {old}", lambda: self.named() not in (None, old), 30)
            time.sleep(0.5)
            self.servers[old].cut(False)
            self.assertEqual(secret, "OK")  # within the lease
            for sentinel in self.sentinels:
                wait_for("the history names the record", lambda s=sentinel: self.discarded(s), 30)
                record = self.discarded(sentinel)[0]
                port = 6379 + int(old.rsplit(".", 1)[1])
                self.assertEqual(record["server"], f"{old}:{port}")
                self.assertGreaterEqual(record["commands"], 1)
                self.assertEqual(record["record"], self.server(old).info("persistence")["rollback_last_record"])
        wait_for("all is well at the end", self.well, 60)
        for writer in writers:
            writer.stopped = True
        for writer in writers:
            writer.join(5)
        primary = self.server(self.named())
        confirmed = [key for writer in writers for key in writer.confirmed]
        lost = [key for i in range(0, len(confirmed), 1000)
                for key, value in zip(confirmed[i:i + 1000], primary.mget(confirmed[i:i + 1000])) if value != key]
        gap = max(writer.longest_gap for writer in writers)
        print(f"  {ROUNDS} partitions: {len(confirmed)} confirmed writes, {len(lost)} lost, longest gap {gap:.2f} s",
              file=sys.stderr)
        self.assertGreater(len(confirmed), 100 * ROUNDS)
        self.assertEqual(lost, [])
        self.passed = True


if __name__ == "__main__":
    if "QUORATE_HUB" not in os.environ:
        enter_hub()
    unittest.main(verbosity=2)
