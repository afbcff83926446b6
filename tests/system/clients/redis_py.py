"""redis-py in Sentinel mode."""

import redis
from redis.sentinel import Sentinel

from writer import Failed, read_arguments, write_until_stdin_ends

group, prefix, sentinels = read_arguments()
client = Sentinel(sentinels, socket_timeout=0.5).master_for(group, socket_timeout=0.5)


def set_key(key, value):
    try:
        client.set(key, value)
    except redis.RedisError as error:
        raise Failed(type(error).__name__) from error


write_until_stdin_ends(prefix, set_key)
