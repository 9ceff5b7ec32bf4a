"""Starting a server, and reading from outside what it costs: CPU, memory, time without a core."""
import ctypes
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from resp import Connection, ServerError

LIBC = ctypes.CDLL(None, use_errno=True)
PAGE = os.sysconf("SC_PAGE_SIZE")


class MeasureError(Exception):
    """A figure could not be taken; the text says why."""


class NotApplicable(Exception):
    """The server has no such thing, which is no fault of the measurement."""


def die_with_parent():
    """Runs in the child: a driver that is killed leaves no server behind."""
    LIBC.prctl(1, signal.SIGKILL)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Target:
    """An executable to measure and how it is started."""

    def __init__(self, binary, title=None):
        path = shutil.which(str(binary))
        if path is None:
            raise MeasureError(f"no executable {binary}")
        self.binary = path
        self.title = title or os.path.basename(path)
        self.is_replete = "replete" in os.path.basename(path)

    def arguments(self, port, directory, threads, spread, extra):
        if self.is_replete:
            fixed = ["--port", port, "--dir", directory, "--threads", threads,
                     "--elastic-threads", "no" if spread else "yes"]
        else:
            fixed = ["--port", port, "--dir", directory, "--bind", "127.0.0.1",
                     "--save", "", "--appendonly", "no"]
        return [self.binary, *map(str, fixed), *map(str, extra)]

    def version(self):
        try:
            done = subprocess.run([self.binary, "--version"], stdin=subprocess.DEVNULL, text=True,
                                  capture_output=True, timeout=10)
        except (OSError, subprocess.TimeoutExpired):
            return "?"
        said = (done.stdout or done.stderr).strip()
        return said.splitlines()[0] if said and done.returncode == 0 else "?"


class Server:
    """A running server in a directory of its own. Use with `with`. With `spread` the connections of
    ours are dealt to all its threads and stay, so that a test has some on each."""

    def __init__(self, target, parent, threads=1, extra=(), maxclients=12000, spread=False):
        self.target = target
        self.port = free_port()
        self.directory = tempfile.mkdtemp(prefix="server-", dir=parent)
        self.log = open(os.path.join(self.directory, "server.log"), "wb")
        argv = target.arguments(self.port, self.directory, threads, spread, extra)
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=subprocess.STDOUT, cwd=self.directory,
                                        preexec_fn=die_with_parent)
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise
        self.pid = self.process.pid
        clock = ctypes.c_int()
        if LIBC.clock_getcpuclockid(self.pid, ctypes.byref(clock)) != 0:
            raise MeasureError("the server's CPU clock cannot be read")
        self._clock = clock.value
        try:
            self.call("CONFIG", "SET", "maxclients", maxclients)
        except ServerError:
            pass  # its default has to do; sections that need more will say so

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def _wait_until_it_answers(self):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            try:
                with Connection(self.port, 5) as c:
                    c.call("PING")
                    return
            except (OSError, ServerError):
                time.sleep(0.02)
        tail = pathlib.Path(self.log.name).read_bytes()[-400:].decode(errors="replace")
        raise MeasureError(f"{self.target.title} does not answer: {tail.strip()}")

    def restart(self, argv):
        """The process that has ended is started again, with other arguments if need be."""
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=subprocess.STDOUT, cwd=self.directory,
                                        preexec_fn=die_with_parent)
        self.pid = self.process.pid

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.log.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def cpu(self):
        """Seconds of user and system time of all its threads, those that ended included."""
        return time.clock_gettime(self._clock)

    def rss(self):
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as f:
            return int(f.read().split()[1]) * PAGE

    def reset_peak(self):
        """Makes peak() count from here."""
        with open(f"/proc/{self.pid}/clear_refs", "w", encoding="ascii") as f:
            f.write("5")

    def peak(self):
        """The largest RSS since reset_peak(): what sampling would miss."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            return next(int(line.split()[1]) * 1024 for line in f if line.startswith("VmHWM"))

    def waited(self):
        """Seconds its threads were ready to run and had no core: the noise of the machine."""
        total = 0
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            try:
                total += int((task / "schedstat").read_text().split()[1])
            except (OSError, IndexError):
                pass
        return total / 1e9

    def settle(self, limit=20):
        """Waits until what it does in the background takes less than 3 % of a core."""
        end = time.monotonic() + limit
        while time.monotonic() < end:
            before = self.cpu()
            time.sleep(0.2)
            if self.cpu() - before < 0.006:
                return

    def connect(self, timeout=60):
        return Connection(self.port, timeout)

    def call(self, *arguments):
        with self.connect() as c:
            return c.call(*arguments)

    def info(self):
        """All fields of INFO, those of our own section too."""
        fields = {}
        for section in ((), ("replete",)):
            try:
                text = self.call("INFO", *section)
            except ServerError:
                continue
            for line in text.decode(errors="replace").splitlines():
                name, colon, value = line.partition(":")
                if colon and not line.startswith("#"):
                    fields[name] = value
        return fields

    def figure(self, name, fields=None):
        """A number of INFO, or None when the server does not have the field."""
        try:
            return float((fields if fields is not None else self.info())[name])
        except (KeyError, ValueError):
            return None

    def reset_maxima(self):
        try:
            self.call("CONFIG", "RESETSTAT")
        except ServerError:
            pass

    def namespace(self, name, *settings):
        """Creates a namespace and returns the commands that put a session into it."""
        if not self.target.is_replete:
            raise NotApplicable("has no namespaces")
        self.call("NAMESPACE", "CREATE", name, *settings)
        return f"NAMESPACE USE {name}"

    def size(self, setup=None):
        """DBSIZE, as a session sees it after the command line `setup`."""
        with self.connect() as c:
            if setup:
                c.call(*setup.split())
            return c.call("DBSIZE")
