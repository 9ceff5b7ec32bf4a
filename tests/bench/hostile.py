"""Bar 14: clients that mean no good, and what becomes of the data set."""
import socket
import time

from report import at_least, at_most, says
from resp import Connection, ServerError

MIB = 1 << 20
LIMIT = 64 * MIB
OUTPUT_LIMIT = "normal 33554432 16777216 2"
GROWTH = 64  # MiB more than the data took: the output limit, and as much again for everything else
HUGE = 96    # MiB of the value that is larger than maxmemory


class Attack:
    """A server with a memory limit, a data set of a third of it, and what an attack does to it."""

    def __init__(self, context, column):
        extra = ["--maxmemory", LIMIT, "--maxmemory-policy", "allkeys-lru"]
        self.server = context.server(column, extra=extra)
        try:
            keys = 20_000
            context.load("fill", self.server, keys=keys, value=1000)
            self.server.settle()
            self.before = self.server.size()
            self.rss = self.server.rss()
            self.server.reset_peak()
        except BaseException:
            self.server.stop()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.stop()

    @staticmethod
    def wait(seconds, until=lambda: False):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if until():
                return True
            time.sleep(0.01)
        return False

    def record(self, table, name, column, fate, fate_bar, growth=GROWTH):
        kept = 100 * self.server.size() / self.before
        table.add(f"{name}: offender", "", column, fate, fate_bar)
        table.add(f"{name}: data set kept", "%", column, kept, at_least(100))
        table.add(f"{name}: RSS growth at most", "MiB", column,
                  (self.server.peak() - self.rss) / MIB, at_most(growth))


def is_closed(s):
    """Whether the other side has closed, seen without taking what it sent before."""
    established = 1
    return s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 8)[0] != established


def never_reads(context, table, column):
    name = "a reader that never reads 2 GiB"
    if not context.wants(name):
        return
    with Attack(context, column) as attack:
        try:
            attack.server.call("CONFIG", "SET", "client-output-buffer-limit", OUTPUT_LIMIT)
        except ServerError as reason:
            table.note(f"{attack.server.target.title}: output limit not set: {reason}")
        attack.server.call("SET", "big", b"x" * MIB)
        attack.before = attack.server.size()
        attack.rss = attack.server.rss()
        attack.server.reset_peak()
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(("127.0.0.1", attack.server.port))
        s.setblocking(False)
        pending = Connection.encode("GET", "big") * 2048

        def push():
            nonlocal pending
            try:
                pending = pending[s.send(pending):] if pending else pending
            except BlockingIOError:
                pass
            except OSError:
                return True
            return is_closed(s)
        cut = attack.wait(context.seconds(15, 5), push)
        s.close()
        attack.record(table, name, column, "cut" if cut else "kept waiting", says("cut", "kept"))


def reply_to(server, payload, timeout=20):
    """What the server says, and whether it closes, after these bytes."""
    s = socket.create_connection(("127.0.0.1", server.port), timeout)
    try:
        try:
            s.sendall(payload)
        except OSError:
            pass  # refused before all of it was sent; the reason may still be readable
        return s.recv(200).decode(errors="replace").strip() or "closed"
    except ConnectionResetError:
        return "closed"
    except socket.timeout:
        return "no answer"
    finally:
        s.close()


def oversize_value(context, table, column):
    announced = b"*3\r\n$3\r\nSET\r\n$4\r\nhuge\r\n$600000000\r\n"
    whole = Connection.encode("SET", "huge", b"x" * (HUGE * MIB))
    cases = [("a value larger than maxmemory", whole,
              says("OOM"), HUGE + 32),
             ("a value above proto-max-bulk-len", announced,
              says("invalid bulk length"), GROWTH)]
    for name, payload, bar, growth in cases:
        if not context.wants(name):
            continue
        with Attack(context, column) as attack:
            answer = reply_to(attack.server, payload)
            # What is refused may have been received first, so it may take its own size meanwhile.
            attack.record(table, name, column, answer, bar, growth)


def announced_only(context, table, column):
    name = "512 MB announced by 20 clients and not sent"
    if not context.wants(name):
        return
    with Attack(context, column) as attack:
        sockets = []
        for i in range(20):
            s = socket.create_connection(("127.0.0.1", attack.server.port), 10)
            s.sendall(b"*3\r\n$3\r\nSET\r\n$6\r\nhuge%02d\r\n$536870912\r\n" % i + b"x" * 4096)
            sockets.append(s)
        attack.wait(2)
        cut = sum(map(is_closed, sockets))
        fate = f"{cut} of {len(sockets)} cut" if cut else "kept waiting"
        attack.record(table, name, column, fate, says("cut", "kept"))
        for s in sockets:
            s.close()


def run(context):
    table = context.table(14, f"Offenders (maxmemory {LIMIT // MIB} MiB, policy allkeys-lru, "
                              "20 MB of data)")
    for what, attack in (("a reader that never reads", never_reads),
                         ("an oversize value", oversize_value),
                         ("an announced value", announced_only)):
        context.interleaved(table, what, 1,
                            lambda column, _, attack=attack: attack(context, table, column))
