<?php
// phpredis: strings, keys, bits, pipelines, transactions, subscriptions, scans.
function same($got, $wanted) {
  if ($got !== $wanted) {
    throw new Exception(var_export($got, true) . ' instead of ' . var_export($wanted, true));
  }
}

$port = (int)$argv[1];
$redis = new Redis();
$redis->connect('127.0.0.1', $port);

// Strings.
same($redis->set('s', 'v', ['nx', 'ex' => 100]), true);
same($redis->set('s', 'w', ['nx']), false);
same($redis->ttl('s') > 90, true);
same($redis->append('s', 'xyz'), 4);
same($redis->getRange('s', 1, -1), 'xyz');
same($redis->mset(['a' => '1', 'b' => '2']), true);
same($redis->mget(['a', 'none', 'b']), ['1', false, '2']);
same($redis->incrBy('a', 5), 6);
same($redis->incrByFloat('a', 0.5), 6.5);
$bytes = random_bytes(70000);
$redis->set("\0\xff", $bytes);
same($redis->get("\0\xff"), $bytes);

// Bits and cardinalities.
same($redis->setBit('bits', 100, true), 0);
same($redis->getBit('bits', 100), 1);
same($redis->bitCount('bits'), 1);
same($redis->bitpos('bits', 1), 100);
same($redis->bitOp('NOT', 'inverse', 'bits'), 13);
same($redis->pfAdd('hll', ['a', 'b', 'c']), 1);
same($redis->pfCount('hll'), 3);

// Keys.
$redis->set('k', 'v');
same($redis->exists('k', 'none'), 1);
same($redis->expire('k', 100), true);
same($redis->persist('k'), true);
same($redis->rename('k', 'k2'), true);
same($redis->type('k2'), Redis::REDIS_STRING);
same($redis->object('encoding', 'k2'), 'embstr');
$dump = $redis->dump('k2');
same($redis->restore('restored', 0, $dump), true);
same($redis->get('restored'), 'v');
same($redis->unlink('k2', 'restored'), 2);
same($redis->hSet('h', 'f', 'v'), 1);
same($redis->hGetAll('h'), ['f' => 'v']);
same($redis->lPush('l', 'a', 'b'), 2);
same($redis->rPop('l'), 'a');
same($redis->blPop(['l'], 1), ['l', 'b']);

// Pipelines and transactions.
$pipe = $redis->pipeline();
for ($i = 0; $i < 500; ++$i) $pipe->set("p:$i", $i);
for ($i = 0; $i < 500; ++$i) $pipe->get("p:$i");
same(array_slice($pipe->exec(), 500), array_map('strval', range(0, 499)));
same($redis->multi()->set('t', 1)->incr('t')->get('t')->exec(), [true, 2, '2']);
$redis->watch('t');
$other = new Redis();
$other->connect('127.0.0.1', $port);
$other->incr('t');
same($redis->multi()->set('t', 'lost')->exec(), false);
same($redis->get('t'), '3');

// Scans.
$redis->setOption(Redis::OPT_SCAN, Redis::SCAN_RETRY);
$seen = [];
$cursor = null;
while ($found = $redis->scan($cursor, 'p:*', 50)) {
  foreach ($found as $key) $seen[$key] = true;
}
same(count($seen), 500);
same(count($redis->keys('p:1?')), 10);

// Subscriptions: the publisher is a process of its own, for subscribe() does not return.
$publisher = pcntl_fork();
same($publisher >= 0, true);
if ($publisher === 0) {
  $mine = new Redis();
  $mine->connect('127.0.0.1', $port);
  for ($i = 0; $i < 200 && $mine->publish('news', 'hello') === 0; ++$i) usleep(20000);
  posix_kill(getmypid(), SIGKILL);  // not through the destructors of the parent's objects
}
if ($publisher > 0) {
  $subscriber = new Redis();
  $subscriber->connect('127.0.0.1', $port);
  $subscriber->setOption(Redis::OPT_READ_TIMEOUT, 10);
  $heard = '';
  try {
    $subscriber->subscribe(['news'], function ($client, $channel, $message) use (&$heard) {
      $heard = "$channel:$message";
      $client->close();
    });
  } catch (RedisException $closed) {
  }
  same($heard, 'news:hello');
  pcntl_waitpid($publisher, $status);
}

// Administration.
same($redis->ping(), true);
same($redis->echo('x'), 'x');
same($redis->info()['role'], 'master');
same($redis->config('SET', 'timeout', '0'), true);
same($redis->config('GET', 'timeout'), ['timeout' => '0']);
same($redis->client('setname', 'me'), true);
same($redis->client('getname'), 'me');
same(count($redis->client('list')) > 0, true);
same($redis->rawCommand('NOSUCH'), false);
same(str_contains($redis->getLastError(), 'unknown command'), true);
same($redis->dbSize() > 0, true);
same($redis->flushDB(), true);
same($redis->dbSize(), 0);
