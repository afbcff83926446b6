"""maxmemory and what is no data: a snapshot in the making must not drive keys out."""

from harness import SystemTest, main, wait_for

KEYS = 200_000


class Memory(SystemTest):
    def full(self, spare):
        """A server whose keys fill maxmemory but for `spare` bytes."""
        node = self.server(maxmemory_policy="allkeys-random")
        node("DEBUG", "POPULATE", KEYS, "key", 64)
        node("CONFIG", "SET", "maxmemory", node.client.info()["used_memory"] + spare)
        return node

    def write_until(self, node, done):
        """Overwrites keys all over the keyspace, so that nearly every write finds an unswept bucket."""
        pipeline = node.client.pipeline(transaction=False)
        number = 0
        while not done(node.client.info()):
            for _ in range(500):
                number = (number + 7919) % KEYS
                pipeline.set(f"key:{number}", "x" * 64)
            pipeline.execute()

    def test_a_save_evicts_nothing(self):
        node = self.full(spare=3_000_000)
        node("BGSAVE")
        held = []

        def saved(info):
            held.append(info["mem_not_counted_for_evict"])
            return not info["rdb_bgsave_in_progress"]

        self.write_until(node, saved)
        self.assertEqual(node.client.info()["evicted_keys"], 0)
        self.assertEqual(node("DBSIZE"), KEYS)
        self.assertEqual(node.client.info()["rdb_last_bgsave_status"], "ok")
        self.assertGreater(max(held), 0)
        self.assertEqual(node.client.info()["mem_not_counted_for_evict"], 0)

    def test_a_full_sync_evicts_nothing(self):
        node = self.full(spare=4_000_000)
        replica = self.server(replica_of=node, ready=False)
        wait_for("the snapshot is begun", lambda: node.client.info()["rdb_bgsave_in_progress"])
        self.write_until(node, lambda info: info.get("slave0", {}).get("state") == "online")
        self.assertEqual(node.client.info()["evicted_keys"], 0)
        self.assert_synced(node, replica)


if __name__ == "__main__":
    main()
