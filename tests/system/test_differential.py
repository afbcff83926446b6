"""Random commands on data, the same to ours and to redis-server: every reply, keyspace notification and effect in the
replication stream must be equal byte for byte, but for clock readings. And what COMMAND tells of each command we have.

QUORATE_SEED and QUORATE_COMMANDS choose another run; a failure prints both with the last commands.
"""

import collections
import os
import random
import re
import socket
import time

from harness import OURS, REDIS, SystemTest, main

SEED = int(os.environ.get("QUORATE_SEED", "1"))
COMMANDS = int(os.environ.get("QUORATE_COMMANDS", "3000"))
CLOCK_SLACK_MS = 1000  # the two servers read their clocks one after the other, perhaps on a busy machine
MARK = "__mark"
NEWER = {"client|setinfo", "client|no-touch"}  # what we have of later versions
ONLY_OURS = {"quorate"}


class Connection:
    """Requests out, replies as the bytes they are."""

    def __init__(self, node):
        self.socket = socket.create_connection(("127.0.0.1", node.port), timeout=20)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def send(self, *words):
        words = [word.encode("latin-1") for word in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))

    def read(self):
        line = self.file.readline()
        if not line:
            raise EOFError("connection closed")
        kind, count = line[:1], line[1:-2]
        if kind == b"$":
            return line + (self.file.read(int(count) + 2) if int(count) >= 0 else b"")
        if kind in b"*~>%":
            items = max(int(count), 0) * (2 if kind == b"%" else 1)
            return line + b"".join(self.read() for _ in range(items))
        return line

    def words(self):
        """One array of bulks."""
        count = int(self.file.readline()[1:])
        words = []
        for _ in range(count):
            header = self.file.readline()
            words.append(self.file.read(int(header[1:]) + 2)[:-2].decode("latin-1") if header[:1] == b"$"
                         else header[1:-2].decode("latin-1"))
        return words

    def __call__(self, *words):
        self.send(*words)
        return self.read()


class Side:
    """One server, its two clients (RESP2 and RESP3), a listener to all notifications, and a replica link."""

    def __init__(self, node):
        self.clients = [Connection(node), Connection(node)]
        self.clients[1]("HELLO", "3")
        self.control = Connection(node)
        self.control("DEBUG", "SET-ACTIVE-EXPIRE", "0")
        self.listener = Connection(node)
        self.listener("PSUBSCRIBE", "__key*@*")
        self.listener("PSUBSCRIBE", MARK)
        self.link = Connection(node)
        self.link.send("PSYNC", "?", "-1")
        line = b""
        while not line.startswith(b"$"):
            line = self.link.file.readline()
        self.link.file.read(int(line[1:]))
        self.database, self.marks = "0", 0

    def close(self):
        for connection in (*self.clients, self.control, self.listener, self.link):
            connection.file.close()
            connection.socket.close()

    def since_last(self):
        """(notifications, stream effects) since it was last asked."""
        self.marks += 1
        self.control("PUBLISH", MARK, str(self.marks))
        notifications, effects = [], []
        while True:
            message = self.listener.words()
            if message[2] == MARK:
                break
            notifications.append(tuple(message[2:]))
        while True:
            effect = self.link.words()
            if effect[1:2] == [MARK]:
                return notifications, effects
            if effect[0] == "SELECT":
                self.database = effect[1]
            elif effect[0].upper() != "PING":  # each pings by its own clock
                effects.append(" ".join([self.database, *effect]))


class Commands:
    """Well-formed, odd and malformed requests over a few keys, so that they meet."""

    KEYS = ["a", "b", "c", "d", "key1", "key2", "\xff\x00k", "x" * 60, "num", "n2"]
    VALUES = ["1", "-5", "hello", "3.14", str(2**63 - 1), str(-2**63), "", "abc" * 30, "01", " 1", "1e5", "+3",
              "ohmytext", "mynewtext", "x" * 600, "0", "10000", "-0", "1.0e2", "inf", "nan", "\x00\xff"]
    NUMBERS = ["0", "1", "-1", "2", "10", "-100", str(2**63 - 1), str(-2**63), str(2**63), "abc", "", "1.5", " 3", "0x10"]
    SMALL = ["0", "1", "-1", "2", "5", "-3", "10", "-10", "100", "-100", "44", "64", "x"]
    SECONDS = ["100", "1000", "-1", "0", "x", str(2**63 - 1), str(-2**63), str(2**63 // 1000)]
    MILLISECONDS = ["100000", "1000000", "-1", "0", "x", str(2**63 - 1), "5"]
    OFFSETS = ["0", "1", "7", "8", "100", str(2**32), "-1", "x", "63"]

    def __init__(self, rng, payloads):
        self.rng, self.payloads = rng, payloads

    def some(self, words):
        return self.rng.choice(words)

    def key(self):
        return self.some(self.KEYS)

    def when(self, unit_ms):
        now = int(time.time() * 1000) // unit_ms
        return self.some([str(now + 100000 // unit_ms), str(now + 1000000 // unit_ms), "1", "0", "-5", "x"])

    def expiry(self):
        return self.some([["ex", self.some(self.SECONDS)], ["Px", self.some(self.MILLISECONDS)],
                          ["EXAT", self.when(1000)], ["pxat", self.when(1)], ["px", "5"]])

    def set_options(self):
        choices = [["nx"], ["XX"], ["get"], ["keepttl"], ["ex"], ["foo"], self.expiry(), self.expiry()]
        return sum((self.some(choices) for _ in range(self.some([0, 0, 1, 1, 2, 3]))), [])

    def field_action(self):
        kind = self.some(["u8", "i8", "u1", "i64", "u63", "u64", "i5", "i65", "u0", "U8"])
        place = self.some(["0", "#1", "5", "#x", "-1", "100"])
        return self.some([["get", kind, place], ["set", kind, place, self.some(self.NUMBERS)],
                          ["incrby", kind, place, self.some(self.NUMBERS)],
                          # No "fail": a failed write that made the string longer is lost to redis-server's replicas,
                          # not to ours.
                          ["overflow", self.some(["wrap", "SAT", "x"])], ["get", "u8"]])

    def pairs(self):
        return sum(([self.key(), self.some(self.VALUES)] for _ in range(self.rng.randint(1, 3))), []) + self.some(
            [[], [], [], ["odd"]])

    def next(self):
        some, key, rng = self.some, self.key, self.rng
        value, number, small = some(self.VALUES), some(self.NUMBERS), some(self.SMALL)
        seconds, milliseconds, offset = some(self.SECONDS), some(self.MILLISECONDS), some(self.OFFSETS)
        flags = rng.sample(["nx", "xx", "gt", "LT", "foo"], some([0, 0, 0, 1, 1, 2]))
        keys = [key() for _ in range(rng.randint(1, 3))]
        tail = [[], [small], [small, some(self.SMALL)], [small, some(self.SMALL), some(["bit", "BYTE", "x"])]]
        database = some(["0", "1", "2", "16", "-1", "x", "99999999999"])
        if rng.random() < 0.01:
            return [some(["flushall", "flushdb"]), *some([[], ["async"], ["sync"], ["foo"]])]
        return some([
            ["set", key(), value, *self.set_options()], ["set", key(), value, *self.set_options()],
            ["set", key(), value, "px", "5"], ["pexpire", key(), "5"],
            ["get", key()], ["setnx", key(), value], ["setex", key(), seconds, value],
            ["psetex", key(), milliseconds, value], ["getset", key(), value], ["getdel", key()],
            ["getex", key(), *some([[], self.expiry(), ["persist"], [*self.expiry(), "persist"], ["keepttl"]])],
            ["mget", *keys], ["mset", *self.pairs()], ["msetnx", *self.pairs()],
            ["append", key(), value], ["strlen", key()], ["setrange", key(), some([small, number]), value],
            ["getrange", key(), small, some(self.SMALL)], ["substr", key(), number, small],
            ["incr", key()], ["decr", key()], ["incrby", key(), number], ["decrby", key(), number],
            ["incrbyfloat", key(), some([number, value, "0.1", "1e-5", "1e4932", "-1e4932"])],
            ["lcs", key(), key(), *some([[], ["len"], ["idx"], ["idx", "minmatchlen", small, "withmatchlen"],
                                         ["idx", "len"], ["minmatchlen"]])],
            ["setbit", key(), offset, some(["0", "1", "2", "x"])], ["getbit", key(), offset],
            ["bitcount", key(), *some(tail)], ["bitpos", key(), some(["0", "1", "2", "x"]), *some(tail)],
            ["bitop", some(["and", "or", "XOR", "not", "x"]), key(), *keys],
            ["bitfield", key(), *self.field_action(), *self.field_action()],
            ["bitfield_ro", key(), *self.field_action()],
            ["del", *keys], ["unlink", *keys], ["exists", *keys], ["touch", *keys], ["type", key()],
            ["keys", some(["*", "a", "k*", "key?", "[a-c]", "\\a", "[^a]"])],
            ["rename", key(), key()], ["renamenx", key(), key()],
            ["copy", key(), key(), *some([[], ["replace"], ["DB", database, "REPLACE"], ["db"], ["foo"]])],
            ["move", key(), database], ["object", some(["encoding", "refcount", "freq", "help", "foo"]), key()],
            ["scan", "0", "count", "100000", *some([[], ["match", "k*"], ["type", "string"], ["type", "list"]])],
            ["scan", some(["x", "0x", "", "-", "1 ", " 1"]), "count", "100000"],
            ["scan", "0", "count", some(["0", "-1", "x"])], ["scan", "0", some(["count", "match", "foo"])],
            ["dump", key()],
            ["restore", key(), some(["0", "0", "100000", "-1", "x", "1"]), some(self.payloads),
             *some([[], ["replace"], ["absttl", "replace"], ["idletime", "5"], ["freq", "x"], ["foo"]])],
            ["expire", key(), seconds, *flags], ["pexpire", key(), milliseconds, *flags],
            ["expireat", key(), self.when(1000), *flags], ["pexpireat", key(), self.when(1), *flags],
            ["ttl", key()], ["pttl", key()], ["expiretime", key()], ["pexpiretime", key()], ["persist", key()],
            ["select", some(["0", "0", "0", "1", database])], ["swapdb", some(["0", "1", "x"]), database], ["dbsize"],
            ["multi"], ["exec"], ["exec"], ["discard"], ["watch", key()], ["unwatch"], ["exec", "x"],
            ["publish", "channel", value], ["pubsub", some(["numpat", "numsub", "channels"]), "c"],
            ["nosuch", key()], ["get"], ["set", key()],
        ])


def near(one, other):
    """Equal but for big numbers that differ little, and seconds by one: clock readings."""
    ones, others = re.split(r"(-?\d+)", one), re.split(r"(-?\d+)", other)
    if len(ones) != len(others):
        return False
    for a, b in zip(ones, others):
        if a == b:
            continue
        if not (re.fullmatch(r"-?\d+", a) and re.fullmatch(r"-?\d+", b)):
            return False
        if abs(int(a) - int(b)) > (CLOCK_SLACK_MS if abs(int(a)) > 20000 else 1):
            return False
    return True


class Differential(SystemTest):
    def test_random_commands(self):
        rng = random.Random(SEED)
        nodes = [self.server(family, repl_timeout=3600, repl_ping_replica_period=3600, notify_keyspace_events="AKEmn")
                 for family in (REDIS, OURS)]
        redis, ours = (Side(node) for node in nodes)
        self.addCleanup(redis.close)
        self.addCleanup(ours.close)
        commands = Commands(rng, self.payloads(redis.control))
        redis.since_last()
        ours.since_last()
        history = collections.deque(maxlen=15)
        short_lived = set()  # clients whose command, or transaction, may have set a very short expiry
        unordered = set()  # clients whose transaction holds a command without a fixed order
        for i in range(COMMANDS):
            client, command = rng.choice([0, 0, 1]), commands.next()
            history.append((client, command))
            expected, got = redis.clients[client](*command), ours.clients[client](*command)
            if "5" in command or command[0] == "restore":
                short_lived.add(client)
            if client in short_lived and not expected.startswith(b"+QUEUED"):
                time.sleep(0.015)  # past the shortest expiry on both
                short_lived.discard(client)
            if command[0] in ("keys", "scan"):
                unordered.add(client)
            any_order = command[0] in ("keys", "scan") or (command[0] == "exec" and client in unordered)
            if command[0] in ("exec", "discard"):
                unordered.discard(client)
            where = f"QUORATE_SEED={SEED}, command {i}, after {list(history)}"
            self.assert_same(expected.decode("latin-1"), got.decode("latin-1"), any_order, f"reply; {where}")
            for what, one, other in zip(("notifications", "stream"), redis.since_last(), ours.since_last()):
                self.assert_same("\r\n".join(map(str, one)), "\r\n".join(map(str, other)), any_order,
                                 f"{what}; {where}")

    def assert_same(self, expected, got, any_order, what):
        if any_order:
            expected, got = ("\r\n".join(sorted(text.split("\r\n"))) for text in (expected, got))
        if expected != got and not near(expected, got):
            self.assertEqual(expected, got, what)

    @staticmethod
    def payloads(control):
        """DUMP's payloads, whole and broken."""
        payloads = ["", "garbage garbage"]
        for value in ("hello", "12", "-70000", "9999999999", "x" * 600, ""):
            control("SET", "t", value)
            dumped = control("DUMP", "t").split(b"\r\n", 1)[1][:-2].decode("latin-1")
            payloads += [dumped, dumped[:-1] + chr(ord(dumped[-1]) ^ 1)]
        control("DEL", "t")
        return payloads

    def test_times_at_the_edges(self):
        sides = [Connection(self.server(family)) for family in (REDIS, OURS)]
        largest, now = 2 ** 63 - 1, int(time.time() * 1000)
        edges = [0, 1, largest, -largest - 1, -largest, largest + 1, largest // 1000, largest // 1000 + 1, -(largest // 1000),
                 -(largest // 1000) - 1, largest - now, largest - now + 10 ** 6, (largest - now) // 1000 + 10 ** 4, 10 ** 14]

        def same(*words):
            words = [str(word) for word in words]
            expected, got = [side(*words) for side in sides]
            self.assertEqual(expected, got, words)

        for edge in edges + [-1, "1.5", "abc", ""]:
            for command in ("EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT"):
                for option in ((), ("NX",), ("XX",), ("GT",), ("LT",)):
                    same("SET", "k", "v")
                    same(command, "k", edge, *option)
                    same("EXISTS", "k")
                same(command, "absent", edge)
            for option in ("EX", "PX", "EXAT", "PXAT"):
                same("SET", "k", "v")
                same("GETEX", "k", option, edge)
                same("EXISTS", "k")
                same("SET", "k", "w", option, edge, "GET")
                same("SET", "k", "v", option, edge, "XX")
                same("GETEX", "absent", option, edge)
                same("EXISTS", "k")
            same("SETEX", "k", edge, "v")
            same("PSETEX", "k", edge, "v")
            same("EXISTS", "k")

    def test_what_monitor_shows(self):
        shown = []
        for family in (REDIS, OURS):
            node = self.server(family, enable_debug_command="yes")
            monitor, client = Connection(node), Connection(node)
            self.assertEqual(monitor("MONITOR"), b"+OK\r\n")
            for words in (("SET", "k", "v"), ("set", "b", "\0\1\xff\"\\\n\r\t\a\b"), ("GET",), ("NOSUCH", "x"), ("AUTH", "secret"),
                          ("AUTH", "default", "secret"), ("HELLO", "2", "AUTH", "default", "x"), ("CONFIG", "GET", "port"),
                          ("MULTI",), ("SET", "k", "1"), ("INCR", "k"), ("EXEC",), ("MULTI",), ("GET", "k"), ("DISCARD",), ("SLOWLOG", "GET"),
                          ("DEBUG", "SLEEP", "0"), ("CLIENT", "LIST"), ("CLIENT", "SETNAME", "z"), ("SELECT", "3"), ("PING",),
                          ("COMMAND", "COUNT"), ("WAIT", "0", "0"), ("LATENCY", "LATEST"), ("MEMORY", "USAGE", "k"), ("LASTSAVE",),
                          ("ROLE",), ("FLUSHALL",), ("PUBLISH", "c", "m"), ("REPLCONF", "listening-port", "1"), ("INFO", "clients"),
                          ("RESET",), ("ECHO", "end")):
                client(*words)
            lines = []
            while not lines or b'"ECHO"' not in lines[-1]:
                lines.append(re.sub(rb"^\+\d{10}\.\d{6} \[(\d+) 127.0.0.1:\d+\]", rb"+time [\1 peer]", monitor.read()))
            lines.append(monitor("GET", "k"))
            lines.append(monitor("RESET"))
            lines.append(monitor("GET", "k"))
            shown.append(lines)
        self.assertEqual(shown[0], shown[1])

    def test_what_command_tells(self):
        redis, ours = self.server(REDIS), self.server(OURS)
        for node in (redis, ours):
            node.client.response_callbacks.clear()
        names = sorted(row[0] for row in ours("COMMAND") if row[0] not in ONLY_OURS)
        for name in names:
            with self.subTest(name=name):
                info = [self.flat(node("COMMAND", "INFO", name)[0]) for node in (redis, ours)]
                for command, facts in info[1].items():
                    if command in NEWER:
                        continue
                    self.assertEqual(info[0].get(command), facts, command)
                docs = [self.documents(name, node("COMMAND", "DOCS", name)[1])
                        for node in (redis, ours)]
                for command, text in docs[1].items():
                    if command in NEWER:
                        continue
                    self.assertEqual(docs[0].get(command), text, command)

    def flat(self, row):
        """{full name: facts} of one COMMAND INFO row and its subcommands."""
        rows = {row[0]: [row[1], sorted(row[2]), *row[3:6], sorted(row[6]), *row[7:9]]}
        for sub in row[9]:
            rows.update(self.flat(sub))
        return rows

    def documents(self, name, pairs):
        """{full name: documentation without the summary, which is ours to word}."""
        text = dict(zip(pairs[::2], pairs[1::2]))
        subcommands = text.pop("subcommands", [])
        text.pop("summary")
        documents = {name: text}
        for sub, sub_pairs in zip(subcommands[::2], subcommands[1::2]):
            documents.update(self.documents(sub, sub_pairs))
        return documents


if __name__ == "__main__":
    main()
