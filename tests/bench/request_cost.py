"""Bars 1 and 2: CPU per request, throughput and latency under redis-benchmark."""
import contextlib
from dataclasses import dataclass
from typing import Optional

import redis_benchmark
from report import OURS, REFERENCE, ratio_at_least, ratio_at_most

REQUESTS = {1: 200_000, 16: 2_000_000, 64: 4_000_000}  # a second and more each
CPU_BARS = {1: 0.88, 16: 0.50, 64: 0.45}


@dataclass(frozen=True)
class Case:
    name: str
    test: str
    pipeline: int
    size: int
    requests: int
    cpu_bar: float
    rate_bar: Optional[float]
    before: Optional[str] = None  # a test that is run first, unmeasured, so that there is work


def string_cases(size, label):
    rate_bars = {1: 0.97, 16: 1.4 if size <= 3 else 1.6, 64: 2.0}
    return [Case(f"{test.upper()} {label} P{p}", test, p, size,
                 REQUESTS[p] // (1 if size <= 3 or p == 1 else 2), CPU_BARS[p], rate_bars[p])
            for test in ("get", "set") for p in (1, 16, 64)]


# The issue sets throughput bars for GET and SET; those of the others are shown without one.
OTHER_CASES = [
    Case("INCR P16", "incr", 16, 3, 2_000_000, 0.7, None),
    Case("MSET of 10 P16", "mset", 16, 3, 400_000, 0.5, None),
    Case("HSET P16", "hset", 16, 3, 1_000_000, 0.7, None),
    Case("LPUSH P16", "lpush", 16, 3, 1_000_000, 0.7, None),
    Case("RPOP P16", "rpop", 16, 3, 1_000_000, 0.7, None, before="lpush"),
]


def record(cpu, speed, case, column, result):
    cpu.add(case.name, "us CPU", column, result.cpu_us, ratio_at_most(case.cpu_bar))
    rate_bar = ratio_at_least(case.rate_bar) if case.rate_bar else None
    speed.add(case.name, "requests/s", column, result.rate, rate_bar)
    if case.pipeline == 1:
        speed.add(f"{case.name} p50", "ms", column, result.p50_ms, ratio_at_most(1.05))
        speed.add(f"{case.name} p99", "ms", column, result.p99_ms, ratio_at_most(1.05))


def measure_group(context, cpu, speed, size, cases):
    cases = [case for case in cases if context.wants(case.name)]
    if not cases:
        return
    keys = context.size(redis_benchmark.KEYSPACE, 1000)
    context.need_memory(3.5 if size > 100 else 1)
    with contextlib.ExitStack() as stack:
        servers = {}
        for column in (OURS, REFERENCE):
            with context.attempt(cpu, f"preload {size} B", column):
                server = stack.enter_context(context.server(column))
                context.load("fill", server, keys=keys, value=size)
                server.settle()
                servers[column] = server
        for case in cases:
            requests = context.size(case.requests, 1000)

            def measure(column, _):
                server = servers[column]
                if case.before:
                    redis_benchmark.run(server, case.before, 16, size, requests, keys)
                result = redis_benchmark.run(server, case.test, case.pipeline, size, requests, keys)
                record(cpu, speed, case, column, result)
            context.interleaved(cpu, case.name, context.rounds, measure, tuple(servers))


def run(context):
    cpu = context.table(1, "CPU per request (redis-benchmark, 50 clients, 1M keys)")
    speed = context.table(2, "Throughput and latency (the same runs)")
    measure_group(context, cpu, speed, 3, string_cases(3, "3 B") + OTHER_CASES)
    measure_group(context, cpu, speed, 1024, string_cases(1024, "1 KiB"))
