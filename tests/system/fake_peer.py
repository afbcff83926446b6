"""A server that lies: it answers each request with what the test tells it to, byte for byte."""

import socket
import socketserver
import threading

from harness import free_port


def read_request(stream):
    """One RESP array or inline request as a list of bytes; None at the end of the stream."""
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
        peer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                peer._open.add(self.request)
                try:
                    while words := read_request(self.rfile):
                        peer.requests.append(words)
                        reply = answer(words)
                        if reply is None:
                            return
                        self.wfile.write(reply)
                except (OSError, ValueError):
                    pass
                finally:
                    peer._open.discard(self.request)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self._server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def send_to_all(self, data):
        for connection in list(self._open):
            connection.sendall(data)

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
