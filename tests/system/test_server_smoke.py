"""One server as a client first meets it: commands of every family over RESP2 and RESP3, restart, signals."""

import os
import signal
import socket

import redis

from harness import OURS, SystemTest, free_port, main, wait_for


class ServerSmoke(SystemTest):
    def test_strings_keys_and_expiry(self):
        node = self.server()
        self.assertTrue(node("SET", "k", "v", "EX", "100"))
        self.assertEqual(node("GET", "k"), "v")
        self.assertIn(node("TTL", "k"), (99, 100))
        self.assertEqual(node("INCRBY", "n", "41"), 41)
        self.assertEqual(node("DBSIZE"), 2)
        self.assertEqual(sorted(node("KEYS", "*")), ["k", "n"])
        self.assertTrue(node("SET", "short", "x", "PX", "30"))
        wait_for("the key expires", lambda: node("EXISTS", "short") == 0)

    def test_databases_are_apart(self):
        node = self.server()
        third = node.connect(db=3)
        third.set("k", "3")
        self.assertIsNone(node("GET", "k"))
        self.assertEqual(node.info("keyspace")["db3"]["keys"], 1)
        node("SWAPDB", "0", "3")
        self.assertEqual(node("GET", "k"), "3")

    def test_transaction_and_watch(self):
        node = self.server()
        with node.connect() as one, one.pipeline() as pipe:
            pipe.watch("k")
            node("SET", "k", "changed")
            pipe.multi()
            pipe.set("k", "mine")
            with self.assertRaises(redis.WatchError):
                pipe.execute()
        self.assertEqual(node("GET", "k"), "changed")

    def test_publish_reaches_subscribers(self):
        node = self.server()
        listener = node.connect(decode_responses=True).pubsub()
        listener.psubscribe("news.*")
        wait_for("the subscription", lambda: listener.get_message(timeout=1))
        self.assertEqual(node("PUBLISH", "news.today", "hello"), 1)
        message = wait_for("the message", lambda: listener.get_message(timeout=1))
        self.assertEqual((message["channel"], message["data"]), ("news.today", "hello"))

    def test_resp3_hello_answers_a_map(self):
        node = self.server()
        with socket.create_connection(("127.0.0.1", node.port), timeout=5) as raw:
            raw.sendall(b"HELLO 3\r\n")
            answer = raw.recv(4096)
            self.assertTrue(answer.startswith(b"%7\r\n$6\r\nserver\r\n"), answer)
            self.assertIn(b"$5\r\nproto\r\n:3\r\n", answer)
            raw.sendall(b"GET missing\r\n")
            self.assertEqual(raw.recv(64), b"_\r\n")

    def test_password(self):
        node = self.server(requirepass="secret")
        self.assertTrue(node.connect(password="secret").ping())
        with self.assertRaisesRegex(redis.AuthenticationError, "Authentication required"):
            node.connect().get("k")
        with self.assertRaisesRegex(redis.ResponseError, "WRONGPASS"):
            node.connect(password="wrong").ping()

    def test_unix_socket(self):
        path = os.path.join(self.world.folder, "socket")
        self.server(unixsocket=path)
        self.assertTrue(redis.Redis(unix_socket_path=path).ping())

    def test_port_changes_beside_a_unix_socket(self):
        path = self.world.new_folder("socket") + "/s"
        server = self.server(unixsocket=path)
        local = redis.Redis(unix_socket_path=path)
        port = free_port()
        self.assertTrue(local.config_set("port", port))
        self.assertTrue(redis.Redis("127.0.0.1", port).ping())
        with self.assertRaises(redis.ConnectionError):
            redis.Redis("127.0.0.1", server.port).ping()
        self.assertTrue(local.config_set("port", 0))
        with self.assertRaises(redis.ConnectionError):
            redis.Redis("127.0.0.1", port).ping()
        self.assertTrue(local.config_set("port", server.port))
        self.assertTrue(redis.Redis("127.0.0.1", server.port).ping())
        self.assertTrue(redis.Redis(unix_socket_path=path).ping())

    def test_config_file_in_both_syntaxes(self):
        for name, text in (("a.conf", "port {}\nbind 127.0.0.1\nmaxmemory 100mb\n"),
                           ("b.yaml", "port: {}\nbind: 127.0.0.1\nmaxmemory: 100mb\n")):
            port, path = free_port(), os.path.join(self.world.folder, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.format(port))
            self.world.process(name, [OURS.server, path])
            client = redis.Redis("127.0.0.1", port, decode_responses=True)
            wait_for(f"the server of {name} answers", client.ping)
            self.assertEqual(client.config_get("maxmemory"), {"maxmemory": "104857600"})

    def test_sigterm_and_shutdown_end_with_code_0(self):
        node = self.server()
        node.signal(signal.SIGTERM)
        self.assertEqual(node.wait_exit(), 0)
        node.start()
        node.until_ready()
        with self.assertRaises(redis.ConnectionError):
            node("SHUTDOWN", "NOSAVE")
            node("PING")
        self.assertEqual(node.wait_exit(), 0)


if __name__ == "__main__":
    main()
