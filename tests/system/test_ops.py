"""The operator's command against real processes: a deployment comes up, survives its drills, and goes away."""

import json
import os
import signal

import redis

from harness import BIN, SystemTest, free_port, main, wait_for

TOPOLOGY = """
name: drilled
group: mymaster
host: 127.0.0.1
quorum: 2
down-after-milliseconds: 1000
failover-timeout-milliseconds: 10000
servers:
  - {{name: server-1, port: {}}}
  - {{name: server-2, port: {}, follows: server-1}}
  - {{name: server-3, port: {}, follows: server-2}}
sentinels:
  - {{name: sentinel-1, port: {}}}
  - {{name: sentinel-2, port: {}}}
  - {{name: sentinel-3, port: {}}}
"""


class Operator(SystemTest):
    def setUp(self):
        self.ports = [free_port() for _ in range(6)]
        self.topology = os.path.join(self.world.folder, "topology.yaml")
        with open(self.topology, "w", encoding="utf-8") as file:
            file.write(TOPOLOGY.format(*self.ports))
        self.quorate("up")
        self.addCleanup(self.quorate, "down", "--purge")

    def quorate(self, command, *arguments, where=None):
        if where is None:
            where = ("--topology", self.topology, "--binaries", BIN) if command in ("up", "drill") else ()
        code, output = self.world.run(os.path.join(BIN, "quorate"), command, *arguments, *where, deadline=120)
        self.assertEqual(code, 0, output)
        return output

    def test_up_status_down(self):
        table = self.quorate("status")
        for port in self.ports:
            self.assertIn(str(port), table)
        code, answer = self.world.run("redis-cli", "-p", str(self.ports[3]), "SENTINEL", "GET-MASTER-ADDR-BY-NAME",
                                      "mymaster")
        self.assertEqual((code, answer.split()), (0, ["127.0.0.1", str(self.ports[0])]))
        self.quorate("down")
        code, answer = self.world.run("redis-cli", "-p", str(self.ports[0]), "PING")
        self.assertIn("refused", answer)

    def test_drills_pass(self):
        for scenario in ("kill-primary", "pause-primary", "switchover", "old-primary-returns",
                         "restart-empty-primary", "restart-primary", "cut-replica"):
            with self.subTest(scenario):
                report, _ = json.JSONDecoder().raw_decode(self.quorate("drill", scenario, "--json"))
                self.assertEqual(report["verdict"], "passed", report)

    def settings(self):
        """What drills set otherwise for a while, of each server."""
        names = ("repl-backlog-size", "repl-backlog-disk-size", "save")
        servers = [redis.Redis("127.0.0.1", port, decode_responses=True) for port in self.ports[:3]]
        return [{name: server.config_get(name)[name] for name in names} for server in servers]

    def test_drills_leave_the_deployment_as_it_was(self):
        before = self.settings()
        for scenario in ("restart-primary", "cut-replica"):
            self.quorate("drill", scenario, where=())
            self.assertEqual(self.settings(), before)
        for node in ("server-1", "server-2", "server-3"):
            folder = os.path.join(self.world.folder, "run", node)
            wait_for("no data is left over",
                     lambda folder=folder: not [name for name in os.listdir(folder) if name.endswith((".rdb", ".seg"))])
            with open(os.path.join(folder, "conf"), encoding="utf-8") as conf:
                self.assertNotIn("save 3600", conf.read())

    def test_an_interrupted_drill_sets_back_what_it_set(self):
        before = self.settings()
        drill = self.world.process("drill", [os.path.join(BIN, "quorate"), "drill", "cut-replica"], self.world.folder)
        wait_for("the drill has set something", lambda: self.settings() != before)
        drill.signal(signal.SIGINT)
        self.assertEqual(drill.wait_exit(), 2, drill.log())
        self.assertEqual(self.settings(), before)
        self.quorate("status")


if __name__ == "__main__":
    main()
