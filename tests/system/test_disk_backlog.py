"""The on-disk backlog: partial resyncs after long cuts and after restarts, what a kill leaves, a disk that fails."""

import os
import signal

from redis import ResponseError

from harness import OURS, REDIS, SystemTest, main, wait_for

MEGABYTE = 1 << 20


def segments(node):
    return sorted(name for name in os.listdir(node.folder) if name.endswith(".seg"))


def write(node, megabytes, tag):
    """Writes about so much of stream."""
    pipe = node.connect().pipeline(transaction=False)
    for i in range(int(megabytes * 1024)):
        pipe.set(f"{tag}:{i}", b"x" * 1000)
        if i % 512 == 511:
            pipe.execute()
    pipe.execute()


def until_written(node):
    def written():
        figures = node.info()
        return figures["repl_backlog_disk_written_offset"] == figures["master_repl_offset"]
    wait_for(f"{node.label} has everything on disk", written)


def save(node):
    """SAVE; a snapshot that the on-disk backlog has wanted may be in the making."""
    def saved():
        try:
            return node("SAVE")
        except ResponseError:
            return False
    wait_for(f"{node.label} has saved", saved)


def resyncs(node):
    figures = node.info("stats")
    return figures["sync_full"], figures["sync_partial_ok"]


class DiskBacklog(SystemTest):
    def primary(self, **directives):
        directives.setdefault("repl_backlog_disk_size", 64 * MEGABYTE)
        return self.server(repl_backlog_size=65536, repl_timeout=5, **directives)

    def start_again(self, node):
        node.start()
        wait_for(f"{node.label} has loaded", lambda: node.info("persistence")["loading"] == 0)
        return node

    def test_a_long_cut_is_a_partial_resync(self):
        for family in (REDIS, OURS):
            with self.subTest(replica=str(family)):
                primary = self.primary()
                replica = self.server(family, replica_of=primary)
                write(primary, 1, "before")
                self.assert_synced(primary, replica)
                self.assertEqual(resyncs(primary), (1, 0))
                replica.signal(signal.SIGSTOP)
                primary("CLIENT", "KILL", "TYPE", "replica")
                write(primary, 12, "away")
                self.assertGreater(primary.info()["repl_backlog_first_byte_offset"], 8 * MEGABYTE)
                replica.signal(signal.SIGCONT)
                write(primary, 4, "meanwhile")
                self.assert_synced(primary, replica)
                self.assertEqual(resyncs(primary), (1, 1))

    def test_a_killed_primary_without_snapshots_loses_nothing_and_resumes(self):
        for family in (REDIS, OURS):
            with self.subTest(replica=str(family)):
                primary = self.primary()
                replica = self.server(family, replica_of=primary)
                write(primary, 3, "a")
                primary.connect(db=7).set("in", "seven", ex=5000)
                pipe = primary.client.pipeline(transaction=True)
                pipe.incr("n").incr("n")
                pipe.execute()
                self.assert_synced(primary, replica)
                until_written(primary)
                digest = primary.digest()
                primary.kill()
                self.start_again(primary)
                self.assertEqual(primary.digest(), digest)
                self.assert_synced(primary, replica)
                self.assertEqual(resyncs(primary), (0, 1))
                primary.connect(db=7).append("in", "!")
                write(primary, 1, "b")
                self.assert_synced(primary, replica)
                # And once more, over the change of the history's name.
                until_written(primary)
                primary.kill()
                self.start_again(primary)
                self.assert_synced(primary, replica)
                self.assertEqual(resyncs(primary), (0, 1))

    def test_a_snapshot_file_is_brought_up_to_the_end(self):
        primary = self.primary()
        replica = self.server(REDIS, replica_of=primary)
        write(primary, 1, "a")
        save(primary)
        write(primary, 2, "b")
        self.assert_synced(primary, replica)
        until_written(primary)
        digest = primary.digest()
        primary.kill()
        self.start_again(primary)
        self.assertEqual(primary.digest(), digest)
        self.assert_synced(primary, replica)
        self.assertEqual(resyncs(primary), (0, 1))

    def test_a_clean_exit_writes_the_rest(self):
        primary = self.primary()
        for i in range(20):
            primary("SET", f"k{i}", "v")
            digest = primary.digest()
        primary.signal(signal.SIGTERM)
        self.assertEqual(primary.wait_exit(), 0)
        self.start_again(primary)
        self.assertEqual(primary.digest(), digest)

    def test_a_killed_replica_resumes_where_its_disk_ends(self):
        primary = self.primary()
        replica = self.server(replica_of=primary, repl_backlog_disk_size=64 * MEGABYTE)
        write(primary, 1, "a")
        self.assert_synced(primary, replica)
        save(replica)
        write(primary, 2, "b")
        self.assert_synced(primary, replica)
        until_written(replica)
        replica.kill()
        write(primary, 2, "c")
        self.start_again(replica)
        self.assert_synced(primary, replica)
        self.assertEqual(resyncs(primary), (1, 1))
        self.assertIn("commands replayed", replica.log())

    def test_a_promoted_node_that_is_killed_resumes_over_both_histories(self):
        first = self.primary()
        heir = self.server(replica_of=first, repl_backlog_size=65536, repl_backlog_disk_size=64 * MEGABYTE)
        wait_for("the heir is linked", lambda: heir.info()["master_link_status"] == "up")
        last = self.server(REDIS, replica_of=heir)
        write(first, 2, "a")
        self.assert_synced(first, heir)
        self.assert_synced(heir, last)
        last.signal(signal.SIGSTOP)
        write(first, 2, "b")
        self.assert_synced(first, heir)
        first.kill()
        heir("REPLICAOF", "NO", "ONE")
        write(heir, 2, "c")
        until_written(heir)
        digest = heir.digest()
        last.signal(signal.SIGCONT)  # it asks by the old id, for what only the disk has
        self.assert_synced(heir, last)
        self.assertEqual(resyncs(heir), (1, 1))
        until_written(heir)
        heir.kill()
        heir.argv = heir.argv[:heir.argv.index("--replicaof")] + heir.argv[heir.argv.index("--replicaof") + 3:]
        self.start_again(heir)
        self.assertEqual(heir.digest(), digest)
        self.assert_synced(heir, last)
        self.assertEqual(resyncs(heir), (0, 1))

    def test_a_torn_tail_is_cut(self):
        primary = self.primary()
        replica = self.server(REDIS, replica_of=primary)
        write(primary, 1, "a")
        self.assert_synced(primary, replica)
        until_written(primary)
        replica.signal(signal.SIGSTOP)
        primary.kill()
        path = os.path.join(primary.folder, segments(primary)[-1])
        os.truncate(path, os.path.getsize(path) - 100)
        self.start_again(primary)
        self.assertGreater(primary("DBSIZE"), 0)
        self.assertIn("torn at its end", primary.log())
        replica.signal(signal.SIGCONT)
        self.assert_synced(primary, replica)  # it is ahead of us: a full resync

    def three_segments(self):
        """A primary that was killed, and its segments."""
        primary = self.primary(repl_backlog_disk_size=8 * MEGABYTE)
        for i in range(5):
            write(primary, 0.5, f"part{i}")
            until_written(primary)
        primary.kill()
        self.assertGreaterEqual(len(segments(primary)), 3)
        return primary, [os.path.join(primary.folder, name) for name in segments(primary)]

    def test_a_bad_place_in_the_middle_counts_as_its_end(self):
        primary, paths = self.three_segments()
        with open(paths[1], "r+b") as file:
            file.seek(os.path.getsize(paths[1]) // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))
        self.start_again(primary)
        self.assertEqual(primary("EXISTS", "part0:0", "part4:500"), 1)
        self.assertGreater(primary("DBSIZE"), 1000)
        self.assertIn("a record's checksum is wrong", primary.log())
        self.assertIn("set aside, because something is missing before it", primary.log())
        primary("SET", "and", "on")
        until_written(primary)
        digest = primary.digest()
        primary.kill()
        self.start_again(primary)
        self.assertEqual(primary.digest(), digest)

    def test_what_cannot_be_read_ends_the_start_and_is_not_touched(self):
        primary, paths = self.three_segments()
        aside = paths[1] + ".aside"
        os.rename(paths[1], aside)
        os.mkdir(paths[1])  # reading it is an error
        before = {name: os.path.getsize(os.path.join(primary.folder, name)) for name in segments(primary)}
        primary.start()
        self.assertEqual(primary.wait_exit(), 1)
        self.assertIn(f"Fatal error reading the on-disk backlog, {paths[1]}: Is a directory. Exiting.", primary.log())
        after = {name: os.path.getsize(os.path.join(primary.folder, name)) for name in segments(primary)}
        self.assertEqual(after, before)
        os.rmdir(paths[1])
        os.rename(aside, paths[1])
        self.start_again(primary)
        self.assertEqual(primary("DBSIZE"), 5 * 512)

    def test_a_database_that_is_gone_ends_the_start(self):
        primary = self.primary()
        primary.connect(db=7).set("in", "seven")
        until_written(primary)
        primary.kill()
        primary.argv += ["--databases", "4"]
        primary.start()
        self.assertEqual(primary.wait_exit(), 1)
        self.assertIn("the stream selects database 7, which does not exist here (databases 4). Exiting.", primary.log())
        primary.argv[-1] = "16"
        self.start_again(primary)
        self.assertEqual(primary.connect(db=7).get("in"), b"seven")

    def test_old_segments_make_room(self):
        primary = self.primary(repl_backlog_disk_size=4 * MEGABYTE)
        write(primary, 12, "a")
        until_written(primary)
        size = sum(os.path.getsize(os.path.join(primary.folder, name)) for name in segments(primary))
        self.assertLess(size, 7 * MEGABYTE)
        figures = primary.info()
        self.assertGreater(figures["repl_backlog_disk_first_byte_offset"], 4 * MEGABYTE)
        self.assertGreater(figures["repl_backlog_disk_histlen"], 2 * MEGABYTE)

    def test_what_no_longer_makes_a_dataset_gets_a_snapshot_file(self):
        """Though there are no save points: a restart has everything."""
        for family in (REDIS, OURS):
            with self.subTest(replica=str(family)):
                primary = self.primary(repl_backlog_disk_size=4 * MEGABYTE)
                replica = self.server(family, replica_of=primary)
                write(primary, 6, "a")
                write(primary, 6, "b")
                self.assert_synced(primary, replica)
                wait_for("a restart could begin", lambda: "Saving..." in primary.log()
                         and primary.info()["repl_backlog_disk_wants_snapshot"] == 0)
                until_written(primary)
                digest = primary.digest()
                primary.kill()
                self.start_again(primary)
                self.assertEqual(primary.digest(), digest)
                self.assert_synced(primary, replica)
                self.assertEqual(resyncs(primary), (0, 1))

    def test_a_replica_keeps_what_a_full_sync_brought(self):
        primary = self.primary()
        write(primary, 2, "a")
        replica = self.server(replica_of=primary, repl_backlog_disk_size=64 * MEGABYTE)
        self.assert_synced(primary, replica)
        write(primary, 1, "b")
        self.assert_synced(primary, replica)
        wait_for("its snapshot file", lambda: replica.info()["repl_backlog_disk_wants_snapshot"] == 0)
        until_written(replica)
        replica.kill()
        write(primary, 1, "c")
        self.start_again(replica)
        self.assert_synced(primary, replica)
        self.assertEqual(resyncs(primary), (1, 1))

    def test_a_failing_disk_is_said_once_and_served_without(self):
        primary = self.primary()
        replica = self.server(REDIS, replica_of=primary)
        write(primary, 1, "a")
        until_written(primary)
        primary.fill_disk()
        write(primary, 1, "b")
        wait_for("INFO says so", lambda: primary.info()["repl_backlog_disk_status"] != "ok")
        self.assert_synced(primary, replica)
        primary.fill_disk(False)
        write(primary, 1, "c")
        wait_for("it is written again", lambda: primary.info()["repl_backlog_disk_status"] == "ok")
        until_written(primary)
        self.assert_synced(primary, replica)
        self.assertEqual(primary.log().count("it is written again"), 1)  # the log could not be written before

    def test_turned_on_and_off(self):
        primary = self.primary(repl_backlog_disk_size=0)
        self.assertNotIn("repl_backlog_disk_size", primary.info())
        replica = self.server(REDIS, replica_of=primary)
        primary("SET", "k", "v")
        self.assert_synced(primary, replica)
        primary("CONFIG", "SET", "repl-backlog-disk-size", "8mb")
        write(primary, 2, "a")
        until_written(primary)
        self.assertEqual(primary.info()["repl_backlog_disk_size"], 8 * MEGABYTE)
        primary("CONFIG", "SET", "repl-backlog-disk-size", "0")
        write(primary, 1, "b")
        self.assert_synced(primary, replica)
        self.assertNotIn("repl_backlog_disk_size", primary.info())
        wait_for("the segments are gone", lambda: not segments(primary))

    def test_turned_off_and_on_again_nothing_old_comes_back(self):
        primary = self.primary()
        write(primary, 3, "a")
        until_written(primary)
        primary("CONFIG", "SET", "repl-backlog-disk-size", "0")
        primary("CONFIG", "SET", "repl-backlog-disk-size", "8mb")
        wait_for("it has begun", lambda: "segments of before removed" in primary.log() and segments(primary))
        write(primary, 1, "b")
        save(primary)
        write(primary, 1, "c")
        until_written(primary)
        digest = primary.digest()
        primary.kill()
        self.start_again(primary)
        self.assertEqual(primary.digest(), digest)
        primary("CONFIG", "SET", "repl-backlog-disk-size", "0")
        wait_for("the segments are gone", lambda: not segments(primary))

    def test_segments_are_ignored_when_it_is_off(self):
        primary = self.primary()
        write(primary, 1, "a")
        until_written(primary)
        primary.kill()
        primary.argv[primary.argv.index("--repl-backlog-disk-size") + 1] = "0"
        self.start_again(primary)
        self.assertEqual(primary("DBSIZE"), 0)
        self.assertIn("segments are ignored", primary.log())
        self.assertTrue(segments(primary))
        primary("CONFIG", "SET", "repl-backlog-disk-size", "8mb")
        wait_for("it has begun", lambda: "1 segments of before removed" in primary.log() and segments(primary))
        primary("SET", "only", "this")
        until_written(primary)
        primary.kill()
        primary.argv[primary.argv.index("--repl-backlog-disk-size") + 1] = "8mb"
        self.start_again(primary)
        self.assertEqual(primary("KEYS", "*"), ["only"])

    def test_it_moves_with_the_directory(self):
        primary = self.primary(enable_protected_configs="yes")
        write(primary, 1, "a")
        until_written(primary)
        folder = os.path.join(primary.folder, "elsewhere")
        os.mkdir(folder)
        primary("CONFIG", "SET", "dir", folder)
        write(primary, 1, "b")
        wait_for("it is written there", lambda: any(name.endswith(".seg") for name in os.listdir(folder)))
        until_written(primary)
        wait_for("a snapshot file is there", lambda: primary.info()["repl_backlog_disk_wants_snapshot"] == 0)
        self.assertEqual(segments(primary), [])
        digest = primary.digest()
        primary.kill()
        primary.argv += ["--dir", folder]
        self.start_again(primary)
        self.assertEqual(primary.digest(), digest)


if __name__ == "__main__":
    main()
