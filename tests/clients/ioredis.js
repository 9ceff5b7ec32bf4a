// ioredis: strings, keys, bits, pipelines, transactions, scripts of blocking pops, subscriptions, scans.
'use strict';
const assert = require('node:assert').strict;
const Redis = require('ioredis');

const port = Number(process.argv[2]);

async function strings(client) {
  assert.equal(await client.set('s', 'v', 'EX', 100), 'OK');
  assert.equal(await client.set('s', 'w', 'NX'), null);
  assert.equal(await client.set('s', 'w', 'KEEPTTL', 'GET'), 'v');
  assert.ok((await client.ttl('s')) > 90);
  assert.equal(await client.getex('s', 'PERSIST'), 'w');
  assert.equal(await client.ttl('s'), -1);
  assert.equal(await client.append('s', 'xyz'), 4);
  assert.equal(await client.getrange('s', 1, -1), 'xyz');
  assert.equal(await client.mset(new Map([['a', '1'], ['b', '2']])), 'OK');
  assert.deepEqual(await client.mget('a', 'none', 'b'), ['1', null, '2']);
  assert.equal(await client.incrby('a', 5), 6);
  assert.equal(await client.incrbyfloat('a', 0.5), '6.5');
  const bytes = Buffer.from(Array.from({ length: 70000 }, (_, i) => i & 255));
  await client.set('bytes', bytes);
  assert.deepEqual(await client.getBuffer('bytes'), bytes);
}

async function bits(client) {
  assert.equal(await client.setbit('bits', 100, 1), 0);
  assert.equal(await client.bitcount('bits'), 1);
  assert.equal(await client.bitpos('bits', 1), 100);
  assert.deepEqual(await client.bitfield('field', 'INCRBY', 'u8', 0, 300, 'OVERFLOW', 'SAT',
    'INCRBY', 'u8', 8, 300), [44, 255]);
  assert.equal(await client.pfadd('hll', 'a', 'b', 'c'), 1);
  assert.equal(await client.pfcount('hll'), 3);
}

async function keys(client) {
  await client.set('k', 'v');
  assert.equal(await client.exists('k', 'none'), 1);
  assert.equal(await client.expire('k', 100), 1);
  assert.equal(await client.persist('k'), 1);
  assert.equal(await client.rename('k', 'k2'), 'OK');
  assert.equal(await client.copy('k2', 'k3'), 1);
  assert.equal(await client.type('k2'), 'string');
  const dump = await client.dumpBuffer('k2');
  assert.equal(await client.restore('k4', 0, dump), 'OK');
  assert.equal(await client.get('k4'), 'v');
  assert.equal(await client.del('k2', 'k3', 'k4'), 3);
  assert.equal(await client.hset('h', { f: 'v', g: 'w' }), 2);
  assert.deepEqual(await client.hgetall('h'), { f: 'v', g: 'w' });
  assert.equal(await client.lpush('l', 'a', 'b'), 2);
  assert.equal(await client.rpop('l'), 'a');
}

async function pipelines(client) {
  const pipeline = client.pipeline();
  for (let i = 0; i < 500; ++i) pipeline.set(`p:${i}`, String(i));
  pipeline.incr('h');
  const replies = await pipeline.exec();
  assert.equal(replies.length, 501);
  assert.ok(replies.slice(0, 500).every(([error, reply]) => error === null && reply === 'OK'));
  assert.match(replies[500][0].message, /^WRONGTYPE/);
}

async function transactions(client) {
  assert.deepEqual(await client.multi().set('t', '1').incr('t').get('t').exec(),
    [[null, 'OK'], [null, 2], [null, '2']]);
  const other = client.duplicate();
  await client.watch('t');
  await other.set('t', 'changed');
  assert.equal(await client.multi().set('t', 'lost').exec(), null);
  assert.equal(await client.get('t'), 'changed');
  const popped = other.blpop('queue', 5);
  await client.rpush('queue', 'x');
  assert.deepEqual(await popped, ['queue', 'x']);
  await other.quit();
}

async function scans(client) {
  const seen = new Set();
  for await (const batch of client.scanStream({ match: 'p:*', count: 50 })) {
    for (const key of batch) seen.add(key);
  }
  assert.equal(seen.size, 500);
  assert.equal((await client.keys('p:1?')).length, 10);
}

async function subscriptions(client) {
  const subscriber = client.duplicate();
  const messages = [];
  const all = new Promise((resolve) => {
    const note = (text) => {
      messages.push(text);
      if (messages.length === 2) resolve();
    };
    subscriber.on('message', (channel, message) => note(`${channel}:${message}`));
    subscriber.on('pmessage', (pattern, channel, message) => note(`${pattern}:${channel}:${message}`));
  });
  assert.equal(await subscriber.subscribe('news'), 1);
  assert.equal(await subscriber.psubscribe('n*'), 2);
  assert.equal(await client.publish('news', 'hello'), 2);
  await all;
  assert.deepEqual(messages, ['news:hello', 'n*:news:hello']);
  await subscriber.unsubscribe('news');
  await subscriber.punsubscribe('n*');
  assert.equal(await client.publish('news', 'nobody'), 0);
  await subscriber.quit();
}

async function administration(client) {
  assert.equal(await client.ping(), 'PONG');
  assert.match(await client.info('server'), /redis_version:/);
  assert.equal(await client.config('SET', 'timeout', '0'), 'OK');
  assert.deepEqual(await client.config('GET', 'timeout'), ['timeout', '0']);
  assert.equal(await client.client('SETNAME', 'me'), 'OK');
  assert.equal(await client.client('GETNAME'), 'me');
  assert.ok((await client.dbsize()) > 0);
  const monitor = await client.monitor();
  const seen = new Promise((resolve) => monitor.on('monitor', (time, args) => resolve(args)));
  await client.echo('watched');
  assert.deepEqual(await seen, ['echo', 'watched']);
  monitor.disconnect();
  await assert.rejects(client.call('NOSUCH'), /unknown command/);
  assert.equal(await client.flushdb(), 'OK');
}

async function main() {
  const client = new Redis({ port, host: '127.0.0.1' });
  for (const part of [strings, bits, keys, pipelines, transactions, scans, subscriptions,
    administration]) {
    await part(client);
  }
  await client.quit();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
