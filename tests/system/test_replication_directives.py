"""What the directives of replication do, on ours and on Redis' alike, and that nobody follows himself."""

import os
import random
import signal
import threading
import time

import redis

from fake_peer import FakePeer
from harness import OURS, REDIS, SystemTest, main, wait_for
from workload import fill

BOTH = (OURS, REDIS)


class Directives(SystemTest):
    def linked(self, family, **directives):
        primary = self.server(family, **directives)
        replica = self.server(OURS, replica_of=primary)
        self.assert_synced(primary, replica)
        return primary, replica

    def test_ping_period(self):
        for family in BOTH:
            primary, _ = self.linked(family, repl_ping_replica_period=1)
            before = primary.info()["master_repl_offset"]
            wait_for("two pings", lambda: primary.info()["master_repl_offset"] >= before + 28, 5)
            primary, _ = self.linked(family, repl_ping_replica_period=1000)
            before = primary.info()["master_repl_offset"]
            time.sleep(2)
            self.assertEqual(primary.info()["master_repl_offset"], before)

    def test_timeout_of_a_silent_replica(self):
        for family in BOTH:
            primary, replica = self.linked(family, repl_timeout=2)
            replica.signal(signal.SIGSTOP)
            wait_for("it is dropped", lambda: primary.info()["connected_slaves"] == 0, 8)
            replica.signal(signal.SIGCONT)
            self.assert_synced(primary, replica)
            self.assertEqual(primary.info("stats")["sync_full"], 1)

    def test_timeout_of_a_silent_primary(self):
        for family in BOTH:
            primary = self.server(OURS)
            replica = self.server(family, replica_of=primary, repl_timeout=2)
            self.assert_synced(primary, replica)
            primary.signal(signal.SIGSTOP)
            wait_for("the link is down", lambda: replica.info()["master_link_status"] == "down", 8)
            primary.signal(signal.SIGCONT)
            self.assert_synced(primary, replica)

    def test_backlog_is_freed_when_nobody_follows(self):
        for family in BOTH:
            primary, replica = self.linked(family, repl_backlog_ttl=1)
            replid = primary.info()["master_replid"]
            replica.kill()
            wait_for("the backlog is freed", lambda: primary.info()["repl_backlog_active"] == 0, 8)
            self.assertNotEqual(primary.info()["master_replid"], replid)

    def test_sync_waits_for_more_replicas_but_not_for_more_than_asked(self):
        for family in BOTH:
            primary = self.server(family, repl_diskless_sync="yes")
            primary("CONFIG", "SET", "repl-diskless-sync-delay", "3")
            began = time.monotonic()
            first = self.server(OURS, replica_of=primary)
            wait_for("it waits", lambda: primary.info().get("slave0", {}).get("state") == "wait_bgsave")
            self.assert_synced(primary, first)
            self.assertGreater(time.monotonic() - began, 2)
            first.kill()
            primary("CONFIG", "SET", "repl-diskless-sync-delay", "1000")
            primary("CONFIG", "SET", "repl-diskless-sync-max-replicas", "2")
            two = [self.server(OURS, replica_of=primary) for _ in range(2)]
            self.assert_synced(primary, *two)

    def test_announced_address_and_port(self):
        for above, below in ((OURS, REDIS), (REDIS, OURS), (OURS, OURS)):
            primary = self.server(above)
            replica = self.server(below, replica_of=primary, replica_announce_ip="10.9.8.7",
                                  replica_announce_port=1234, replica_announced="no", replica_priority=7)
            self.assert_synced(primary, replica)
            shown = primary.info()["slave0"]
            self.assertEqual((shown["ip"], shown["port"]), ("10.9.8.7", 1234))
            wait_for("it is listed", lambda: primary("ROLE")[2])
            self.assertEqual(primary("ROLE")[2][0][:2], ["10.9.8.7", "1234"])
            info = replica.info()
            self.assertEqual((info["replica_announced"], info["slave_priority"]), (0, 7))

    def test_writable_replica_expires_what_its_clients_wrote(self):
        for family in BOTH:
            primary = self.server(OURS)
            replica = self.server(family, replica_of=primary, replica_read_only="no")
            primary("DEBUG", "SET-ACTIVE-EXPIRE", "0")
            primary("SET", "theirs", "1", "PX", "100")
            self.assert_synced(primary, replica)
            replica("SET", "ours", "1", "PX", "100")
            replica("SET", "kept", "1")
            replica("SET", "overwritten", "1", "PX", "100")
            primary("SET", "overwritten", "2")
            wait_for("ours expires", lambda: replica("DBSIZE") == 3, 8)
            self.assertEqual(replica("MGET", "theirs", "ours", "kept", "overwritten"), [None, None, "1", "2"])

    def test_replica_evicts_only_if_told_to(self):
        for family in BOTH:
            primary = self.server(OURS)
            replica = self.server(family, replica_of=primary, maxmemory_policy="allkeys-random")
            fill(primary)
            self.assert_synced(primary, replica)
            keys = replica("DBSIZE")
            replica("CONFIG", "SET", "maxmemory", "100000")
            time.sleep(0.5)
            self.assertEqual(replica("DBSIZE"), keys)
            replica("CONFIG", "SET", "replica-ignore-maxmemory", "no")
            primary("SET", "one", "more")
            wait_for("keys are evicted", lambda: replica("DBSIZE") < keys, 8)

    def test_errors_of_the_stream(self):
        for family in BOTH:
            for value in ("ignore", "panic", "panic-on-replicas"):
                with self.subTest(family=str(family), value=value):
                    primary = self.server(OURS)
                    replica = self.server(family, replica_of=primary, propagation_error_behavior=value,
                                          replica_read_only="no")
                    self.assert_synced(primary, replica)
                    replica("SET", "k", "text")
                    primary("INCR", "k")  # a writable replica's own writes make such errors
                    wait_for("it is applied", lambda: replica.info("stats")["unexpected_error_replies"] == 1)
                    self.assertEqual(replica("GET", "k"), "text")
                    replica("CONFIG", "SET", "replica-read-only", "yes")
                    with primary.client.pipeline(transaction=True) as pipe:
                        pipe.set("other", 1)
                        pipe.incr("k")
                        pipe.execute()
                    if value == "ignore":
                        wait_for("it is counted", lambda: replica.info("stats")["unexpected_error_replies"] == 2)
                        self.assertEqual(replica.info()["master_link_status"], "up")
                        self.assertEqual(replica("GET", "other"), "1")
                    else:
                        code = replica.wait_exit()
                        # redis-server may crash in its own crash report.
                        self.assertIn(code, [1] if family is OURS else [-signal.SIGABRT, -signal.SIGSEGV])
                        self.assertIn("panicked sending an error to its master after processing the command", replica.log())

    def test_a_command_that_cannot_run_here_is_never_passed_over(self):
        primary = self.server(REDIS)
        replicas = {value: self.server(OURS, replica_of=primary, propagation_error_behavior=value)
                    for value in ("ignore", "panic")}
        self.assert_synced(primary, *replicas.values())
        primary("RPUSH", "list", "a")
        primary("SET", "after", "1")
        self.assertEqual(replicas["panic"].wait_exit(), 1)
        wait_for("the link is down", lambda: replicas["ignore"].info()["master_link_status"] == "down")
        self.assertIsNone(replicas["ignore"]("GET", "after"))

    def snapshot(self, value):
        """A file that takes a while to trickle through: `k` and much that compression does not shorten."""
        node = self.server(REDIS)
        node("SET", "k", value)
        for number in range(100):
            node.client.set(f"pad:{number}", random.randbytes(4096))
        node("SAVE")
        with open(os.path.join(node.folder, "dump.rdb"), "rb") as file:
            return file.read()

    def test_what_is_seen_while_a_snapshot_arrives(self):
        old, new = self.snapshot("old"), self.snapshot("new")
        ours, other = "a" * 40, "b" * 40
        # directive, data before, history of the snapshot: loading, async_loading, what GET k says
        for row in (("disabled", old, ours, 0, 0, "old"), ("disabled", old, other, 0, 0, "old"), ("disabled", b"", other, 0, 0, None),
                    ("on-empty-db", old, ours, 0, 0, "old"), ("on-empty-db", b"", other, 1, 0, "LOADING"),
                    ("swapdb", old, ours, 0, 1, "old"), ("swapdb", old, other, 1, 0, "LOADING"), ("swapdb", b"", other, 1, 0, "LOADING")):
            for family in BOTH:
                with self.subTest(family=str(family), row=[str(item)[:11] for item in row]):
                    self.see_a_snapshot_arrive(family, old, new, *row)

    def see_a_snapshot_arrive(self, family, old, new, mode, before, history, loading, async_loading, value):
        offered = []  # history, offset, what follows at once, of each full sync to come
        mark = b"m" * 40

        def answer(words):
            if words[0] == b"PSYNC":
                replid, offset, at_once = offered.pop(0)
                return f"+FULLRESYNC {replid} {offset}\r\n".encode() + b"$EOF:" + mark + b"\r\n" + at_once
            return b"+PONG\r\n" if words[0] == b"PING" else b"" if words[1] == b"ACK" else b"+OK\r\n"

        primary = FakePeer(answer)
        self.addCleanup(primary.close)
        directives = {"loading_process_events_interval_bytes": 1024} if family is REDIS else {}
        replica = self.server(family, repl_diskless_load=mode, **directives)
        if before:
            offered.append(("a" * 40, 1, old + mark))
            replica("REPLICAOF", "127.0.0.1", str(primary.port))
            wait_for("the old data", lambda: replica("GET", "k") == "old")
        offered.append((history, 1000, b""))
        asked = primary.asked(b"PSYNC")
        if before:
            primary.cut()
        else:
            replica("REPLICAOF", "127.0.0.1", str(primary.port))
        wait_for("the full sync begins", lambda: primary.asked(b"PSYNC") > asked)
        sent = 0

        def trickle():
            nonlocal sent
            time.sleep(0.1)
            for sent in range(0, len(new), 4096):
                primary.push(new[sent:sent + 4096])
                time.sleep(0.01)
            primary.push(mark)

        feeder = threading.Thread(target=trickle)
        feeder.start()
        seen = set()
        while feeder.is_alive():
            began = sent > 50_000
            facts = replica.info("persistence")
            try:
                got = replica("GET", "k")
            except redis.exceptions.BusyLoadingError:
                got = "LOADING"
            if began and sent < 300_000:  # what a reader buffers is seen late
                seen.add((facts["loading"], facts["async_loading"], got, "loading_start_time" in facts))
        feeder.join()
        self.assertEqual(seen, {(loading, async_loading, value, loading + async_loading > 0)})
        wait_for("the new data", lambda: replica.info()["master_link_status"] == "up" and replica("GET", "k") == "new")
        facts = replica.info("persistence")
        self.assertEqual((facts["loading"], facts["async_loading"]), (0, 0))

    def test_output_limit_of_a_replica(self):
        for family in BOTH:
            with self.subTest(family=str(family)):
                primary, replica = self.linked(family, client_output_buffer_limit="replica 1mb 0 0",
                                               repl_backlog_size="16kb", repl_timeout=600)
                replica.signal(signal.SIGSTOP)
                for number in range(400):
                    if primary.info()["connected_slaves"] == 0:
                        break
                    primary("SET", f"big:{number}", "x" * 100_000)
                self.assertEqual(primary.info()["connected_slaves"], 0)
                replica.signal(signal.SIGCONT)
                self.assert_synced(primary, replica)
                self.assertEqual(primary.info("stats")["sync_full"], 2)

    def test_user_and_password_for_the_primary(self):
        primary = self.server(REDIS)
        primary("ACL", "SETUSER", "follower", "on", ">secret", "+psync", "+replconf", "+ping")
        replica = self.server(OURS, replica_of=primary, masteruser="follower", masterauth="secret")
        self.assert_synced(primary, replica)
        self.assertEqual([client["user"] for client in primary.client.client_list("replica")], ["follower"])

    def test_stale_data(self):
        for family in BOTH:
            replica = self.server(family, replica_serve_stale_data="no")
            replica("SET", "k", "v")
            replica("REPLICAOF", "127.0.0.1", "1")
            with self.assertRaisesRegex(redis.ResponseError, "MASTERDOWN|Link with MASTER is down"):
                replica("GET", "k")
            replica("CONFIG", "SET", "replica-serve-stale-data", "yes")
            self.assertEqual(replica("GET", "k"), "v")


class Circles(SystemTest):
    def refused(self, node, words):
        wait_for("it is refused", lambda: words in node.log())
        self.assertEqual(node.info()["master_link_status"], "down")

    def test_nobody_follows_himself(self):
        node = self.server()
        node("SET", "k", "v")
        node("REPLICAOF", "127.0.0.1", str(node.port))
        self.refused(node, "it is this very node")
        node("REPLICAOF", "NO", "ONE")
        self.assertEqual(node("GET", "k"), "v")

    def test_nobody_follows_who_follows_him(self):
        first = self.server()
        fill(first)
        second = self.server(replica_of=first)
        third = self.server(replica_of=second)
        self.assert_synced(first, second, third)
        for below in (second, third):
            first("REPLICAOF", "127.0.0.1", str(below.port))
            wait_for("it is refused", lambda: f"127.0.0.1:{below.port} broken: it follows this node" in first.log())
        third("REPLICAOF", "NO", "ONE")
        self.assert_synced(third, first, second)
        self.assertEqual(third.info("stats")["sync_full"], 0)

    def test_redis_in_the_chain_is_followed_as_before(self):
        first = self.server(OURS)
        second = self.server(REDIS, replica_of=first)
        third = self.server(OURS, replica_of=second)
        fill(first)
        self.assert_synced(first, second, third)


if __name__ == "__main__":
    main()
