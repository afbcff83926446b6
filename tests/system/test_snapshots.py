"""Snapshots beside redis-server: what redis-cli takes from ours, what ours refuses; and who is no replica."""

import os

from harness import REDIS, SystemTest, main, wait_for


class Snapshots(SystemTest):
    def test_redis_cli_takes_a_snapshot_that_redis_server_loads(self):
        ours = self.server()
        for db in (0, 9):
            client = ours.connect(db=db)
            for i in range(200):
                client.set(f"key:{i}", "text" * (i % 50), ex=1000 if i % 3 == 0 else None)
                client.set(f"number:{i}", (-3) ** i)
            client.close()
        folder = self.world.new_folder("dump")
        code, output = self.world.run("redis-cli", "-p", str(ours.port), "--rdb", os.path.join(folder, "dump.rdb"))
        self.assertEqual(code, 0, output)
        code, output = self.world.run("redis-check-rdb", os.path.join(folder, "dump.rdb"))
        self.assertEqual(code, 0, output)
        loaded = self.server(REDIS, dir=folder)
        self.assertEqual(loaded.digest(), ours.digest())

    def test_a_type_we_cannot_hold_is_refused_and_the_old_data_stays(self):
        primary = self.server(REDIS)
        primary("RPUSH", "list", "a", "b")
        ours = self.server()
        ours("SET", "old", "data")
        ours("REPLICAOF", "127.0.0.1", str(primary.port))
        wait_for("the refusal is logged", lambda: "is not supported at byte" in ours.log())
        self.assertEqual(ours("GET", "old"), "data")
        self.assertEqual(ours.info()["master_link_status"], "down")
        primary("DEL", "list")
        self.assert_synced(primary, ours)

    def test_an_answer_on_a_replica_link_ends_it(self):
        primary = self.server()
        replica = self.server(replica_of=primary)
        self.assert_synced(primary, replica)
        link = primary.connect()
        connection = link.connection_pool.get_connection("PSYNC")
        connection.send_command("PSYNC", primary.info()["master_replid"], primary.info()["master_repl_offset"] + 1)
        self.assertEqual(connection.read_response(), b"CONTINUE")
        connection.send_command("GET", "k")
        wait_for("the impostor is gone", lambda: primary.info()["connected_slaves"] == 1)


if __name__ == "__main__":
    main()
