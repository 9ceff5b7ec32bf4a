#!/usr/bin/python3
"""/metrics under load and with a thousand namespaces, read by Prometheus' own checker.

    metrics.py DAEMON

Prints what a scrape costs; fails only where promtool complains or a figure is missing.
"""
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import servers

NAMESPACES = 1000


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def cpu_seconds(pid):
    fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def work(client, stop):
    pipe = client.pipeline(transaction=False)
    while not stop.is_set():
        for i in range(100):
            pipe.set(f"key:{i}", "v", ex=100)
            pipe.get(f"key:{i * 2}")
            pipe.incr("counter")
            pipe.execute_command("NOSUCH")
        pipe.execute(raise_on_error=False)


def main(daemon):
    admin = free_port()
    with servers.server(daemon, "--admin-port", str(admin)) as client:
        for i in range(NAMESPACES):
            client.execute_command("NAMESPACE", "CREATE", f"ns{i}", "prefix", f"ns{i}:")
            client.set(f"ns{i}:key", "v")
        url = f"http://127.0.0.1:{admin}/metrics"
        stop = threading.Event()
        worker = threading.Thread(target=work, args=(client, stop))
        worker.start()
        try:
            time.sleep(0.5)
            text = urllib.request.urlopen(url).read()
        finally:
            stop.set()
            worker.join()
        pid = int(client.info("server")["process_id"])
        client.config_resetstat()
        scrapes = 20
        idle, started = cpu_seconds(pid), time.monotonic()
        time.sleep(1)
        idle = (cpu_seconds(pid) - idle) / (time.monotonic() - started)
        before, started = cpu_seconds(pid), time.monotonic()
        for _ in range(scrapes):
            urllib.request.urlopen(url).read()
        took = time.monotonic() - started
        cost = (cpu_seconds(pid) - before - idle * took) / scrapes
        longest = client.info("replete")["longest_loop_iteration_cpu_us"]
    print(f"{len(text) / 1024:.0f} KiB; a scrape: {cost * 1000:.1f} ms of CPU, "
          f"{took / scrapes * 1000:.1f} ms; longest loop iteration {longest} us")

    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                             check=False)
    complaints = checked.stderr.decode().splitlines()
    for line in complaints:
        print(line, file=sys.stderr)
    lines = text.decode().splitlines()
    for family in ("replete_namespace_entries", "replete_namespace_hits_total"):
        samples = [line for line in lines if line.startswith(family + "{")]
        if len(samples) < NAMESPACES:
            print(f"{family}: {len(samples)} samples", file=sys.stderr)
            return 1
    return 1 if complaints or checked.returncode != 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
