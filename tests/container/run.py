#!/usr/bin/python3
"""The container of docker/Dockerfile, made and run without Docker. See README.md.

    run.py [--work DIR]
"""
import argparse
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from debian import make_debian

ROOT = Path(__file__).resolve().parent.parent.parent
GROUPS = Path("/sys/fs/cgroup")
LIMIT = 64 << 20


def say(text):
    print(f"  {text}", flush=True)


def run(*command, **options):
    subprocess.run(command, check=True, **options)


def size_of(folder):
    """Bytes of the files below, each once."""
    seen, total = set(), 0
    for path, _, names in os.walk(folder):
        for name in names:
            status = os.lstat(os.path.join(path, name))
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            total += status.st_size
    return total


def without_packages(image):
    """What of an image is no list or cache of packages, which the base of an image has none of."""
    return size_of(image) - sum(size_of(image / name) for name in ("var/lib/apt/lists",
                                                                   "var/cache/apt"))


class Stage:
    """An image as a folder."""

    def __init__(self, root):
        self.root, self.workdir, self.user = root, "/", "root"
        self.environment, self.entrypoint, self.command, self.health = {}, [], [], []

    def inside(self, path):
        joined = os.path.join(self.workdir, path)
        return self.root / joined.lstrip("/"), joined.endswith("/") or path in (".", "./")

    def run(self, command):
        # What images of stages need and a bare chroot lacks.
        for name in ("proc", "dev"):
            run("mount", "--rbind", f"/{name}", self.root / name)
        try:
            shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
            run("chroot", self.root, "/bin/sh", "-ec",
                f"mkdir -p {shlex.quote(self.workdir)}; cd {shlex.quote(self.workdir)}; {command}",
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
                     "DEBIAN_FRONTEND": "noninteractive", **self.environment},
                stdout=subprocess.DEVNULL)
        finally:
            for name in ("proc", "dev"):
                run("umount", "-l", "-R", self.root / name)


def instructions(text):
    text = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield word.upper(), rest.strip()


def copy(rest, stages, stage):
    words = shlex.split(rest)
    source = ROOT
    if words[0].startswith("--from="):
        source = stages[words.pop(0)[len("--from="):]].root
    *names, target = words
    to, is_folder = stage.inside(target)
    for name in names:
        if name == ".":  # the project, as version control has it
            to.mkdir(parents=True, exist_ok=True)
            listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True,
                                    capture_output=True).stdout
            run("rsync", "-a", "--from0", "--files-from=-", f"{ROOT}/", f"{to}/", input=listed)
            continue
        path = source / name.lstrip("/")
        if path.is_dir():
            run("cp", "-a", f"{path}/.", to)
        else:
            (to if is_folder else to.parent).mkdir(parents=True, exist_ok=True)
            run("cp", "-a", path, to)


def build(work, base):
    stages, stage = {}, None
    for word, rest in instructions((ROOT / "docker/Dockerfile").read_text()):
        say(f"{word} {rest[:90]}")
        if word == "FROM":
            words = rest.split()
            stage = Stage(work / f"stage{len(stages)}")
            run("cp", "-a", base, stage.root)
            stages[words[2] if len(words) == 3 else str(len(stages))] = stage
        elif word == "RUN":
            stage.run(rest)
        elif word == "COPY":
            copy(rest, stages, stage)
        elif word == "WORKDIR":
            stage.workdir = os.path.join(stage.workdir, rest)
            stage.inside(".")[0].mkdir(parents=True, exist_ok=True)
        elif word == "USER":
            stage.user = rest
        elif word == "ENV":
            name, _, value = rest.partition("=")
            stage.environment[name] = value
        elif word == "ENTRYPOINT":
            stage.entrypoint = json.loads(rest)
        elif word == "CMD":
            stage.command = json.loads(rest)
        elif word == "HEALTHCHECK":
            stage.health = json.loads(rest[rest.index("["):])
        elif word not in ("EXPOSE", "VOLUME"):
            raise SystemExit(f"the Dockerfile says {word}, which this does not know")
    return stage


class Limit:
    """A control group of so many bytes of memory, of version 2 or 1; nothing where neither is."""

    def __init__(self, size):
        v1 = GROUPS / "memory"
        self.folder = None
        if (GROUPS / "cgroup.controllers").exists():
            parent, name = GROUPS, "memory.max"
        elif (v1 / "memory.limit_in_bytes").exists():
            parent, name = v1, "memory.limit_in_bytes"
        else:
            return
        folder = parent / f"replete-test-{os.getpid()}"
        try:
            folder.mkdir()
            (folder / name).write_text(str(size))
        except OSError as error:
            say(f"no control group: {error}")
            return
        self.folder = folder

    def enter(self):
        if self.folder is not None:
            (self.folder / "cgroup.procs").write_text(str(os.getpid()))

    def close(self):
        if self.folder is not None:
            self.folder.rmdir()


class Container:
    def __init__(self, image, limit, port, environment=(), arguments=()):
        self.port = port
        data = image.root.parent / "data"
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir()
        uid, gid = (int(subprocess.run(["/usr/sbin/chroot", image.root, "id", flag, image.user], check=True,
                                       capture_output=True).stdout) for flag in ("-u", "-g"))
        os.chown(data, uid, gid)
        # Mounts and processes of its own; the network is shared so that it can be reached.
        root = shlex.quote(str(image.root))
        start = (f"mount --make-rprivate / && mount --bind {root} {root} && "
                 f"mount --bind {shlex.quote(str(data))} {root}/data && "
                 f"mount -t proc proc {root}/proc && mount --bind /dev {root}/dev && "
                 f"mount --rbind /sys {root}/sys && "
                 f"mount -o remount,bind,ro {root} && "
                 f"cd {root} && exec /usr/sbin/chroot --userspec={uid}:{gid} {root} /bin/sh -c "
                 "'cd /data && exec \"$@\"' sh " +
                 shlex.join([*image.entrypoint, *(arguments or image.command)]))
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL", "/bin/sh", "-c", start],
            preexec_fn=limit.enter, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            env={"PATH": "/usr/bin:/bin", "REPLETE__SERVER__PORT": str(port),
                 **image.environment, **dict(environment)})
        for _ in range(200):
            if self.process.poll() is not None:
                raise SystemExit(self.process.stdout.read().decode())
            try:
                self.ask("PING")
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit("the container does not answer")

    def ask(self, *words, address="127.0.0.1"):
        request = b"*%d\r\n" % len(words)
        for word in words:
            word = word if isinstance(word, bytes) else word.encode()
            request += b"$%d\r\n%s\r\n" % (len(word), word)
        with socket.create_connection((address, self.port), timeout=20) as connection:
            connection.sendall(request)
            return connection.makefile("rb").readline().decode().rstrip()

    def daemon(self):
        """Its process id outside, and what it is inside."""
        child = self.process.pid
        while True:
            children = Path(f"/proc/{child}/task/{child}/children").read_text().split()
            if not children:
                break
            child = int(children[0])
        status = dict(line.split(":\t", 1) for line in
                      Path(f"/proc/{child}/status").read_text().splitlines() if ":\t" in line)
        return child, status

    def stop(self):
        """The status with which it ends by SIGTERM, and how long that takes."""
        child, _ = self.daemon()
        started = time.monotonic()
        os.kill(child, signal.SIGTERM)
        status = self.process.wait(20)
        return status, time.monotonic() - started


def own_address():
    """An address of this machine that is no loopback, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
            return probe.getsockname()[0]
        except OSError:
            return None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def check(what, holds):
    say(f"{'ok  ' if holds else 'FAIL'} {what}")
    if not holds:
        check.failures += 1


check.failures = 0


def examine(image):
    limit = Limit(LIMIT)
    container = Container(image, limit, free_port())
    _, status = container.daemon()
    check("the daemon is process 1", status["NSpid"].split()[-1] == "1")
    check("it is not root", status["Uid"].split()[0] != "0")
    health = subprocess.run(
        ["/usr/sbin/chroot", image.root, *image.health], check=False,
        env={"PATH": "/usr/bin:/bin", "REPLETE__SERVER__PORT": str(container.port)})
    check("the health check passes", health.returncode == 0)
    stranger = own_address()
    if stranger is not None and stranger != "127.0.0.1":
        answer = container.ask("PING", address=stranger)
        check(f"a stranger is refused: {answer[:60]}", answer.startswith("-DENIED"))
    if limit.folder is not None:
        say("writing 200 MB into 64 MiB")
        answers = {container.ask("SET", f"key:{i}", b"v" * (1 << 20))[:4] for i in range(200)}
        check(f"writes are refused before the limit: {sorted(answers)}", answers == {"+OK", "-OOM"})
        check("and it is alive", container.ask("PING") == "+PONG")
    code, took = container.stop()
    check(f"SIGTERM: status {code} after {took:.2f} s", code == 0 and took < 5)

    secret = image.root / "run/secret"
    secret.write_text("s3cret\n")
    secret.chmod(0o644)
    container = Container(image, limit, free_port(), {"REPLETE_PASSWORD_FILE": "/run/secret"})
    check("a password from a file", container.ask("PING").startswith("-NOAUTH") and
          container.ask("AUTH", "s3cret") == "+OK")
    container.stop()
    container = Container(image, limit, free_port(), arguments=["--timeout", "77"])
    check("arguments are settings", container.ask("PING") == "+PONG")
    container.stop()
    limit.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", help="a folder to work in (a new one, removed at the end)")
    work = Path(parser.parse_args().work or tempfile.mkdtemp(prefix="replete-container-"))
    work.mkdir(parents=True, exist_ok=True)
    try:
        base = work / "base"
        if not base.exists():
            say("debootstrap")
            make_debian(base)
        image = build(work, base)
        beside = without_packages(image.root) - without_packages(base)
        check(f"the image has {beside / 1e6:.1f} MB beside the base (60)", beside < 60e6)
        examine(image)
    finally:
        if work.name.startswith("replete-container-"):
            shutil.rmtree(work)
    return 1 if check.failures else 0


if __name__ == "__main__":
    sys.exit(main())
