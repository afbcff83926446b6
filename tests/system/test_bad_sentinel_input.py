"""What must not hurt a sentinel: lying servers and sentinels, broken protocol, a torn state, a bad start."""

import os
import shutil
import socket

from deployment import GROUP, Deployment
from fake_peer import FakePeer, bulk
from harness import OURS, SystemTest, free_port, main, wait_for

RUN_ID = "1" * 40
HONEST_INFO = ("# Server\r\nrun_id:" + RUN_ID + "\r\n# Replication\r\nrole:master\r\nconnected_slaves:0\r\n").encode()
RUBBISH_INFOS = {
    "binary": bytes(range(256)) * 20,
    "empty": b"",
    "no line ends": b"role:master" * 5000,
    "absurd numbers": b"role:slave\r\nmaster_port:99999999999999999999\r\nmaster_host:\r\n"
                      b"slave_priority:-9223372036854775809\r\nslave_repl_offset:1e99\r\n"
                      b"master_link_down_since_seconds:-5\r\nrun_id:short\r\n",
    "absurd replicas": b"role:master\r\n" + b"".join(
        b"slave%d:%s\r\n" % (number, text) for number, text in enumerate(
            (b"", b",,,,", b"ip=,port=,state=", b"ip=127.0.0.1,port=0", b"ip=127.0.0.1,port=70000",
             b"port=1,ip=" + b"x" * 5000, b"ip=not a host,port=5,state=online,offset=x,lag=y",
             b"ip=127.0.0.1,port=-1,state=online"))),
    "role out of the blue": b"role:sentinel\r\nrun_id:" + b"2" * 40 + b"\r\n",
}


class SentinelTest(SystemTest):
    def watch(self, port, quorum=1, extra=""):
        return self.world.sentinel(f"sentinel monitor {GROUP} 127.0.0.1 {port} {quorum}\n"
                                   f"sentinel down-after-milliseconds {GROUP} 1000\n{extra}")


class LyingPeers(SentinelTest):
    def server_that_says(self, info):
        def answer(words):
            command = words[0].upper()
            if command == b"INFO":
                return bulk(info)
            if command == b"PING":
                return b"+PONG\r\n"
            if command == b"SUBSCRIBE":
                return b"*3\r\n$9\r\nsubscribe\r\n" + bulk(words[1]) + b":1\r\n"
            return b"+OK\r\n"
        peer = FakePeer(answer)
        self.addCleanup(peer.close)
        return peer

    def sentinel_that_is(self, identity):
        peer = FakePeer(lambda words: bulk(identity) if words[1:] == [b"MYID"] else b"+OK\r\n")
        self.addCleanup(peer.close)
        return peer

    def test_rubbish_in_info(self):
        for name, info in RUBBISH_INFOS.items():
            with self.subTest(name):
                peer = self.server_that_says(info)
                sentinel = self.watch(peer.port)
                # 0 before the first answer, then the time since the last one.
                wait_for("the sentinel has read it", lambda: int(Deployment.group(sentinel)["info-refresh"]) > 0)
                group = Deployment.group(sentinel)
                self.assertEqual(int(group["port"]), peer.port)
                self.assertEqual(int(group["num-slaves"]), 0, sentinel("SENTINEL", "REPLICAS", GROUP))
                self.assertTrue(sentinel.alive())
                sentinel.kill()

    def test_rubbish_in_hello(self):
        peer = self.server_that_says(HONEST_INFO)
        sentinel = self.watch(peer.port)
        wait_for("the sentinel listens", lambda: peer.asked(b"SUBSCRIBE"))
        good_id, other_id = b"3" * 40, b"4" * 40
        other = self.sentinel_that_is(other_id)
        honest_id = 0
        for payload in (b"", b",,,,,,,", b"rubbish", bytes(range(256)), b"x" * 100000,
                        b"127.0.0.1,0," + good_id + b",1,mymaster,127.0.0.1,6379,1",
                        b"127.0.0.1,70000," + good_id + b",1,mymaster,127.0.0.1,6379,1",
                        b"127.0.0.1,5000,short,1,mymaster,127.0.0.1,6379,1",
                        b"127.0.0.1,5000," + good_id + b",-1,mymaster,127.0.0.1,6379,1",
                        b"127.0.0.1,5000," + good_id + b"," + b"9" * 20 + b",mymaster,127.0.0.1,6379," + b"9" * 20,
                        b"127.0.0.1,5000," + good_id + b",1,nosuchgroup,127.0.0.1,6379,1",
                        b"127.0.0.1,5000," + good_id + b",1,mymaster,,,1",
                        # Well-formed, but of nobody, of a server, of another sentinel.
                        b"127.0.0.1,%d,%s,9,mymaster,127.0.0.1,6379,9" % (free_port(), good_id),
                        b"127.0.0.1,%d,%s,9,mymaster,127.0.0.1,6379,9" % (peer.port, good_id),
                        b"127.0.0.1,%d,%s,9,mymaster,127.0.0.1,6379,9" % (other.port, good_id),
                        b"127.0.0.1,5000," + good_id + b",1,mymaster,127.0.0.1,6379,1,and,more"):
            with self.subTest(payload[:60]):
                honest_id += 1  # what is published after the rubbish is read after it
                identity = b"%040x" % honest_id
                honest = b"127.0.0.1,%d,%s,1,mymaster,127.0.0.1,%d,0" % (
                    self.sentinel_that_is(identity).port, identity, peer.port)
                self.assertEqual(peer.publish(b"__sentinel__:hello", payload), 1)
                self.assertEqual(peer.publish(b"__sentinel__:hello", honest), 1)
                wait_for("the honest one after it is heard",
                         lambda: int(Deployment.group(sentinel)["num-other-sentinels"]) == honest_id)
                group = Deployment.group(sentinel)
                self.assertEqual((int(group["port"]), int(group["config-epoch"])), (peer.port, 0))

    def test_replies_that_break_the_protocol(self):
        for reply in (b"\x00\xff\r\n", b"$99999999999999999999\r\n", b"*99999999\r\n", b"*1\r\n" * 5000, b":\r\n",
                      None):
            with self.subTest(reply=reply and reply[:20]):
                peer = FakePeer(lambda words, reply=reply: reply)
                self.addCleanup(peer.close)
                sentinel = self.watch(peer.port, extra=f"sentinel failover-timeout {GROUP} 3000\n")
                wait_for("the sentinel speaks to it", lambda: peer.requests)
                wait_for("the sentinel holds it for down",
                         lambda: "s_down" in Deployment.group(sentinel)["flags"])
                sentinel.kill()


class Requests(SentinelTest):
    def test_broken_protocol_and_wrong_arguments(self):
        sentinel = self.watch(self.server().port)
        for data, reply in ((b"*1\r\n$x\r\n", b"-ERR Protocol error: invalid bulk length\r\n"),
                            (b"*x\r\n", b"-ERR Protocol error: invalid multibulk length\r\n"),
                            (b"SENTINEL\r\n", b"-ERR wrong number of arguments for 'sentinel' command\r\n"),
                            (b"SENTINEL MASTER\r\n",
                             b"-ERR wrong number of arguments for 'sentinel|master' command\r\n"),
                            (b"SENTINEL MASTER nobody\r\n", b"-ERR No such master with that name\r\n"),
                            (b"SENTINEL GET-MASTER-ADDR-BY-NAME nobody\r\n", b"*-1\r\n"),
                            (b"SENTINEL NOSUCH\r\n", b"-ERR unknown subcommand 'NOSUCH'. Try SENTINEL HELP.\r\n"),
                            (b"GET k\r\n", b"-ERR unknown command 'GET', with args beginning with: 'k' \r\n")):
            with self.subTest(data), socket.create_connection(("127.0.0.1", sentinel.port), timeout=5) as connection:
                connection.sendall(data)
                self.assertEqual(connection.recv(4096), reply)
        self.assertTrue(sentinel("PING"))


class State(SentinelTest):
    def vote(self, sentinel, primary, epoch, candidate):
        """As one of ours that was ordered to fail over: for a primary that is well nobody votes otherwise."""
        return sentinel("SENTINEL", "IS-MASTER-DOWN-BY-ADDR", "127.0.0.1", str(primary.port), str(epoch), candidate,
                        "ORDERED")[1:3]

    def test_a_vote_is_spent_for_ever(self):
        primary = self.server()
        sentinel = self.watch(primary.port)
        first, second = "a" * 40, "b" * 40
        self.assertEqual(self.vote(sentinel, primary, 5, first), [first, 5])
        self.assertEqual(self.vote(sentinel, primary, 9, first), [first, 9])
        self.assertEqual(self.vote(sentinel, primary, 9, second), [first, 9])
        sentinel.restart()
        self.assertNotIn(second, self.vote(sentinel, primary, 9, second))
        self.assertNotIn(second, self.vote(sentinel, primary, 8, second))
        self.assertEqual(self.vote(sentinel, primary, 10, second), [second, 10])

    def test_identity_and_peers_survive_kill_9(self):
        deployment = Deployment(self.world, servers=(OURS,) * 2)
        sentinel = deployment.sentinels[0]
        identity = sentinel("SENTINEL", "MYID")
        deployment.await_written(sentinel)
        sentinel.restart()
        self.assertEqual(sentinel("SENTINEL", "MYID"), identity)
        group = Deployment.group(sentinel)
        self.assertEqual((int(group["num-other-sentinels"]), int(group["num-slaves"])), (2, 1))

    def test_torn_state_stops_the_start(self):
        primary = self.server()
        sentinel = self.watch(primary.port)
        self.vote(sentinel, primary, 7, "a" * 40)
        sentinel.kill()
        path = os.path.join(sentinel.folder, "sentinel.conf")
        with open(path, "rb") as file:
            whole = file.read()
        for name, damage in (("cut in the last line", whole[:-3]),
                             ("last line missing", whole[:whole.rindex(b"\n", 0, -1) + 1]),
                             ("another epoch", whole.replace(b"leader-epoch mymaster 7", b"leader-epoch mymaster 6")),
                             ("zeros at the end", whole[:-40] + b"\0" * 40)):
            with self.subTest(name):
                self.assertNotEqual(damage, whole)
                with open(path, "wb") as file:
                    file.write(damage)
                code, output = self.world.run(*sentinel.argv, deadline=10)
                self.assertEqual(code, 1, output)
                self.assertIn("sentinel.conf", output)
        with open(path, "wb") as file:
            file.write(whole)
        sentinel.restart()
        self.assertEqual(self.vote(sentinel, primary, 8, "b" * 40), ["b" * 40, 8])

    def test_full_disk_refuses_votes_and_keeps_the_state(self):
        primary = self.server()
        sentinel = self.watch(primary.port)
        first, second = "a" * 40, "b" * 40
        self.assertEqual(self.vote(sentinel, primary, 5, first), [first, 5])
        sentinel.fill_disk()
        self.assertEqual(self.vote(sentinel, primary, 6, second), ["*", 0])
        self.assertTrue(sentinel("PING"))
        sentinel.restart()  # the limit went with the process
        self.assertNotIn(second, self.vote(sentinel, primary, 5, second))
        sentinel.fill_disk()
        self.assertEqual(self.vote(sentinel, primary, 7, second), ["*", 0])
        sentinel.fill_disk(False)
        wait_for("votes are given again", lambda: self.vote(sentinel, primary, 8, second) == [second, 8])


class BadStart(SentinelTest):
    def fails(self, text, *reasons):
        path = os.path.join(self.world.folder, "bad.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        code, output = self.world.run(OURS.sentinel, path, deadline=10)
        self.assertEqual(code, 1, output)
        for reason in reasons:
            self.assertIn(reason, output)

    def test_no_configuration_file(self):
        code, output = self.world.run(OURS.sentinel, deadline=10)
        self.assertEqual(code, 1, output)
        self.assertIn("config", output.lower())

    def test_bad_lines_are_named(self):
        port = free_port()
        self.fails(f"port {port}\nsentinel monitor m 127.0.0.1\n", "bad.conf", "line 2")
        self.fails(f"port {port}\nsentinel monitor m 127.0.0.1 6379 0\n", "bad.conf", "line 2")
        self.fails(f"port {port}\nsentinel down-after-milliseconds m 1000\n", "bad.conf", "line 2")
        self.fails(f"port {port}\n\nno-such-directive 1\n", "bad.conf", "line 3", "no-such-directive")

    def test_state_that_cannot_be_written_stops_the_start(self):
        if os.geteuid() == 0:
            program = shutil.copy(OURS.sentinel, self.world.folder)
            as_anybody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            os.chmod(self.world.folder, 0o755)
        else:
            program, as_anybody = OURS.sentinel, []
        folder = os.path.join(self.world.folder, "read-only")
        os.mkdir(folder)
        path = os.path.join(folder, "sentinel.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"port {free_port()}\nbind 127.0.0.1\ndir /tmp\nsentinel monitor m 127.0.0.1 6379 1\n")
        os.chmod(folder, 0o555)
        code, output = self.world.run(*as_anybody, program, path, deadline=10)
        os.chmod(folder, 0o755)
        self.assertEqual(code, 1, output)
        self.assertIn(path, output)
        self.assertIn("ermission denied", output)

    def test_port_in_use(self):
        taken = self.server().port
        self.fails(f"port {taken}\nbind 127.0.0.1\ndir {self.world.folder}\n", str(taken))


if __name__ == "__main__":
    main()
