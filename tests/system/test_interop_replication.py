"""Ours and Debian's redis-server in one replication tree, in every order: equal data, partial resyncs between them."""

import itertools
import time

from harness import OURS, REDIS, SystemTest, main, wait_for
from workload import fill

MIXED_CHAINS = [chain for chain in itertools.product((OURS, REDIS), repeat=3) if len(set(chain)) == 2]


class Pair:
    """Every test once with ours on top and once with Redis."""

    def test_full_sync_then_stream(self):
        primary = self.server(self.above)
        fill(primary)
        primary("SET", "binary", bytes(range(256)))
        primary("SET", "number", "12345")
        primary("SET", "repetitive", "ab" * 5000)
        replica = self.server(self.below, replica_of=primary)
        self.assert_synced(primary, replica)
        fill(primary, prefix="streamed")
        primary("SET", "short", "x", "PX", "150")
        primary("APPEND", "number", "6")
        primary("INCRBYFLOAT", "float", "0.1")
        primary("SETRANGE", "repetitive", "3", "XYZ")
        primary("GETEX", "number", "EX", "500")
        primary("RENAME", "streamed:1", "renamed")
        primary("COPY", "streamed:2", "copied", "DB", "7")
        primary("SWAPDB", "2", "3")
        primary("MOVE", "streamed:4", "9")
        with primary.client.pipeline() as pipe:
            pipe.set("t1", "1").incr("t1").delete("streamed:5").execute()
        wait_for("the short one expires", lambda: primary("EXISTS", "short") == 0)
        self.assert_synced(primary, replica)
        self.assertEqual(primary.info()["master_replid"], replica.info()["master_replid"])

    def test_full_sync_in_both_framings(self):
        for diskless in ("yes", "no"):
            primary = self.server(self.above, repl_diskless_sync=diskless)
            fill(primary)
            self.assert_synced(primary, self.server(self.below, replica_of=primary))

    def test_cuts_from_either_side_are_resumed_partially(self):
        primary = self.server(self.above)
        replica = self.server(self.below, replica_of=primary)
        self.assert_synced(primary, replica)
        primary("CLIENT", "KILL", "TYPE", "replica")
        fill(primary, 50, prefix="first")
        self.assert_synced(primary, replica)
        replica("CLIENT", "KILL", "TYPE", "master")
        fill(primary, 50, prefix="second")
        self.assert_synced(primary, replica)
        stats = primary.info("stats")
        self.assertEqual((stats["sync_full"], stats["sync_partial_ok"]), (1, 2))

    def test_wait_and_lag(self):
        primary = self.server(self.above, min_replicas_to_write=1)
        replica = self.server(self.below, replica_of=primary)
        wait_for("a good replica", lambda: primary.info()["min_slaves_good_slaves"] == 1)
        primary("SET", "k", "v")
        self.assertEqual(primary("WAIT", "1", "5000"), 1)
        self.assertEqual(replica("GET", "k"), "v")
        self.assertEqual(primary.info()["slave0"]["port"], replica.port)

    def test_expired_key_is_hidden_and_deleted_by_the_primary(self):
        primary = self.server(self.above)
        replica = self.server(self.below, replica_of=primary)
        primary("DEBUG", "SET-ACTIVE-EXPIRE", "0")
        primary("SET", "k", "v", "PX", "150")
        self.assert_synced(primary, replica)
        time.sleep(0.3)
        self.assertEqual((replica("GET", "k"), replica("DBSIZE")), (None, 1))
        primary("GET", "k")
        wait_for("the deletion arrives", lambda: replica("DBSIZE") == 0)

    def test_promotion_and_return_of_the_old_primary_are_partial(self):
        first = self.server(self.above)
        second = self.server(self.below, replica_of=first)
        fill(first, 50)
        self.assert_synced(first, second)
        second("REPLICAOF", "NO", "ONE")
        fill(second, 50, prefix="after")
        first("REPLICAOF", "127.0.0.1", str(second.port))
        self.assert_synced(second, first)
        stats = second.info("stats")
        self.assertEqual((stats["sync_full"], stats["sync_partial_ok"]), (0, 1))


class RedisFollowsOurs(Pair, SystemTest):
    above, below = OURS, REDIS


class OursFollowsRedis(Pair, SystemTest):
    above, below = REDIS, OURS


class WhatCannotRun(SystemTest):
    """A Redis primary sends what this replica cannot run: it stays before that command, and says so."""

    def assert_stays_before(self, primary, replica, command):
        primary("SET", "before", "1")
        self.assert_synced(primary, replica)
        before = replica.info()["slave_repl_offset"]
        command()
        primary("SELECT", "0")
        primary("SET", "after", "2")
        wait_for("the link breaks", lambda: replica.info()["master_link_status"] == "down")
        wait_for("it is logged", lambda: "cannot run the stream's next command" in replica.log())
        time.sleep(2.2)
        self.assertEqual((replica("GET", "before"), replica("GET", "after")), ("1", None))
        self.assertEqual(primary("WAIT", "1", "200"), 0)
        self.assertLess(replica.info()["slave_repl_offset"], before + 30)
        self.assertLess(replica.log().count("cannot run the stream's next command"), 6)
        self.assertEqual(primary.info("stats")["sync_full"], 1)

    def test_other_data_types(self):
        primary = self.server(REDIS)
        replica = self.server(OURS, replica_of=primary)
        self.assert_stays_before(primary, replica, lambda: primary("XADD", "stream", "1-1", "field", "value"))

    def test_more_databases(self):
        primary = self.server(REDIS, databases=32)
        replica = self.server(OURS, replica_of=primary)

        def command():
            with primary.client.pipeline() as pipe:
                pipe.execute_command("SELECT", 20)
                pipe.set("elsewhere", "x")
                pipe.execute()

        self.assert_stays_before(primary, replica, command)


class Chains(SystemTest):
    def test_every_mixed_chain_of_three(self):
        for families in MIXED_CHAINS:
            with self.subTest(" <- ".join(map(str, families))):
                first = self.server(families[0])
                fill(first)
                second = self.server(families[1], replica_of=first)
                third = self.server(families[2], replica_of=second)
                self.assert_synced(first, second, third)
                fill(first, prefix="streamed")
                self.assert_synced(first, second, third)

                second("CLIENT", "KILL", "TYPE", "master")
                third("CLIENT", "KILL", "TYPE", "master")
                fill(first, 50, prefix="after-cuts")
                self.assert_synced(first, second, third)
                self.assertEqual(first.info("stats")["sync_partial_ok"], 1)
                self.assertEqual(second.info("stats")["sync_partial_ok"], 1)

    def test_middle_takes_over_in_every_mixed_chain(self):
        for families in MIXED_CHAINS:
            with self.subTest(" <- ".join(map(str, families))):
                first = self.server(families[0])
                second = self.server(families[1], replica_of=first)
                third = self.server(families[2], replica_of=second)
                fill(first)
                self.assert_synced(first, second, third)
                first.kill()
                second("REPLICAOF", "NO", "ONE")
                fill(second, prefix="after")
                self.assert_synced(second, third)
                self.assertEqual(second.info("stats")["sync_full"], 1)


if __name__ == "__main__":
    main()
