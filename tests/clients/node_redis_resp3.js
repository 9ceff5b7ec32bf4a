// node-redis 5 with RESP3: strings, keys, pipelines, transactions, scans; subscriptions and commands on
// one connection.
'use strict';
const assert = require('node:assert').strict;
const { createClient, WatchError } = require('redis');

const url = `redis://127.0.0.1:${process.argv[2]}`;

async function strings(client) {
  assert.equal(await client.set('s', 'v', { expiration: { type: 'EX', value: 100 } }), 'OK');
  assert.equal(await client.set('s', 'w', { condition: 'NX' }), null);
  assert.equal(await client.set('s', 'w', { expiration: 'KEEPTTL', GET: true }), 'v');
  assert.ok((await client.ttl('s')) > 90);
  assert.equal(await client.getEx('s', { type: 'PERSIST' }), 'w');
  assert.equal(await client.mSet({ a: '1', b: '2' }), 'OK');
  assert.deepEqual(await client.mGet(['a', 'none', 'b']), ['1', null, '2']);
  assert.equal(await client.incrBy('a', 5), 6);
  assert.equal(await client.incrByFloat('a', 0.5), '6.5');
  assert.deepEqual({ ...(await client.lcsIdx('s', 's')) }, { matches: [[[0, 0], [0, 0]]], len: 1 });
}

async function keys(client) {
  assert.equal(await client.exists(['s', 'none']), 1);
  assert.equal(await client.copy('s', 's2'), 1);
  assert.equal(await client.hSet('h', { f: 'v', g: 'w' }), 2);
  assert.deepEqual({ ...(await client.hGetAll('h')) }, { f: 'v', g: 'w' });
  assert.equal(await client.lPush('l', ['a', 'b']), 2);
  assert.equal(await client.rPop('l'), 'a');
  assert.equal(await client.pfAdd('hll', ['a', 'b', 'c']), 1);
  assert.equal(await client.pfCount('hll'), 3);
}

async function pipelines(client) {
  await Promise.all(Array.from({ length: 500 }, (_, i) => client.set(`p:${i}`, String(i))));
  assert.deepEqual(await client.multi().set('t', '1').incr('t').get('t').exec(), ['OK', 2, '2']);
  await client.watch('t');
  const other = client.duplicate();
  await other.connect();
  await other.set('t', 'changed');
  await assert.rejects(client.multi().set('t', 'lost').exec(), WatchError);
  const popped = other.blPop('queue', 5);
  await client.rPush('queue', 'x');
  assert.deepEqual({ ...(await popped) }, { key: 'queue', element: 'x' });
  await other.close();
  const seen = new Set();
  for await (const batch of client.scanIterator({ MATCH: 'p:*', COUNT: 50 })) {
    for (const key of batch) seen.add(key);
  }
  assert.equal(seen.size, 500);
}

// In RESP3 a connection that has subscribed goes on with other commands.
async function subscriptions(client) {
  const messages = [];
  let arrived;
  const all = new Promise((resolve) => (arrived = resolve));
  const listen = (message, channel) => {
    messages.push(`${channel}:${message}`);
    if (messages.length === 2) arrived();
  };
  await client.subscribe('news', listen);
  await client.pSubscribe('n*', listen);
  assert.equal(await client.publish('news', 'hello'), 2);
  assert.equal(await client.set('while', 'subscribed'), 'OK');
  await all;
  assert.deepEqual(messages, ['news:hello', 'news:hello']);
  await client.unsubscribe('news');
  await client.pUnsubscribe('n*');
  assert.equal(await client.publish('news', 'nobody'), 0);
}

async function administration(client) {
  assert.equal(await client.ping(), 'PONG');
  assert.equal((await client.hello()).proto, 3);
  assert.deepEqual({ ...(await client.configGet('timeout')) }, { timeout: '0' });
  const me = await client.clientInfo();
  assert.equal(me.resp, 3);
  assert.ok((await client.memoryUsage('p:1')) > 0);
  assert.ok((await client.dbSize()) > 0);
  await assert.rejects(client.sendCommand(['NOSUCH']), /unknown command/);
  assert.equal(await client.flushDb(), 'OK');
}

async function main() {
  const client = createClient({ url, RESP: 3 });
  client.on('error', (error) => { throw error; });
  await client.connect();
  for (const part of [strings, keys, pipelines, subscriptions, administration]) {
    await part(client);
  }
  await client.close();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
