"""A server that lies: it answers each request with what the test tells it to, byte for byte."""

import socket
import socketserver
import threading

from harness import free_port


def read_request(stream):
    """One RESP array or inline request as a list of bytes; None at the end of the stream."""
    line = b"\n"
    while line in (b"\n", b"\r\n"):  # a replica that loads says so
        line = stream.readline()
    if not line:
        return None
    if not line.startswith(b"*"):
        return line.split()
    words = []
    for _ in range(int(line[1:])):
        length = int(stream.readline()[1:])
        words.append(stream.read(length + 2)[:-2])
    return words


def bulk(data):
    return b"$%d\r\n%s\r\n" % (len(data), data)


class FakePeer:
    """Listens until closed. `answer(words)` gives the bytes to send, None closes the connection."""

    def __init__(self, answer):
        self.port = free_port()
        self.requests = []
        self._open = set()
        self._subscribers = set()
        peer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                peer._open.add(self.request)
                try:
                    while words := read_request(self.rfile):
                        peer.requests.append(words)
                        if words[0].upper() == b"SUBSCRIBE":
                            peer._subscribers.add(self.request)
                        reply = answer(words)
                        if reply is None:
                            return
                        self.wfile.write(reply)
                except (OSError, ValueError):
                    pass
                finally:
                    peer._open.discard(self.request)
                    peer._subscribers.discard(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def publish(self, channel, payload):
        """To whom it was sent: how many."""
        receivers = list(self._subscribers)
        for connection in receivers:
            connection.sendall(b"*3\r\n$7\r\nmessage\r\n" + bulk(channel) + bulk(payload))
        return len(receivers)

    def push(self, data):
        """To everybody who is connected."""
        for connection in list(self._open):
            connection.sendall(data)

    def cut(self):
        """Every connection; new ones are welcome."""
        for connection in list(self._open):
            connection.shutdown(socket.SHUT_RDWR)

    def asked(self, *words):
        """How often a request began with these words, in any case of letters."""
        wanted = [word.upper() for word in words]
        return sum([word.upper() for word in request[:len(wanted)]] == wanted for request in self.requests)

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
