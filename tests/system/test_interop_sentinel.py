"""Sentinels and servers of both families together: who dies, who is elected, who comes back."""

import signal
import time

from deployment import GROUP, Deployment, Events
from harness import OURS, REDIS, SystemTest, main
from workload import fill


# The events of a planned failover on the sentinel that leads it. Ours publishes the last two the other way round:
# clients need not wait until the last replica is told.
STORY = ["+new-epoch", "+elected-leader", "+selected-slave", "+promoted-slave", "+failover-end", "+switch-master"]


class Failovers:
    """The same story for each mixture of sentinels and servers."""

    sentinels = (OURS,) * 3
    servers = (OURS,) * 3

    def deploy(self):
        return Deployment(self.world, servers=self.servers, sentinels=self.sentinels)

    def assert_equal_data(self, deployment, primary):
        self.assert_synced(primary, *(server for server in deployment.servers if server is not primary))

    def test_killed_primary_is_replaced_and_returns_as_a_replica(self):
        deployment = self.deploy()
        old = deployment.primary
        fill(old, 50)
        events = Events(deployment.sentinels[0])
        self.assertEqual(old("WAIT", "2", "5000"), 2)
        old.kill()
        new = deployment.await_new_primary(old)
        payload = events.wait("+switch-master")
        self.assertEqual(payload, f"{GROUP} 127.0.0.1 {old.port} 127.0.0.1 {new.port}")
        fill(new, 50, prefix="after")
        for server in deployment.servers:
            if server not in (old, new):
                deployment.await_follows(server, new)
        old.start()
        old.until_ready()
        deployment.await_follows(old, new)
        self.assert_equal_data(deployment, new)

    def test_planned_failover(self):
        deployment = self.deploy()
        old = deployment.primary
        fill(old, 50)
        events = Events(deployment.sentinels[0])
        deployment.failover()
        new = deployment.await_new_primary(old)
        for server in deployment.servers:
            if server is not new:
                deployment.await_follows(server, new)
        self.assert_equal_data(deployment, new)
        events.wait("+switch-master")
        events.wait("+failover-end")
        story = [channel for channel in events.channels() if channel in STORY]
        self.assertEqual(story[:4], STORY[:4])
        self.assertEqual(sorted(story[4:]), sorted(STORY[4:]))


class Switchovers:
    """SENTINEL SWITCHOVER is answered when it is done: whoever asks then, anywhere, is told of the new primary."""

    def test_switchover_to_a_named_replica(self):
        deployment = self.deploy()
        old, other, heir = deployment.servers
        fill(old, 50)
        here = "127.0.0.1"
        self.assertTrue(deployment.sentinels[0]("SENTINEL", "SWITCHOVER", GROUP, "TO", here, heir.port))
        for sentinel in deployment.sentinels:
            self.assertEqual(sentinel("SENTINEL", "GET-MASTER-ADDR-BY-NAME", GROUP), [here, str(heir.port)])
        for server in (old, other):
            deployment.await_follows(server, heir)
        self.assert_equal_data(deployment, heir)
        with self.assertRaisesRegex(Exception, "NOGOODSLAVE No such replica"):
            deployment.sentinels[1]("SENTINEL", "SWITCHOVER", GROUP, "TO", here, "1")
        with self.assertRaisesRegex(Exception, "syntax error"):
            deployment.sentinels[1]("SENTINEL", "SWITCHOVER", GROUP, "TO", here)


class RedisSentinelsOverOurs(Failovers, SystemTest):
    sentinels = (REDIS,) * 3


class OurSentinelsOverRedis(Failovers, Switchovers, SystemTest):
    servers = (REDIS,) * 3


class OursOverOurs(Failovers, Switchovers, SystemTest):
    def test_paused_primary_is_replaced_and_gives_up_its_writes(self):
        deployment = self.deploy()
        old = deployment.primary
        fill(old, 50)
        self.assertEqual(old("WAIT", "2", "5000"), 2)
        old.signal(signal.SIGSTOP)
        new = deployment.await_new_primary(old)
        new("SET", "after", "x")
        old.signal(signal.SIGCONT)
        deployment.await_follows(old, new)
        self.assert_equal_data(deployment, new)

    def test_nothing_happens_without_a_majority(self):
        deployment = self.deploy()
        old = deployment.primary
        for sentinel in deployment.sentinels[1:]:
            deployment.await_written(sentinel)
            sentinel.kill()
        events = Events(deployment.sentinels[0])
        old.kill()
        events.wait("+sdown")
        time.sleep(2)
        self.assertNotIn("+switch-master", events.channels())
        self.assertEqual([server.info()["role"] for server in deployment.servers[1:]], ["slave", "slave"])
        deployment.sentinels[1].restart()
        deployment.sentinels[2].restart()
        deployment.await_new_primary(old)


class Chain(SystemTest):
    """A primary, its replica, and a replica of that replica."""

    def test_every_link_of_the_chain_ends_up_below_the_new_primary(self):
        deployment = Deployment(self.world, chain=True)
        first, second, third = deployment.servers
        fill(first, 50)
        self.assert_synced(first, second, third)
        first.kill()
        self.assertIs(deployment.await_new_primary(first), second)
        fill(second, 50, prefix="after")
        self.assert_synced(second, third)
        self.assertEqual(second.info("stats")["sync_full"], 1)
        first.restart()
        deployment.await_follows(first, second)
        self.assert_synced(second, first, third)


class MixedSentinels(Failovers, SystemTest):
    sentinels = (OURS, REDIS, OURS)
    servers = (OURS, REDIS, OURS)


class MixedSentinelsOfRedisMajority(Failovers, SystemTest):
    sentinels = (REDIS, OURS, REDIS)
    servers = (REDIS, OURS, REDIS)


if __name__ == "__main__":
    main()
