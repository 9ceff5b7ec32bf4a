"""Bar 11: everything at once is dropped, and who notices."""
import math
import time

from report import OURS, REFERENCE, at_most, ratio_at_most

NAMESPACE = "bench"
# row, command to ours (None: not a namespace), command to the reference
OPERATIONS = [
    ("FLUSHALL", ("FLUSHALL",), False),
    ("NAMESPACE DROP", ("NAMESPACE", "DROP", NAMESPACE), True),
    ("NAMESPACE BUMP", ("NAMESPACE", "BUMP", "NS", NAMESPACE), True),
    ("NAMESPACE ALTER MAX_ENTRIES 1", ("NAMESPACE", "ALTER", NAMESPACE, "MAX_ENTRIES", 1), True),
]
REFERENCE_COMMAND = ("FLUSHALL", "ASYNC")


def wait_for_memory(server, empty, full, started, patience):
    """Seconds after which 80 % of what the data took is given back."""
    while time.monotonic() < started + patience:
        if server.rss() <= empty + 0.2 * (full - empty):
            return time.monotonic() - started
        time.sleep(0.01)
    return math.inf


def clear_once(context, column, command, in_namespace, keys):
    with context.server(column) as server:
        setup = None
        if in_namespace:
            setup = server.namespace(NAMESPACE, "MAX_ENTRIES", 0, "POLICY", "lru", "DEFAULT_TTL", 0)
        time.sleep(0.3)
        empty = server.rss()
        context.load("fill", server, keys=keys, value=32, setup=setup)
        server.settle()
        full = server.rss()
        server.reset_maxima()
        waited = server.waited()
        with context.start_load("probe", server) as probe, server.connect() as c:
            time.sleep(0.5)
            started = time.monotonic()
            c.call(*command)
            took = time.monotonic() - started
            returned = wait_for_memory(server, empty, full, started, context.seconds(20, 8))
            time.sleep(0.5)
            seen = probe.stop()
        return {"took": took * 1000, "returned": returned, "worst": seen["max"],
                "p9999": seen["p9999"], "waited": (server.waited() - waited) * 1000,
                "info": server.info()}


def record(table, name, column, got):
    def figure(field):
        try:
            return float(got["info"][field])
        except (KeyError, ValueError):
            return None
    table.add(f"{name}: worst round trip of a second client", "ms", column, got["worst"],
              ratio_at_most(1))
    table.add(f"{name}: the reply", "ms", column, got["took"])
    table.add(f"{name}: 80 % of the RSS back", "s", column, got["returned"], at_most(5))
    table.add(f"{name}: longest lock hold (INFO)", "us CPU", column,
              figure("longest_lock_hold_cpu_us"), at_most(1000))
    table.add(f"{name}: the same by the clock, waits for a core included", "us", column,
              figure("longest_lock_hold_us"))
    table.add(f"{name}: longest loop iteration (INFO)", "us CPU", column,
              figure("longest_loop_iteration_cpu_us"), at_most(1000))
    table.add(f"{name}: that by the clock, waits for a core included", "us", column,
              figure("longest_loop_iteration_us"))
    table.add(f"{name}: the server waited for a core (noise)", "ms in all", column, got["waited"])


def run(context):
    keys = context.size(10_000_000, 1000)
    table = context.table(11, f"Clearing {keys / 1e6:g}M entries")
    operations = [op for op in OPERATIONS if context.wants(op[0])]
    if not operations:
        return
    context.need_memory(keys * 200 / (1 << 30))
    table.note(f"{context.targets[REFERENCE].title} is asked for FLUSHALL ASYNC in every row, once "
               "a round")
    context.machine_gaps(table, context.seconds(10, 0.3))
    for turn in range(context.slow_rounds):
        reference = None
        for name, command, in_namespace in operations:
            context.progress(f"{name}: round {turn + 1}/{context.slow_rounds}")
            with context.attempt(table, name, OURS):
                record(table, name, OURS,
                       clear_once(context, OURS, command, in_namespace, keys))
            with context.attempt(table, name, REFERENCE):
                reference = reference or clear_once(context, REFERENCE, REFERENCE_COMMAND, False,
                                                    keys)
                record(table, name, REFERENCE, reference)
