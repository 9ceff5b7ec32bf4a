// node-redis: strings, keys, bits, pipelines, transactions, subscriptions, scans.
'use strict';
const assert = require('node:assert').strict;
const { createClient, WatchError, commandOptions } = require('redis');

const url = `redis://127.0.0.1:${process.argv[2]}`;

async function strings(client) {
  assert.equal(await client.set('s', 'v', { EX: 100 }), 'OK');
  assert.equal(await client.set('s', 'w', { NX: true }), null);
  assert.equal(await client.set('s', 'w', { XX: true, KEEPTTL: true, GET: true }), 'v');
  assert.ok((await client.ttl('s')) > 90);
  assert.equal(await client.getEx('s', { PERSIST: true }), 'w');
  assert.equal(await client.append('s', 'xyz'), 4);
  assert.equal(await client.getRange('s', 1, -1), 'xyz');
  assert.equal(await client.mSet({ a: '1', b: '2' }), 'OK');
  assert.deepEqual(await client.mGet(['a', 'none', 'b']), ['1', null, '2']);
  assert.equal(await client.incrBy('a', 5), 6);
  assert.equal(await client.incrByFloat('a', 0.5), '6.5');
  const bytes = Buffer.from(Array.from({ length: 70000 }, (_, i) => i & 255));
  await client.set('bytes', bytes);
  assert.deepEqual(await client.get(commandOptions({ returnBuffers: true }), 'bytes'), bytes);
}

async function bits(client) {
  assert.equal(await client.setBit('bits', 100, 1), 0);
  assert.equal(await client.bitCount('bits'), 1);
  assert.equal(await client.bitPos('bits', 1), 100);
  assert.equal(await client.pfAdd('hll', ['a', 'b', 'c']), true);
  assert.equal(await client.pfCount('hll'), 3);
}

async function keys(client) {
  await client.set('k', 'v');
  assert.equal(await client.exists(['k', 'none']), 1);
  assert.equal(await client.expire('k', 100), true);
  assert.equal(await client.persist('k'), true);
  assert.equal(await client.rename('k', 'k2'), 'OK');
  assert.equal(await client.copy('k2', 'k3'), true);
  assert.equal(await client.type('k2'), 'string');
  assert.equal(await client.del(['k2', 'k3']), 2);
  assert.equal(await client.hSet('h', { f: 'v', g: 'w' }), 2);
  assert.deepEqual({ ...(await client.hGetAll('h')) }, { f: 'v', g: 'w' });
  assert.equal(await client.lPush('l', ['a', 'b']), 2);
  assert.equal(await client.rPop('l'), 'a');
}

async function pipelines(client) {
  // What is asked in one turn goes out as one pipeline.
  await Promise.all(Array.from({ length: 500 }, (_, i) => client.set(`p:${i}`, String(i))));
  const got = await Promise.all(Array.from({ length: 500 }, (_, i) => client.get(`p:${i}`)));
  assert.deepEqual(got, Array.from({ length: 500 }, (_, i) => String(i)));
  assert.deepEqual(await client.multi().set('t', '1').incr('t').get('t').exec(), ['OK', 2, '2']);
  await client.executeIsolated(async (isolated) => {
    await isolated.watch('t');
    await client.incr('t');
    await assert.rejects(isolated.multi().set('t', 'lost').exec(), WatchError);
  });
  assert.equal(await client.get('t'), '3');
  const popped = client.executeIsolated((isolated) => isolated.blPop('queue', 5));
  await client.rPush('queue', 'x');
  assert.deepEqual({ ...(await popped) }, { key: 'queue', element: 'x' });
}

async function scans(client) {
  const seen = new Set();
  for await (const key of client.scanIterator({ MATCH: 'p:*', COUNT: 50 })) seen.add(key);
  assert.equal(seen.size, 500);
  assert.equal((await client.keys('p:1?')).length, 10);
}

async function subscriptions(client) {
  const subscriber = client.duplicate();
  await subscriber.connect();
  const messages = [];
  let arrived;
  const all = new Promise((resolve) => (arrived = resolve));
  const listen = (message, channel) => {
    messages.push(`${channel}:${message}`);
    if (messages.length === 2) arrived();
  };
  await subscriber.subscribe('news', listen);
  await subscriber.pSubscribe('n*', listen);
  assert.equal(await client.publish('news', 'hello'), 2);
  await all;
  assert.deepEqual(messages, ['news:hello', 'news:hello']);
  await subscriber.unsubscribe('news');
  await subscriber.pUnsubscribe('n*');
  assert.equal(await client.publish('news', 'nobody'), 0);
  await subscriber.quit();
}

async function administration(client) {
  assert.equal(await client.ping(), 'PONG');
  assert.match(await client.info('server'), /redis_version:/);
  await client.configSet('timeout', '0');
  assert.equal((await client.configGet('timeout')).timeout, '0');
  await client.clientSetName('me');
  assert.equal(await client.clientGetName(), 'me');
  assert.ok((await client.commandCount()) > 100);
  assert.ok((await client.dbSize()) > 0);
  await assert.rejects(client.sendCommand(['NOSUCH']), /unknown command/);
  assert.equal(await client.flushDb(), 'OK');
}

async function main() {
  const client = createClient({ url });
  client.on('error', (error) => { throw error; });
  await client.connect();
  for (const part of [strings, bits, keys, pipelines, scans, subscriptions, administration]) {
    await part(client);
  }
  await client.quit();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
