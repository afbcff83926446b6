"""What every system test stands on: real processes on loopback ports, each in a folder of its own.

A test owns a World. The World starts servers and sentinels (ours or Redis'), waits for facts by asking until a
deadline, and at the end kills exactly the processes it started and, if the test failed, prints the ends of their logs.

Ours are taken from QUORATE_BIN_DIR (default build/release/bin beside this tree), Redis' from the PATH.
"""

import ctypes
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import redis

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BIN = os.environ.get("QUORATE_BIN_DIR", os.path.join(ROOT, "build", "release", "bin"))
DEADLINE = 20.0  # seconds that a fact may take to become true, unless the test says otherwise
LOG_TAIL = 60  # lines of each log shown after a failure


class Family:
    """A pair of programs that can stand in for each other's."""

    def __init__(self, name, server, sentinel):
        self.name, self.server, self.sentinel = name, server, sentinel

    def __str__(self):
        return self.name


OURS = Family("ours", os.path.join(BIN, "quorate-server"), os.path.join(BIN, "quorate-sentinel"))
REDIS = Family("redis", "redis-server", "redis-sentinel")

_libc = ctypes.CDLL(None)
_taken = set()


def _prepare_child():
    _libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: a killed test leaves nothing behind
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # a file at its size limit is a write error, like a full disk


def free_port():
    """A loopback port nobody listens on, below the range that outgoing connections use."""
    while True:
        port = random.randint(10000, 31000)
        if port in _taken:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _taken.add(port)
        return port


def wait_for(what, predicate, deadline=DEADLINE, every=0.02):
    """Asks until the predicate is true and returns its value; no connection, or loading, counts as not yet."""
    end = time.monotonic() + deadline
    last = None
    while time.monotonic() < end:
        try:
            last = predicate()
            if last:
                return last
        except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
            last = error
        time.sleep(every)
    raise AssertionError(f"not within {deadline} s: {what} (last: {last!r})")


class Process:
    """One started program; its standard output and error are its log."""

    def __init__(self, label, argv, folder):
        self.label, self.argv, self.folder = label, argv, folder
        self.log_path = os.path.join(folder, "log")
        self._popen = None
        self.start()

    def start(self):
        with open(self.log_path, "ab") as log:
            self._popen = subprocess.Popen(self.argv, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log,
                                           stderr=log, preexec_fn=_prepare_child)

    @property
    def pid(self):
        return self._popen.pid

    def alive(self):
        return self._popen.poll() is None

    def wait_exit(self, deadline=DEADLINE):
        """The exit code."""
        return self._popen.wait(deadline)

    def signal(self, number):
        self._popen.send_signal(number)

    def fill_disk(self, full=True):
        """From now on writes to files fail, or succeed again."""
        limit = 0 if full else resource.RLIM_INFINITY
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    def kill(self):
        if self.alive():
            self._popen.kill()
        self._popen.wait()

    def log(self):
        with open(self.log_path, errors="replace") as log:
            return log.read()


class Node(Process):
    """A server or a sentinel that answers on `port`."""

    def __init__(self, label, family, argv, folder, port):
        self.family, self.port = family, port
        self._client = None
        super().__init__(label, argv, folder)

    @property
    def client(self):
        """One text client, reconnecting by itself."""
        if self._client is None:
            self._client = self.connect(decode_responses=True)
        return self._client

    def connect(self, **options):
        options.setdefault("socket_timeout", 10)
        return redis.Redis("127.0.0.1", self.port, **options)

    def __call__(self, *command):
        return self.client.execute_command(*command)

    def info(self, section="replication"):
        return self.client.info(section)

    def until_ready(self):
        def answers():
            if not self.alive():
                raise AssertionError(f"{self.label} ended with code {self.wait_exit()}:\n{self.log()}")
            try:
                return self.client.ping()
            except (redis.AuthenticationError, redis.ResponseError):
                return True  # an answer, too: NOAUTH, or MASTERDOWN of a replica that serves no stale data
        wait_for(f"{self.label} answers PING", answers)
        return self

    def restart(self):
        self.kill()
        self.start()
        return self.until_ready()

    def digest(self):
        return self("DEBUG", "DIGEST")


class World:
    """The processes and folders of one test."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="quorate-system-")
        self.processes = []

    def new_folder(self, label):
        folder = os.path.join(self.folder, f"{len(self.processes)}-{label}")
        os.mkdir(folder)
        return folder

    def process(self, label, argv, folder=None):
        process = Process(label, argv, folder or self.new_folder(label))
        self.processes.append(process)
        return process

    def server(self, family=OURS, *, replica_of=None, port=None, ready=True, **directives):
        """A server without persistence; directives as keywords, underscores for hyphens."""
        port = port or free_port()
        label = f"{family}-server-{port}"
        folder = self.new_folder(label)
        argv = [family.server, "--port", str(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "",
                "--repl-diskless-sync-delay", "0", "--enable-debug-command", "local"]
        if replica_of is not None:
            argv += ["--replicaof", "127.0.0.1", str(replica_of.port)]
        for name, value in directives.items():
            argv += ["--" + name.replace("_", "-"), *str(value).split()]
        node = Node(label, family, argv, folder, port)
        self.processes.append(node)
        return node.until_ready() if ready else node

    def sentinel(self, directives, family=OURS, *, ready=True):
        """A sentinel with these lines in its configuration file."""
        port = free_port()
        label = f"{family}-sentinel-{port}"
        folder = self.new_folder(label)
        path = os.path.join(folder, "sentinel.conf")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"port {port}\nbind 127.0.0.1\ndir {folder}\n{directives}")
        node = Node(label, family, [family.sentinel, path], folder, port)
        self.processes.append(node)
        return node.until_ready() if ready else node

    def run(self, *argv, stdin=None, deadline=60):
        """Runs a tool to its end: (exit code, what it wrote). Text is read as Latin-1, so that any byte passes."""
        done = subprocess.run(argv, cwd=self.folder, input=stdin, capture_output=True, timeout=deadline, check=False,
                              preexec_fn=_prepare_child)
        return done.returncode, (done.stdout + done.stderr).decode("latin-1")

    def stop(self):
        for process in self.processes:
            if process.alive():
                process.signal(signal.SIGCONT)
            process.kill()

    def show_logs(self, out):
        for process in self.processes:
            tail = process.log().splitlines()[-LOG_TAIL:]
            print(f"--- {process.label}: {' '.join(process.argv)}", *tail, sep="\n", file=out)

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class SystemTest(unittest.TestCase):
    """Gives each test its own World and cleans up after it, whatever happened."""

    def run(self, result=None):
        result = result or self.defaultTestResult()
        began = time.monotonic()
        failed_before = len(result.failures) + len(result.errors)
        self.world = World()
        try:
            return super().run(result)
        finally:
            self.world.stop()
            print(f"  {time.monotonic() - began:.1f} s", file=sys.stderr)
            if len(result.failures) + len(result.errors) > failed_before:
                self.world.show_logs(sys.stderr)
            self.world.remove()

    def server(self, family=OURS, **options):
        return self.world.server(family, **options)

    def assert_synced(self, primary, *replicas, deadline=DEADLINE):
        """Every replica is linked, at the primary's offset, and holds the same data."""
        for replica in replicas:
            wait_for(f"{replica.label} is linked", lambda: replica.info()["master_link_status"] == "up", deadline)
            wait_for(f"{replica.label} has the offset of {primary.label}",
                     lambda: replica.info()["slave_repl_offset"] == primary.info()["master_repl_offset"], deadline)
            wait_for(f"{replica.label} holds the data of {primary.label}",
                     lambda: replica.digest() == primary.digest(), deadline)


def main():
    unittest.main(verbosity=2, module="__main__")
