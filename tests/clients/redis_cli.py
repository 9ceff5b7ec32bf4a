"""redis-cli in the modes that talk to a server: redis_cli.py PORT."""
import subprocess
import sys

PORT = sys.argv[1]


def cli(*arguments, data=None, seconds=60):
    """What it prints; those modes that never end are ended after `seconds`."""
    # By lines, so that what an endless one has printed is not lost with it.
    command = ["stdbuf", "-oL", "redis-cli", "-p", PORT, *arguments]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=seconds)
        assert done.returncode == 0, (command, done)
        return done.stdout.decode()
    except subprocess.TimeoutExpired as ended:
        return (ended.stdout or b"").decode()


def holds(text, *parts):
    for part in parts:
        assert part in text, (part, text)


def request(*words):
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


# --pipe: a bulk load, an error counted.
load = b"".join(request(b"SET", b"key:%d" % i, b"x" * (i % 90)) for i in range(5000))
load += request(b"SET", b"big", b"b" * 20000) + request(b"RPUSH", b"list", *[b"e"] * 300)
load += request(b"HSET", b"hash", b"f", b"v") + request(b"SET", b"number", b"17")
holds(cli("--pipe", data=load), "errors: 0, replies: 5004")
assert "errors: 1, replies: 2" in subprocess.run(
    ["redis-cli", "-p", PORT, "--pipe"], input=request(b"INCR", b"big") + request(b"PING"),
    capture_output=True, timeout=60).stdout.decode()

# --scan, with a pattern.
assert len(cli("--scan").split()) == 5004
assert sorted(cli("--scan", "--pattern", "key:499?").split()) == sorted(
    f"key:{i}" for i in range(4990, 5000))

# --bigkeys, --memkeys.
holds(cli("--bigkeys"), "Sampled 5004 keys in the keyspace!",
      'Biggest string found \'"big"\' has 20000 bytes', 'Biggest   list found \'"list"\' has 300 items',
      'Biggest   hash found \'"hash"\' has 1 fields')
holds(cli("--memkeys"), "Sampled 5004 keys in the keyspace!", "Biggest string found '\"big\"'")

# --hotkeys wants a policy that counts uses.
policy = cli("config", "get", "maxmemory-policy").split()[1]
cli("config", "set", "maxmemory-policy", "allkeys-lfu")
cli("set", "hot", "x")
cli("-r", "500", "get", "hot")
holds(cli("--hotkeys"), "Sampled 5005 keys in the keyspace!", 'keyname: "hot"')
cli("config", "set", "maxmemory-policy", policy)

# --stat, --latency and its kin print until they are ended.
stat = cli("--stat", "-i", "0.2", seconds=2)
holds(stat, "keys       mem      clients", "5005")
assert len(stat.splitlines()) > 4, stat
least, most, mean, samples = cli("--latency", "-i", "0.5", "--raw").split()
assert float(least) <= float(mean) <= float(most) and int(samples) > 10
history = cli("--latency-history", "-i", "0.3", "--raw", seconds=2)
assert history.count("seconds range") >= 3, history  # one every 0.3 s
for line in history.splitlines()[:-1]:  # the last one may be cut
    if "seconds range" in line:
        continue
    least, most, mean, samples = line.split()
    assert float(least) <= float(mean) <= float(most) and int(samples) >= 1, line

# Monitor and subscriptions; a transaction and an error in a script of commands; -x, -n, -3.
holds(cli("monitor", seconds=1), "OK")
holds(cli("subscribe", "news", seconds=1), "subscribe\nnews\n1")
holds(cli(data=b"MULTI\nINCR number\nEXEC\nNOSUCH a\n"), "OK\nQUEUED\n18\n", "ERR unknown command")
assert cli("-x", "set", "stdin", data=b"from a pipe") == "OK\n"
assert cli("get", "stdin") == "from a pipe\n"
assert cli("-n", "3", "dbsize") == "0\n"
assert cli("-3", "--json", "hgetall", "hash") == '{"f":"v"}\n'
holds(cli("info", "server"), "redis_version:7.")
holds(cli("command", "docs", "get"), "summary", "Get the value of a key")
