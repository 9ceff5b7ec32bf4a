"""Bars 6 and 7: how soon after its deadline a key is gone."""
import math
import time

from report import REFERENCE, at_most

LIVE_LOW, LIVE_HIGH = 3_600_000, 7_200_000
REFRESHES = 30_000  # a second


def measure_due(context, table, server, column, due, limit, wait_ms):
    name = f"{due} keys with one deadline"
    if not context.wants(name):
        return
    prefix = f"d{len(str(due)):02d}:"  # what an earlier case left behind is not taken for this one
    seen = context.load("events", server, keys=due, prefix=prefix, wait_ms=wait_ms,
                        delay_ms=1000 + due // 20)[-1]
    complete = seen["samples"] == due
    half = seen["samples"] >= due / 2
    table.add(f"{name}: last event after the deadline", "ms", column,
              seen["max"] if complete else math.inf, at_most(limit))
    # The quantile is over what arrived; what did not arrive is later than all of it.
    table.add(f"{name}: half of the events", "ms", column,
              seen["p50"] if complete else seen["max"] if half else math.inf)
    table.add(f"{name}: events within {wait_ms / 1000:g} s", "%", column,
              100 * seen["samples"] / due)
    table.add(f"{name}: events before the deadline", "", column, seen["early"], at_most(0))


def run_events(context):
    live = context.size(1_000_000, 1000)
    table = context.table(
        6, f"`expired` events beside {live / 1e6:g}M volatile keys that are not due")
    cases = [(context.size(1000, 100), 100), (context.size(100_000, 500), 300)]

    def measure(column, _):
        wait_ms = int(context.seconds(10, 2) * 1000)
        with context.server(column) as server:
            server.call("CONFIG", "SET", "notify-keyspace-events", "Ex")
            context.load("fill", server, keys=live, value=32, ttl_low=LIVE_LOW, ttl_high=LIVE_HIGH)
            server.settle()
            before = server.rss()
            with context.start_load("refresh", server, keys=live, rate=REFRESHES) as refresh:
                for due, limit in cases:
                    measure_due(context, table, server, column, due, limit, wait_ms)
                # Every live key's deadline is moved about once before the memory is looked at.
                time.sleep(live / REFRESHES)
                refreshed = refresh.stop()["refreshed"]
            if column == REFERENCE:  # what it has not removed by now would count as growth
                server.settle(5)
            growth = (server.rss() - before) / live
        table.add("RSS growth by refreshing the deadlines", "bytes/key", column, growth, at_most(2))
        table.add("deadlines refreshed", "", column, refreshed)
    context.interleaved(table, "expired events", context.slow_rounds, measure)


def run_mass(context):
    keys = context.size(1_000_000, 1000)
    table = context.table(7, f"{keys / 1e6:g}M keys with TTLs of 1 to 3 s")
    patience = context.seconds(15, 6)

    def measure(column, _):
        with context.server(column) as server:
            time.sleep(0.3)
            empty = server.rss()
            with context.start_load("probe", server) as probe:
                fill = context.load("fill", server, keys=keys, value=32, ttl_low=1000,
                                    ttl_high=3000, pid=server.pid, step=max(1, keys // 10))
                deadline = fill[-1]["last_deadline_ms"] / 1000
                peak = max([n["rss"] for n in fill if "rss" in n] + [server.rss()])
                emptied = returned = math.inf
                with server.connect() as c:
                    while time.time() < deadline + patience and math.inf in (emptied, returned):
                        if emptied == math.inf and c.call("DBSIZE") == 0:
                            emptied = max(0.0, time.time() - deadline)
                        rss = server.rss()
                        peak = max(peak, rss)
                        if emptied < math.inf and rss <= empty + 0.2 * (peak - empty):
                            returned = min(returned, max(0.0, time.time() - deadline))
                        time.sleep(0.01)
                seen = probe.stop()
        table.add("DBSIZE 0 after the last deadline", "s", column, emptied, at_most(0.2))
        table.add("80 % of the RSS back after the last deadline", "s", column, returned, at_most(2))
        table.add("worst round trip of a second client", "ms", column, seen["max"])
    context.interleaved(table, "mass expiry", context.slow_rounds, measure)
