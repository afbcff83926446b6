"""Our servers following our servers: full and partial resynchronisation, chains, changes of role, acknowledgements."""

import signal
import time

import redis

from harness import OURS, REDIS, SystemTest, main, wait_for
from workload import fill


class Sync(SystemTest):
    def test_full_sync_carries_every_database_and_expiry(self):
        primary = self.server()
        fill(primary)
        primary("SET", "binary", bytes(range(256)))
        replica = self.server(replica_of=primary)
        self.assert_synced(primary, replica)
        self.assertEqual(primary.info("stats")["sync_full"], 1)
        self.assertEqual(replica.info("keyspace")["db2"]["expires"], 67)
        self.assertEqual(replica.connect(db=15).ttl("k:3") // 10, primary.connect(db=15).ttl("k:3") // 10)

    def test_full_sync_in_both_framings(self):
        for diskless in ("yes", "no"):
            with self.subTest(diskless=diskless):
                primary = self.server(repl_diskless_sync=diskless)
                fill(primary)
                replica = self.server(replica_of=primary)
                self.assert_synced(primary, replica)

    def test_full_sync_replaces_what_the_replica_held(self):
        primary, replica = self.server(), self.server()
        fill(primary)
        replica("SET", "only-here", "x")
        replica("REPLICAOF", "127.0.0.1", str(primary.port))
        self.assert_synced(primary, replica)
        self.assertEqual(replica("EXISTS", "only-here"), 0)

    def test_writes_during_a_full_sync_are_not_lost(self):
        primary = self.server()
        with primary.connect() as client, client.pipeline(transaction=False) as pipe:
            for number in range(50000):
                pipe.set(f"bulk:{number}", "x" * 100)
            pipe.execute()
        replica = self.server(replica_of=primary, ready=False)
        for number in range(3000):
            primary("INCRBY", f"counter:{number % 10}", "3")
        self.assert_synced(primary, replica)

    def test_two_replicas_at_once(self):
        primary = self.server()
        fill(primary)
        replicas = [self.server(replica_of=primary, ready=False) for _ in range(3)]
        self.assert_synced(primary, *replicas)
        self.assertEqual(primary.info()["connected_slaves"], 3)

    def test_cut_by_the_primary_is_resumed_partially(self):
        primary = self.server()
        replica = self.server(replica_of=primary)
        self.assert_synced(primary, replica)
        for kind in ("replica", "slave"):
            self.assertEqual(primary("CLIENT", "KILL", "TYPE", kind), 1)
            fill(primary, 50, prefix=kind)
            self.assert_synced(primary, replica)
        stats = primary.info("stats")
        self.assertEqual((stats["sync_full"], stats["sync_partial_ok"]), (1, 2))

    def test_cut_by_the_replica_is_resumed_partially(self):
        primary = self.server()
        replica = self.server(replica_of=primary)
        self.assert_synced(primary, replica)
        self.assertEqual(replica("CLIENT", "KILL", "TYPE", "master"), 1)
        fill(primary, 50)
        self.assert_synced(primary, replica)
        stats = primary.info("stats")
        self.assertEqual((stats["sync_full"], stats["sync_partial_ok"]), (1, 1))

    def test_cut_longer_than_the_backlog_needs_a_full_sync(self):
        primary = self.server(repl_backlog_size="16kb")
        replica = self.server(replica_of=primary)
        self.assert_synced(primary, replica)
        replica("REPLICAOF", "127.0.0.1", "1")
        for number in range(200):
            primary("SET", f"wide:{number}", "x" * 1000)
        replica("REPLICAOF", "127.0.0.1", str(primary.port))
        self.assert_synced(primary, replica)
        self.assertEqual(primary.info("stats")["sync_full"], 2)

    def test_a_killed_link_gets_nothing_of_the_same_transaction(self):
        for family in (REDIS, OURS):
            with self.subTest(str(family)):
                primary = self.server(family)
                replica = self.server(replica_of=primary)
                self.assert_synced(primary, replica)
                with primary.connect() as client, client.pipeline() as pipe:
                    pipe.execute_command("CLIENT", "KILL", "TYPE", "replica")
                    pipe.config_set("repl-backlog-size", 16384)
                    for number in range(10):
                        pipe.set(f"k{number}", "x" * 16384)
                    pipe.execute()
                self.assert_synced(primary, replica)
                self.assertEqual(primary.info("stats")["sync_full"], 2)

    def test_replica_comes_back_after_kill_9(self):
        primary = self.server()
        replica = self.server(replica_of=primary)
        fill(primary, 50)
        self.assert_synced(primary, replica)
        replica.kill()
        fill(primary, 50, prefix="later")
        replica.start()
        replica.until_ready()
        self.assert_synced(primary, replica)

    def test_password_protected_primary(self):
        primary = self.server(requirepass="secret", masterauth="secret")
        primary.connect(password="secret").set("k", "v")
        replica = self.server(replica_of=primary, masterauth="secret")
        wait_for("the key arrives", lambda: replica("GET", "k") == "v")
        stranger = self.server(replica_of=primary)
        wait_for("the stranger is refused", lambda: "NOAUTH" in stranger.log())
        self.assertEqual(stranger.info()["master_link_status"], "down")
        self.assertIsNone(stranger("GET", "k"))


class Chains(SystemTest):
    def test_three_in_a_row_stay_equal(self):
        first = self.server()
        fill(first)
        second = self.server(replica_of=first)
        third = self.server(replica_of=second)
        self.assert_synced(first, second, third)
        fill(first, prefix="more")
        first("SET", "counter", "1")
        first("INCR", "counter")
        self.assert_synced(first, second, third)
        self.assertEqual(first.info()["master_replid"], third.info()["master_replid"])
        self.assertEqual(third("ROLE")[0], "slave")
        self.assertEqual(second.info()["connected_slaves"], 1)

    def test_middle_restarts_and_the_chain_heals(self):
        first = self.server()
        second = self.server(replica_of=first)
        third = self.server(replica_of=second)
        fill(first)
        self.assert_synced(first, second, third)
        second.restart()
        fill(first, prefix="after")
        self.assert_synced(first, second, third)

    def test_sub_replica_follows_through_a_cut_above_it(self):
        first = self.server()
        second = self.server(replica_of=first)
        third = self.server(replica_of=second)
        self.assert_synced(first, second, third)
        second("CLIENT", "KILL", "TYPE", "master")
        fill(first)
        self.assert_synced(first, second, third)
        self.assertEqual(second.info("stats")["sync_full"], 1)
        self.assertEqual(first.info("stats")["sync_partial_ok"], 1)


class ReadYourWrites(SystemTest):
    def test_a_write_is_read_on_a_replica_and_on_its_replica(self):
        first = self.server()
        second = self.server(replica_of=first)
        third = self.server(replica_of=second)
        self.assert_synced(first, second, third)
        with first.connect(decode_responses=True) as writer, second.connect(decode_responses=True) as near, \
                third.connect(decode_responses=True) as far:
            for number in range(300):
                writer.set("k", number)
                position = writer.execute_command("QUORATE", "OFFSET")
                for reader in (near, far):
                    self.assertEqual(reader.execute_command("QUORATE", "WAITOFFSET", *position, 5000), 1)
                    self.assertGreaterEqual(int(reader.get("k")), number)
            self.assertEqual(position[0], first.info()["master_replid"])

    def test_the_wait_ends_with_the_write_not_with_a_tick(self):
        first = self.server(hz=1)
        second = self.server(replica_of=first, hz=1)
        self.assert_synced(first, second)
        with second.connect() as reader, first.connect() as writer:
            replid, offset = first("QUORATE", "OFFSET")
            ahead = offset + len(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n")
            connection = reader.connection_pool.get_connection("_")
            connection.send_command("QUORATE", "WAITOFFSET", replid, ahead, 0)
            wait_for("it waits", lambda: second.info("clients")["blocked_clients"] == 1)
            began = time.monotonic()
            writer.set("k", "v")
            self.assertEqual(connection.read_response(), 1)
            self.assertLess(time.monotonic() - began, 0.5)
            connection.disconnect()

    def test_unknown_history_and_redis_as_the_primary(self):
        primary = self.server(REDIS)
        replica = self.server(replica_of=primary)
        self.assert_synced(primary, replica)
        primary("SET", "k", "v")
        facts = primary.info()
        self.assertEqual(
            replica("QUORATE", "WAITOFFSET", facts["master_replid"], facts["master_repl_offset"], 5000), 1)
        self.assertEqual(replica("GET", "k"), "v")
        with self.assertRaisesRegex(redis.ResponseError, "^NOHISTORY Offset 1 of history f+ does not come here"):
            replica("QUORATE", "WAITOFFSET", "f" * 40, 1, 0)


class RoleChanges(SystemTest):
    def test_promotion_keeps_sub_replicas_and_takes_the_old_primary_back_partially(self):
        first = self.server()
        second = self.server(replica_of=first)
        third = self.server(replica_of=second)
        fill(first)
        self.assert_synced(first, second, third)
        history = first.info()["master_replid"]
        second("REPLICAOF", "NO", "ONE")
        self.assertEqual(second.info()["role"], "master")
        self.assertNotEqual(second.info()["master_replid"], history)
        self.assertEqual(second.info()["master_replid2"], history)
        fill(second, prefix="after")
        first("REPLICAOF", "127.0.0.1", str(second.port))
        self.assert_synced(second, first, third)
        self.assertEqual(second.info("stats")["sync_partial_ok"], 2)  # the old primary; the third under the new history
        self.assertEqual(second.info("stats")["sync_full"], 1)

    def test_siblings_move_to_the_promoted_one_partially(self):
        first = self.server()
        heir, sibling = self.server(replica_of=first), self.server(replica_of=first)
        fill(first)
        self.assert_synced(first, heir, sibling)
        first.kill()
        heir("REPLICAOF", "NO", "ONE")
        fill(heir, prefix="after")
        sibling("REPLICAOF", "127.0.0.1", str(heir.port))
        self.assert_synced(heir, sibling)
        self.assertEqual(heir.info("stats")["sync_partial_ok"], 1)
        self.assertEqual(heir.info("stats")["sync_full"], 0)

    def test_old_primary_with_writes_of_its_own_is_overwritten(self):
        first = self.server()
        second = self.server(replica_of=first)
        self.assert_synced(first, second)
        second("REPLICAOF", "NO", "ONE")
        first("SET", "lost", "x")
        second("SET", "kept", "y")
        first("REPLICAOF", "127.0.0.1", str(second.port))
        self.assert_synced(second, first)
        self.assertEqual(first("EXISTS", "lost"), 0)

    def test_replica_refuses_writes_unless_told_otherwise(self):
        primary = self.server()
        replica = self.server(replica_of=primary)
        self.assert_synced(primary, replica)
        with self.assertRaisesRegex(redis.ReadOnlyError, "against a read only replica"):
            replica("SET", "k", "v")
        replica("CONFIG", "SET", "replica-read-only", "no")
        self.assertTrue(replica("SET", "k", "v"))

    def test_stale_replica_may_refuse_to_serve(self):
        primary = self.server()
        replica = self.server(replica_of=primary, replica_serve_stale_data="no")
        self.assert_synced(primary, replica)
        primary.kill()
        with self.assertRaisesRegex(redis.ResponseError, "MASTERDOWN"):
            wait_for("the replica notices", lambda: replica.info()["master_link_status"] == "down")
            replica("GET", "k")


class Acknowledgements(SystemTest):
    def test_wait_counts_the_replicas_that_have_it(self):
        primary = self.server()
        replicas = [self.server(replica_of=primary) for _ in range(2)]
        self.assert_synced(primary, *replicas)
        primary("SET", "k", "v")
        self.assertEqual(primary("WAIT", "2", "5000"), 2)
        self.assertTrue(all(replica("GET", "k") == "v" for replica in replicas))

    def test_wait_gives_up_at_its_timeout(self):
        primary = self.server()
        replica = self.server(replica_of=primary)
        self.assert_synced(primary, replica)
        primary("SET", "k", "v")
        began = time.monotonic()
        self.assertEqual(primary("WAIT", "2", "300"), 1)
        self.assertGreater(time.monotonic() - began, 0.25)

    def test_min_replicas_to_write(self):
        primary = self.server(min_replicas_to_write=1, min_replicas_max_lag=10)
        with self.assertRaisesRegex(redis.ResponseError, "NOREPLICAS Not enough good replicas to write."):
            primary("SET", "k", "v")
        replica = self.server(replica_of=primary)
        wait_for("a good replica", lambda: primary.info()["min_slaves_good_slaves"] == 1)
        self.assertTrue(primary("SET", "k", "v"))
        replica.kill()
        with self.assertRaisesRegex(redis.ResponseError, "NOREPLICAS"):
            wait_for("the primary notices", lambda: primary.info()["connected_slaves"] == 0)
            primary("SET", "k", "v")

    def test_lag_in_bytes_and_milliseconds(self):
        primary = self.server()
        replica = self.server(replica_of=primary)
        self.assert_synced(primary, replica)
        lag = lambda: (primary.info()["slave0"]["lag_bytes"], primary.info()["slave0"]["lag_ms"])
        wait_for("it is not late", lambda: lag() == (0, 0))
        replica.signal(signal.SIGSTOP)
        time.sleep(1.5)  # nobody writes: nobody is late
        self.assertEqual(lag(), (0, 0))
        primary("SET", "k", "v")
        time.sleep(0.5)
        size, age = lag()
        self.assertGreaterEqual(size, 29)
        self.assertTrue(450 <= age <= 1400, age)
        replica.signal(signal.SIGCONT)
        wait_for("it has caught up", lambda: lag() == (0, 0))

    def test_lag_and_offset_are_reported(self):
        primary = self.server()
        replica = self.server(replica_of=primary)
        fill(primary, 50)
        self.assert_synced(primary, replica)
        wait_for("the acknowledgement",
                 lambda: primary.info()["slave0"]["offset"] == primary.info()["master_repl_offset"])
        entry = primary.info()["slave0"]
        self.assertEqual((entry["ip"], entry["port"], entry["state"]), ("127.0.0.1", replica.port, "online"))
        wait_for("a recent acknowledgement", lambda: primary.info()["slave0"]["lag"] <= 1)


class Expiry(SystemTest):
    def test_replica_hides_an_expired_key_but_waits_for_the_primary_to_delete_it(self):
        primary = self.server()
        replica = self.server(replica_of=primary)
        primary("DEBUG", "SET-ACTIVE-EXPIRE", "0")
        primary("SET", "k", "v", "PX", "200")
        self.assert_synced(primary, replica)
        time.sleep(0.4)
        self.assertIsNone(replica("GET", "k"))
        self.assertEqual(replica("DBSIZE"), 1)
        self.assertIsNone(primary("GET", "k"))  # deletes it and tells the replica
        wait_for("the deletion arrives", lambda: replica("DBSIZE") == 0)
        self.assert_synced(primary, replica)

    def test_expiry_is_replicated_as_an_instant(self):
        primary = self.server()
        replica = self.server(replica_of=primary)
        self.assert_synced(primary, replica)
        primary("SET", "k", "v", "EX", "100")
        primary("SET", "g", "v")
        primary("EXPIRE", "g", "200")
        self.assert_synced(primary, replica)
        for key in ("k", "g"):
            self.assertEqual(primary("PEXPIRETIME", key), replica("PEXPIRETIME", key))

    def test_active_expiry_reaches_the_replica(self):
        primary = self.server()
        replica = self.server(replica_of=primary)
        with primary.connect() as client, client.pipeline(transaction=False) as pipe:
            for number in range(500):
                pipe.set(f"short:{number}", "x", px=300)
            pipe.execute()
        self.assert_synced(primary, replica)
        wait_for("both are empty", lambda: primary("DBSIZE") == 0 and replica("DBSIZE") == 0)


class Pauses(SystemTest):
    def test_a_paused_primary_stands_still(self):
        primary = self.server(repl_ping_replica_period=1)
        replica = self.server(replica_of=primary)
        primary("SET", "k", "v")
        self.assert_synced(primary, replica)
        primary("CLIENT", "PAUSE", "3000", "WRITE")
        before = primary.info()["master_repl_offset"]
        began = time.monotonic()
        self.assertIn(primary("WAIT", "1", "100"), (0, 1))  # asks for no acknowledgement now
        time.sleep(2)
        paused = primary.info()["master_repl_offset"]
        if time.monotonic() - began < 2.9:  # not on a machine that stood still
            self.assertEqual(paused, before)
        wait_for("PING goes on after the pause", lambda: primary.info()["master_repl_offset"] > before)
        self.assert_synced(primary, replica)


class Figures(SystemTest):
    def test_info_counts_the_replication_traffic_of_both_sides(self):
        primary = self.server()
        replica = self.server(replica_of=primary)
        fill(primary)
        self.assert_synced(primary, replica)
        sent, received = primary.info("stats"), replica.info("stats")
        self.assertGreater(received["total_net_repl_input_bytes"], primary.info()["master_repl_offset"])
        self.assertGreaterEqual(sent["total_net_repl_output_bytes"] + 64, received["total_net_repl_input_bytes"])
        self.assertEqual((sent["sync_full"], sent["total_net_repl_input_bytes"]), (1, 0))
        primary("CONFIG", "RESETSTAT")
        replica("CONFIG", "RESETSTAT")
        self.assertEqual(primary.info("stats")["sync_full"], 0)
        self.assertLess(replica.info("stats")["total_net_repl_input_bytes"], 1000)


if __name__ == "__main__":
    main()
