#!/usr/bin/python3
"""The README's two commands on a bare Debian 12. See README.md.

    newcomer.py [--work DIR] [--only-run]
"""
import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from debian import make_debian, run

ROOT = Path(__file__).resolve().parent.parent.parent
PORT = "7391"

# In a mount namespace of its own: the machine's mounts are as before when it ends.
ENTER = """
set -e
mount -t proc proc "$0/proc"
mount --rbind /dev "$0/dev"
mount --rbind /sys "$0/sys"
mount -t tmpfs tmpfs "$0/tmp"
cp /etc/resolv.conf /etc/hosts "$0/etc/"
exec env -i HOME=/root TERM=dumb LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
  chroot "$0" /bin/sh -c "$1"
"""
# scripts/run stays in the foreground, as the README shows it.
FIRST = f"""
cd /srv/replete
scripts/run --port {PORT} &
until [ "$(redis-cli -p {PORT} ping 2>/dev/null)" = PONG ]; do
  kill -0 $! || exit 1
  sleep 1
done
redis-cli -p {PORT} set greeting hello && [ "$(redis-cli -p {PORT} get greeting)" = hello ] || exit 1
redis-cli -p {PORT} shutdown nosave
wait $!
"""


def inside(folder, script):
    start = time.monotonic()
    status = subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", ENTER,
                             folder, script]).returncode
    print(f"  status {status} after {time.monotonic() - start:.0f} s", flush=True)
    return status


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--work", help="a folder to work in (a new one, removed at the end)")
    parser.add_argument("--only-run", action="store_true", help="without scripts/test")
    arguments = parser.parse_args()
    work = Path(arguments.work or tempfile.mkdtemp(prefix="replete-newcomer-"))
    work.mkdir(parents=True, exist_ok=True)
    try:
        machine = work / "machine"
        make_debian(machine)
        run("git", "clone", "-q", ROOT, machine / "srv/replete")
        print("scripts/run", flush=True)
        if inside(machine, FIRST) != 0:
            return 1
        if arguments.only_run:
            return 0
        print("scripts/test", flush=True)
        return inside(machine, "cd /srv/replete && scripts/test")
    finally:
        if arguments.work is None:
            shutil.rmtree(work)


if __name__ == "__main__":
    sys.exit(main())
