"""A bare Debian 12 as a folder."""
import os
import shlex
import subprocess
from pathlib import Path


def run(*command, **options):
    subprocess.run(command, check=True, **options)


def make_debian(folder):
    """Made by debootstrap from where this machine has its packages."""
    targets = subprocess.run(["apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)"],
                             check=True, capture_output=True, text=True).stdout.split("\n")
    mirrors = [line.split()[1] for line in targets if line.startswith("bookworm ")]
    proxy = subprocess.run(["apt-config", "shell", "p", "Acquire::http::Proxy"], check=True,
                           capture_output=True, text=True).stdout
    environment = dict(os.environ)
    if proxy:
        environment["http_proxy"] = shlex.split(proxy)[0].partition("=")[2]
    run("debootstrap", "--variant=minbase", "bookworm", folder, *mirrors[:1],
        stdout=subprocess.DEVNULL, env=environment)
    for name in ("apt.conf.d", "sources.list", "sources.list.d", "auth.conf.d"):
        source = Path("/etc/apt") / name
        if source.exists():
            run("cp", "-a", "-T", source, folder / "etc/apt" / name)
    certificates = Path("/etc/ssl/certs")
    if certificates.exists():
        (folder / "etc/ssl").mkdir(exist_ok=True)
        run("cp", "-aL", "-T", certificates, folder / "etc/ssl/certs")
