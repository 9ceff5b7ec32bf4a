"""--disk: the disk engine beside the memory engine of the same daemon."""
import contextlib
import json
import subprocess
import time

import redis_benchmark
from report import OURS, REFERENCE, at_least, at_most, ratio_at_most
from resp import Connection, ServerError
from servers import MeasureError

# A numbered database on disk: every client lands in it. Everything that is read fits the cache.
ON_DISK = ["--namespace.0.engine", "disk", "--namespace.0.hot-memory", "4gb",
           "--disk-block-cache", "4gb"]
DISK, MEMORY = OURS, REFERENCE  # columns


def used_on_disk(server):
    server.call("NAMESPACE", "COMPACT", "NS", "0")
    return server.figure("disk_used", disk_info(server))


def disk_info(server):
    text = server.call("INFO", "disk", "replete").decode()
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def cool(server, limit=120, hot_memory="0", limit_bytes=1 << 20):
    """Every value leaves memory."""
    server.call("NAMESPACE", "ALTER", "0", "HOT_MEMORY", hot_memory)
    end = time.monotonic() + limit
    while time.monotonic() < end:
        fields = server.call("NAMESPACE", "INFO", "NS", "0")
        if fields[fields.index(b"hot_bytes") + 1] < limit_bytes:
            return
        time.sleep(0.1)
    raise MeasureError("values do not leave memory")


def restart_ms(context, server, extra):
    """Stops it and starts it again on what it has; milliseconds until PING is answered."""
    server.process.terminate()
    server.process.wait(120)
    argv = server.target.arguments(server.port, server.directory, 2, False, extra)
    start = time.monotonic()
    server.restart(argv)
    while True:
        try:
            with Connection(server.port, 5) as c:
                c.call("PING")
                return (time.monotonic() - start) * 1000
        except (OSError, ServerError):
            if server.process.poll() is not None:
                raise MeasureError("it did not start again") from None
            time.sleep(0.01)


def request_cost(context, table):
    keys = context.size(redis_benchmark.KEYSPACE, 1000)
    with contextlib.ExitStack() as stack:
        servers = {column: stack.enter_context(context.server(OURS, extra=extra))
                   for column, extra in ((DISK, ON_DISK), (MEMORY, []))}
        for server in servers.values():
            context.load("fill", server, keys=keys, value=100)
            server.settle()

        def measure(test, requests, row, bar):
            def once(column, _):
                result = redis_benchmark.run(servers[column], test, 16, 100, requests, keys)
                table.add(row, "us CPU", column, result.cpu_us, bar)
            context.interleaved(table, row, context.rounds, once)

        if context.wants("GET of hot values"):
            measure("get", context.size(2_000_000), "GET of hot values, P16", ratio_at_most(1.15))
        if context.wants("SET of 100 bytes"):
            server = servers[DISK]
            end, spent, done = time.monotonic() + context.seconds(300), 0.0, 0
            requests = context.size(1_000_000)
            while done == 0 or time.monotonic() < end:
                result = redis_benchmark.run(server, "set", 16, 100, requests, keys)
                spent, done = spent + result.cpu_us * requests, done + requests
            table.add("SET of 100 bytes, wal, P16, compaction included", "us CPU", DISK,
                      spent / done, at_most(8))
        if context.wants("GET of what RocksDB has cached"):
            server = servers[DISK]
            server.call("NAMESPACE", "COMPACT", "NS", "0")
            cool(server)
            redis_benchmark.run(server, "get", 16, 100, keys, keys)  # into the cache
            for _ in range(context.rounds):
                result = redis_benchmark.run(server, "get", 16, 100, context.size(1_000_000), keys)
                table.add("GET of what RocksDB has cached, P16", "us CPU", DISK, result.cpu_us,
                          at_most(6))


def group_commit(context, table):
    if not context.wants("sync"):
        return
    rates = {}
    for clients in (1, 64):
        with context.server(OURS, extra=ON_DISK + ["--namespace.0.durability", "sync"]) as server:
            result = context.load("clients", server, clients=clients, keys=100_000, value=100,
                                  milliseconds=int(context.seconds(10) * 1000))[-1]
            rates[clients] = result["per_second"]
            table.add(f"sync writes of {clients} clients", "/s", DISK, rates[clients])
    table.add("of 64 clients over those of one", "ratio", DISK, rates[64] / rates[1], at_least(5))


def room(context, table):
    if not context.wants("per key"):
        return
    keys = context.size(5_000_000, 10_000)
    context.need_memory(4)
    with context.server(OURS, extra=ON_DISK) as server:
        context.load("fill", server, keys=keys, value=100)
        cool(server)
        fields = server.call("NAMESPACE", "INFO", "NS", "0")
        held = fields[fields.index(b"memory_bytes") + 1]
        table.add(f"memory per key, values away, {keys} keys", "bytes", DISK, held / keys,
                  at_most(80))
        table.add("disk per key over key and value, compacted", "ratio", DISK,
                  used_on_disk(server) / stored_bytes(server), at_most(1.2))
        for command in (("NAMESPACE", "BUMP", "NS", "0"), ("FLUSHDB",)):
            before = time.monotonic()
            server.call(*command)
            table.add(f"{command[-3] if len(command) > 1 else command[0]} of {keys} keys", "ms",
                      DISK, (time.monotonic() - before) * 1000, at_most(100))
            context.load("fill", server, keys=keys // 10, value=100)


def stored_bytes(server):
    fields = server.call("NAMESPACE", "INFO", "NS", "0")
    return fields[fields.index(b"disk_bytes") + 1]


def reclaiming(context, table):
    """What expires and what max_disk evicts gives its room back."""
    if not context.wants("reclaimed"):
        return
    keys = context.size(2_000_000, 10_000)
    context.need_memory(4)
    with context.server(OURS, threads=2, extra=ON_DISK) as server:
        context.load("fill", server, keys=keys, value=100)
        context.load("fill", server, keys=keys, value=100, prefix="ttl:", ttl_low=60_000,
                     ttl_high=61_000)
        end = time.monotonic() + 120
        while server.size() > keys and time.monotonic() < end:
            time.sleep(0.1)
        server.reset_maxima()
        if server.size() != keys:
            raise MeasureError("what has expired is there still")
        table.add(f"reclaimed after {keys} of {2 * keys} keys have expired: disk over live data",
                  "ratio", DISK, used_on_disk(server) / stored_bytes(server), at_most(1.3))
        half = stored_bytes(server) // 2
        before = time.monotonic()
        server.call("NAMESPACE", "ALTER", "0", "POLICY", "lru", "MAX_DISK", half)
        table.add("NAMESPACE ALTER to half of max_disk", "ms", DISK,
                  (time.monotonic() - before) * 1000)
        if stored_bytes(server) > half:
            raise MeasureError("max_disk is exceeded")
        table.add("reclaimed after max_disk was halved: disk over live data", "ratio", DISK,
                  used_on_disk(server) / stored_bytes(server), at_most(1.3))


def start(context, table):
    if not context.wants("start"):
        return
    keys = context.size(10_000_000, 10_000)
    context.need_memory(4)
    extra = ["--namespace.0.engine", "disk", "--namespace.0.hot-memory", "64mb"]
    with context.server(OURS, threads=2, extra=extra) as server:
        context.load("fill", server, keys=keys, value=100)
        table.add(f"start with {keys} keys", "ms", DISK, restart_ms(context, server, extra),
                  at_most(15_000 * max(context.scale, 0.01)))
        if server.size() != keys:
            raise MeasureError(f"{server.size()} keys came back")


def reads(context, table):
    """From files, which the system has in memory: the block cache is small."""
    if not context.wants("random GET"):
        return
    keys, threads, cache = context.size(5_000_000, 10_000), 2, 16 << 20
    context.need_memory(4)
    extra = ["--namespace.0.engine", "disk", "--namespace.0.hot-memory", "64mb",
             "--disk-block-cache", str(cache), "--disk-readers", str(threads)]
    milliseconds = int(context.seconds(20) * 1000)
    with context.server(OURS, threads=threads, extra=extra) as server:
        context.load("fill", server, keys=keys, value=100)
        server.call("NAMESPACE", "COMPACT", "NS", "0")
        cool(server, limit_bytes=80 << 20, hot_memory="64mb")
        spent = server.cpu()
        with context.start_load("probe", server) as probe:
            result = context.load("clients", server, clients=64, keys=keys, value=0, pipeline=16,
                                  milliseconds=milliseconds)[-1]
            pings = probe.stop()["p99"]
        spent = (server.cpu() - spent) * 1e6 / (result["per_second"] * milliseconds / 1000)
        bare = context.compiled("multiget", ["multiget.cpp", "load/connection.cpp",
                                             "load/workload.cpp"],
                                ["-lrocksdb"])
        alone = [bare, server.directory + "/store", str(keys), str(threads), str(cache),
                 str(milliseconds), "32"]
        with context.start_load("probe", server) as probe:
            done = subprocess.run(alone, check=True, text=True, capture_output=True)
            burnt = probe.stop()["p99"]
        alone = json.loads(done.stdout)
    table.add("random GET of what is in files", "/s", DISK, result["per_second"])
    table.add("MultiGet alone, as many threads", "/s", DISK, alone["per_second"])
    table.add("random GET over MultiGet alone", "ratio", DISK,
              result["per_second"] / alone["per_second"], at_least(0.8))
    table.add("random GET of what is in files, the server", "us CPU", DISK, spent)
    table.add("MultiGet alone", "us CPU", DISK, alone["cpu_us"])
    # What the ratio above would be if the clients took nothing of the same cores.
    table.add("CPU of MultiGet alone over the server's", "ratio", DISK, alone["cpu_us"] / spent)
    table.add("PING p99 meanwhile over that beside MultiGet", "ratio", DISK, pings / burnt,
              at_most(1.5))
    table.add("PING p99 meanwhile", "ms", DISK, pings)


def neighbours(context, table):
    if not context.wants("memory namespace"):
        return
    extra = ["--namespace.big.engine", "disk", "--namespace.big.max-entries", "0",
             "--namespace.big.default-ttl", "0", "--namespace.big.hot-memory", "16mb",
             "--disk-block-cache", "16mb", "--disk-write-buffers", "16mb"]
    with context.server(OURS, threads=2, extra=extra) as server:
        server.reset_maxima()
        length = context.seconds(300)
        with context.start_load("clients", server, clients=16, keys=2_000_000, value=100,
                                milliseconds=int(length * 1000), setup="NAMESPACE USE big") as job:
            with context.start_load("probe", server) as probe:
                job.process.wait(length * 2 + 30)
                pings = probe.stop()
            result = job.stop()
        fields = disk_info(server)
        context.machine_gaps(table, context.seconds(30, 0.3))
        table.add("longest loop iteration while a namespace on disk is written to", "us CPU", DISK,
                  server.figure("longest_loop_iteration_cpu_us"), at_most(1000))
        table.add("PING of a memory namespace meanwhile, p99", "ms", DISK, pings["p99"])
        table.add("writes meanwhile", "/s", DISK, result["per_second"])
        table.add("writes meanwhile, p99", "ms", DISK, result["p99"])
        table.add("compactions that ought to be done at the end", "MiB", DISK,
                  float(fields["disk_compaction_pending_bytes"]) / (1 << 20))


def run(context):
    table = context.table(0, "The disk engine", ("on disk", "in memory"))
    for part in (request_cost, group_commit, reads, room, reclaiming, start, neighbours):
        with context.attempt(table, part.__name__):
            part(context, table)
