"""redis-py: strings, keys, bits, pipelines, transactions, subscriptions, scans, administration."""
import sys
import threading

import redis

PORT = int(sys.argv[1])
client = redis.Redis(port=PORT, decode_responses=True, health_check_interval=1)


def equal(got, wanted):
    if got != wanted:
        raise AssertionError(f"{got!r} instead of {wanted!r}")


def strings():
    equal(client.set("s", "v", ex=100), True)
    equal(client.set("s", "w", nx=True), None)
    equal(client.set("s", "w", xx=True, keepttl=True, get=True), "v")
    equal(client.ttl("s") > 90, True)
    equal(client.getex("s", persist=True), "w")
    equal(client.ttl("s"), -1)
    equal(client.append("s", "xyz"), 4)
    equal(client.getrange("s", 1, -1), "xyz")
    equal(client.setrange("s", 1, "abc"), 4)
    equal(client.strlen("s"), 4)
    equal(client.mset({"a": 1, "b": 2}), True)
    equal(client.mget("a", "none", "b"), ["1", None, "2"])
    equal(client.incrby("a", 5), 6)
    equal(client.incrbyfloat("a", 0.5), 6.5)
    equal(client.getdel("a"), "6.5")
    equal(client.lcs("s", "s", len=True), 4)
    binary = redis.Redis(port=PORT)
    value = bytes(range(256)) * 300
    binary.set(b"\x00\xff", value)
    equal(binary.get(b"\x00\xff"), value)


def bits():
    equal(client.setbit("bits", 100, 1), 0)
    equal(client.getbit("bits", 100), 1)
    equal(client.bitcount("bits"), 1)
    equal(client.bitpos("bits", 1), 100)
    equal(client.bitop("NOT", "inverse", "bits"), 13)
    equal(client.bitfield("field").set("u8", 0, 200).incrby("u8", 0, 100, "SAT").execute(), [0, 255])
    equal(client.pfadd("hll", *range(1000)), 1)
    equal(abs(client.pfcount("hll") - 1000) < 40, True)
    equal(client.pfmerge("hll2", "hll"), True)
    equal(client.pfcount("hll2"), client.pfcount("hll"))


def keys():
    client.set("k", "v")
    equal(client.exists("k", "none", "k"), 2)
    equal(client.type("k"), "string")
    equal(client.expire("k", 100), True)
    equal(client.expire("k", 50, gt=True), False)
    equal(client.persist("k"), True)
    equal(client.rename("k", "k2"), True)
    equal(client.copy("k2", "k3"), True)
    equal(client.object("encoding", "k2"), "embstr")
    equal(client.touch("k2", "k3"), 2)
    dump = redis.Redis(port=PORT).dump("k2")
    redis.Redis(port=PORT).restore("restored", 0, dump)
    equal(client.get("restored"), "v")
    equal(client.move("k3", 1), True)
    equal(client.unlink("k2", "restored"), 2)
    equal(client.memory_usage("none"), None)


def collections():
    equal(client.hset("h", mapping={"f": "v", "g": "w"}), 2)
    equal(client.hgetall("h"), {"f": "v", "g": "w"})
    equal(client.hdel("h", "g"), 1)
    equal(client.lpush("l", "a", "b"), 2)
    equal(client.rpop("l"), "a")
    equal(client.blpop("l", timeout=1), ("l", "b"))
    equal(client.blpop("l", timeout=0.01), None)


def pipelines():
    with client.pipeline(transaction=False) as pipe:
        for i in range(500):
            pipe.set(f"p:{i}", i)
        for i in range(500):
            pipe.get(f"p:{i}")
        equal(pipe.execute()[500:], [str(i) for i in range(500)])
    with client.pipeline() as pipe:
        equal(pipe.set("t", 1).incr("t").get("t").execute(), [True, 2, "2"])
    with client.pipeline() as pipe:
        pipe.watch("t")
        client.incr("t")
        pipe.multi()
        pipe.set("t", "lost")
        try:
            pipe.execute()
            raise AssertionError("WATCH let it through")
        except redis.WatchError:
            pass
    equal(client.get("t"), "3")
    equal(client.transaction(lambda pipe: (pipe.multi(), pipe.incr("t")), "t"), [4])
    with client.pipeline() as pipe:
        pipe.lpush("list", "x").incr("list")
        try:
            pipe.execute()
            raise AssertionError("no error")
        except redis.ResponseError as error:
            equal("WRONGTYPE" in str(error), True)


def scans():
    equal(len(set(client.scan_iter("p:*", count=50))), 500)
    equal(sorted(client.keys("p:1?")), [f"p:1{i}" for i in range(10)])


def subscriptions():
    pubsub = client.pubsub()
    pubsub.subscribe("news")
    pubsub.psubscribe("n*")
    equal(pubsub.get_message(timeout=5)["type"], "subscribe")
    equal(pubsub.get_message(timeout=5)["type"], "psubscribe")
    equal(client.publish("news", "hello"), 2)
    equal(pubsub.get_message(timeout=5)["data"], "hello")
    equal(pubsub.get_message(timeout=5)["pattern"], "n*")
    pubsub.ping()
    equal(pubsub.get_message(timeout=5)["type"], "pong")
    pubsub.close()
    seen = threading.Event()
    other = client.pubsub()
    other.subscribe(events=lambda message: seen.set())
    worker = other.run_in_thread(sleep_time=0.01)
    while not seen.wait(0.05):
        client.publish("events", "x")
    worker.stop()


def administration():
    equal(client.ping(), True)
    equal(client.echo("x"), "x")
    equal(client.info()["role"], "master")
    equal("cmdstat_get" in client.info("commandstats"), True)
    equal(client.config_set("timeout", 0), True)
    equal(client.config_get("timeou*")["timeout"], "0")
    equal(client.client_setname("me"), True)
    equal(client.client_getname(), "me")
    me = client.client_id()
    equal([c["id"] for c in client.client_list(client_id=[str(me)])], [str(me)])
    equal(client.client_info()["name"], "me")
    victim = redis.Redis(port=PORT, client_name="victim")
    victim.ping()
    equal(client.client_kill_filter(_id=victim.client_id()), 1)
    equal(client.client_pause(1), True)
    equal(client.client_unpause(), "OK")
    equal(client.acl_whoami(), "default")
    equal(client.module_list(), [])
    equal(client.slowlog_len() >= 0, True)
    equal(client.slowlog_reset(), True)
    equal(client.command_count() > 100, True)
    equal(client.wait(0, 1), 0)
    equal(client.role()[0], "master")
    equal(len(client.time()), 2)
    with client.monitor() as monitor:
        client.get("seen")
        while monitor.next_command()["command"] != "GET seen":
            pass
    equal(client.dbsize() > 0, True)
    equal(client.flushdb(), True)
    equal(client.dbsize(), 0)


for part in (strings, bits, keys, collections, pipelines, scans, subscriptions, administration):
    part()
