"""Servers of a test's own: each on a free port, gone at the end."""
import contextlib
import socket
import subprocess
import time

import redis


@contextlib.contextmanager
def server(*command):
    """A client of a server that runs as long as the block."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL)
    try:
        client = redis.Redis(port=port)
        for _ in range(100):
            with contextlib.suppress(redis.ConnectionError):
                client.ping()
                break
            time.sleep(0.1)
        yield client
    finally:
        process.terminate()
        process.wait()
