# redis-rb: strings, keys, bits, pipelines, transactions, subscriptions, scans.
require "redis"

PORT = Integer(ARGV[0])

def same(got, wanted)
  raise "#{got.inspect} instead of #{wanted.inspect}" unless got == wanted
end

redis = Redis.new(port: PORT)

# Strings.
same redis.set("s", "v", ex: 100), "OK"
same redis.set("s", "w", nx: true), false
same redis.set("s", "w", xx: true, keepttl: true, get: true), "v"
same redis.ttl("s") > 90, true
same redis.getex("s", persist: true), "w"
same redis.append("s", "xyz"), 4
same redis.getrange("s", 1, -1), "xyz"
same redis.mset("a", 1, "b", 2), "OK"
same redis.mget("a", "none", "b"), ["1", nil, "2"]
same redis.incrby("a", 5), 6
same redis.incrbyfloat("a", 0.5), 6.5
bytes = Random.new(1).bytes(70_000)
redis.set("\0\xff", bytes)
same redis.get("\0\xff").b, bytes

# Bits and cardinalities.
same redis.setbit("bits", 100, 1), 0
same redis.getbit("bits", 100), 1
same redis.bitcount("bits"), 1
same redis.bitpos("bits", 1), 100
same redis.pfadd("hll", %w[a b c]), true
same redis.pfcount("hll"), 3

# Keys.
redis.set("k", "v")
same redis.exists("k", "none"), 1
same redis.expire("k", 100), true
same redis.persist("k"), true
same redis.rename("k", "k2"), "OK"
same redis.copy("k2", "k3"), true
same redis.type("k2"), "string"
same redis.restore("restored", 0, redis.dump("k2")), "OK"
same redis.get("restored"), "v"
same redis.unlink("k2", "k3", "restored"), 3
same redis.hset("h", "f", "v"), 1
same redis.hgetall("h"), { "f" => "v" }
same redis.lpush("l", %w[a b]), 2
same redis.rpop("l"), "a"
same redis.blpop("l", timeout: 1), ["l", "b"]

# Pipelines and transactions.
got = redis.pipelined do |pipe|
  500.times { |i| pipe.set("p:#{i}", i) }
  500.times { |i| pipe.get("p:#{i}") }
end
same got.last(500), (0...500).map(&:to_s)
same redis.multi { |t| t.set("t", 1); t.incr("t"); t.get("t") }, ["OK", 2, "2"]
other = Redis.new(port: PORT)
lost = redis.watch("t") do
  other.incr("t")
  redis.multi { |t| t.set("t", "lost") }
end
same lost, nil
same redis.get("t"), "3"

# Scans.
same redis.scan_each(match: "p:*", count: 50).to_a.uniq.size, 500
same redis.keys("p:1?").size, 10

# Subscriptions.
heard = []
subscriber = Redis.new(port: PORT)
publisher = Thread.new { sleep 0.02 while other.publish("news", "hello").zero? }
subscriber.subscribe("news") do |on|
  on.message do |channel, message|
    heard << "#{channel}:#{message}"
    subscriber.unsubscribe
  end
end
publisher.join
same heard.first, "news:hello"
publisher = Thread.new { sleep 0.02 while other.publish("news", "again").zero? }
subscriber.psubscribe("n*") do |on|
  on.pmessage do |pattern, channel, message|
    heard << "#{pattern}:#{channel}:#{message}"
    subscriber.punsubscribe
  end
end
publisher.join
same heard.last, "n*:news:again"

# Administration.
same redis.ping, "PONG"
same redis.info["role"], "master"
same redis.config(:set, "timeout", "0"), "OK"
same redis.config(:get, "timeout"), { "timeout" => "0" }
same redis.client(:setname, "me"), "OK"
same redis.client(:getname), "me"
begin
  redis.call("NOSUCH")
  raise "no error"
rescue Redis::CommandError => e
  same e.message.include?("unknown command"), true
end
same redis.dbsize.positive?, true
same redis.flushdb, "OK"
same redis.dbsize, 0
