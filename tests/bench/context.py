"""What every section needs: the two targets, sizes, the load generator, and where results go."""
import contextlib
import json
import os
import pathlib
import subprocess
import sys

from report import OURS, REFERENCE, Table
from resp import ServerError
from servers import MeasureError, NotApplicable, Server, die_with_parent

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FAULTS = (MeasureError, ServerError, OSError, subprocess.SubprocessError, ValueError, KeyError,
          IndexError)


class Job:
    """A mode of the load generator that runs until it is told to stop."""

    def __init__(self, argv):
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True,
                                        preexec_fn=die_with_parent)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def line(self):
        text = self.process.stdout.readline()
        if not text:
            raise MeasureError(self.process.communicate()[1].strip() or "the load generator ended")
        return json.loads(text)

    def running(self):
        return self.process.poll() is None

    def stop(self, timeout=180):
        """Its last line. Stopping is closing its stdin."""
        out, error = self.process.communicate(timeout=timeout)
        if self.process.returncode != 0:
            raise MeasureError(error.strip() or f"load exit {self.process.returncode}")
        lines = out.strip().splitlines()
        return json.loads(lines[-1]) if lines else {}


class Context:
    def __init__(self, options, directory, ours, reference):
        self.options = options
        self.directory = directory
        self.targets = {OURS: ours, REFERENCE: reference}
        self.rounds = options.rounds or (3 if options.quick else 5)
        self.slow_rounds = max(1, self.rounds // 2)
        self.scale = options.scale or (0.2 if options.quick else 1.0)
        self.tables = []
        self.failures = []
        self.wanted_bars = set()
        self.loader = self.compiled("load", sorted(map(str, (HERE / "load").glob("*.cpp"))))

    def compiled(self, name, sources, libraries=()):
        """The path of a program made from sources of this folder."""
        program = os.path.join(self.directory, name)
        compiler = os.environ.get("CXX", "c++")
        subprocess.run([compiler, "-std=c++20", "-O2", "-pthread", "-I", str(ROOT),
                        *(str(HERE / source) for source in sources), "-o", program, *libraries],
                       check=True)
        return program

    # Sizes and filters.

    def size(self, full, least=100):
        """A count, reduced as --quick or --scale say."""
        return max(least, int(full * self.scale))

    def seconds(self, full, least=1.0):
        return max(least, full * self.scale)

    def wants(self, row):
        """Whether --rows leaves this row in."""
        return not self.options.rows or any(
            part.strip().lower() in row.lower() for part in self.options.rows.split(","))

    def table(self, bar, title, columns=None):
        names = columns or tuple(t.title for t in self.targets.values())
        table = Table(bar, title, names)
        if bar in self.wanted_bars:
            self.tables.append(table)
        return table

    @staticmethod
    def progress(text):
        print(f"  {text}", file=sys.stderr, flush=True)

    @contextlib.contextmanager
    def attempt(self, table, what, column=None):
        """What cannot be measured is said, and the rest goes on."""
        who = f"{self.targets[column].title}, {what}" if column else what
        try:
            yield
        except NotApplicable as reason:
            table.note(f"{who}: n/a, {reason}")
        except FAULTS as reason:
            text = str(reason).strip().replace("\n", " ")[:300]
            table.note(f"{who}: **not measured**: {text or type(reason).__name__}")
            self.failures.append(f"{table.bar}: {who}")

    def interleaved(self, table, what, rounds, measure, columns=(OURS, REFERENCE)):
        """A B A B: measure(column, round) for each side in turn. A side that failed is left out."""
        dead = set()
        for turn in range(rounds):
            for column in columns:
                if column in dead:
                    continue
                self.progress(f"{what}: {self.targets[column].title}, round {turn + 1}/{rounds}")
                dead.add(column)
                with self.attempt(table, what, column):
                    measure(column, turn)
                    dead.discard(column)

    # Processes.

    def server(self, column, threads=1, extra=(), **more):
        return Server(self.targets[column], self.directory, threads, extra, **more)

    def _argv(self, mode, options):
        argv = [self.loader, mode]
        for name, value in options.items():
            if value is not None and value != "":
                argv += ["--" + name.replace("_", "-"), str(value)]
        return argv

    def load(self, mode, server, timeout=1200, **options):
        """Runs a mode to its end; the list of what it printed, the result last."""
        argv = self._argv(mode, dict(options, port=server.port))
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=timeout, preexec_fn=die_with_parent)
        if done.returncode != 0:
            raise MeasureError(done.stderr.strip() or f"load {mode}: exit {done.returncode}")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        if lines[-1].get("errors") and mode != "churn":
            raise MeasureError(f"{lines[-1]['errors']} error replies: {lines[-1]['first_error']}")
        return lines

    def machine_gaps(self, table, seconds):
        """A row that tells what longest times on this machine are worth."""
        argv = self._argv("gaps", {"milliseconds": int(seconds * 1000)})
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=True, preexec_fn=die_with_parent)
        table.add("longest step of a loop that only reads its CPU clock (noise)", "us CPU", OURS,
                  json.loads(done.stdout)["longest_us"])

    @staticmethod
    def stolen_ms():
        """Milliseconds that the host has taken from this machine's cores since it started."""
        with open("/proc/stat", encoding="ascii") as stat:
            return int(stat.readline().split()[8]) * 1000 / os.sysconf("SC_CLK_TCK")

    def start_load(self, mode, server, **options):
        return Job(self._argv(mode, dict(options, port=server.port)))

    @staticmethod
    def need_memory(gib):
        with open("/proc/meminfo", encoding="ascii") as f:
            fields = dict(line.split(":") for line in f)
        free = int(fields["MemAvailable"].split()[0]) / (1 << 20)
        if free < gib:
            raise MeasureError(f"{free:.1f} GiB of memory available, {gib:.1f} needed")
