"""Bars 4 and 5: bytes per key, and what growing costs the others."""
import time

from report import at_most, ratio_at_most

# value size, TTL?, bar at 5M, bar at the worst point between 3.5M and 8M
CASES = [(32, False, 82, 88), (32, True, 94, 98), (100, False, 155, None), (20, False, None, None),
         (50, False, None, None), (200, False, None, None)]
STEP = 100_000
TTL_LOW, TTL_HIGH = 3_600_000, 7_200_000  # spread over an hour, none due while it is measured


def measure_case(context, table, value, ttl, bar, worst_bar):
    name = f"{value} B" + (" with a TTL" if ttl else "")
    if not context.wants(name):
        return
    at = context.size(5_000_000, STEP)
    low, high = int(at * 0.7), int(at * 1.6)
    keys = high if worst_bar else at
    context.need_memory(keys * (value + 220) / (1 << 30))

    def measure(column, _):
        with context.server(column, extra=["--maxmemory-policy", "allkeys-lru"]) as server:
            time.sleep(0.3)
            empty = server.rss()
            lines = context.load("fill", server, keys=keys, value=value, pid=server.pid,
                                 step=min(STEP, at), ttl_low=TTL_LOW if ttl else None,
                                 ttl_high=TTL_HIGH if ttl else None)
            if server.size() != keys:
                table.note(f"{name}: {server.target.title} holds {server.size()} of {keys} keys")
        per_key = {n["keys"]: (n["rss"] - empty) / n["keys"] for n in lines if "rss" in n}
        closest = min(per_key, key=lambda n: abs(n - at))
        table.add(f"{name} at {at / 1e6:g}M keys", "bytes/key", column, per_key[closest],
                  at_most(bar) if bar else None)
        if worst_bar:
            worst = max(v for n, v in per_key.items() if low <= n <= high)
            table.add(f"{name} worst of {low / 1e6:g}M to {high / 1e6:g}M", "bytes/key", column,
                      worst, at_most(worst_bar))
    context.interleaved(table, name, 1, measure)


def run(context):
    table = context.table(4, "RSS per key over empty (keys of 16 bytes, policy lru)")
    for case in CASES:
        measure_case(context, table, *case)


def run_growth(context):
    keys = context.size(8_000_000, STEP)
    table = context.table(5, f"Growth from 0 to {keys / 1e6:g}M keys beside a second client")
    context.need_memory(keys * 250 / (1 << 30))

    def measure(column, _):
        with context.server(column) as server:
            server.reset_maxima()
            cpu, waited = server.cpu(), server.waited()
            with context.start_load("probe", server) as probe:
                fill = context.load("fill", server, keys=keys, value=32)[-1]
                seen = probe.stop()
            cpu, waited = server.cpu() - cpu, server.waited() - waited
            info = server.info()
        context.machine_gaps(table, fill["seconds"])
        table.add("p99.99 round trip", "ms", column, seen["p9999"], ratio_at_most(1))
        table.add("worst round trip", "ms", column, seen["max"])
        table.add("p99 round trip", "ms", column, seen["p99"])
        table.add("longest insert (INFO)", "us CPU", column,
                  server.figure("longest_insert_cpu_us", info), at_most(1000))
        table.add("longest lock hold (INFO)", "us", column,
                  server.figure("longest_lock_hold_us", info))
        table.add("longest loop iteration (INFO)", "us", column,
                  server.figure("longest_loop_iteration_us", info))
        table.add("insert rate", "SET/s", column, keys / fill["seconds"])
        table.add("CPU", "us/SET", column, cpu / keys * 1e6)
        table.add("the server waited for a core (noise)", "ms in all", column, waited * 1000)
    context.interleaved(table, "growth", context.slow_rounds, measure)
