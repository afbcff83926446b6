"""What operators ask of sentinels of ours beyond Redis': history, veto, anti-flapping, propagated settings - with real
processes, files and scripts."""

import json
import os
import time

import redis

from deployment import GROUP, Deployment
from harness import SystemTest, main, wait_for


def fields(flat):
    """A map of RESP2, or of RESP3."""
    return flat if isinstance(flat, dict) else dict(zip(flat[::2], flat[1::2]))


class Operators(SystemTest):
    def deploy(self, **directives):
        return Deployment(self.world, **directives)

    def history(self, sentinel, count=10):
        client = sentinel.connect(decode_responses=True)
        return [fields(entry) for entry in client.execute_command("SENTINEL", "HISTORY", GROUP, count)]

    def set_everywhere(self, deployment, *options):
        self.assertTrue(deployment.sentinels[0]("SENTINEL", "SET", GROUP, *options, "PROPAGATE"))
        name, value = options[0], options[1]
        wait_for(f"{name} is {value} at all", lambda: all(
            f"sentinel {name} {GROUP} {value}\n" in self.configuration(sentinel) for sentinel in deployment.sentinels))

    @staticmethod
    def configuration(sentinel):
        with open(os.path.join(sentinel.folder, "sentinel.conf"), encoding="utf-8") as file:
            return file.read()

    def script(self, body):
        path = os.path.join(self.world.new_folder("script"), "ask.sh")
        with open(path, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\n" + body)
        os.chmod(path, 0o755)
        return path

    def test_history_tells_of_a_kill_and_of_a_switchover_and_outlives_the_process(self):
        deployment = self.deploy()
        old = deployment.primary
        old.kill()
        new = deployment.await_new_primary(old)
        wait_for("a leader says that it is done",
                 lambda: any(self.history(s)[0]["outcome"] == "done" for s in deployment.sentinels))
        leader = next(s for s in deployment.sentinels if self.history(s)[0]["role"] == "leader")
        entry = self.history(leader)[0]
        self.assertEqual(entry["cause"], "silence")
        self.assertEqual((entry["from"], entry["to"]), (f"127.0.0.1:{old.port}", f"127.0.0.1:{new.port}"))
        self.assertEqual(entry["leader"], leader("SENTINEL", "MYID"))
        self.assertGreaterEqual(len(entry["votes"]), 2)
        phases = fields(entry["phases"])
        self.assertEqual(list(phases), ["election", "selection", "promotion", "commit", "reconfiguration"])
        self.assertLessEqual(sum(list(phases.values())[:4]), entry["milliseconds"])
        for sentinel in deployment.sentinels:
            if sentinel is not leader:
                self.assertEqual(self.history(sentinel)[0]["outcome"], "observed")
                self.assertEqual(self.history(sentinel)[0]["epoch"], entry["epoch"])
        old.restart()
        deployment.await_follows(old, new)
        deployment.await_acquainted()
        self.assertTrue(leader("SENTINEL", "SWITCHOVER", GROUP))
        entry = self.history(leader, 1)[0]
        self.assertEqual((entry["cause"], entry["bytes-at-risk"]), ("order", 0))
        path = os.path.join(leader.folder, "sentinel.conf.history")
        wait_for("it is on disk", lambda: os.path.exists(path) and len(open(path, encoding="utf-8").readlines()) == 2)
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o600)
        self.assertEqual(json.loads(open(path, encoding="utf-8").readlines()[0])["cause"], "silence")
        before = self.history(leader)
        leader.kill()
        leader.restart()
        leader.until_ready()
        self.assertEqual(self.history(leader), before)

    def test_a_script_may_veto_or_hang(self):
        deployment = self.deploy()
        folder = self.world.new_folder("asked")
        script = self.script(f'echo "$@" >> {folder}/asked\n[ -e {folder}/allow ]\n')
        for sentinel in deployment.sentinels:
            with self.assertRaisesRegex(redis.ResponseError, "denied for security reasons"):
                sentinel("SENTINEL", "SET", GROUP, "pre-failover-script", script)
            sentinel.kill()
            with open(os.path.join(sentinel.folder, "sentinel.conf"), "a", encoding="utf-8") as file:
                file.write(f"sentinel pre-failover-script {GROUP} {script}\n")
            sentinel.restart()
        for sentinel in deployment.sentinels:
            sentinel.until_ready()
        deployment.await_acquainted()
        old = deployment.primary
        old.kill()
        wait_for("all were asked", lambda: os.path.exists(f"{folder}/asked") and
                 len(open(f"{folder}/asked", encoding="utf-8").readlines()) >= 3)
        asked = open(f"{folder}/asked", encoding="utf-8").readline().split()
        self.assertEqual(asked[:4], [GROUP, "127.0.0.1", str(old.port), "127.0.0.1"])
        self.assertIn(int(asked[4]), [server.port for server in deployment.servers[1:]])
        time.sleep(2)
        self.assertEqual(deployment.advertised_port(deployment.sentinels[0]), old.port)
        open(f"{folder}/allow", "w", encoding="utf-8").close()
        deployment.await_new_primary(old)

    def test_propagated_settings_reach_who_was_away(self):
        deployment = self.deploy()
        away = deployment.sentinels[2]
        away.kill()
        self.assertTrue(deployment.sentinels[0]("SENTINEL", "SET", GROUP, "parallel-syncs", "7", "quorum", "2", "PROPAGATE"))
        away.restart()
        away.until_ready()
        wait_for("it has been told", lambda: int(deployment.group(away)["parallel-syncs"]) == 7)
        wait_for("it is on its disk", lambda: "sentinel parallel-syncs mymaster 7\n" in self.configuration(away))

    def test_flapping_is_paused_until_acknowledged(self):
        deployment = self.deploy()
        self.set_everywhere(deployment, "flap-limit", "1", "flap-window", "600000")
        old = deployment.primary
        old.kill()
        new = deployment.await_new_primary(old)
        for sentinel in deployment.sentinels:
            wait_for("it is paused", lambda s=sentinel: "flapping" in str(s.info("sentinel")))
        new.kill()
        time.sleep(4)
        self.assertEqual(deployment.advertised_port(deployment.sentinels[1]), new.port)
        self.assertTrue(deployment.sentinels[1]("SENTINEL", "RESUME", GROUP))
        deployment.await_new_primary(new)

    def test_what_was_voted_is_in_the_journal_when_the_process_dies(self):
        deployment = self.deploy()
        old = deployment.primary
        old.kill()
        new = deployment.await_new_primary(old)
        for sentinel in deployment.sentinels:
            sentinel.kill()  # within a second the state's own file may not have it yet
        for sentinel in deployment.sentinels:
            sentinel.restart()
        for sentinel in deployment.sentinels:
            sentinel.until_ready()
            self.assertEqual(deployment.advertised_port(sentinel), new.port)


if __name__ == "__main__":
    main()
