"""FAILOVER, ours and Redis' in every role: no write is lost, nobody is synchronised in full."""

import signal
import threading
import time

import redis

from harness import OURS, REDIS, SystemTest, main, wait_for
from workload import fill


class Writer(threading.Thread):
    """Counts up one key at `node` until it is no primary any more; `acknowledged` is the last number answered."""

    def __init__(self, node):
        super().__init__()
        self.client, self.acknowledged = node.connect(), 0
        self.refusal = None

    def run(self):
        try:
            while True:
                self.acknowledged = self.client.incr("counter")
        except redis.ReadOnlyError as refusal:
            self.refusal = refusal


class Roles:
    """Every test with ours and with Redis' as the one who hands over, the other as the one who takes."""

    def tree(self, **directives):
        primary = self.server(self.above, **directives)
        fill(primary, 50)
        heir = self.server(self.below, replica_of=primary)
        other = self.server(self.above, replica_of=primary)
        # Redis holds the stream back until the first acknowledgement after a snapshot.
        primary("SET", "streamed", "1")
        self.assertEqual(primary("WAIT", "2", "10000"), 2)
        self.assert_synced(primary, heir, other)
        return primary, heir, other

    def to(self, heir):
        return "TO", "127.0.0.1", str(heir.port)

    def test_role_moves_under_load_without_loss(self):
        primary, heir, other = self.tree()
        writer = Writer(primary)
        writer.start()
        wait_for("writes", lambda: writer.acknowledged > 200)
        self.assertTrue(primary("FAILOVER", *self.to(heir)))
        wait_for("the role has moved", lambda: heir.info()["role"] == "master")
        writer.join(20)
        wait_for("the failover is over", lambda: primary.info()["master_failover_state"] == "no-failover")
        self.assertEqual(int(heir("GET", "counter")), writer.acknowledged)
        fill(heir, 50, prefix="after")
        other("REPLICAOF", "127.0.0.1", str(heir.port))
        self.assert_synced(heir, primary, other)
        stats = heir.info("stats")
        self.assertEqual((stats["sync_full"], stats["sync_partial_ok"]), (0, 2))
        self.assertEqual(primary.info()["master_port"], heir.port)

    def test_any_replica_and_back_again(self):
        primary, heir, other = self.tree()
        other.signal(signal.SIGSTOP)
        primary("SET", "not-at", "other")
        self.assertTrue(primary("FAILOVER"))
        wait_for("the role has moved", lambda: heir.info()["role"] == "master")
        wait_for("the failover is over", lambda: primary.info()["master_failover_state"] == "no-failover")
        self.assert_synced(heir, primary)
        heir("SET", "back", "again")
        self.assertTrue(heir("FAILOVER", *self.to(primary)))
        wait_for("the role is back", lambda: primary.info()["role"] == "master")
        self.assert_synced(primary, heir)
        self.assertEqual(primary.info("stats")["sync_partial_ok"], 1)
        other.signal(signal.SIGCONT)
        self.assert_synced(primary, heir, other)

    def test_timeout_and_abort_let_writes_go_on(self):
        primary, heir, _ = self.tree()
        heir.signal(signal.SIGSTOP)
        primary("SET", "k", "1")
        full = primary.info("stats")["sync_full"]
        self.assertTrue(primary("FAILOVER", *self.to(heir), "TIMEOUT", "60000"))
        self.assertEqual(primary.info()["master_failover_state"], "waiting-for-sync")
        self.assertEqual(primary("GET", "k"), "1")
        blocked = primary.connect(socket_timeout=0.3)
        with self.assertRaises(redis.TimeoutError):
            blocked.set("k", "2")
        for refused, why in (("FAILOVER", "FAILOVER already in progress."),
                             ("REPLICAOF NO ONE", "REPLICAOF not allowed while failing over.")):
            with self.assertRaisesRegex(redis.ResponseError, why):
                primary(*refused.split())
        self.assertTrue(primary("FAILOVER", "ABORT"))
        primary("SET", "k", "3")
        self.assertTrue(primary("FAILOVER", *self.to(heir), "TIMEOUT", "200"))
        began = time.monotonic()
        primary("SET", "k", "4")
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(primary.info()["master_failover_state"], "no-failover")
        heir.signal(signal.SIGCONT)
        self.assert_synced(primary, heir)
        self.assertEqual(primary.info()["role"], "master")
        self.assertEqual(primary.info("stats")["sync_full"], full)

    def test_force_hands_over_when_the_time_is_over(self):
        primary, heir, other = self.tree()
        heir.signal(signal.SIGSTOP)
        primary("SET", "k", "1")
        self.assertTrue(primary("FAILOVER", *self.to(heir), "TIMEOUT", "100", "FORCE"))
        wait_for("the role is being handed over",
                 lambda: primary.info()["master_failover_state"] == "failover-in-progress")
        self.assertEqual(primary.info()["role"], "slave")
        self.assertEqual(other.info()["role"], "slave")
        heir.signal(signal.SIGCONT)
        wait_for("the role has moved", lambda: heir.info()["role"] == "master")
        self.assert_synced(heir, primary)
        self.assertEqual(heir("GET", "k"), "1")

    def test_dead_target_is_given_up_by_abort(self):
        primary, heir, other = self.tree()
        heir.signal(signal.SIGSTOP)
        primary("SET", "k", "1")
        self.assertTrue(primary("FAILOVER", *self.to(heir), "TIMEOUT", "100", "FORCE"))
        wait_for("the role is being handed over",
                 lambda: primary.info()["master_failover_state"] == "failover-in-progress")
        heir.kill()
        replid = primary.info()["master_replid"]
        self.assertTrue(primary("FAILOVER", "ABORT"))
        primary("SET", "k", "2")
        self.assertEqual((primary.info()["role"], primary.info()["master_replid2"]), ("master", replid))
        self.assert_synced(primary, other)
        self.assertEqual(primary.info("stats")["sync_full"], 2)

    def test_target_that_refuses_is_given_up(self):
        primary = self.server(self.above)
        heir = self.server(self.below, replica_of=primary, rename_command="PSYNC REFUSED")
        self.assert_synced(primary, heir)
        wait_for("the replica is online", lambda: primary.info()["slave0"]["state"] == "online")
        primary("SET", "k", "1")
        self.assertTrue(primary("FAILOVER", *self.to(heir)))
        # Refused, not held, while the role is away: the role is looked at before the pause.
        wait_for("the target has refused", lambda: "Failover target rejected psync request" in primary.log())
        wait_for("the role is back", lambda: primary.info()["role"] == "master")
        primary("SET", "k", "2")
        self.assert_synced(primary, heir)
        self.assertEqual(primary.info("stats")["sync_full"], 1)

    def test_chain_below_the_target_follows(self):
        primary, heir, _ = self.tree()
        below = self.server(OURS, replica_of=heir)
        self.assert_synced(primary, heir, below)
        full = heir.info("stats")["sync_full"]
        self.assertTrue(primary("FAILOVER", *self.to(heir)))
        wait_for("the role has moved", lambda: heir.info()["role"] == "master")
        fill(heir, 50, prefix="after")
        self.assert_synced(heir, primary, below)
        self.assertEqual(heir.info("stats")["sync_full"], full)


class OursToRedis(Roles, SystemTest):
    above, below = OURS, REDIS


class RedisToOurs(Roles, SystemTest):
    above, below = REDIS, OURS


class OursToOurs(Roles, SystemTest):
    above, below = OURS, OURS


class Refusals(SystemTest):
    REQUESTS = ["FAILOVER", "FAILOVER ABORT", "FAILOVER ABORT X", "FAILOVER TO", "FAILOVER TO h", "FAILOVER TO h p",
                "FAILOVER TO 127.0.0.1 1", "FAILOVER TO h 99999999", "FAILOVER TIMEOUT", "FAILOVER TIMEOUT 0",
                "FAILOVER TIMEOUT -1", "FAILOVER TIMEOUT x", "FAILOVER FORCE", "FAILOVER FORCE FORCE",
                "FAILOVER FORCE TIMEOUT 100", "FAILOVER TO h 1 FORCE", "FAILOVER TIMEOUT 5 TIMEOUT 6",
                "FAILOVER TO a 1 TO b 2", "FAILOVER TIMEOUT 10 ABORT", "PSYNC ? -1 FAILOVER",
                "PSYNC 0123456789012345678901234567890123456789 1 FAILOVER"]

    def answers(self, node):
        out = []
        for request in self.REQUESTS:
            try:
                out.append((request, node(*request.split())))
            except redis.ResponseError as error:
                out.append((request, str(error)))
        return out

    def test_same_words_as_redis(self):
        ours, theirs = self.server(OURS), self.server(REDIS)
        self.assertEqual(self.answers(ours), self.answers(theirs))
        # Now with a replica each, and asked as a replica.
        below_ours, below_theirs = self.server(REDIS, replica_of=ours), self.server(REDIS, replica_of=theirs)
        self.assert_synced(ours, below_ours)
        self.assert_synced(theirs, below_theirs)
        without_success = [r for r in self.REQUESTS if r not in ("FAILOVER", "FAILOVER TIMEOUT 10 ABORT")]
        self.REQUESTS = without_success
        self.assertEqual(self.answers(ours), self.answers(theirs))
        a = self.server(OURS, replica_of=ours)
        self.assert_synced(ours, a)
        self.assertEqual(self.answers(a), self.answers(below_ours))


if __name__ == "__main__":
    main()
