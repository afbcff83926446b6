"""The same story as writer.mjs, for clients in Python."""

import json
import sys
import threading
import time

PAUSE = 0.002
RETRY_PAUSE = 0.01


class Failed(Exception):
    """A write that was not acknowledged; its text is the kind of failure."""


def write_until_stdin_ends(prefix, set_key):
    stopped = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stopped.set()), daemon=True).start()

    acknowledged, errors, longest_gap, last_at, number = [], {}, 0.0, None, 0
    while not stopped.is_set():
        try:
            set_key(f"{prefix}:{number}", str(number))
            now = time.monotonic()
            if last_at is None:
                print("writing", flush=True)
            else:
                longest_gap = max(longest_gap, now - last_at)
            last_at = now
            acknowledged.append(number)
            time.sleep(PAUSE)
        except Failed as error:
            errors[str(error)] = errors.get(str(error), 0) + 1
            time.sleep(RETRY_PAUSE)
        number += 1
    print(json.dumps({"acknowledged": acknowledged, "errors": errors, "longestGapMs": round(longest_gap * 1000)}))


def read_arguments():
    """<group> <key prefix> <sentinel port>..."""
    group, prefix, *ports = sys.argv[1:]
    return group, prefix, [("127.0.0.1", int(port)) for port in ports]
