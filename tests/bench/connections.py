"""Bar 10: what an idle connection and a namespace take."""
import time

from report import OURS, at_most, ratio_at_least
from servers import NotApplicable


def run(context):
    count = context.size(10_000, 100)
    spaces = context.size(1000, 50)
    table = context.table(10, f"{count} idle connections, {spaces} namespaces")

    def idle(column, _):
        with context.server(column, maxclients=count + 2000) as server:
            with context.start_load("idle", server, connections=50) as warm:
                warm.line()
                warm.stop()
            time.sleep(0.3)
            empty, cpu = server.rss(), server.cpu()
            with context.start_load("idle", server, connections=count) as job:
                rate = job.line()["per_second"]
                cpu = server.cpu() - cpu
                # Long enough for a housekeeping turn that shrinks idle buffers.
                time.sleep(2.5)
                rss, resting = server.rss(), server.cpu()
                time.sleep(1)
                resting = server.cpu() - resting
                job.stop()
        table.add("idle connection", "bytes of RSS", column, (rss - empty) / count, at_most(2048))
        table.add("accept + PING", "/s", column, rate, 
                  ratio_at_least(0.97, " (equal but for noise)"))
        table.add("accept + PING CPU", "us", column, cpu / count * 1e6)
        table.add("CPU while all are idle", "% of a core", column, resting * 100)
    if context.wants("idle connection") or context.wants("accept + PING"):
        context.interleaved(table, "idle connections", context.rounds, idle)

    def namespaces(column, _):
        with context.server(column) as server:
            if not server.target.is_replete:
                raise NotApplicable("has no namespaces")
            time.sleep(0.3)
            empty = server.rss()
            with server.connect() as c:
                started = time.monotonic()
                for i in range(spaces):
                    c.call("NAMESPACE", "CREATE", f"bench{i}")
                took = time.monotonic() - started
                created = server.rss()
                for i in range(spaces):
                    c.call("NAMESPACE", "USE", f"bench{i}")
                    c.call("SET", "key", "value")
                used = server.rss()
        table.add("namespace with one key", "bytes of RSS", column, (used - empty) / spaces,
                  at_most(65536))
        table.add("namespace, empty", "bytes of RSS", column, (created - empty) / spaces,
                  at_most(65536))
        table.add("NAMESPACE CREATE", "ms", column, took / spaces * 1000)
    if context.wants("namespace"):
        context.interleaved(table, "namespaces", 1, namespaces, (OURS,))
