"""The project's benchmark: the daemon beside redis-server, bar by bar. See README.md."""
import argparse
import os
import pathlib
import platform
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import churn
import clearing
import commands
import connections
import contention
import disk
import eviction
import expiry
import hostile
import memory
import request_cost
import scanning
import threads
from context import FAULTS, ROOT, Context
from servers import MeasureError, Target

SECTIONS = [
    ((1, 2), request_cost.run),
    ((3,), threads.run),
    ((4,), memory.run),
    ((5,), memory.run_growth),
    ((6,), expiry.run_events),
    ((7,), expiry.run_mass),
    ((8,), eviction.run),
    ((10,), connections.run),
    ((11,), clearing.run),
    ((12,), churn.run),
    ((13,), contention.run),
    ((14,), hostile.run),
]


def parse_bars(text):
    known = {bar for bars, _ in SECTIONS for bar in bars}
    if not text:
        return known
    bars = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        bars.update(range(int(first), int(last or first) + 1))
    if not bars & known:
        raise SystemExit(f"no such bar: {text} (known: {sorted(known)})")
    return bars & known


def parse_arguments():
    p = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    p.add_argument("--only", metavar="BARS", help="bars to measure: 1,2 or 4-7 (default: all)")
    p.add_argument("--commands", action="store_true",
                   help="string and key commands one by one, nothing else")
    p.add_argument("--disk", action="store_true", help="the disk engine beside memory")
    p.add_argument("--rows", metavar="TEXT", help="only rows that contain one of these (a,b)")
    p.add_argument("--soak", type=float, metavar="SECONDS",
                   help="bar 12 for so long, of the daemon alone")
    p.add_argument("--quick", action="store_true", help="a fifth of the sizes, 3 rounds")
    p.add_argument("--rounds", type=int, help="rounds (5, 3 with --quick); slow rows take half")
    p.add_argument("--scale", type=float, help="factor on all sizes and durations (1, quick 0.2)")
    p.add_argument("--out", metavar="FILE", help="writes the Markdown there as well")
    p.add_argument("--server", metavar="BIN", help="daemon (default: scripts/build release)")
    p.add_argument("--reference", metavar="BIN", default="redis-server")
    return p.parse_args()


def head(context):
    model = "?"
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    out = ["# Benchmark", "",
           f"- {time.strftime('%Y-%m-%d %H:%M')}, {model}, {os.cpu_count()} cores shared by server "
           f"and client, {pages >> 30} GiB, Linux {platform.release()}, load average "
           f"{os.getloadavg()[0]:.1f} at the start",
           f"- medians over {context.rounds} interleaved rounds ({context.slow_rounds} of the slow "
           f"rows), sizes x {context.scale:g}"]
    if context.scale != 1:
        out.append("- the bars hold at full size; verdicts here are an indication")
    out += [f"- {t.title}: {t.version()}" for t in context.targets.values()]
    return "\n".join(out) + "\n"


def measure(context, bars, publish):
    special = [disk.run] if context.options.disk else [commands.run, scanning.run]
    for numbers, run in [((0,), run) for run in special] + SECTIONS:
        context.wanted_bars = bars & set(numbers)
        if not context.wanted_bars:
            continue
        context.tables = []
        started = time.monotonic()
        print(f"bar {', '.join(map(str, sorted(context.wanted_bars)))} ...", file=sys.stderr)
        try:
            run(context)
        except FAULTS as reason:
            context.failures.append(f"{sorted(context.wanted_bars)}: {reason}")
        for table in sorted(context.tables, key=lambda t: t.bar):
            publish(table.markdown())
        print(f"  {time.monotonic() - started:.0f} s", file=sys.stderr)


def main():
    options = parse_arguments()
    bars = {0} if options.commands or options.disk else parse_bars(options.only)
    soft_hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft_hard[1], soft_hard[1]))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not options.server:
        subprocess.run([str(ROOT / "scripts" / "build"), "release"], check=True, stdout=sys.stderr)
        options.server = str(ROOT / "build" / "replete-server")
    try:
        ours, reference = Target(options.server), Target(options.reference)
    except MeasureError as reason:
        raise SystemExit(str(reason)) from None
    if ours.title == reference.title:
        ours.title += " (tested)"
    directory = tempfile.mkdtemp(prefix="bench-")
    try:
        context = Context(options, directory, ours, reference)
        out = open(options.out, "w", encoding="utf-8") if options.out else None

        def publish(text):
            for stream in filter(None, (sys.stdout, out)):
                print(text, file=stream, flush=True)
        publish(head(context))
        measure(context, bars, publish)
        if context.failures:
            publish("## Not measured\n\n" + "".join(f"- {f}\n" for f in context.failures))
        if out:
            out.close()
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return 1 if context.failures else 0


if __name__ == "__main__":
    sys.exit(main())
