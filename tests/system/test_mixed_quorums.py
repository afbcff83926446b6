"""Sentinels of both families in one quorum, over servers of either: one story each, with real clients that keep writing."""

import time

from deployment import GROUP, Deployment
from harness import OURS, REDIS, SystemTest, main, wait_for
from writers import await_everyone_writes_to, start_writers


class Story:
    """A primary is killed and comes back, the role is moved on request, and every sentinel is RESET."""

    def test_one_primary_after_each_and_the_clients_go_on(self):
        deployment = Deployment(self.world, servers=self.servers, sentinels=self.sentinels)
        for server, family in zip(deployment.servers, self.servers):
            if family is OURS:  # there is no lease where a stock sentinel votes
                server("CONFIG", "SET", "primary-lease", "1000")
        writers = start_writers(self, deployment)
        first = deployment.primary
        await_everyone_writes_to(self, writers, first)

        first.kill()
        second = deployment.await_new_primary(first)
        await_everyone_writes_to(self, writers, second)
        first.restart()
        for server in deployment.servers:
            if server is not second:
                deployment.await_follows(server, second)

        wait_for("SENTINEL FAILOVER is accepted", lambda: self.ordered(deployment))
        third = deployment.await_new_primary(second)
        await_everyone_writes_to(self, writers, third)
        for server in deployment.servers:
            if server is not third:
                deployment.await_follows(server, third)

        for sentinel in deployment.sentinels:
            self.assertEqual(sentinel("SENTINEL", "RESET", GROUP), 1)
        deployment.await_acquainted()
        self.assertEqual({deployment.advertised_port(sentinel) for sentinel in deployment.sentinels}, {third.port})
        await_everyone_writes_to(self, writers, third)
        for writer in writers:
            self.assertGreater(len(writer.verdict()["acknowledged"]), 0)
        self.assert_synced(third, *(server for server in deployment.servers if server is not third))

    def ordered(self, deployment):
        """Whichever sentinel takes the order: who saw the last failover may still be waiting."""
        for sentinel in deployment.sentinels:
            try:
                return sentinel("SENTINEL", "FAILOVER", GROUP)
            except Exception as error:  # noqa: BLE001 - INPROG, NOGOODSLAVE: not yet
                self.assertRegex(str(error), "INPROG|NOGOODSLAVE")
        time.sleep(0.2)
        return False


class OurMajorityOverOurs(Story, SystemTest):
    sentinels = (OURS, OURS, REDIS)
    servers = (OURS,) * 3


class OurMajorityOverRedis(Story, SystemTest):
    sentinels = (OURS, REDIS, OURS)
    servers = (REDIS,) * 3


class OurMajorityOverBoth(Story, SystemTest):
    sentinels = (REDIS, OURS, OURS)
    servers = (OURS, REDIS, OURS)


class RedisMajorityOverOurs(Story, SystemTest):
    sentinels = (REDIS, OURS, REDIS)
    servers = (OURS,) * 3


class RedisMajorityOverRedis(Story, SystemTest):
    sentinels = (OURS, REDIS, REDIS)
    servers = (REDIS,) * 3


class RedisMajorityOverBoth(Story, SystemTest):
    sentinels = (REDIS, REDIS, OURS)
    servers = (REDIS, OURS, REDIS)


if __name__ == "__main__":
    main()
