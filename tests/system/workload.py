"""Data that the tests write."""


def fill(node, count=200, prefix="k", databases=(0, 2, 15)):
    """Strings in several databases, every third with a far expiry."""
    for database in databases:
        with node.connect(db=database) as client, client.pipeline(transaction=False) as pipe:
            for number in range(count):
                pipe.set(f"{prefix}:{number}", f"{database}/{number}" * (number % 7 + 1),
                         ex=1000 + number if number % 3 == 0 else None)
            pipe.execute()
