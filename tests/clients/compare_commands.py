"""COMMAND INFO and COMMAND DOCS of every command against redis-server: compare_commands.py DAEMON.

Equal, or named here with the reason. What is named and not needed any more is a failure too.
"""
import re
import sys

from servers import server

# Not told of any command.
NOT_TOLD = {
    "complexity": "the data structures are others",
    "history": "the versions of Redis in which an option came are in its documentation",
}

# What redis-server 7.0 does not have or does not document, with all subcommands.
OURS = {"namespace": "named namespaces", "waitaof": "came with Redis 7.2",
        "client|no-touch": "came with Redis 7.2", "client|setinfo": "came with Redis 7.2",
        "debug": "its subcommands are not documented there"}

# What is not there yet: of some families nothing, of others all but what is asked at start.
ABSENT = {
    "sets": r"s(add|card|diff|diffstore|inter|intercard|interstore|ismember|members|mismember|move"
            r"|pop|randmember|rem|scan|union|unionstore)",
    "sorted sets": r"b?z[a-z]+",
    "lists": r"bl(move|mpop)|b?rpoplpush|l(index|insert|move|mpop|pos|pushx|range|rem|set|trim)"
             r"|rpushx",
    "hashes": r"h(incrby|incrbyfloat|keys|mget|mset|randfield|scan|setnx|strlen|vals)",
    "streams": r"x[a-z]+(\|[a-z]+)?",
    "places": r"geo[a-z]+(_ro)?",
    "scripts": r"eval(sha)?(_ro)?|fcall(_ro)?|script(\|[a-z]+)?|function\|[a-z]+",
    "modules": r"module\|[a-z]+",
    "users": r"acl\|[a-z]+",
    "replication": r"failover|psync|replconf|replicaof|restore-asking|slaveof|sync",
    "cluster": r"asking|migrate|cluster\|[a-z-]+",
    "files": r"bgrewriteaof|bgsave|save",
    "caches of clients": r"client\|(caching|tracking)",
    "a self-test that only Redis' own tests call": r"pfselftest",
}

# (command, field): why it is not the same.
DIFFERENCES = {
    **{(name, "summary"): "theirs names Redis" for name in (
        "command", "command|count", "command|docs", "command|getkeys", "command|getkeysandflags",
        "command|info", "command|list")},
    ("select", "summary"): "takes the name of a namespace too",
    ("select", "arguments"): "takes the name of a namespace too",
    ("hello", "arguments"): "NAMESPACE",
    ("bitfield", "arguments"): "the parts of an operation are nested otherwise",
    ("client|list", "arguments"): "ID belongs to the numbers here, to a block of them there",
    ("client|kill", "arguments"): "one choice of filters here; the older form apart there",
    ("command|getkeys", "arguments"): "theirs has none",
    ("command|getkeysandflags", "arguments"): "theirs has none",
    ("config|get", "arguments"): "a block of one part there",
    ("psubscribe", "arguments"): "a block of one part there",
    ("pfmerge", "arguments"): "the sources may be left out, as redis-server does take it",
}

# Named after what they consist of, by a word of their own there.
NAMELESS = ("oneof", "block", "pure-token")


def pairs(flat):
    return dict(zip(flat[::2], flat[1::2]))


def text(value):
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return [text(part) for part in value] if isinstance(value, list) else value


def ask(client, *command):
    connection = client.connection_pool.get_connection("COMMAND")
    try:
        connection.send_command(*command)
        return text(connection.read_response())
    finally:
        client.connection_pool.release(connection)


def argument(flat):
    """An argument without what is left out on purpose."""
    fields = pairs(flat)
    fields.pop("since", None)  # history
    if fields["type"] in NAMELESS:
        fields["name"] = ""
    if "flags" in fields:
        fields["flags"] = sorted(fields["flags"])
    if "arguments" in fields:
        fields["arguments"] = [argument(part) for part in fields["arguments"]]
    return fields


def documents(client):
    """name -> fields of COMMAND DOCS, subcommands among the commands."""
    found = {}
    for name, flat in pairs(ask(client, "COMMAND", "DOCS")).items():
        fields = pairs(flat)
        found |= {sub: pairs(rest) for sub, rest in pairs(fields.pop("subcommands", [])).items()}
        found[name] = fields
    for fields in found.values():
        fields["arguments"] = [argument(one) for one in fields.get("arguments", [])]
    return found


def infos(client):
    """name -> arity, flags, key positions, categories and key specifications of COMMAND."""
    found = {}

    def add(row):
        for part, name in enumerate(("name", "arity", "flags", "first", "last", "step", "categories")):
            value = row[part]
            found.setdefault(row[0], {})[name] = sorted(value) if isinstance(value, list) else value
        found[row[0]]["keys"] = row[8]
        for sub in row[9]:
            add(sub)

    for row in ask(client, "COMMAND"):
        add(row)
    return found


def compare(ours, theirs):
    """Problems as lines; and the differences that were needed."""
    problems, needed = [], set()
    for name in sorted(theirs):
        if name not in ours:
            if not any(re.fullmatch(pattern, name) for pattern in ABSENT.values()):
                problems.append(f"{name} is missing and not listed")
            continue
        for field in sorted(set(ours[name]) | set(theirs[name])):
            mine, its = ours[name].get(field), theirs[name].get(field)
            if mine == its or (field in NOT_TOLD and mine is None):
                continue
            if (name, field) in DIFFERENCES:
                needed.add((name, field))
            else:
                problems.append(f"{name}: {field}\n  ours   {mine}\n  theirs {its}")
    for name in sorted(set(ours) - set(theirs)):
        if name.split("|")[0] not in OURS and name not in OURS:
            problems.append(f"{name} is not in Redis and not listed")
    return problems, needed


def main():
    with server(sys.argv[1]) as daemon, server("redis-server", "--save", "") as reference:
        documented, described = documents(daemon), infos(daemon)
        problems, needed = compare(documented, documents(reference))
        others, further = compare(described, infos(reference))
    # Of a command that is missing both say so.
    problems += [problem for problem in others if problem not in problems]
    problems += [f"{name}: {field} is listed as different and is not"
                 for name, field in sorted(set(DIFFERENCES) - needed - further)]
    print("\n".join(problems))
    print(f"compare_commands: {len(documented)} commands, {len(problems)} problems")
    sys.exit(1 if problems else 0)


main()
