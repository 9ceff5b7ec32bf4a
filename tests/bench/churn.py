"""Bar 12: values of all sizes come and go at the memory limit."""
import contextlib
import subprocess

from report import OURS, REFERENCE, at_most


def run(context):
    length = context.seconds(300, 1.0)
    if context.options.quick and not context.options.scale:
        length = 30.0
    length = context.options.soak or length
    budget = context.size(1 << 30, 16 << 20)
    table = context.table(
        12, f"{length:.0f} s of mixed-size churn at maxmemory {budget / (1 << 20):.0f} MiB")
    context.need_memory(budget * 2 / (1 << 30))

    def measure(column, _):
        extra = ["--maxmemory", budget, "--maxmemory-policy", "allkeys-lru"]
        with context.server(column, extra=extra) as server:
            server.reset_maxima()
            stolen = context.stolen_ms()
            worst = worst_since = over = 0.0
            last = None
            # More keys than fit, so that most writes make room first; when the sizes shrink, used
            # bytes fall below the limit for a while and RSS should follow.
            with context.start_load("churn", server, keys=budget // 150,
                                    milliseconds=int(length * 1000)) as job:
                while job.running():
                    used, rss = server.figure("used_memory"), server.rss()
                    full = used and used > 0.9 * budget
                    if full:
                        worst, over = max(worst, rss / used), max(over, used / budget)
                    if full or worst:
                        last = rss / used
                        worst_since = max(worst_since, last)
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        job.process.wait(min(1.0, length / 20))
                result = job.stop()
            info = server.info()
            stolen = context.stolen_ms() - stolen
        table.add("taken by the host meanwhile (noise)", "ms in all", column, stolen)
        context.machine_gaps(table, length / 5)
        table.add("worst RSS over used bytes while full", "ratio", column, worst or None,
                  at_most(1.25))
        table.add("worst RSS over used bytes since it was full once", "ratio", column,
                  worst_since or None)
        table.add("RSS over used bytes at the end", "ratio", column, last, at_most(1.25))
        table.add("used bytes over maxmemory, worst", "ratio", column, over or None)
        table.add("OOM replies", "", column, result["oom"], at_most(0))
        table.add("other error replies", "", column, result["errors"] - result["oom"], at_most(0))
        table.add("longest insert (INFO)", "us CPU", column,
                  server.figure("longest_insert_cpu_us", info), at_most(1000))
        table.add("longest eviction for a write (INFO)", "us CPU", column,
                  server.figure("longest_relief_cpu_us", info), at_most(1000))
        table.add("requests", "/s", column, result["requests"] / length)
        if result["errors"]:
            table.note(f"{server.target.title}: first error reply: {result['first_error']}")
    columns = (OURS,) if context.options.soak else (OURS, REFERENCE)
    context.interleaved(table, "churn", 1, measure, columns)
