"""A chain of three, each node ours or Debian's redis-server, through everything that happens to one: after every step the
three hold the same data at the same offset of the same history, and each has made as many full syncs as it should.

The figures are those of three redis-servers; that chain is one of the eight, so it checks them. In the second part the nodes
of ours keep an on-disk backlog, and each step says which of them save the full syncs that Redis makes.
"""

import itertools
import sys
from concurrent.futures import ThreadPoolExecutor

from door import Door
from harness import OURS, REDIS, SystemTest, World, main, wait_for
from workload import fill

CHAINS = list(itertools.product((OURS, REDIS), repeat=3))
AT_ONCE = 4
BACKLOG = 64 << 10
DISK = 64 << 20


def save(node):
    """SAVE, when the process that sent the last full sync has gone: until then redis-server refuses it."""
    wait_for("no child is saving", lambda: node.info("persistence")["rdb_bgsave_in_progress"] == 0)
    node("SAVE")


class Chain:
    """first <- second <- third, each behind a door of its own."""

    def __init__(self, world, families):
        self.families = families
        self.name = " <- ".join(map(str, families))
        self.nodes, self.doors = [], {}
        above = None
        for family in families:
            node = world.server(family, replica_of=above, repl_backlog_size=BACKLOG,
                                repl_ping_replica_period=3600)
            above = self.doors[node] = Door(node.port)
            self.nodes.append(node)
            if node is not self.nodes[0]:
                wait_for(f"{node.label} is linked", lambda: node.info()["master_link_status"] == "up")
        self.first, self.second, self.third = self.nodes
        self._counted = [0, 0, 0]
        self._filled = 0

    def write(self, node, count=30):
        """Commands of all kinds, some 10 KB of stream."""
        self._filled += 1
        with node.connect(db=9) as ninth:
            ninth.append("between", "x")  # here the stream stood before, and no SELECT is sent again
        fill(node, count, prefix=f"fill{self._filled}")
        node("INCRBYFLOAT", "float", "0.1")
        node("SET", "binary", bytes(range(256)))
        with node.client.pipeline() as pipe:
            pipe.incr("counter").append("log", "x" * self._filled).execute()
        node("COPY", "counter", f"copy{self._filled}", "DB", "7")
        with node.connect(db=9) as ninth:
            ninth.append("between", "y")

    def write_much(self, node):
        """More than the backlogs in memory hold, and what Redis keeps beyond their size in its last blocks."""
        for _ in range(8):
            self.write(node, 200)

    def follow(self, node, above):
        node("REPLICAOF", "127.0.0.1", str(self.doors[above].port))

    def full_syncs(self):
        """How many each node has made since this was last asked; a node that was started again counts from 0."""
        now = [node.info("stats")["sync_full"] for node in self.nodes]
        made = tuple(after - before for after, before in zip(now, self._counted))
        self._counted = now
        return made

    def settle(self):
        """Waits until all are linked and equal."""
        def positions():
            facts = [node.info() for node in self.nodes]
            linked = sum(fact.get("master_link_status") == "up" for fact in facts)
            where = {(fact["master_replid"], fact["master_repl_offset"]) for fact in facts}
            return linked == 2 and len(where) == 1

        wait_for(f"{self.name}: linked, at one offset of one history", positions)
        wait_for(f"{self.name}: the same data", lambda: len({node.digest() for node in self.nodes}) == 1)

    def stop_and_start(self, node):
        """SHUTDOWN SAVE, then a start from the file."""
        node.connect().shutdown(save=True)
        node.wait_exit()
        self.begin(node)

    def kill_and_start(self, node):
        node.kill()
        self.begin(node)

    def begin(self, node):
        node.start()
        wait_for(f"{node.label} has loaded", lambda: node.info("persistence")["loading"] == 0)
        self._counted[self.nodes.index(node)] = 0

    def kill_and_start_second(self):
        """The third is let in when the second has caught up: until then it would be ahead of it."""
        self.doors[self.second].close()
        self.kill_and_start(self.second)
        wait_for("the second is back", lambda: self.second.info()["master_link_status"] == "up" and
                 self.second.info()["master_repl_offset"] == self.first.info()["master_repl_offset"])
        self.doors[self.second].open()

    def keep_on_disk(self):
        """From now on the nodes of ours keep an on-disk backlog, restarted or not."""
        for node in self.nodes:
            if node.family is OURS:
                node("CONFIG", "SET", "repl-backlog-disk-size", str(DISK))
                node.argv += ["--repl-backlog-disk-size", str(DISK)]

    def save_then_write_much(self):
        """The files of all three are older than the backlogs in memory reach back."""
        for node in self.nodes:
            save(node)
        self.write_much(self.first)
        self.settle()
        for node in self.nodes:
            if node.family is OURS:
                wait_for("all is on disk", lambda: node.info()["repl_backlog_disk_written_offset"] ==
                         node.info()["master_repl_offset"])


# What happens to a chain: each is a step, and leaves first <- second <- third unless it says otherwise.

def nothing(chain):
    pass


def stream(chain):
    chain.write(chain.first)


def cut_above(chain, write=Chain.write):
    chain.doors[chain.first].close()
    write(chain, chain.first)
    chain.doors[chain.first].open()


def cut_below(chain, write=Chain.write):
    chain.doors[chain.second].close()
    write(chain, chain.first)
    chain.doors[chain.second].open()


def cut_both(chain):
    chain.doors[chain.first].close()
    chain.doors[chain.second].close()
    chain.write(chain.first)
    chain.doors[chain.second].open()
    chain.doors[chain.first].open()


def second_takes_over(chain, lost=nothing):
    """Ends with first -> second <- third."""
    chain.second("REPLICAOF", "NO", "ONE")
    lost(chain)
    chain.write(chain.second)
    chain.follow(chain.first, chain.second)


def second_steps_down(chain, lost=nothing):
    chain.first("REPLICAOF", "NO", "ONE")
    lost(chain)
    chain.write(chain.first)
    chain.follow(chain.second, chain.first)


def first_writes_to_itself(chain):
    chain.first("SET", "lost", "by the first")


def second_writes_to_itself(chain):
    chain.second("SET", "lost", "by the second")


def stop_and_start(which):
    return lambda chain: chain.stop_and_start(chain.nodes[which])


def third_moves_up(chain):
    """Ends with second -> first <- third."""
    chain.follow(chain.third, chain.first)
    chain.write(chain.first)


def third_moves_back(chain):
    chain.follow(chain.third, chain.second)
    chain.write(chain.first)


def kill_third_soon_after_save(chain):
    save(chain.third)
    chain.write(chain.first)
    chain.settle()
    chain.third.kill()
    chain.write(chain.first)
    chain.begin(chain.third)


def kill_second_soon_after_save(chain):
    save(chain.second)
    chain.write(chain.first)
    chain.settle()
    chain.kill_and_start_second()


def first_fails_and_returns(chain):
    """Ends with first -> second <- third; the first begins as a replica, from its file."""
    save(chain.first)
    chain.first.kill()
    chain.second("REPLICAOF", "NO", "ONE")
    chain.write(chain.second)
    plain = chain.first.argv
    chain.first.argv = plain + ["--replicaof", "127.0.0.1", str(chain.doors[chain.second].port)]
    chain.begin(chain.first)
    chain.first.argv = plain


def first_fails_and_returns_as_a_primary(chain):
    """Until it is told whom to follow: it has begun a history of its own then."""
    save(chain.first)
    chain.first.kill()
    chain.second("REPLICAOF", "NO", "ONE")
    chain.write(chain.second)
    chain.begin(chain.first)
    chain.follow(chain.first, chain.second)


def cut_above_for_long(chain):
    cut_above(chain, Chain.write_much)


def cut_below_for_long(chain):
    cut_below(chain, Chain.write_much)


def kill_third(chain):
    chain.save_then_write_much()
    chain.kill_and_start(chain.third)


def kill_second(chain):
    chain.save_then_write_much()
    chain.kill_and_start_second()


def kill_first(chain):
    chain.save_then_write_much()
    digest = chain.first.digest()
    chain.kill_and_start(chain.first)
    if chain.first.digest() != digest:
        raise AssertionError(f"{chain.name}: the first lost what it had written")


# The step, and the full syncs that three redis-servers make in it.
STEPS = [
    ("all full syncs are made", nothing, (1, 1, 0)),
    ("writes", stream, (0, 0, 0)),
    ("the upper link is cut", cut_above, (0, 0, 0)),
    ("the lower link is cut", cut_below, (0, 0, 0)),
    ("both links are cut", cut_both, (0, 0, 0)),
    ("the second takes over", second_takes_over, (0, 0, 0)),
    ("the second steps down", second_steps_down, (0, 0, 0)),
    ("the third restarts", stop_and_start(2), (0, 0, 0)),
    ("the second restarts", stop_and_start(1), (0, 0, 0)),
    ("the first restarts", stop_and_start(0), (0, 0, 0)),
    ("the second takes over, the first has more",
     lambda chain: second_takes_over(chain, first_writes_to_itself), (0, 1, 0)),
    ("the second steps down again", second_steps_down, (0, 0, 0)),
    ("the second takes over again", second_takes_over, (0, 0, 0)),
    ("the second steps down, and has more",
     lambda chain: second_steps_down(chain, second_writes_to_itself), (1, 1, 0)),
    ("the third follows the first", third_moves_up, (0, 0, 0)),
    ("the third follows the second", third_moves_back, (0, 0, 0)),
    ("the third is killed soon after a save", kill_third_soon_after_save, (0, 0, 0)),
    ("the second is killed soon after a save", kill_second_soon_after_save, (0, 0, 0)),
    ("the first fails and returns", first_fails_and_returns, (0, 0, 0)),
    ("the second steps down a third time", second_steps_down, (0, 0, 0)),
    ("the first fails and returns as a primary", first_fails_and_returns_as_a_primary, (0, 1, 0)),
    ("the second steps down a fourth time", second_steps_down, (0, 0, 0)),
]

# The same with an on-disk backlog on the nodes of ours: those that make all full syncs of the step needless, each by itself.
DISK_STEPS = [
    ("the upper link is cut for long", cut_above_for_long, (1, 1, 0), {0}),
    ("the lower link is cut for long", cut_below_for_long, (0, 1, 0), {1}),
    ("the third is killed", kill_third, (0, 1, 0), {1, 2}),
    ("the second is killed", kill_second, (1, 0, 0), {0, 1}),
    ("the third restarts", stop_and_start(2), (0, 0, 0), set()),
    ("the second restarts", stop_and_start(1), (0, 0, 0), set()),
    ("the first restarts", stop_and_start(0), (0, 0, 0), set()),
]
# A first of Redis would come back with less than the others have, and they would lose it too.
DISK_STEP_OF_OURS = ("the first is killed", kill_first, (0, 0, 0), set())


def steps_of(families):
    ours = {place for place, family in enumerate(families) if family is OURS}
    steps = list(STEPS)
    if ours:
        steps.append(("an on-disk backlog", Chain.keep_on_disk, (0, 0, 0)))
    for name, step, redis_makes, better in DISK_STEPS + [DISK_STEP_OF_OURS] * (0 in ours):
        steps.append((name, step, (0, 0, 0) if better & ours else redis_makes))
    return steps


class InteropChains(SystemTest):
    def test_every_chain_of_three(self):
        with ThreadPoolExecutor(AT_ONCE) as pool:
            runs = {families: pool.submit(self.go_through, families) for families in CHAINS}
            for families, run in runs.items():
                with self.subTest(" <- ".join(map(str, families))):
                    run.result()

    def go_through(self, families):
        world = World()
        try:
            chain = Chain(world, families)
            for name, step, expected in steps_of(families):
                self.take(chain, name, step, expected)
        except BaseException:
            world.show_logs(sys.stderr)
            raise
        finally:
            world.stop()
            world.remove()

    def take(self, chain, name, step, expected):
        try:
            step(chain)
            chain.settle()
        except Exception as error:
            raise AssertionError(f"{chain.name}: {name}") from error
        self.assertEqual(chain.full_syncs(), expected, f"{chain.name}: {name}: full syncs of first, second, third")


if __name__ == "__main__":
    main()
