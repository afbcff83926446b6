"""SHUTDOWN waits for replicas, as Redis' does: nothing that was answered is missing from a replica that could be waited for."""

import signal
import threading
import time

import redis

from harness import OURS, REDIS, SystemTest, main, wait_for


class Asker(threading.Thread):
    """Sends SHUTDOWN with `options` and keeps what comes of it."""

    def __init__(self, node, *options):
        super().__init__()
        self.client, self.options, self.outcome = node.connect(socket_timeout=30), options, None
        self.start()

    def run(self):
        try:
            self.client.execute_command("SHUTDOWN", *self.options)
        except redis.RedisError as error:
            self.outcome = error


class Waiting:
    def pair(self, **directives):
        primary = self.server(self.family, **directives)
        replica = self.server(OURS, replica_of=primary)
        self.assert_synced(primary, replica)
        primary("SET", "k", "1")
        self.assertEqual(primary("WAIT", "1", "10000"), 1)
        replica.signal(signal.SIGSTOP)
        primary("INCR", "k")
        return primary, replica

    def until_waiting(self, primary):
        wait_for("the shutdown waits", lambda: primary.info("server").get("shutdown_in_milliseconds"))

    def test_waits_until_the_replica_has_everything(self):
        for how in ("SHUTDOWN", "SIGTERM"):
            primary, replica = self.pair(shutdown_timeout=60)
            asker = Asker(primary) if how == "SHUTDOWN" else primary.signal(signal.SIGTERM)
            self.until_waiting(primary)
            self.assertTrue(0 < primary.info("server")["shutdown_in_milliseconds"] <= 60000)
            replica.signal(signal.SIGCONT)
            self.assertEqual(primary.wait_exit(), 0)
            wait_for("the last write is there", lambda: replica("GET", "k") == "2")
            self.assertIn("1 of 1 replicas are in sync when shutting down.", primary.log())
            self.assertNotIn("Lagging replica", primary.log())
            if asker:
                asker.join()
                self.assertIsInstance(asker.outcome, redis.ConnectionError)

    def test_waits_no_longer_than_its_time(self):
        primary, replica = self.pair(shutdown_timeout=1)
        began = time.monotonic()
        primary.signal(signal.SIGTERM)
        self.assertEqual(primary.wait_exit(), 0)
        self.assertGreater(time.monotonic() - began, 0.9)
        self.assertIn(f"Lagging replica 127.0.0.1:{replica.port} reported offset", primary.log())
        self.assertIn("0 of 1 replicas are in sync when shutting down.", primary.log())

    def test_now_and_no_time_do_not_wait(self):
        for options, directives in ((("NOW",), {}), ((), {"shutdown_timeout": 0})):
            primary, _ = self.pair(**directives)
            began = time.monotonic()
            Asker(primary, *options).join()
            self.assertEqual(primary.wait_exit(), 0)
            self.assertLess(time.monotonic() - began, 5)

    def test_abort_answers_all_who_asked_and_writes_go_on(self):
        primary, replica = self.pair(shutdown_timeout=60)
        askers = [Asker(primary)]
        self.until_waiting(primary)
        askers += [Asker(primary, "NOSAVE"), Asker(primary, "FORCE")]
        wait_for("all wait", lambda: primary.info("clients")["blocked_clients"] == 3)
        self.assertEqual(primary("GET", "k"), "2")
        with self.assertRaises(redis.TimeoutError):
            primary.connect(socket_timeout=0.3).set("k", "refused")
        self.assertTrue(primary("SHUTDOWN", "ABORT"))
        for asker in askers:
            asker.join()
            self.assertEqual(str(asker.outcome), "Errors trying to SHUTDOWN. Check logs.")
        self.assertIn("Shutdown manually aborted.", primary.log())
        self.assertNotIn("shutdown_in_milliseconds", primary.info("server"))
        primary("SET", "k", "3")
        replica.signal(signal.SIGCONT)
        self.assert_synced(primary, replica)

    def test_who_asked_and_left_is_forgotten(self):
        primary, replica = self.pair(shutdown_timeout=60)
        asker = primary.connect(socket_timeout=0.3)
        with self.assertRaises(redis.TimeoutError):
            asker.execute_command("SHUTDOWN")
        asker.close()
        wait_for("nobody waits", lambda: primary.info("clients")["blocked_clients"] == 0)
        self.assertTrue(primary("SHUTDOWN", "ABORT"))
        replica.signal(signal.SIGCONT)
        self.assert_synced(primary, replica)

    def test_refusals(self):
        node = self.server(self.family)
        for request in ("ABORT", "ABORT NOW", "SAVE NOSAVE", "X", "NOSAVE ABORT"):
            with self.assertRaisesRegex(redis.ResponseError, "No shutdown in progress." if request == "ABORT"
                                        else "syntax error"):
                node("SHUTDOWN", *request.split())
        pipe = node.client.pipeline()
        pipe.execute_command("SHUTDOWN")
        with self.assertRaisesRegex(redis.ResponseError, "Command not allowed inside a transaction"):
            pipe.execute()


class Ours(Waiting, SystemTest):
    family = OURS


class Redis(Waiting, SystemTest):
    family = REDIS


if __name__ == "__main__":
    main()
