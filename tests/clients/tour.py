#!/usr/bin/python3
"""The tour of the README: every command of it with the output that stands there.

    tour.py DAEMON
"""
import re
import subprocess
import sys
from pathlib import Path

import servers

README = Path(__file__).resolve().parent.parent.parent / "README.md"
PORT = "7311"  # as the README says
PROMPT = f"127.0.0.1:{PORT}> "


def steps():
    """(redis-cli's arguments, its input or None, the output) of the tour, in order."""
    tour = README.read_text().split("\n## Five minutes\n")[1].split("\n## ")[0]
    for block in re.findall(r"^```\n(.*?)^```", tour, re.S | re.M):
        for call in re.split(r"^\$ ", block, flags=re.M)[1:]:
            line, _, output = call.partition("\n")
            words = line.split()
            assert words[0] == "redis-cli", line
            if PROMPT not in output:
                yield words[1:], None, output
                continue
            for typed in output.split(PROMPT)[1:]:
                asked, _, answer = typed.partition("\n")
                yield words[1:], asked, answer


def same(told, got, asked):
    """Lines that are equal but for time that has passed and bytes that a build has more or less."""
    told, got = told.splitlines(), got.splitlines()
    if len(told) != len(got):
        return False
    for one, other in zip(told, got):
        number = re.compile(r"^(.*\(integer\) )(\d+)$")
        a, b = number.match(one), number.match(other)
        if a and b and a[1] == b[1]:
            slack = 2 if "TTL" in asked else int(a[2]) // 4 if "memory_bytes" in one else 0
            if abs(int(a[2]) - int(b[2])) <= slack:
                continue
        if one.rstrip() != other.rstrip():
            return False
    return True


def main(daemon):
    wrong = count = 0
    with servers.server(daemon) as client:
        port = str(client.connection_pool.connection_kwargs["port"])
        typed = []
        for arguments, asked, output in steps():
            arguments = ["--no-raw", *(port if word == PORT else word for word in arguments)]
            # What is typed goes on in one session; its last answer is looked at.
            typed = typed + [asked] if asked is not None else []
            got = subprocess.run(["redis-cli", *arguments], input="\n".join(typed), check=False,
                                 capture_output=True, text=True).stdout
            if asked is not None:
                got = got[len(before):] if len(typed) > 1 else got
                before = (before if len(typed) > 1 else "") + got
            else:
                before = ""
            count += 1
            if not same(output, got, " ".join(arguments) + (asked or "")):
                print(f"{arguments} {asked or ''}\n  the README says: {output!r}\n"
                      f"  but it is:       {got!r}", file=sys.stderr)
                wrong += 1
    print(f"{count} commands of the tour, {wrong} not as told")
    return 1 if wrong or count < 20 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
