#!/usr/bin/env python3
"""usage: sentinel_groups.py [--groups N] [--seconds S] [--failing N] [--binaries FOLDER]

What many groups cost a sentinel, ours beside redis-sentinel in one run. A trio of each watches so many groups of a primary and two
replicas, played by this program: it answers PING, INFO, PUBLISH and the orders of a failover, and nothing else. Printed: CPU at rest of
all three sentinels in percent of a core, their memory, and how long the sentinels need to fail over one group and then
so many at once, from the end of down-after to +switch-master at the last of the three.
"""
import argparse
import asyncio
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HOST = '127.0.1.1'
FIRST_PORT = 10000
SENTINEL_PORT = 9001
DOWN_AFTER = 5.0
HELLO = b'__sentinel__:hello'


class Server:
    """One mock server."""

    def __init__(self, port, primary):
        self.port, self.primary, self.links = port, primary, set()
        self.run_id = f'{port:040d}'
        self.subscribers = set()
        self.listener = None

    async def start(self):
        self.listener = await asyncio.get_running_loop().create_server(lambda: Link(self), HOST, self.port, backlog=64)

    def die(self):
        self.listener.close()
        for link in list(self.links):
            link.transport.abort()

    def info(self):
        role = (f'role:slave\r\nmaster_host:{HOST}\r\nmaster_port:{self.primary.port}\r\nmaster_link_status:up\r\n'
                'master_sync_in_progress:0\r\nslave_repl_offset:100\r\nslave_priority:100\r\nreplica_announced:1\r\n'
                if self.primary else 'role:master\r\n')
        replicas = ''.join(f'slave{n}:ip={HOST},port={s.port},state=online,offset=100,lag=0\r\n'
                           for n, s in enumerate(Server.of(self)))
        text = (f'# Server\r\nredis_version:7.0.15\r\nrun_id:{self.run_id}\r\n# Replication\r\n{role}{replicas}'
                f'master_replid:{FIRST_PORT:040d}\r\nmaster_repl_offset:100\r\n').encode()
        return b'$%d\r\n%s\r\n' % (len(text), text)

    all = []

    @staticmethod
    def of(primary):
        group = (primary.port - FIRST_PORT) // 3 * 3
        return [s for s in Server.all[group:group + 3] if s.primary is primary]


class Link(asyncio.Protocol):
    def __init__(self, server):
        self.server, self.buffer, self.queued = server, b'', None

    def connection_made(self, transport):
        self.transport = transport
        self.server.links.add(self)

    def connection_lost(self, error):
        self.server.links.discard(self)
        self.server.subscribers.discard(self)

    def data_received(self, data):
        self.buffer += data
        out = []
        while (request := self.parse()) is not None:
            out.append(self.answer(request))
        if out:
            self.transport.write(b''.join(out))

    def parse(self):
        if not self.buffer.startswith(b'*') or (end := self.buffer.find(b'\r\n')) < 0:
            return None
        count, at, words = int(self.buffer[1:end]), end + 2, []
        for _ in range(count):
            if (end := self.buffer.find(b'\r\n', at)) < 0:
                return None
            size, at = int(self.buffer[at + 1:end]), end + 2
            if len(self.buffer) < at + size + 2:
                return None
            words.append(self.buffer[at:at + size])
            at += size + 2
        self.buffer = self.buffer[at:]
        return words

    def answer(self, words):
        name = words[0].upper()
        if name == b'PING':
            return b'+PONG\r\n'
        if name == b'INFO':
            return self.server.info()
        if name == b'PUBLISH':
            message = b'*3\r\n$7\r\nmessage\r\n$18\r\n%s\r\n$%d\r\n%s\r\n' % (HELLO, len(words[2]), words[2])
            for link in self.server.subscribers:
                link.transport.write(message)
            return b':%d\r\n' % len(self.server.subscribers)
        if name == b'SUBSCRIBE':
            self.server.subscribers.add(self)
            return b'*3\r\n$9\r\nsubscribe\r\n$18\r\n%s\r\n:1\r\n' % HELLO
        if name == b'MULTI':
            self.queued = []
            return b'+OK\r\n'
        if name == b'EXEC':
            queued, self.queued = self.queued, None
            return b'*%d\r\n%s' % (len(queued), b''.join(self.answer(q) for q in queued))
        if self.queued is not None:
            self.queued.append(words)
            return b'+QUEUED\r\n'
        if name in (b'SLAVEOF', b'REPLICAOF'):
            free = words[1].upper() == b'NO'
            self.server.primary = None if free else Server.all[int(words[2]) - FIRST_PORT]
        return b'+OK\r\n'


class Trio:
    def __init__(self, program, groups):
        self.folder = tempfile.mkdtemp(prefix='sentinel-groups-')
        self.processes = []
        for i in range(3):
            path = os.path.join(self.folder, f's{i}.conf')
            with open(path, 'w') as file:
                file.write(f'port {SENTINEL_PORT + i}\nbind 127.0.0.1\nlogfile {self.folder}/s{i}.log\n')
                for g in range(groups):
                    file.write(f'sentinel monitor g{g} {HOST} {FIRST_PORT + 3 * g} 2\n'
                               f'sentinel down-after-milliseconds g{g} {int(DOWN_AFTER * 1000)}\n')
            self.processes.append(subprocess.Popen([*program, path], stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT))

    def log(self, i):
        try:
            with open(f'{self.folder}/s{i}.log', errors='replace') as file:
                return file.read()
        except FileNotFoundError:
            return ''

    def count(self, event):
        return min(self.log(i).count(event) for i in range(3))

    def cpu(self):
        total = 0.0
        for process in self.processes:
            with open(f'/proc/{process.pid}/stat') as file:
                fields = file.read().rsplit(')', 1)[1].split()
            total += (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')
        return total

    def megabytes(self):
        total = 0
        for process in self.processes:
            with open(f'/proc/{process.pid}/statm') as file:
                total += int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')
        return total / 1e6 / 3

    def stop(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


async def until(condition, seconds, what):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit('sentinel_groups: not in time: ' + what)
        await asyncio.sleep(0.1)


async def fail_over(trio, groups):
    """Seconds beyond down-after until every sentinel knows the new primaries."""
    before = trio.count('+switch-master')
    for g in groups:
        Server.all[3 * g].die()
    began = time.monotonic()
    await until(lambda: trio.count('+switch-master') >= before + len(groups), 120, f'failover of {len(groups)} groups')
    return time.monotonic() - began - DOWN_AFTER


async def measure(name, program, arguments):
    Server.all = []
    for g in range(arguments.groups):
        primary = Server(FIRST_PORT + 3 * g, None)
        Server.all += [primary, Server(FIRST_PORT + 3 * g + 1, primary), Server(FIRST_PORT + 3 * g + 2, primary)]
    for server in Server.all:
        await server.start()
    trio = Trio(program, arguments.groups)
    try:
        await until(lambda: trio.count('+sentinel sentinel') >= 2 * arguments.groups and
                    trio.count('+slave slave') >= 2 * arguments.groups, 120, 'discovery')
        await asyncio.sleep(15)
        before, began = trio.cpu(), time.monotonic()
        await asyncio.sleep(arguments.seconds)
        cpu = 100 * (trio.cpu() - before) / (time.monotonic() - began)
        memory = trio.megabytes()
        one = await fail_over(trio, [0])
        await asyncio.sleep(3)
        many = await fail_over(trio, range(1, 1 + arguments.failing))
    finally:
        trio.stop()
        for server in Server.all:
            server.die()
    print(f'{name:16} CPU at rest {cpu:6.1f} %   memory of one {memory:6.1f} MB   failover of 1: {one:5.2f} s   '
          f'of {arguments.failing}: {many:5.2f} s', flush=True)
    return cpu


async def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('--groups', type=int, default=500)
    parser.add_argument('--seconds', type=float, default=30)
    parser.add_argument('--failing', type=int, default=50)
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser.add_argument('--binaries', default=os.path.join(top, 'build', 'release', 'bin'))
    arguments = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    theirs = await measure('redis-sentinel', ['redis-sentinel'], arguments)
    ours = await measure('quorate-sentinel', [os.path.join(arguments.binaries, 'quorate-sentinel')], arguments)
    print(f'CPU at rest: {ours / theirs:.2f}x')


asyncio.run(main())
