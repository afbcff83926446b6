"""A primary, its replicas and the sentinels that watch them, of either family in any mixture."""

import os

import redis

from harness import OURS, REDIS, wait_for

GROUP = "mymaster"
FAILOVER_DEADLINE = 30.0
RETURN_DEADLINE = 60.0  # Redis' sentinel lets an old primary be for 8 s, and asks a downed one's INFO every 10 s


class Deployment:
    """Servers[0] starts as the primary; the others follow it. All sentinels have found each other when it is built."""

    def __init__(self, world, servers=(OURS,) * 3, sentinels=(OURS,) * 3, quorum=2, chain=False, **directives):
        self.world = world
        self.servers = []
        for family in servers:
            above = None if not self.servers else self.servers[-1 if chain else 0]
            self.servers.append(world.server(family, replica_of=above, **directives))
        direct = 1 if chain and len(servers) > 1 else len(servers) - 1
        for replica in self.servers[1:]:
            wait_for(f"{replica.label} is linked", lambda: replica.info()["master_link_status"] == "up")
        # Redis' sentinel pings once a second, and first a second after it adopted a new primary: at 1000 ms it
        # sometimes holds that one for down, and deposes it with what it has acknowledged meanwhile.
        down_after_ms = 2000 if REDIS in sentinels else 1000
        self.sentinels = [self._start_sentinel(family, down_after_ms, quorum) for family in sentinels]
        for sentinel in self.sentinels:
            sentinel.until_ready()
        self.await_acquainted(direct)

    def await_acquainted(self, replicas=None):
        """Every sentinel lists all the others and so many replicas: all, if nothing else is said."""
        others = len(self.sentinels) - 1
        replicas = len(self.servers) - 1 if replicas is None else replicas
        wait_for("all sentinels know each other and the replicas",
                 lambda: all(self._knows(sentinel, others, replicas) for sentinel in self.sentinels))

    @property
    def primary(self):
        return self.servers[0]

    def _start_sentinel(self, family, down_after_ms, quorum):
        return self.world.sentinel(f"sentinel monitor {GROUP} 127.0.0.1 {self.primary.port} {quorum}\n"
                                   f"sentinel down-after-milliseconds {GROUP} {down_after_ms}\n"
                                   f"sentinel failover-timeout {GROUP} 10000\n", family, ready=False)

    def _knows(self, sentinel, others, replicas):
        group = self.group(sentinel)
        return int(group["num-other-sentinels"]) == others and int(group["num-slaves"]) == replicas

    def await_written(self, sentinel):
        """What it knows of the others is on its disk, so that it still knows it after a kill."""
        path = os.path.join(sentinel.folder, "sentinel.conf")
        group = self.group(sentinel)
        known = (int(group["num-other-sentinels"]), int(group["num-slaves"]))

        def written():
            with open(path, encoding="utf-8") as file:
                text = file.read()
            return (text.count("known-sentinel"), text.count("known-replica")) == known
        wait_for(f"what {sentinel.label} knows is on disk", written)

    @staticmethod
    def group(sentinel):
        """SENTINEL MASTER as a dictionary, RESP2's flat array."""
        flat = sentinel.connect(decode_responses=True).execute_command("SENTINEL MASTER", GROUP)
        return flat if isinstance(flat, dict) else dict(zip(flat[::2], flat[1::2]))

    @staticmethod
    def advertised_port(sentinel):
        return int(sentinel("SENTINEL", "GET-MASTER-ADDR-BY-NAME", GROUP)[1])

    def server_at(self, port):
        return next(server for server in self.servers if server.port == port)

    def await_new_primary(self, old, deadline=FAILOVER_DEADLINE):
        """The server that every live sentinel names once it is no longer `old`, and that says so itself."""
        def agreed():
            ports = {self.advertised_port(sentinel) for sentinel in self.sentinels if sentinel.alive()}
            if len(ports) != 1 or ports == {old.port}:
                return None
            server = self.server_at(ports.pop())
            return server if server.info()["role"] == "master" else None
        return wait_for(f"the sentinels agree on another primary than {old.port}", agreed, deadline)

    def await_follows(self, replica, primary, deadline=RETURN_DEADLINE):
        def follows():
            facts = replica.info()
            return (facts["role"] == "slave" and facts["master_port"] == primary.port
                    and facts["master_link_status"] == "up")
        wait_for(f"{replica.label} follows {primary.label}", follows, deadline)

    def failover(self):
        """SENTINEL FAILOVER on the first sentinel that is ready for it."""
        def accepted():
            try:
                return self.sentinels[0]("SENTINEL", "FAILOVER", GROUP)
            except redis.ResponseError as error:
                if "INPROG" in str(error):
                    return False
                raise
        wait_for("SENTINEL FAILOVER is accepted", accepted)


class Events:
    """Everything that one sentinel publishes, as (channel, payload), in order."""

    def __init__(self, sentinel):
        self._pubsub = sentinel.connect(decode_responses=True).pubsub()
        self._pubsub.psubscribe("*")
        wait_for("the subscription", lambda: self._pubsub.get_message(timeout=1))
        self.seen = []

    def read(self):
        while message := self._pubsub.get_message(timeout=0.01):
            if message["type"] == "pmessage":
                self.seen.append((message["channel"], message["data"]))
        return self.seen

    def wait(self, channel, deadline=FAILOVER_DEADLINE):
        """The payload of the first event on the channel."""
        return wait_for(f"event {channel}",
                        lambda: next((data for name, data in self.read() if name == channel), None), deadline)

    def channels(self):
        return [channel for channel, _ in self.read()]
