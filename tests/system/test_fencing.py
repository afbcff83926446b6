"""What a server of ours does with the sentinels' word, told by hand: it keeps it, and acknowledges nothing that it does not cover."""

import os
import time

import redis

from harness import OURS, SystemTest, main, wait_for

SENTINELS = [digit * 40 for digit in "abc"]


class Fencing(SystemTest):
    def heartbeat(self, server, epoch=1, role="PRIMARY"):
        """Of all three sentinels, with the stamps that make a lease."""
        for sentinel in SENTINELS:
            stamp = server("QUORATE", "HEARTBEAT", sentinel, epoch, len(SENTINELS), role)
            server("QUORATE", "HEARTBEAT", sentinel, epoch, len(SENTINELS), role, stamp)

    def refuses_writes(self, server):
        try:
            server("SET", "probe", "x")
        except redis.ResponseError as error:
            return "NOQUORUM" in str(error)
        return False

    def test_a_write_is_not_acknowledged_when_the_lease_has_ended_before_its_answer(self):
        server = self.server(OURS, primary_lease=500)
        self.heartbeat(server)
        for pause, answered in (("0.01", True), ("1", False)):
            self.heartbeat(server)
            client = server.connect().connection_pool.get_connection("_")
            client.send_packed_command(client.pack_commands(
                [("SET", "in-time", pause), ("DEBUG", "SLEEP", pause), ("SET", "late", pause)]))
            if answered:
                self.assertEqual([client.read_response() for _ in range(3)], [b"OK"] * 3)
            else:
                self.assertRaises(redis.ConnectionError, client.read_response)
        self.assertTrue(self.refuses_writes(server))
        # Reads are answered, whatever the lease.
        client = server.connect().connection_pool.get_connection("_")
        client.send_packed_command(client.pack_commands([("DEBUG", "SLEEP", "0.6"), ("GET", "in-time")]))
        self.assertEqual([client.read_response() for _ in range(2)], [b"OK", b"1"])

    def test_a_word_that_could_not_be_saved_is_saved_when_the_disk_is_well_again(self):
        server = self.server(OURS)
        path = os.path.join(server.folder, f"sentinel-{server.port}.epoch")
        self.heartbeat(server, epoch=1)
        wait_for("the word is saved", lambda: self.text(path) == "1 primary 3\n")
        server.fill_disk()
        self.heartbeat(server, epoch=2, role="REPLICA")
        time.sleep(0.5)  # the log cannot say so either
        self.assertEqual(self.text(path), "1 primary 3\n")
        server.fill_disk(False)
        wait_for("the word is saved at last", lambda: self.text(path) == "2 replica 3\n")
        server.restart()
        self.assertTrue(self.refuses_writes(server))

    def test_a_fence_is_remembered_too(self):
        server = self.server(OURS)
        path = os.path.join(server.folder, f"sentinel-{server.port}.epoch")
        self.assertEqual(server("QUORATE", "FENCE", "3", "5000"), "OK")
        wait_for("the word is saved", lambda: self.text(path) == "0 primary 0\n")
        server.restart()
        self.assertTrue(self.refuses_writes(server))

    def text(self, path):
        try:
            with open(path, encoding="utf-8") as file:
                return file.read()
        except FileNotFoundError:
            return None


if __name__ == "__main__":
    main()
