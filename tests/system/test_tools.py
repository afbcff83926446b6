"""The tools of Debian's redis-tools against our server: each runs briefly and reports what is there."""

import os
import re
import subprocess

from harness import SystemTest, main, wait_for


class RedisCli(SystemTest):
    def setUp(self):
        self.node = self.server()

    def cli(self, *arguments, stdin=None, deadline=60):
        code, output = self.world.run("redis-cli", "-p", str(self.node.port), *arguments, stdin=stdin,
                                      deadline=deadline)
        self.assertEqual(code, 0, output)
        return output

    def start_endless(self, *arguments):
        """An endless mode of redis-cli, and a function that reads what it has printed so far."""
        path = os.path.join(self.world.folder, "output")
        with open(path, "wb") as output:
            tool = subprocess.Popen(["stdbuf", "-o0", "redis-cli", "-p", str(self.node.port), *arguments],
                                    stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)

        def end():
            tool.kill()
            tool.wait()
        self.addCleanup(end)

        def printed():
            with open(path, encoding="latin-1") as output:
                return output.read()
        return printed

    def await_output(self, what, printed, holds):
        """Until the predicate holds of what was printed."""
        try:
            wait_for(what, lambda: holds(printed()))
        except AssertionError as error:
            self.fail(f"{error}; printed: {printed()[-1000:]}")

    def populate(self, count):
        with self.node.connect() as client, client.pipeline(transaction=False) as pipe:
            for number in range(count):
                pipe.set(f"key:{number}", "v" * (number % 200 + 1))
            pipe.execute()

    def test_commands_replies_and_errors(self):
        self.assertEqual(self.cli("SET", "k", "v"), "OK\n")
        self.assertEqual(self.cli("GET", "k"), "v\n")
        self.assertEqual(self.cli("-3", "GET", "missing"), "\n")
        self.assertIn("ERR wrong number of arguments for 'get' command", self.cli("GET"))
        self.assertEqual(self.cli("-x", "SET", "from-stdin", stdin=b"a b\n"), "OK\n")
        self.assertEqual(self.node("GET", "from-stdin"), "a b\n")

    def test_interactive_session_with_hints(self):
        output = self.cli(stdin=b"SET a 1\nINCR a\nMULTI\nINCR a\nEXEC\n")
        self.assertEqual([line for line in output.split("\n") if line], ["OK", "2", "OK", "QUEUED", "3"])

    def test_scan_lists_every_key(self):
        self.populate(500)
        keys = self.cli("--scan", "--pattern", "key:*").split()
        self.assertEqual(sorted(keys), sorted(f"key:{n}" for n in range(500)))

    def test_bigkeys_names_the_biggest(self):
        self.populate(200)
        self.node("SET", "the-big-one", "x" * 5000)
        output = self.cli("--bigkeys")
        self.assertIn("""Biggest string found '"the-big-one"' has 5000 bytes""", output)
        self.assertIn("Sampled 201 keys in the keyspace!", output)

    def test_memkeys_names_the_biggest(self):
        self.populate(200)
        self.node("SET", "the-big-one", "x" * 5000)
        output = self.cli("--memkeys")
        self.assertIn("the-big-one", output)
        self.assertIn("Sampled 201 keys in the keyspace!", output)

    def test_pipe_loads_a_protocol_stream(self):
        stream = b"".join(b"*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$1\r\nv\r\n" % (len(key), key)
                          for key in (b"p:%d" % number for number in range(10000)))
        output = self.cli("--pipe", stdin=stream)
        self.assertIn("errors: 0, replies: 10000", output)
        self.assertEqual(self.node("DBSIZE"), 10000)

    def test_latency_measures(self):
        def samples(output):
            rows = re.findall(r"\d+ \d+ \d+\.\d+ (\d+)", output)  # minimum, maximum, average, samples
            return int(rows[-1]) if rows else 0
        self.await_output("ten samples", self.start_endless("--latency"), lambda output: samples(output) > 10)

    def test_latency_history(self):
        self.await_output("two lines of history", self.start_endless("--latency-history", "-i", "0.5"),
                          lambda output: output.count("seconds range") >= 2)

    def test_stat_counts_keys_and_requests(self):
        self.populate(100)

        def requests(output):
            """Of every whole row that reports all 100 keys, its total of requests."""
            rows = [line.split() for line in output.split("\n")[:-1] if line.startswith("100 ")]
            return [int(row[4]) for row in rows if len(row) >= 7]
        printed = self.start_endless("--stat", "-i", "0.2")
        self.await_output("three rows", printed, lambda output: len(requests(output)) >= 3)
        before = requests(printed())[-1]
        self.populate(100)
        self.await_output("a row that counts them", printed, lambda output: requests(output)[-1] >= before + 100)

    def test_rdb_is_a_snapshot(self):
        self.populate(100)
        path = os.path.join(self.world.folder, "copy.rdb")
        self.cli("--rdb", path)
        code, report = self.world.run("redis-check-rdb", path)
        self.assertEqual(code, 0, report)
        self.assertIn("100 keys read", report)

    def test_replica_mode_streams_writes(self):
        printed = self.start_endless("--replica")
        wait_for("redis-cli follows", lambda: self.node.info().get("slave0", {}).get("state") == "online")
        self.node("SET", "streamed", "value")
        self.await_output("the write arrives", printed, lambda output: '"SET","streamed","value"' in output)


class RedisBenchmark(SystemTest):
    def test_runs_its_string_tests(self):
        node = self.server()
        for extra in ([], ["-P", "16"], ["-3"], ["-r", "1000", "--threads", "2"]):
            code, output = self.world.run("redis-benchmark", "-p", str(node.port), "-n", "5000", "-c", "20", "-d", "64",
                                          "-t", "ping,set,get,incr,mset", "--csv", *extra)
            self.assertEqual(code, 0, output)
            tests = [line.split(",")[0] for line in output.split("\n") if line.startswith('"')]
            self.assertEqual(tests, ['"test"', '"PING_INLINE"', '"PING_MBULK"', '"SET"', '"GET"', '"INCR"',
                                     '"MSET (10 keys)"'], output)
        self.assertEqual(node.info("stats")["unexpected_error_replies"], 0)


if __name__ == "__main__":
    main()
