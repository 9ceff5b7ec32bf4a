"""CPU per request of every string and key command at pipeline 16 (scripts/bench --commands)."""
import contextlib

import redis_benchmark
from report import OURS, REFERENCE, ratio_at_most

PIPELINE = 16
KEYS = 100_000
REQUESTS = 800_000
R = "__rand_int__"

# The words of a request, or those of one that is run first and of the one that is measured. What
# fill stores are strings of 32 bytes under key:000000000000 to 99,999.
COMMANDS = [
    f"SET key:{R} value", f"SET key:{R} value EX 1000", f"SET key:{R} value KEEPTTL",
    f"GET key:{R}", f"SETNX key:{R} value", f"SETEX key:{R} 1000 value",
    f"PSETEX key:{R} 1000000 value", f"GETSET key:{R} value", f"GETEX key:{R}",
    f"GETEX key:{R} EX 1000", f"GETRANGE key:{R} 2 5", f"SUBSTR key:{R} 2 5",
    f"SETRANGE key:{R} 4 abcd", f"APPEND grows:{R} a", f"STRLEN key:{R}",
    f"MGET key:{R} key:{R} key:{R} key:{R}", f"MSET key:{R} 1 key:{R} 2",
    f"MSETNX n:{R} 1 m:{R} 2", f"INCR n:{R}",
    f"INCRBY n:{R} 5", f"DECR n:{R}", f"DECRBY n:{R} 5", f"INCRBYFLOAT f:{R} 0.5",
    f"LCS key:{R} key:{R}", f"GETDEL key:{R}",
    f"SETBIT bits:{R} 77 1", f"GETBIT key:{R} 77", f"BITCOUNT key:{R}", f"BITPOS key:{R} 1",
    f"BITOP AND target key:{R} key:{R}", f"BITFIELD bits:{R} INCRBY u8 #1 1",
    f"BITFIELD_RO bits:{R} GET u8 #1", f"PFADD hll {R}", f"PFADD hll:{R} a", "PFCOUNT hll",
    f"PFCOUNT hll hll:{R}", f"PFMERGE merged hll:{R} hll:{R}", f"PFMERGE large hll hll:{R}",
    f"EXISTS key:{R}", f"TYPE key:{R}", f"TOUCH key:{R}", f"TTL key:{R}", f"PTTL key:{R}",
    f"EXPIRE key:{R} 1000", f"PEXPIRE key:{R} 1000000", f"EXPIREAT key:{R} 4102444800",
    f"PEXPIREAT key:{R} 4102444800000", f"EXPIRETIME key:{R}", f"PEXPIRETIME key:{R}",
    f"PERSIST key:{R}", f"OBJECT ENCODING key:{R}", f"MEMORY USAGE key:{R}", "RANDOMKEY",
    f"COPY key:{R} copy:{R} REPLACE", f"DUMP key:{R}", "SCAN 0 COUNT 10",
    f"MOVE key:{R} 1",
    f"DEL key:{R}", f"UNLINK key:{R}", "DBSIZE", "PING", "ECHO value",
]


def run(context):
    table = context.table(0, f"CPU per request of string and key commands, pipeline {PIPELINE}")
    keys = context.size(KEYS, 1000)
    requests = context.size(REQUESTS, 1000)
    with contextlib.ExitStack() as stack:
        servers = {column: stack.enter_context(context.server(column))
                   for column in (OURS, REFERENCE)}
        for command in COMMANDS:
            name = command.replace(R, "*")
            if not context.wants(name):
                continue

            def measure(column, _):
                server = servers[column]
                context.load("fill", server, keys=keys, value=32)
                result = redis_benchmark.run(
                    server, None, PIPELINE, 3, requests, keys, command=command.split())
                table.add(name, "us CPU", column, result.cpu_us, ratio_at_most(0.7))
            context.interleaved(table, name, context.rounds, measure, tuple(servers))
