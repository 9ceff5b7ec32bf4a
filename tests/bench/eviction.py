"""Bar 8: who is kept when the cache is full."""
from report import OURS, REFERENCE, at_least, ratio_at_least
from servers import MeasureError

TRACES = ("zipf0.9", "zipf1.0", "zipf+scan", "shifting")
VALUE = 100


class Cache:
    """How a target is made to hold `entries` entries: by number, or by the memory they take."""

    def __init__(self, context, column, entries):
        self.context, self.column, self.entries = context, column, entries
        self.by_number = context.targets[column].is_replete
        self.budget = None if self.by_number else self._find_budget()

    def server(self):
        extra = []
        if not self.by_number:
            extra = ["--maxmemory", self.budget, "--maxmemory-policy", "allkeys-lru"]
        return self.context.server(self.column, extra=extra)

    def setup(self, server):
        if not self.by_number:
            return None
        return server.namespace("bench", "MAX_ENTRIES", self.entries, "POLICY", "lru",
                                "DEFAULT_TTL", 0)

    def _find_budget(self):
        with self.context.server(self.column) as server:
            self.context.load("fill", server, keys=self.entries, value=VALUE)
            self.budget = int(server.figure("used_memory"))
            with_clients = server.figure("mem_clients_normal") or 0
        self.budget -= int(with_clients)
        for _ in range(8):
            with self.server() as server:
                self.context.load("fill", server, keys=3 * self.entries, value=VALUE)
                empty_share, held = server.figure("used_memory_startup") or 0, server.size()
            if abs(held / self.entries - 1) < 0.01:
                return self.budget
            per_entry = (self.budget - empty_share) / max(held, 1)
            self.budget += int((self.entries - held) * per_entry)
        raise MeasureError(f"no maxmemory found for {self.entries} entries (last: {held})")


def run(context):
    entries = context.size(100_000, 2000)
    keys, requests = entries * 10, context.size(2_000_000, 20_000)
    table = context.table(8, f"Eviction at {entries} entries")
    caches = {}
    for column in (OURS, REFERENCE):
        with context.attempt(table, "capacity", column):
            caches[column] = Cache(context, column, entries)
            if caches[column].budget:
                table.note(f"{context.targets[column].title} holds {entries} entries at maxmemory "
                           f"{caches[column].budget}")

    for trace in TRACES:
        if not context.wants(trace):
            continue

        def replay(column, _):
            with caches[column].server() as server:
                setup = caches[column].setup(server)
                result = context.load("replay", server, trace=trace, keys=keys, requests=requests,
                                      value=VALUE, setup=setup)[-1]
                held = server.size(setup)
            table.add(trace, "hit ratio", column, result["hit_ratio"],
                      ratio_at_least(0.99, " (equal but for noise)"))
            table.add(f"{trace}: entries held", "", column, held)
        context.interleaved(table, trace, context.slow_rounds, replay, tuple(caches))

    name = "hot half after a burst of 40 % new keys"
    if context.wants(name):
        def burst(column, _):
            with caches[column].server() as server:
                setup = caches[column].setup(server)
                seen = context.load("burst", server, entries=entries, value=VALUE, setup=setup)[-1]
            table.add(name, "% kept", column, 100 * seen["survived"] / seen["held"], at_least(99.9))
            table.add("the burst took", "s", column, seen["burst_seconds"], None)
        context.interleaved(table, name, context.slow_rounds, burst, tuple(caches))
