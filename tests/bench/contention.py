"""Bar 13: many writers of one key, and more clients than it can serve."""
import time

from report import OURS, REFERENCE, at_least, at_most

LOOPS = 4
CLIENTS = 64
CROWD = 5000
WINDOW = 32  # requests of one client on their way at most


def contended(before, after):
    """Per cent of the lock acquisitions in between that found the mutex taken."""
    def delta(name):
        try:
            return float(after[name]) - float(before.get(name, 0))
        except (KeyError, ValueError):
            return None
    taken, found = delta("lock_acquisitions"), delta("lock_contended")
    return 100 * found / taken if taken and found is not None else None


def run_hot_key(context, table):
    length = int(context.seconds(4, 0.3) * 1000)
    pipelines = [p for p in (1, 16) if context.wants(f"64 writers P{p}")]

    def measure(column, _):
        with context.server(column, threads=LOOPS, spread=True) as server:
            for pipeline in pipelines:
                name = f"{CLIENTS} writers P{pipeline}"
                rates = {}
                for label, keys in (("spread keys", context.size(1_000_000, 1000)),
                                    ("one hot key", 1)):
                    before = server.info()
                    result = context.load("clients", server, clients=CLIENTS, threads=2, keys=keys,
                                          pipeline=pipeline, milliseconds=length)[-1]
                    rates[label] = result["per_second"]
                    share = contended(before, server.info())
                    table.add(f"{name}, {label}", "SET/s", column, result["per_second"])
                    table.add(f"{name}, {label}: least served client", "requests", column,
                              result["least_served"], at_least(1))
                    table.add(f"{name}, {label}: mutex found taken (INFO)", "%", column, share,
                              at_most(2) if keys > 1 else None)
                table.add(f"{name}: hot over spread", "", column,
                          rates["one hot key"] / rates["spread keys"], at_least(0.8))
    if pipelines:
        context.interleaved(table, "hot key", context.rounds, measure)


def run_overload(context, table):
    crowd = context.size(CROWD, 100)
    name = f"{crowd} clients"
    if not context.wants(name):
        return
    length = context.seconds(12, 1)
    common = {"clients": crowd, "threads": 2, "keys": 100_000}

    def measure(column, _):
        with context.server(column, threads=LOOPS, spread=True) as server:
            # Their keys are there before, so that what grows later is not the data.
            context.load("fill", server, keys=100_000, value=32)
            # With the same number of requests in flight as below, or "twice" would be no overload.
            capacity = context.load("clients", server, pipeline=WINDOW,
                                    milliseconds=int(length * 300), **common)[-1]["per_second"]
            with context.start_load("clients", server, rate=int(2 * capacity), pipeline=WINDOW,
                                    milliseconds=int(length * 1000), **common) as job:
                job.line()
                time.sleep(length / 3)
                early = server.rss()
                time.sleep(length / 2)
                late = server.rss()
                result = job.stop()
            with context.start_load("probe", server) as probe:
                time.sleep(0.5)
                after = probe.stop()
        table.add(f"{name}: capacity, each waiting for its replies", "SET/s", column, capacity)
        table.add(f"{name} at twice that: served", "SET/s", column, result["per_second"])
        table.add(f"{name} at twice that: least served client", "requests", column,
                  result["least_served"], at_least(1))
        table.add(f"{name} at twice that: not answered", "requests", column, result["unanswered"],
                  at_most(0))
        table.add(f"{name} at twice that: error replies", "", column, result["errors"], at_most(0))
        table.add(f"{name} at twice that: RSS from one third to the end", "growth %", column,
                  100 * (late - early) / early, at_most(3))
        table.add(f"{name}: backlog worked off after the last request", "ms", column,
                  result["drain_ms"], at_most(1000))
        table.add(f"{name}: p99 round trip afterwards", "ms", column, after["p99"], at_most(2))
    context.interleaved(table, name, context.slow_rounds, measure, (OURS, REFERENCE))


def run(context):
    table = context.table(13, f"Contention ({LOOPS} loops)")
    run_hot_key(context, table)
    run_overload(context, table)
