"""Files that were written for Redis start ours: Debian's stock redis.conf and sentinel.conf, and what CONFIG REWRITE of
Redis' own programs leaves behind. And what CONFIG of a living redis-server knows, ours knows too.
"""

import os
import re
import shutil
import socket
import unittest

from harness import OURS, REDIS, Node, SystemTest, free_port, main, wait_for

STOCK = "/etc/redis/redis.conf"
STOCK_SENTINEL = "/etc/redis/sentinel.conf"
READABLE = all(os.access(path, os.R_OK) for path in (STOCK, STOCK_SENTINEL))

# Parameters of Redis' `CONFIG GET *` that ours does not know.
UNKNOWN = []
# Parameters whose default is not Redis'.
OTHER_DEFAULT = []


class DropIn(SystemTest):
    def node(self, program, file, *overrides, port=None, family=OURS):
        """A daemon started on `file`, with what belongs to the host overridden."""
        port = port or free_port()
        label = f"{os.path.basename(program)}-{port}"
        folder = self.world.new_folder(label)
        argv = [program, file, "--port", str(port), "--dir", folder, "--logfile", "", "--pidfile", "", *overrides]
        node = Node(label, family, argv, folder, port)
        self.world.processes.append(node)
        return node

    def rewritten(self, *settings):
        """A file that redis-server wrote, and the defaults that it was started with."""
        path = os.path.join(self.world.folder, "rewritten.conf")
        with open(path, "w"):
            pass
        redis = self.node(REDIS.server, path, family=REDIS).until_ready()
        for name, value in settings:
            redis("CONFIG", "SET", name, value)
        redis("CONFIG", "REWRITE")
        redis.kill()
        return path

    @unittest.skipUnless(READABLE, "the stock files are not readable for this user")
    def test_debians_file_and_service(self):
        ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(ready.close)
        path = os.path.join(self.world.folder, "notify")
        ready.bind(path)
        ready.settimeout(20)
        os.environ["NOTIFY_SOCKET"] = path
        self.addCleanup(os.environ.pop, "NOTIFY_SOCKET")
        # The last two are what Debian's unit passes.
        node = self.node(OURS.server, STOCK, "--supervised", "systemd", "--daemonize", "no")
        self.assertIn(b"READY=1", ready.recv(4096))
        self.assertEqual(node.client.config_get("bind"), {"bind": "127.0.0.1 -::1"})
        self.assertEqual(node.client.config_get("appendfsync"), {"appendfsync": "everysec"})
        warnings = [line for line in node.log().splitlines() if "no effect here" in line]
        self.assertEqual(len(warnings), 1, warnings)
        self.assertRegex(warnings[0], re.escape(STOCK) + r": no effect here: .*activerehashing \(line \d+\)")

    @unittest.skipUnless(READABLE, "the stock files are not readable for this user")
    def test_debians_sentinel_file(self):
        path = os.path.join(self.world.folder, "sentinel.conf")
        shutil.copyfile(STOCK_SENTINEL, path)
        node = self.node(OURS.sentinel, path, "--daemonize", "no").until_ready()
        self.assertEqual(node("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "mymaster"), ["127.0.0.1", "6379"])

    def test_a_file_rewritten_by_redis(self):
        node = self.node(OURS.server, self.rewritten(("hash-max-listpack-entries", "7"))).until_ready()
        self.assertEqual(node.client.config_get("hash-max-ziplist-entries"), {"hash-max-ziplist-entries": "7"})
        self.assertEqual(node.client.config_get("save"), {"save": "3600 1 300 100 60 10000"})

    def test_a_password_in_a_file_rewritten_by_redis(self):
        path = os.path.join(self.world.folder, "rewritten.conf")
        with open(path, "w") as file:
            file.write('requirepass "se cret"\n')
        redis = self.node(REDIS.server, path, family=REDIS).until_ready()
        redis("AUTH", "se cret")
        self.assertTrue(redis.connect(password="se cret").config_rewrite())
        redis.kill()
        with open(path) as file:
            self.assertRegex(file.read(), "user default on #[0-9a-f]{64}")
        node = self.node(OURS.server, path).until_ready()
        self.assertTrue(node.connect(password="se cret").ping())

    def test_a_file_rewritten_by_redis_sentinel(self):
        path = os.path.join(self.world.folder, "sentinel.conf")
        with open(path, "w") as file:
            file.write(f"sentinel monitor group 127.0.0.1 {free_port()} 2\n")
        theirs = self.node(REDIS.sentinel, path, family=REDIS).until_ready()
        theirs.kill()
        with open(path) as file:
            self.assertIn("user default on nopass", file.read())
        self.node(OURS.sentinel, path).until_ready()

    def test_every_parameter_of_redis(self):
        empty = os.path.join(self.world.folder, "empty.conf")
        with open(empty, "w"):
            pass
        redis, ours = (self.node(family.server, empty, "--save", "", family=family).until_ready()
                       for family in (REDIS, OURS))
        told, known = redis.client.config_get("*"), ours.client.config_get("*")
        for each in (told, known):
            del each["port"], each["dir"]
        self.assertEqual(sorted(set(told) - set(known)), UNKNOWN)
        self.assertEqual(sorted(name for name in told.keys() & known.keys() if told[name] != known[name]),
                         OTHER_DEFAULT)
        for name, value in sorted(told.items()):
            with self.subTest(name):
                answers = []
                for node in (redis, ours):
                    try:
                        answers.append(str(node("CONFIG", "SET", name, "certainly-wrong")))
                    except Exception as error:  # noqa: BLE001
                        answers.append(str(error))
                    try:
                        node("CONFIG", "SET", name, value)
                    except Exception:  # noqa: BLE001
                        pass
                # Texts are taken by Redis; where ours does not, it says what is missing.
                if answers[0] == answers[1] or "is accepted" in answers[1]:
                    continue
                self.assertEqual(answers[1], answers[0])

    def test_every_parameter_of_redis_in_a_sentinels_file(self):
        empty = os.path.join(self.world.folder, "empty.conf")
        with open(empty, "w"):
            pass
        redis = self.node(REDIS.server, empty, family=REDIS).until_ready()
        told = redis.client.config_get("*")
        path = os.path.join(self.world.folder, "sentinel.conf")
        several = ("bind", "latency-tracking-info-percentiles", "oom-score-adj-values", "client-output-buffer-limit")
        with open(path, "w") as file:
            for name, value in told.items():
                if name not in ("port", "dir", "unixsocketperm", "replicaof", "slaveof"):
                    file.write(f"{name} {value}\n" if name in several else f'{name} "{value}"\n')
            file.write('save 900 1\nsave 300 10\nsave ""\nslaveof 127.0.0.1 1\nmasterauth x\nmaxmemory 1gb\n'
                       "enable-debug-command yes\nreplica-ignore-maxmemory no\nrepl-diskless-sync-delay 0\n")
        copy = shutil.copyfile(path, os.path.join(self.world.folder, "theirs.conf"))
        self.node(REDIS.sentinel, copy, family=REDIS).until_ready()
        ours = self.node(OURS.sentinel, path).until_ready()
        self.assertIn("no effect here", ours.log())
        ours.kill()
        self.node(OURS.sentinel, path).until_ready()  # as it was rewritten

    def test_a_sentinels_relative_include_beside_dir(self):
        folder = self.world.new_folder("beside")
        data = self.world.new_folder("data")
        port = free_port()
        with open(os.path.join(folder, "more.conf"), "w") as file:
            file.write("sentinel monitor group 127.0.0.1 1 1\n")
        with open(os.path.join(folder, "s.conf"), "w") as file:
            file.write(f"include more.conf\ndir {data}\nport {port}\n")
        for _ in range(2):  # the second start finds the group in the file as well
            node = Node("beside", OURS, [OURS.sentinel, "s.conf"], folder, port)
            self.world.processes.append(node)
            node.until_ready()
            self.assertEqual(node("SENTINEL", "GET-MASTER-ADDR-BY-NAME", "group"), ["127.0.0.1", "1"])
            node.kill()

    def test_config_set_warns_once(self):
        node = self.server(OURS)
        node("CONFIG", "SET", "activerehashing", "no", "hz", "20", "list-compress-depth", "1")
        line = "CONFIG SET: no effect here: activerehashing, list-compress-depth"
        wait_for("the warning", lambda: line in node.log())

    def test_what_asks_for_more_is_refused(self):
        for args, reason in (
                (["--appendonly", "yes"], "the append-only file is not supported: only 'appendonly no' is accepted"),
                (["--cluster-enabled", "yes"], "cluster mode is not supported"),
                (["--tls-port", "6380"], "TLS is not supported"),
                (["--loadmodule", "x.so"], "modules are not supported"),
                (["--activerehashing", "perhaps"], "argument must be 'yes' or 'no'"),
                (["--no-such-directive", "1"], "Bad directive")):
            with self.subTest(args):
                code, text = self.world.run(OURS.server, "--port", "0", *args)
                self.assertEqual(code, 1)
                self.assertIn(reason, text)

    def test_include_and_quoting(self):
        folder = self.world.new_folder("include")
        for name, text in (("main.conf", f'include "{folder}/d/*.conf"\nrequirepass "a \\x62"\n'),
                           ("d/1.conf", "maxclients 11\nproc-title-template '{title} x'\n"),
                           ("d/2.conf", "MAXMEMORY 1gb\n")):
            os.makedirs(os.path.dirname(os.path.join(folder, name)), exist_ok=True)
            with open(os.path.join(folder, name), "w") as file:
                file.write(text)
        node = self.node(OURS.server, os.path.join(folder, "main.conf")).until_ready()
        client = node.connect(password="a b", decode_responses=True)
        self.assertEqual(client.config_get("maxclients", "maxmemory", "proc-title-template"),
                         {"maxclients": "11", "maxmemory": "1073741824", "proc-title-template": "{title} x"})


if __name__ == "__main__":
    main()
