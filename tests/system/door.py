"""A TCP relay in front of a server, so that a test can cut the links that go through it and hold them cut."""

import socket
import threading


class Door:
    """Relays connections to `target` on loopback while it is open; close() cuts them and turns new ones away."""

    def __init__(self, target):
        self._target = target
        self._lock = threading.Lock()
        self._open, self._pairs = True, []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        with self._lock:
            self._open = False
            pairs, self._pairs = self._pairs, []
        for pair in pairs:
            _cut(pair)

    def open(self):
        with self._lock:
            self._open = True

    def remove(self):
        self.close()
        _cut([self._listener])

    def _accept(self):
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return  # removed
            try:
                pair = near, socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                near.close()  # the server is not there
                continue
            with self._lock:
                if self._open:
                    self._pairs.append(pair)
                    for source, sink in (pair, pair[::-1]):
                        threading.Thread(target=_relay, args=(source, sink, pair), daemon=True).start()
                    continue
            _cut(pair)


def _relay(source, sink, pair):
    try:
        while data := source.recv(65536):
            sink.sendall(data)
    except OSError:
        pass  # cut
    _cut(pair)


def _cut(sockets):
    for one in sockets:
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # the other end was first
        one.close()
