"""SCAN and KEYS over all keys (scripts/bench --commands): time and CPU of the server."""
import socket
import time

from report import OURS, REFERENCE, ratio_at_most

KEYS = 5_000_000
KEY_BYTES = len("$16\r\nkey:000000000000\r\n")  # as `fill` names them
# row, COUNT, at most so many steps
SCANS = [("SCAN COUNT 10", 10, 100_000), ("SCAN COUNT 100", 100, None),
         ("SCAN COUNT 1000", 1000, None)]


class Keys:
    """Reads replies that hold keys of one length: so the client costs next to nothing."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.left = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, *words):
        self.socket.sendall(b"*%d\r\n" % len(words) +
                            b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))

    def more(self):
        got = self.socket.recv(1 << 20)
        if not got:
            raise OSError("the server has closed the connection")
        self.left += got

    def line(self):
        while (end := self.left.find(b"\r\n")) < 0:
            self.more()
        line, self.left = self.left[:end], self.left[end + 2:]
        return line

    def keys(self):
        """Skips an array of keys; how many there were."""
        n = int(self.line()[1:])
        missing = n * KEY_BYTES - len(self.left)
        if missing < 0:
            self.left = self.left[n * KEY_BYTES:]
            return n
        self.left = b""
        while missing > 0:
            got = len(self.socket.recv(min(missing, 1 << 20)))
            if got == 0:
                raise OSError("the server has closed the connection")
            missing -= got
        return n

    def scan(self, count, steps):
        """From the start; how many keys came."""
        cursor, found = b"0", 0
        for _ in range(steps or 1 << 62):
            self.send(b"SCAN", cursor, b"COUNT", b"%d" % count)
            self.line()
            self.line()
            cursor = self.line()
            found += self.keys()
            if cursor == b"0":
                break
        return found

    def all(self):
        self.send(b"KEYS", b"*")
        return self.keys()


def run(context):
    keys = context.size(KEYS, 1000)
    table = context.table(0, f"SCAN and KEYS over {keys / 1e6:g}M keys, by the key")
    context.need_memory(keys * 250 / (1 << 30))
    operations = [(name, lambda c, n=count, most=steps: c.scan(n, most))
                  for name, count, steps in SCANS] + [("KEYS *", Keys.all)]
    operations = [one for one in operations if context.wants(one[0])]
    if not operations:
        return

    def measure(column, name, work):
        server = servers[column]
        with Keys(server.port) as client:
            cpu, started = server.cpu(), time.monotonic()
            found = work(client)
            took, cpu = time.monotonic() - started, server.cpu() - cpu
        table.add(name, "ns", column, took / found * 1e9, ratio_at_most(1))
        table.add(f"{name}: the server", "ns CPU", column, cpu / found * 1e9, ratio_at_most(1))

    with context.server(OURS) as ours, context.server(REFERENCE) as reference:
        servers = {OURS: ours, REFERENCE: reference}
        for server in servers.values():
            context.load("fill", server, keys=keys, value=3)
            server.settle()
        for name, work in operations:
            context.interleaved(table, name, context.rounds,
                                lambda column, _, n=name, w=work: measure(column, n, w),
                                tuple(servers))
