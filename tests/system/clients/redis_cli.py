"""redis-cli the way a shell script uses it: ask a sentinel for the address, write there, ask again when that fails."""

import subprocess

from writer import Failed, read_arguments, write_until_stdin_ends

group, prefix, sentinels = read_arguments()
server = None


def cli(address, *arguments):
    done = subprocess.run(["redis-cli", "-h", address[0], "-p", str(address[1]), *arguments], capture_output=True,
                          text=True, timeout=10, check=False)
    return done.stdout.split()


def ask_sentinels():
    for sentinel in sentinels:
        answer = cli(sentinel, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", group)
        if len(answer) == 2:
            return answer
    raise Failed("no-address")


def set_key(key, value):
    global server
    server = server or ask_sentinels()
    answer = cli(server, "SET", key, value)
    if answer != ["OK"]:
        server = None
        raise Failed(answer[0] if answer else "refused")


write_until_stdin_ends(prefix, set_key)
