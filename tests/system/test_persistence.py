"""Snapshot files: saved, loaded, exchanged with redis-server, refused when bad; history that survives a restart."""

import os
import shutil
import signal
import threading

import redis

from harness import OURS, REDIS, SystemTest, main, wait_for


def info(node):
    return node.client.info()


def fill(node, count=300):
    for db in (0, 5):
        client = node.connect(db=db)
        for i in range(count):
            client.set(f"key:{i}", "text" * (i % 60), ex=5000 if i % 3 == 0 else None)
            client.set(f"number:{i}", (-7) ** (i % 20))
        client.set(b"bytes\x00\xff\r\n", bytes(range(256)))
        client.close()


def stop(node, number=signal.SIGTERM):
    node.signal(number)
    return node.wait_exit()


class Persistence(SystemTest):
    def start_again(self, node):
        node.start()
        wait_for(f"{node.label} has loaded", lambda: info(node)["loading"] == 0)
        return node

    def test_what_is_saved_is_there_after_a_kill(self):
        node = self.server()
        fill(node)
        self.assertTrue(node("SAVE"))
        digest, keys = node.digest(), node("DBSIZE")
        node("SET", "not", "saved")
        self.assertEqual(info(node)["rdb_changes_since_last_save"], 1)
        node.kill()
        self.start_again(node)
        self.assertEqual((node.digest(), node("DBSIZE")), (digest, keys))
        self.assertEqual(info(node)["rdb_last_load_keys_loaded"], 2 * 601)

    def test_files_go_both_ways(self):
        for writer, reader in ((OURS, REDIS), (REDIS, OURS)):
            with self.subTest(writer=str(writer)):
                source = self.server(writer)
                fill(source)
                source("SAVE")
                target = self.server(reader, ready=False)
                target.kill()
                shutil.copy(os.path.join(source.folder, "dump.rdb"), target.folder)
                self.start_again(target)
                self.assertEqual(target.digest(), source.digest())
                code, output = self.world.run("redis-check-rdb", os.path.join(source.folder, "dump.rdb"))
                self.assertEqual(code, 0, output)

    def test_background_saves(self):
        node = self.server(rdbcompression="no")
        fill(node)
        self.assertTrue(node("BGSAVE"))
        wait_for("the save is done", lambda: info(node)["rdb_bgsave_in_progress"] == 0)
        figures = info(node)
        self.assertEqual((figures["rdb_last_bgsave_status"], figures["rdb_changes_since_last_save"], figures["rdb_saves"]),
                         ("ok", 0, 1))
        self.assertEqual(os.listdir(node.folder).count("dump.rdb"), 1)
        self.assertEqual([name for name in os.listdir(node.folder) if name.startswith("temp-")], [])
        pipe = node.client.pipeline(transaction=True)
        pipe.set("in", "transaction").execute_command("BGSAVE")
        self.assertTrue(pipe.execute()[1])
        wait_for("the scheduled save is done", lambda: info(node)["rdb_saves"] == 2)
        digest = node.digest()
        node.kill()
        self.start_again(node)
        self.assertEqual(node.digest(), digest)

    def test_save_points(self):
        node = self.server()
        node("CONFIG", "SET", "save", "1 3")
        self.assertEqual(node("CONFIG", "GET", "save"), ["save", "1 3"])
        for i in range(5):
            node("SET", f"k{i}", "v")
        wait_for("a save point is reached", lambda: info(node)["rdb_saves"] == 1, 10)
        node("SET", "last", "word")
        self.assertEqual(stop(node), 0)
        self.start_again(node)
        self.assertEqual(node("GET", "last"), "word")
        node("CONFIG", "SET", "save", "3600 1")
        node("FLUSHALL")
        node.kill()
        self.start_again(node)
        self.assertEqual(node("DBSIZE"), 0)

    def test_shutdown_saves_when_told(self):
        node = self.server()
        node("SET", "k", "v")
        self.assertEqual(stop(node), 0)
        self.assertFalse(os.path.exists(os.path.join(node.folder, "dump.rdb")))
        node.start()
        node.until_ready()
        node("SET", "k", "v")
        with self.assertRaises(redis.ConnectionError):
            node("SHUTDOWN", "SAVE")
        self.assertEqual(node.wait_exit(), 0)
        self.start_again(node)
        self.assertEqual(node("GET", "k"), "v")

    def test_bad_files_are_refused_and_untouched(self):
        node = self.server()
        fill(node)
        node("SAVE")
        path = os.path.join(node.folder, "dump.rdb")
        with open(path, "rb") as file:
            good = file.read()
        lists = self.server(REDIS)
        lists("RPUSH", "list", "a")
        lists("SAVE")
        with open(os.path.join(lists.folder, "dump.rdb"), "rb") as file:
            with_list = file.read()
        middle = len(good) // 2
        bad = {
            "truncated at byte": good[:middle],
            "at byte": good[:middle] + bytes([good[middle] ^ 0x55]) + good[middle + 1:],
            "bytes after the end at byte": good + b"more",
            "not an RDB file at byte": b"#!/bin/sh\necho hello\n",
            "RDB version 99 is not supported": b"REDIS0099" + good[9:],
            "is not supported at byte": with_list,
            "is truncated at byte 0": b"",
        }
        node.kill()
        for text, content in bad.items():
            with self.subTest(text):
                with open(path, "wb") as file:
                    file.write(content)
                node.start()
                self.assertEqual(node.wait_exit(), 1)
                line = node.log().splitlines()[-1]
                self.assertIn("Fatal error loading the DB, dump.rdb: ", line)
                self.assertIn(text, line)
                with open(path, "rb") as file:
                    self.assertEqual(file.read(), content)

    def test_writes_stop_when_saving_fails(self):
        node = self.server(enable_protected_configs="local")
        lost = self.world.new_folder("lost")
        node("CONFIG", "SET", "dir", lost, "save", "3600 1")
        os.rmdir(lost)
        node("SET", "k", "v")
        with self.assertRaisesRegex(redis.ResponseError, "^$"):
            node("SAVE")
        with self.assertRaises(redis.ResponseError):
            node("BGSAVE")
        for command in (("SET", "k", "w"), ("PING",)):
            with self.assertRaisesRegex(redis.ResponseError, "MISCONF"):
                node(*command)
        self.assertEqual(node("GET", "k"), "v")
        self.assertEqual(info(node)["rdb_last_bgsave_status"], "err")
        with self.assertRaises(redis.ResponseError):
            node("SHUTDOWN")
        node("CONFIG", "SET", "dir", node.folder)
        self.assertTrue(node("SAVE"))
        self.assertTrue(node("SET", "k", "w"))

    def test_history_survives_the_restart_of_either_side(self):
        for primary_family, replica_family in ((OURS, OURS), (REDIS, OURS), (OURS, REDIS)):
            with self.subTest(primary=str(primary_family), replica=str(replica_family)):
                primary = self.server(primary_family)
                replica = self.server(replica_family, replica_of=primary)
                primary.connect(db=3).set("a", "1")
                self.assert_synced(primary, replica)
                with self.assertRaises(redis.ConnectionError):
                    replica("SHUTDOWN", "SAVE")
                replica.wait_exit()
                primary.connect(db=3).set("b", "2")
                primary.connect(db=3).set("c", "3")
                self.start_again(replica)
                self.assert_synced(primary, replica)
                self.assertEqual((info(primary)["sync_full"], info(primary)["sync_partial_ok"]), (1, 1))
                with self.assertRaises(redis.ConnectionError):
                    primary("SHUTDOWN", "SAVE")
                primary.wait_exit()
                self.start_again(primary)
                self.assert_synced(primary, replica)
                self.assertEqual((info(primary)["sync_full"], info(primary)["sync_partial_ok"]), (0, 1))
                primary.connect(db=3).set("d", "4")
                self.assert_synced(primary, replica)

    def test_a_save_under_load_holds_one_instant(self):
        node = self.server()
        node("DEBUG", "POPULATE", 200000, "key", 50)
        node("SET", "count", 0)
        digest = node.digest()
        # One batch of requests: what follows BGSAVE in it runs before anything was swept.
        batch = node.connect().pipeline(transaction=False)
        batch.execute_command("BGSAVE")
        for i in range(500):
            batch.set(f"key:{i * 397}", "changed").delete(f"key:{i * 397 + 1}").expire(f"key:{i * 397 + 2}", 1000)
        batch.set("mirror", 0)
        self.assertTrue(batch.execute()[0])
        done = threading.Event()

        def write(client):
            round = 0
            while not done.is_set():
                pipe = client.pipeline(transaction=True)
                for i in range(20):
                    pipe.set(f"key:{(round * 977 + i * 131) % 200000}", round)
                pipe.set("count", round).set("mirror", round)
                pipe.execute()
                round += 1

        writer = threading.Thread(target=write, args=(node.connect(),))
        writer.start()
        try:
            wait_for("the save is done", lambda: info(node)["rdb_bgsave_in_progress"] == 0, 30)
        finally:
            done.set()
            writer.join()
        self.assertEqual(info(node)["rdb_last_bgsave_status"], "ok")
        node.kill()
        self.start_again(node)
        self.assertEqual((node("EXISTS", "mirror"), node("DBSIZE"), node.digest()), (0, 200001, digest))


if __name__ == "__main__":
    main()
