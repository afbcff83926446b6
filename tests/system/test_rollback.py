"""What a node throws away when it follows a new primary: the record beside it, with stock and own new primaries."""

import glob
import json
import os
import subprocess

from redis import ResponseError

from harness import OURS, REDIS, SystemTest, main, wait_for


def records(node):
    """The summaries in the node's folder, by id."""
    paths = glob.glob(os.path.join(node.folder, "rollback", "*.json"))
    found = {}
    for path in paths:
        with open(path, encoding="utf-8") as file:
            summary = json.load(file)
        found[summary["id"]] = summary
    return found


def path_of(node, identity):
    return os.path.join(node.folder, "rollback", identity + ".aof")


def commands_of(path):
    """The commands of an append-only file, as lists of text."""
    with open(path, "rb") as file:
        data = file.read()
    commands, at = [], 0

    def line():
        nonlocal at
        end = data.index(b"\r\n", at)
        text, at = data[at:end], end + 2
        return text

    while at < len(data):
        head = line()
        assert head[:1] == b"*", head
        command = []
        for _ in range(int(head[1:])):
            length = int(line()[1:])
            command.append(data[at:at + length].decode())
            at += length + 2
        commands.append(command)
    return commands


class Rollback(SystemTest):
    def part(self, family):
        """A primary of ours whose replica was promoted without it: (old, new)."""
        old = self.server()
        new = self.server(family, replica_of=old)
        old("SET", "kept", "both")
        self.assert_synced(old, new)
        new("REPLICAOF", "NO", "ONE")
        return old, new

    def follow(self, old, new):
        old("REPLICAOF", "127.0.0.1", str(new.port))
        self.assert_synced(new, old)

    def the_record(self, node):
        found = records(node)
        self.assertEqual(len(found), 1, found)
        summary = next(iter(found.values()))
        self.assertTrue(os.path.exists(path_of(node, summary["id"])))
        return summary

    def test_exactly_the_lost_writes_are_recorded(self):
        for family in (REDIS, OURS):
            with self.subTest(str(family)):
                old, new = self.part(family)
                history = old.info()["master_replid"]
                fork = new.info()["second_repl_offset"] - 1
                old("SET", "a", "1")
                client = old.connect(db=3)
                pipe = client.pipeline(transaction=True)
                pipe.set("b", "2").incr("c")
                pipe.execute()
                old("SET", "a", "3")
                old("PUBLISH", "news", "no write")
                end = old.info()["master_repl_offset"]
                new("SET", "theirs", "1")
                self.follow(old, new)
                summary = self.the_record(old)
                self.assertEqual(summary["id"], f"{history}-{fork}-{end}")
                self.assertEqual(summary["fork"], "exact")
                self.assertEqual(summary["missing_bytes"], 0)
                self.assertEqual((summary["commands"], summary["keys"]), (4, 3))
                self.assertEqual(summary["key_names"], ["0:a", "3:b", "3:c"])
                self.assertEqual(summary["took_over"]["address"], f"127.0.0.1:{new.port}")
                self.assertEqual(summary["took_over"]["replication_id"], new.info()["master_replid"])
                self.assertLessEqual(summary["written_after_ms"], summary["written_before_ms"])
                self.assertLessEqual(summary["written_before_ms"], summary["recorded_ms"])
                self.assertEqual(commands_of(path_of(old, summary["id"])),
                                 [["SELECT", "0"], ["SET", "a", "1"], ["SELECT", "3"], ["MULTI"], ["SET", "b", "2"],
                                  ["INCRBY", "c", "1"], ["EXEC"], ["SELECT", "0"], ["SET", "a", "3"]])
                self.assertEqual(old.info("persistence")["rollback_records"], 1)
                self.assertEqual(old.info("persistence")["rollback_last_record"], summary["id"])
                self.assertIn(f"Rollback record rollback/{summary['id']}.aof: 4 commands on 3 keys", old.log())

    def test_the_record_goes_through_redis_cli_pipe(self):
        old, new = self.part(REDIS)
        for i in range(300):
            old("SET", f"key:{i}", "value\r\n" * i)
        expected = old.connect().mget([f"key:{i}" for i in range(300)])
        self.follow(old, new)
        summary = self.the_record(old)
        self.assertIsNone(new("GET", "key:7"))
        with open(path_of(old, summary["id"]), "rb") as file:
            piped = subprocess.run(["redis-cli", "-p", str(new.port), "--pipe"], stdin=file, capture_output=True,
                                   timeout=20)
        self.assertIn(b"errors: 0, replies: 301", piped.stdout)
        self.assertEqual(new.connect().mget([f"key:{i}" for i in range(300)]), expected)

    def test_nothing_is_recorded_where_nothing_is_lost(self):
        old, new = self.part(REDIS)
        self.follow(old, new)
        # The other way round, with a new primary that has all of it: a full synchronisation all the same.
        third = self.server(OURS, **{"repl-backlog-size": "16kb"})
        fourth = self.server(REDIS, replica_of=third)
        self.assert_synced(third, fourth)
        third("PUBLISH", "news", "no write")
        fourth("REPLICAOF", "NO", "ONE")
        third("PUBLISH", "news", "no write")
        self.follow(third, fourth)
        wait_for("the log says so", lambda: "Nothing is lost" in third.log())
        self.assertEqual(records(old), {})
        self.assertEqual(records(third), {})

    def test_records_are_listed_shown_and_replayed(self):
        old, new = self.part(REDIS)
        old("SET", "a", "1")
        old("INCRBY", "counter", "5")
        pipe = old.client.pipeline(transaction=True)
        pipe.set("b", "2").append("b", "3")
        pipe.execute()
        self.follow(old, new)
        summary = self.the_record(old)
        old.restart()
        listed = old("QUORATE", "ROLLBACK", "LIST")
        self.assertEqual(len(listed), 1)
        entry = dict(zip(listed[0][::2], listed[0][1::2]))
        self.assertEqual((entry["id"], entry["commands"], entry["keys"], entry["fork"], entry["missing-bytes"]),
                         (summary["id"], 4, 3, "exact", 0))
        shown = old("QUORATE", "ROLLBACK", "SHOW", summary["id"], "3")
        self.assertEqual(shown[-1], [["SELECT", "0"], ["SET", "a", "1"], ["INCRBY", "counter", "5"]])
        self.assertEqual(len(old("QUORATE", "ROLLBACK", "SHOW", summary["id"])[-1]), 7)

        old("SET", "counter", "100")
        old("SET", "b", "x")
        self.assertEqual(old("QUORATE", "ROLLBACK", "REPLAY", summary["id"]), "Background replay started")
        wait_for("it is through", lambda: old.info("persistence")["rollback_replay_in_progress"] == 0)
        persistence = old.info("persistence")
        self.assertEqual((persistence["rollback_last_replay_commands"], persistence["rollback_last_replay_errors"]),
                         (4, 0))
        self.assertEqual(old.client.mget("a", "counter", "b"), ["1", "105", "23"])

    def test_a_replay_may_leave_changed_keys_alone(self):
        old, new = self.part(REDIS)
        new("SET", "n", "10")
        old("SET", "a", "1")
        old("SET", "b", "1")
        old("INCR", "n")
        old("INCR", "n")  # on what the replay made of it
        for first in ("c", "d"):
            pipe = old.connect(db=2).pipeline(transaction=True)
            pipe.set(first, "1").set(first + first, "1")
            pipe.execute()
        old("APPEND", "b", "2")
        old("FLUSHDB")  # no keys of its own
        self.follow(old, new)
        identity = self.the_record(old)["id"]
        wait_for("the keys are noted", lambda: os.path.exists(path_of(old, identity)[:-4] + ".keys"))
        old.restart()
        old("REPLICAOF", "NO", "ONE")
        old.client.flushall()
        old("SET", "n", "10")
        old("SET", "b", "changed")
        old.connect(db=2).set("dd", "changed")
        old("QUORATE", "ROLLBACK", "REPLAY", identity, "IFUNCHANGED")
        wait_for("it is through", lambda: old.info("persistence")["rollback_replay_in_progress"] == 0)
        self.assertEqual(old.client.mget("a", "b", "n"), ["1", "changed", "12"])
        self.assertEqual(old.connect(db=2).mget("c", "cc", "d", "dd"), [b"1", b"1", None, b"changed"])
        persistence = old.info("persistence")
        self.assertEqual((persistence["rollback_last_replay_commands"], persistence["rollback_last_replay_errors"],
                          persistence["rollback_last_replay_skipped"]), (5, 0, 5))
        self.assertIn("5 left out, because their keys have changed", old.log())
        with self.assertRaisesRegex(ResponseError, "syntax"):
            old("QUORATE", "ROLLBACK", "REPLAY", identity, "IFNOTCHANGED")
        os.remove(path_of(old, identity)[:-4] + ".keys")
        with self.assertRaisesRegex(ResponseError, "not noted"):
            old("QUORATE", "ROLLBACK", "REPLAY", identity, "IFUNCHANGED")

    def test_what_cannot_be_replayed_is_said(self):
        old, new = self.part(REDIS)
        old("INCR", "n")
        old("SET", "after", "1")
        self.follow(old, new)
        identity = self.the_record(old)["id"]
        for command in (("SHOW", "nonsense"), ("REPLAY", "../../etc/passwd"), ("SHOW", identity, "x"), ("REPLAY",),
                        ("REPLAY", identity)):  # the last one: this is a replica
            with self.subTest(command), self.assertRaises(ResponseError):
                old("QUORATE", "ROLLBACK", *command)
        old("REPLICAOF", "NO", "ONE")
        # An error of a command is counted and the rest runs.
        old("SET", "n", "no number")
        old("QUORATE", "ROLLBACK", "REPLAY", identity)
        wait_for("it is through", lambda: "finished: 2 commands, 1 errors, the first: ERR value is not an integer"
                 in old.log())
        self.assertEqual(old("GET", "after"), "1")
        # A damaged file ends it.
        with open(path_of(old, identity), "r+b") as file:
            file.truncate(os.path.getsize(path_of(old, identity)) - 5)
        old("QUORATE", "ROLLBACK", "REPLAY", identity)
        wait_for("it ends", lambda: "ended early: it ends in the command at byte" in old.log())
        # A pause is waited for.
        with open(path_of(old, identity), "wb") as file:
            file.write(b"*3\r\n$3\r\nSET\r\n$6\r\npaused\r\n$1\r\n1\r\n")
        old("CLIENT", "PAUSE", "300", "WRITE")
        old("QUORATE", "ROLLBACK", "REPLAY", identity)
        self.assertEqual(old.info("persistence")["rollback_replay_in_progress"], 1)
        wait_for("it is through", lambda: old.info("persistence")["rollback_replay_in_progress"] == 0)
        self.assertEqual(old("GET", "paused"), "1")

    def test_an_unknown_fork_is_estimated_by_what_was_acknowledged(self):
        old = self.server()
        replica = self.server(REDIS, replica_of=old)
        old("SET", "a", "1")
        old("WAIT", "1", "5000")
        self.assert_synced(old, replica)
        replica.kill()
        old("SET", "lost", "1")
        stranger = self.server(REDIS)
        self.follow(old, stranger)
        summary = self.the_record(old)
        self.assertEqual(summary["fork"], "estimated")
        self.assertIn(["SET", "lost", "1"], commands_of(path_of(old, summary["id"])))
        self.assertNotIn(["SET", "a", "1"], commands_of(path_of(old, summary["id"])))

    def test_what_the_backlog_lost_is_said(self):
        old = self.server(**{"repl-backlog-size": "64kb"})
        new = self.server(REDIS, replica_of=old)
        old("SET", "kept", "both")
        self.assert_synced(old, new)
        new("REPLICAOF", "NO", "ONE")
        start = old.info()["master_repl_offset"]
        for i in range(100):
            old("SET", f"key:{i}", "x" * 4000)
        end = old.info()["master_repl_offset"]
        digest = old.digest()
        self.follow(old, new)
        summary = self.the_record(old)
        self.assertGreater(summary["missing_bytes"], 200000)
        self.assert_keeps_dataset(old, digest, 101)
        commands = commands_of(path_of(old, summary["id"]))
        self.assertEqual(commands[0], ["SELECT", "0"])
        self.assertEqual([c[1] for c in commands[1:]], [f"key:{i}" for i in range(101 - len(commands), 100)])
        self.assertAlmostEqual(summary["missing_bytes"] + summary["bytes"], end - start, delta=100)

    def assert_keeps_dataset(self, node, digest, keys):
        """The record has the node's old dataset, as redis-server reads it."""
        summary = self.the_record(node)
        path = path_of(node, summary["id"])[:-3] + "rdb"
        self.assertEqual(summary["dataset_bytes"], os.path.getsize(path))
        listed = node("QUORATE", "ROLLBACK", "LIST")[0]
        self.assertEqual(listed[listed.index("dataset-bytes") + 1], summary["dataset_bytes"])
        self.assertIn("the whole dataset is in rollback/", node.log())
        reader = self.server(REDIS, dir=os.path.dirname(path), dbfilename=os.path.basename(path))
        self.assertEqual(reader("DBSIZE"), keys)
        self.assertEqual(reader.digest(), digest)

    def test_what_no_command_tells_is_kept_as_a_snapshot(self):
        def without_stream():
            return self.server()

        def unrelated():
            node = self.server()
            self.assert_synced(node, self.server(REDIS, replica_of=node))
            return node

        def restarted():
            node = self.server()
            node("SET", "before", "restart")
            node("SAVE")
            node.restart()
            return node

        for make in (without_stream, unrelated, restarted):
            with self.subTest(make.__name__):
                old = make()
                pipe = old.client.pipeline(transaction=False)
                for i in range(2000):
                    pipe.set(f"key:{i}", f"value {i}")
                pipe.execute()
                keys, digest = old("DBSIZE"), old.digest()
                new = self.server(REDIS)
                new("SET", "of", "another")
                self.follow(old, new)
                self.assertEqual(old("DBSIZE"), 1)
                self.assert_keeps_dataset(old, digest, keys)

    def test_a_dataset_that_is_too_large_is_not_kept(self):
        for required in ("no", "yes"):
            with self.subTest(required=required):
                old = self.server(**{"rollback-max-size": "100kb", "rollback-required": required})
                pipe = old.client.pipeline(transaction=False)
                for i in range(300):
                    pipe.set(f"key:{i}", os.urandom(1000))
                pipe.execute()
                new = self.server(REDIS)
                if required == "no":
                    self.follow(old, new)
                else:
                    old("REPLICAOF", "127.0.0.1", str(new.port))
                    wait_for("it is refused", lambda: "the old data stays" in old.log())
                    self.assertEqual(old("DBSIZE"), 300)
                self.assertIn("it is larger than rollback-max-size", old.log())
                self.assertEqual(self.the_record(old)["dataset_bytes"], 0)
                self.assertEqual(old.info("persistence")["rollback_last_write_status"], "err")
                self.assertFalse([name for name in os.listdir(os.path.join(old.folder, "rollback"))
                                  if name.endswith(".rdb")])

    def test_what_only_the_disk_still_has_is_recorded(self):
        for killed in (False, True):
            with self.subTest(killed=killed):
                old = self.server(**{"repl-backlog-size": "64kb", "repl-backlog-disk-size": "64mb"})
                new = self.server(REDIS, replica_of=old)
                pipe = old.connect(db=5).pipeline(transaction=False)
                for i in range(3000):
                    pipe.set(f"kept:{i}", "x" * 1000)
                pipe.execute()
                self.assert_synced(old, new)
                new("REPLICAOF", "NO", "ONE")
                # The fork is between two writes of database 5: no SELECT follows it.
                expected = [["SELECT", "5"]]
                pipe = old.connect(db=5).pipeline(transaction=False)
                for i in range(5000):
                    pipe.set(f"lost:{i}", str(i) * 200)
                    expected.append(["SET", f"lost:{i}", str(i) * 200])
                pipe.execute()
                # Until it is, memory keeps it.
                wait_for("all is on disk", lambda: old.info()["repl_backlog_disk_written_offset"] ==
                         old.info()["master_repl_offset"])
                if killed:
                    old.kill()
                    old.start()
                    wait_for("it has loaded", lambda: old.info("persistence")["loading"] == 0)
                self.assertGreater(old.info()["repl_backlog_first_byte_offset"], 5_000_000)
                self.follow(old, new)
                summary = self.the_record(old)
                self.assertEqual((summary["fork"], summary["missing_bytes"]), ("exact", 0))
                self.assertEqual((summary["commands"], summary["keys"]), (5000, 5000))
                self.assertEqual(commands_of(path_of(old, summary["id"])), expected)

    def test_a_disk_that_cannot_be_read_leaves_what_memory_has(self):
        old = self.server(**{"repl-backlog-size": "64kb", "repl-backlog-disk-size": "64mb"})
        new = self.server(REDIS, replica_of=old)
        old("SET", "kept", "both")
        self.assert_synced(old, new)
        new("REPLICAOF", "NO", "ONE")
        for i in range(500):
            old("SET", f"key:{i}", "x" * 4000)
        wait_for("all is on disk", lambda: old.info()["repl_backlog_disk_written_offset"] ==
                 old.info()["master_repl_offset"])
        for path in glob.glob(os.path.join(old.folder, "*.seg")):
            os.remove(path)
        self.follow(old, new)
        summary = self.the_record(old)
        self.assertGreater(summary["missing_bytes"], 1_000_000)
        self.assertEqual(commands_of(path_of(old, summary["id"]))[-1][1], "key:499")
        self.assertIn("The rollback record has only what memory holds", old.log())

    def test_old_records_give_way_to_new_ones(self):
        # A record here has about 55 bytes.
        for limit in ({"rollback-max-files": "2"}, {"rollback-max-size": "120"}):
            with self.subTest(**limit):
                old = self.server(**limit)
                ids = []
                for i in range(4):
                    new = self.server(REDIS, replica_of=old)
                    self.assert_synced(old, new)
                    new("REPLICAOF", "NO", "ONE")
                    old("SET", "round", str(i))
                    self.follow(old, new)
                    old("REPLICAOF", "NO", "ONE")
                    ids.append(old.info("persistence")["rollback_last_record"])
                    if i == 1:
                        old.restart()  # what is found counts
                        self.assertEqual(old.info("persistence")["rollback_records"], 2)
                wait_for("two are left", lambda: sorted(records(old)) == sorted(ids[2:]))
                self.assertEqual(len(old("QUORATE", "ROLLBACK", "LIST")), 2)
                for identity in ids[:2]:
                    self.assertFalse(os.path.exists(path_of(old, identity)))

    def test_zero_files_is_off(self):
        old = self.server(**{"rollback-max-files": "0"})
        new = self.server(REDIS, replica_of=old)
        self.assert_synced(old, new)
        new("REPLICAOF", "NO", "ONE")
        old("SET", "a", "1")
        self.follow(old, new)
        self.assertFalse(os.path.exists(os.path.join(old.folder, "rollback")))

    def test_a_full_disk_is_survived_or_keeps_the_old_data(self):
        for required in ("no", "yes"):
            with self.subTest(required=required):
                old = self.server(**{"rollback-required": required})
                new = self.server(REDIS, replica_of=old)
                self.assert_synced(old, new)
                new("REPLICAOF", "NO", "ONE")
                old("SET", "a", "1")
                logged = old.log()
                os.makedirs(os.path.join(old.folder, "rollback"), 0o755)
                # A folder where the file belongs: it cannot be written, by whomever the tests are run.
                history = old.info()["master_replid"]
                fork = new.info()["second_repl_offset"] - 1
                end = old.info()["master_repl_offset"]
                blocked = os.path.join(old.folder, "rollback", f"{history}-{fork}-{end}.aof")
                os.makedirs(os.path.join(blocked, "not-empty"))
                if required == "no":
                    self.follow(old, new)
                    self.assertIsNone(old("GET", "a"))
                else:
                    old("REPLICAOF", "127.0.0.1", str(new.port))
                    wait_for("it is refused", lambda: "the old data stays" in old.log()[len(logged):])
                    self.assertEqual(old("GET", "a"), "1")
                    os.rmdir(os.path.join(blocked, "not-empty"))
                    os.rmdir(blocked)
                    self.assert_synced(new, old)
                    self.assertEqual(self.the_record(old)["commands"], 1)
                self.assertIn("Cannot record what this node has", old.log())
                self.assertEqual(old.info("persistence")["rollback_last_write_status"],
                                 "err" if required == "no" else "ok")


if __name__ == "__main__":
    main()
