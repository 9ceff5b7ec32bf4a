"""Running redis-benchmark once: throughput, latency, and the server's CPU meanwhile."""
import csv
import subprocess
from dataclasses import dataclass

from servers import MeasureError, die_with_parent

CLIENTS = 50
KEYSPACE = 1_000_000


@dataclass
class Result:
    rate: float    # requests a second
    cpu_us: float  # server CPU, microseconds a request
    p50_ms: float
    p99_ms: float


def run(server, test, pipeline, size, requests, keyspace=KEYSPACE, timeout=600, command=None):
    """`command`: the words of a request of one's own instead of a test of redis-benchmark's."""
    argv = ["redis-benchmark", "-h", "127.0.0.1", "-p", server.port, "-c", CLIENTS, "-n", requests,
            "-P", pipeline, "-r", keyspace, "-d", size, "--csv"]
    argv += command if command else ["-t", test]
    before = server.cpu()
    done = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, timeout=timeout, preexec_fn=die_with_parent)
    used = server.cpu() - before
    said = (done.stderr + done.stdout).strip()
    rows = list(csv.reader(done.stdout.splitlines()))
    rows = [row for row in rows if len(row) > 5]
    if done.returncode != 0 or "rror from server" in said or len(rows) != 2:
        raise MeasureError(f"redis-benchmark {command or test}: {said[-200:]}")
    row = dict(zip(*rows))
    return Result(float(row["rps"]), used / requests * 1e6, float(row["p50_latency_ms"]),
                  float(row["p99_latency_ms"]))
