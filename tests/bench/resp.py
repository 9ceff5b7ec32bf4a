"""A blocking RESP2 client: enough of one to steer a server and to read its figures."""
import socket


class ServerError(Exception):
    """An error reply."""


class Connection:
    def __init__(self, port, timeout=60):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.reader.close()
        self.socket.close()

    @staticmethod
    def encode(*arguments):
        words = [a if isinstance(a, bytes) else str(a).encode() for a in arguments]
        body = b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
        return b"*%d\r\n" % len(words) + body

    def call(self, *arguments):
        """The reply; raises ServerError for an error reply."""
        self.socket.sendall(self.encode(*arguments))
        return self.read()

    def read(self):
        line = self.reader.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("the server closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise ServerError(rest.decode(errors="replace"))
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self.reader.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self.read() for _ in range(int(rest))]
        return rest
