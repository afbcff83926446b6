"""What must not hurt the server: broken protocol, hostile peers, a bad start. Replies are compared with Redis' own."""

import os
import socket

from fake_peer import FakePeer
from harness import OURS, REDIS, SystemTest, free_port, main, wait_for
from workload import fill

PING, PONG = b"PING\r\n", b"+PONG\r\n"


def exchange(node, data, quiet=0.3):
    """All that the server sends back until it closes, answers a final PING or falls silent: (bytes, closed)."""
    with socket.create_connection(("127.0.0.1", node.port), timeout=5) as connection:
        received = b""
        try:
            connection.sendall(data + PING if data.endswith(b"\n") else data)
            connection.settimeout(quiet)
            while not received.endswith(PONG) and (chunk := connection.recv(65536)):
                received += chunk
            return received, not received.endswith(PONG)
        except TimeoutError:
            return received, False
        except ConnectionError:
            pass
        return received, True


class SameAsRedis(SystemTest):
    """The same bytes to both servers; the same bytes must come back."""

    def setUp(self):
        self.both = [self.server(REDIS), self.server(OURS)]

    def compare(self, cases):
        for data in cases:
            with self.subTest(data[:60]):
                theirs, ours = (exchange(node, data) for node in self.both)
                self.assertEqual(ours, theirs)
        self.assertTrue(all(node("PING") for node in self.both))

    def test_malformed_requests(self):
        self.compare([
            b"*1\r\n+PING\r\n",
            b"*1\r\n:4\r\nPING\r\n",
            b"*x\r\n",
            b"*2147483648\r\n",
            b"*99999999999999999999\r\n",
            b"*-5\r\n",
            b"*0\r\n",
            b"\r\n",
            b"*1\r\n$-1\r\n",
            b"*1\r\n$x\r\n",
            b"*1\r\n$536870913\r\n",
            b"*1\r\n$99999999999999999999\r\n",
            b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$4\r\nlong value\r\n",
            b"SET k 'unbalanced\r\n",
            b'SET k "bad"quote\r\n',
            b"*" + b"1" * 70000,
            b"x" * 70000,
            b"*1\r\n$" + b"1" * 70000,
            b"ECHO a\nECHO b\r\n",
            b"*2\r\n$4\r\nECHO\r\n$1\r\na\r\n*1\r\n$40\r\nunfinis",
        ])

    def test_more_arguments_than_a_million_are_refused(self):
        reply, closed = exchange(self.both[1], b"*1048577\r\n")  # stricter than redis-server 7.0
        self.assertEqual((reply, closed), (b"-ERR Protocol error: invalid multibulk length\r\n", True))

    def test_wrong_arity_and_unknown_commands(self):
        self.compare([line + b"\r\n" for line in (
            b"GET", b"GET a b", b"SET k", b"SET k v EX", b"SET k v EX abc", b"SET k v EX 0", b"SET k v NX XX",
            b"MSET a", b"SETEX k 0 v", b"INCRBY k x", b"EXPIRE k", b"EXPIRE k 99999999999999999999",
            b"EXPIRE k 1 NX GT",
            b"SELECT 16", b"SELECT x", b"SWAPDB 0 99", b"MULTI x", b"EXEC", b"DISCARD", b"SUBSCRIBE", b"CONFIG",
            b"CONFIG NOSUCH", b"CONFIG GET", b"OBJECT NOSUCH k", b"nosuch", b"nosuch a b c", b"NOSUCH " + b"x" * 300,
            b"HELLO 9", b"HELLO x", b"AUTH a b", b"AUTH x", b"LCS a b IDX LEN", b"SCAN x", b"SCAN 0 COUNT 0",
            b"WAIT x 0", b"WAIT 0 -1", b"REPLICAOF a", b"REPLICAOF host port", b"PSYNC a", b"REPLCONF a",
            b"CLIENT KILL TYPE nosuch", b"CLIENT NOSUCH", b"CLIENT REPLY x", b"COPY a b DB 99", b"RENAME missing b")])

    def test_overflowing_values(self):
        self.compare([
            b"SET n 9223372036854775807\r\nINCR n\r\nDECRBY n -9223372036854775808\r\n",
            b"SETRANGE s 536870912 x\r\nSETRANGE s -1 x\r\nGETRANGE s 0 -1\r\n",
            b"SET f abc\r\nINCRBYFLOAT f 1\r\nINCRBYFLOAT g nan\r\nINCR f\r\n",
        ])

    def test_limits_before_authentication(self):
        for node in self.both:
            node("CONFIG", "SET", "requirepass", "secret")
        try:
            for data in (b"*11\r\n", b"*1\r\n$16385\r\n", b"*1\r\n$4\r\nPING\r\n", b"GET k\r\n", b"AUTH wrong\r\n"):
                with self.subTest(data):
                    theirs, ours = (exchange(node, data) for node in self.both)
                    self.assertEqual(ours, theirs)
        finally:
            for node in self.both:
                node.connect(password="secret").config_set("requirepass", "")


class Keys(SystemTest):
    def test_any_bytes_are_a_key(self):
        primary = self.server()
        replica = self.server(replica_of=primary)
        keys = [b"\xff\xfe", b"\x00", b"\r\n", b"a b", b"*", b"\xc3(", b"", bytes(range(256))]
        raw = primary.connect()
        for key in keys:
            raw.set(key, key)
        self.assertEqual(sorted(raw.keys(b"*")), sorted(keys))
        self.assertEqual(sorted(raw.scan_iter()), sorted(keys))
        self.assertTrue(all(raw.get(key) == key for key in keys))
        self.assert_synced(primary, replica)
        self.assertTrue(all(replica.connect().get(key) == key for key in keys))

    def test_large_value_passes(self):
        primary = self.server()
        replica = self.server(replica_of=primary)
        value = os.urandom(32 << 20)
        raw = primary.connect(socket_timeout=30)
        raw.set("big", value)
        self.assertEqual(raw.get("big"), value)
        self.assert_synced(primary, replica, deadline=60)

    def test_connection_that_never_finishes_its_request_holds_up_nobody(self):
        node = self.server()
        with socket.create_connection(("127.0.0.1", node.port)) as stuck:
            stuck.sendall(b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$500000000\r\nab")
            self.assertTrue(node("SET", "other", "v"))
            self.assertLess(node.info("memory")["used_memory"], 100 << 20)


class BadStart(SystemTest):
    def fails(self, *argv, code=1, stdin=None):
        got, output = self.world.run(OURS.server, *argv, stdin=stdin, deadline=10)
        self.assertEqual(got, code, output)
        return output

    def write(self, name, text):
        path = os.path.join(self.world.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    def test_port_in_use(self):
        node = self.server()
        output = self.fails("--port", str(node.port), "--bind", "127.0.0.1")
        self.assertIn(str(node.port), output)
        self.assertRegex(output, "(?i)address already in use")

    def test_missing_folder(self):
        output = self.fails("--port", str(free_port()), "--dir", "/nonexistent/folder")
        self.assertIn("/nonexistent/folder", output)
        self.assertIn("No such file or directory", output)

    def test_missing_configuration_file(self):
        self.assertIn("/nonexistent.conf", self.fails("/nonexistent.conf"))

    def test_bad_configurations_name_file_line_and_reason(self):
        for name, text, line, reasons in (
                ("unknown.conf", "port 1234\n\nno-such-directive yes\n", 3, ["no-such-directive"]),
                ("value.conf", "# comment\nport abc\n", 2, ["port"]),
                ("arguments.conf", "appendonly\n", 1, ["appendonly"]),
                ("quotes.conf", 'port 1\nrequirepass "abc\n', 2, []),
                ("range.conf", "databases 0\n", 1, ["databases"]),
                ("unknown.yaml", "port: 1234\nno-such-directive: yes\n", 2, ["no-such-directive"]),
                ("broken.yaml", "port: 1\nbind: [1\n", None, []),
                ("duplicate.yaml", "port: 1\nport: 2\n", 2, ["port"])):
            with self.subTest(name):
                output = self.fails(self.write(name, text))
                self.assertIn(name, output)
                for reason in reasons:
                    self.assertIn(reason, output)
                if line:
                    self.assertRegex(output, rf"line {line}\b|:{line}\b")

    def test_bad_command_line_and_stdin(self):
        self.assertIn("no-such-directive", self.fails("--no-such-directive", "yes"))
        self.assertIn("no-such-directive", self.fails("-", stdin=b"no-such-directive yes\n"))


class HostileReplica(SystemTest):
    def test_a_link_that_wants_answers_is_cut_and_both_logs_say_why(self):
        for family in (REDIS, OURS):
            with self.subTest(str(family)):
                node = self.server(family)
                for command, why in (("GET k", "Replica can't interact with the keyspace"), ("SET k v", "Replica can't"),
                                     ("PING", "Replica generated a reply to command 'ping', disconnecting it: ")):
                    with socket.create_connection(("127.0.0.1", node.port), timeout=5) as link:
                        link.sendall(b"PSYNC ? -1\r\n")
                        wait_for("it is a replica", lambda: node.info()["connected_slaves"] == 1)
                        link.sendall(command.encode() + b"\r\n")
                        wait_for("it is cut", lambda: node.info()["connected_slaves"] == 0)
                    wait_for("the log says why", lambda: why in node.log())
                self.assertEqual(node("EXISTS", "k"), 0)

    def test_a_wrong_offset_is_refused_and_logged(self):
        for family in (REDIS, OURS):
            with self.subTest(str(family)):
                node = self.server(family)
                reply, _ = exchange(node, b"PSYNC x y\r\n")
                self.assertEqual(reply, b"-ERR value is not an integer or out of range\r\n" + PONG)
                self.assertIn("asks for synchronization but with a wrong offset", node.log())


class HostilePrimary(SystemTest):
    """A replica keeps its data and keeps asking, whatever its primary sends."""

    def follow(self, psync_reply):
        replica = self.server()
        fill(replica, 50)
        before = replica.digest()

        def answer(words):
            command = words[0].upper()
            if command == b"PSYNC":
                return psync_reply
            return b"+PONG\r\n" if command == b"PING" else b"+OK\r\n"
        peer = FakePeer(answer)
        self.addCleanup(peer.close)
        replica("CONFIG", "SET", "repl-timeout", "2")
        replica("REPLICAOF", "127.0.0.1", str(peer.port))
        wait_for("the replica asks for a sync", lambda: peer.asked(b"PSYNC") >= 1)
        wait_for("the replica asks again", lambda: peer.asked(b"PSYNC") >= 2)
        facts = replica.info()
        self.assertEqual((facts["role"], facts["master_link_status"]), ("slave", "down"))
        self.assertEqual(replica.digest(), before)
        return replica

    def test_rubbish_instead_of_an_answer(self):
        self.follow(b"\x00\xff rubbish\r\n")

    def test_error_instead_of_an_answer(self):
        self.follow(b"-NOMASTERLINK not now\r\n")

    def test_malformed_fullresync(self):
        self.follow(b"+FULLRESYNC short -7\r\n")

    def test_rubbish_instead_of_a_snapshot(self):
        self.follow(b"+FULLRESYNC " + b"a" * 40 + b" 0\r\n$20\r\nthis is not an RDB..")

    def test_snapshot_length_beyond_reason(self):
        self.follow(b"+FULLRESYNC " + b"a" * 40 + b" 0\r\n$99999999999999999999\r\n")

    def test_snapshot_with_a_flipped_bit(self):
        source = self.server()
        fill(source, 20)
        path = os.path.join(self.world.folder, "good.rdb")
        code, output = self.world.run("redis-cli", "-p", str(source.port), "--rdb", path)
        self.assertEqual(code, 0, output)
        with open(path, "rb") as file:
            snapshot = bytearray(file.read())
        snapshot[len(snapshot) // 2] ^= 0x10
        self.follow(b"+FULLRESYNC " + b"a" * 40 + b" 0\r\n" + b"$%d\r\n" % len(snapshot) + bytes(snapshot))

    def test_snapshot_cut_short(self):
        self.follow(b"+FULLRESYNC " + b"a" * 40 + b" 0\r\n$1000000\r\nREDIS0010")


if __name__ == "__main__":
    main()
