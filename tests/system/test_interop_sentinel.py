"""Sentinels and servers of both families together: who dies, who is elected, who comes back."""

import signal
import time

from deployment import GROUP, Deployment, Events
from harness import OURS, REDIS, SystemTest, main, wait_for
from workload import fill


class Failovers:
    """The same story for each mixture of sentinels and servers."""

    sentinels = (OURS,) * 3
    servers = (OURS,) * 3

    def deploy(self, **options):
        return Deployment(self.world, servers=self.servers, sentinels=self.sentinels, **options)

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
        self.assertIn("+convert-to-slave" if "+convert-to-slave" in events.channels() else "-sdown", events.channels())

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
        story = [channel for channel in events.channels()
                 if channel in ("+new-epoch", "+elected-leader", "+selected-slave", "+promoted-slave",
                                "+failover-end", "+switch-master")]
        self.assertEqual(story, ["+new-epoch", "+elected-leader", "+selected-slave", "+promoted-slave", "+failover-end",
                                 "+switch-master"])


class RedisSentinelsOverOurs(Failovers, SystemTest):
    sentinels = (REDIS,) * 3


if __name__ == "__main__":
    main()
