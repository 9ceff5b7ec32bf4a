"""DUMP and RESTORE between redis-server and the daemon, both ways: move_values.py DAEMON [VALUES].

Random strings, integers and cardinalities, some with a deadline, are made on one server, moved to
the other and compared there; deadlines to within the time it took.
"""
import random
import sys

from servers import server

BATCH = 500


def make(client, source, n):
    """n keys; returns their names."""
    with client.pipeline(transaction=False) as pipe:
        for i in range(n):
            kind = source.randrange(10)
            if kind < 3:
                pipe.set(f"k{i}", source.getrandbits(source.randrange(1, 64)) - (1 << 20))
            elif kind < 4:
                pipe.pfadd(f"k{i}", *[source.random() for _ in range(source.choice([0, 5, 300, 3000]))])
            elif kind < 5:
                pipe.set(f"k{i}", source.choice([b"ab", b"xyz1"]) * source.randrange(2000))
            else:
                pipe.set(f"k{i}", source.randbytes(source.randrange(100)))
            if source.randrange(3) == 0:
                pipe.pexpire(f"k{i}", source.randrange(10**6, 10**12))
            if len(pipe) >= BATCH:
                pipe.execute()
        pipe.execute()
    return [f"k{i}" for i in range(n)]


def each(client, command, names):
    answers = []
    for first in range(0, len(names), BATCH):
        with client.pipeline(transaction=False) as pipe:
            for name in names[first:first + BATCH]:
                pipe.execute_command(command, name)
            answers += pipe.execute()
    return answers


def move(origin, target, n, seed):
    origin.flushall()
    target.flushall()
    names = make(origin, random.Random(seed), n)
    dumps = each(origin, "DUMP", names)
    deadlines = each(origin, "PEXPIRETIME", names)
    for first in range(0, n, BATCH):
        with target.pipeline(transaction=False) as pipe:
            for i in range(first, min(n, first + BATCH)):
                pipe.execute_command("RESTORE", names[i], max(deadlines[i], 0), dumps[i], "ABSTTL")
            pipe.execute()
    assert target.dbsize() == n, target.dbsize()
    assert each(target, "PEXPIRETIME", names) == deadlines
    assert each(target, "GET", names) == each(origin, "GET", names)
    counted = [name for name, value in zip(names, each(origin, "GET", names))
               if value.startswith(b"HYLL")]
    assert len(counted) > n // 20
    assert each(target, "PFCOUNT", counted) == each(origin, "PFCOUNT", counted)
    # And what was moved is dumped as it was.
    sketches = set(counted)
    others = [i for i in range(n) if names[i] not in sketches][:1000]
    again = each(target, "DUMP", [names[i] for i in others])
    with origin.pipeline(transaction=False) as pipe:
        for i, dump in zip(others, again):
            pipe.execute_command("RESTORE", names[i], 0, dump, "REPLACE")
        pipe.execute()
    origin_again = each(origin, "GET", [names[i] for i in others])
    assert origin_again == each(target, "GET", [names[i] for i in others])


def main():
    values = int(sys.argv[2]) if len(sys.argv) > 2 else 10000
    with server(sys.argv[1]) as ours, server("redis-server", "--save", "") as reference:
        move(reference, ours, values, 1)
        move(ours, reference, values, 2)
    print(f"{values} values moved each way")


main()
