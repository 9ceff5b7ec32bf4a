"""Bar 3: what a second loop costs, and whether a long command leaves the other loop alone."""
import contextlib

import redis_benchmark
from report import OURS, REFERENCE, at_most, ratio_at_least, ratio_at_most

SESSIONS = 8  # enough that each loop owns some of them
CASES = [("GET 3 B P1", "get", 1, 300_000), ("SET 3 B P1", "set", 1, 300_000),
         ("GET 3 B P16", "get", 16, 3_000_000), ("SET 3 B P16", "set", 16, 3_000_000)]


def measure_loops(context, table):
    cases = [case for case in CASES if context.wants(case[0])]
    if not cases:
        return
    keys = context.size(redis_benchmark.KEYSPACE, 1000)
    with contextlib.ExitStack() as stack:
        servers = {}
        for threads in (2, 1):
            server = stack.enter_context(context.server(OURS, threads))
            context.load("fill", server, keys=keys, value=3)
            server.settle()
            servers[threads] = server
        for name, test, pipeline, full in cases:
            requests = context.size(full, 1000)
            for turn in range(context.rounds):
                context.progress(f"{name}: threads 2 and 1, round {turn + 1}/{context.rounds}")
                for threads, column in ((2, OURS), (1, REFERENCE)):
                    r = redis_benchmark.run(servers[threads], test, pipeline, 3, requests, keys)
                    table.add(name, "us CPU", column, r.cpu_us, ratio_at_most(1.1))
                    table.add(f"{name} throughput", "requests/s", column, r.rate,
                              ratio_at_least(0.97, " (equal but for noise)"))


def measure_keys(context, table):
    keys = context.size(5_000_000, 1000)
    row = f"KEYS over {keys / 1e6:g}M keys"
    if not context.wants(row):
        return
    context.need_memory(2)

    def measure(column, _):
        with context.server(column, threads=2, spread=True) as server:
            context.load("fill", server, keys=keys, value=3)
            context.load("fill", server, keys=1000, value=3, setup="SELECT 1")
            server.settle()
            server.reset_maxima()
            with context.start_load("probe", server, sessions=SESSIONS, keys=1000,
                                    setup="SELECT 1") as probe:
                call = context.load("call", server, command="KEYS *", repeat=3)[-1]
                seen = probe.stop()
            iteration = server.figure("longest_loop_iteration_us")
        table.add(f"{row}: p99 of the worst of {SESSIONS} sessions elsewhere", "ms", column,
                  seen["worst_session_p99"], at_most(2))
        table.add(f"{row}: worst round trip elsewhere", "ms", column, seen["max"])
        table.add(f"{row}: longest loop iteration (INFO)", "us", column, iteration)
        table.add(f"{row}: one KEYS", "s", column, call["seconds"])
    context.interleaved(table, row, context.slow_rounds, measure)


def run(context):
    loops = context.table(3, "A second loop, the same client", ("threads = 2", "threads = 1"))
    with context.attempt(loops, "threads 2 and 1", OURS):
        measure_loops(context, loops)
    measure_keys(context, context.table(3, "A long command beside short ones (threads = 2)"))
