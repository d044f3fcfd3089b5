// A prompt and an answer with words that occur nowhere else: whose memory and which files ever have them?
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import test from 'node:test';
import { Client } from './lib/client.mjs';
import { Gateway } from './lib/gateway.mjs';
import { findInFiles, findInMemory, memorySkip } from './lib/memory.mjs';
import { FakeUpstream, completion, delta } from './lib/upstream.mjs';
import { until } from './lib/wait.mjs';

const kOneSecond = 1000;
const canary = (kind) => `canary-${kind}-${randomBytes(16).toString('hex')}`;

async function start(t) {
  const upstream = await FakeUpstream.start(t);
  const gateway = await Gateway.start(t, { upstream: upstream.url });
  const { secret } = await gateway.createKey();
  const client = new Client(gateway, { key: secret });
  t.after(() => client.close());
  await until('the key', async () => (await client.get('/v1/models')).status === 200);
  const words = { prompt: canary('prompt'), answer: canary('answer') };
  return { upstream, gateway, client, secret, words };
}

// [[process name, pattern], ...] over all processes of the gateway whose name passes.
function hits(gateway, patterns, passes = () => true) {
  const family = [{ pid: gateway.pid, name: 'holt-supervisor' }, ...gateway.processes()];
  return family.filter((one) => passes(one.name))
    .flatMap((one) => findInMemory(one.pid, patterns).map((name) => [one.name, name]));
}

const isNoWorker = (name) => name !== 'holt-worker';

function assertNothingKept(gateway, words) {
  assert.deepEqual(findInFiles(gateway.stateDir, words), []);
  for (const word of Object.values(words)) assert.ok(!gateway.log.includes(word), 'the log has content');
}

// Two exchanges that the test holds in the middle: the answer is half sent when `look` is called.
const shapes = {
  'a streamed answer': {
    stream: true,
    begin(exchange, words) { exchange.beginStream(); exchange.event(delta(words.answer)); },
    end(exchange) { exchange.endStream(); },
  },
  'a whole answer': {
    stream: false,
    begin(exchange, words) {
      this.body = JSON.stringify(completion(words.answer));
      exchange.head(200, { 'content-type': 'application/json', 'content-length': this.body.length });
      exchange.write(this.body.slice(0, -1));
    },
    end(exchange) { exchange.write(this.body.slice(-1)); },
  },
};

for (const [name, shape] of Object.entries(shapes)) {
  test(`${name} leaves no trace`, { skip: memorySkip }, async (t) => {
    const { upstream, gateway, client, words } = await start(t);
    const arrived = new Promise((resolve) => { upstream.answer = resolve; });
    const response = client.open('POST', '/v1/chat/completions', {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'test-model', stream: shape.stream,
                             messages: [{ role: 'user', content: words.prompt }] }),
    });
    const exchange = await arrived;
    // The detector detects: while the upstream thinks, the prompt may be in a worker, and nowhere else.
    assert.deepEqual(hits(gateway, words, isNoWorker), []);
    shape.begin(exchange, words);
    const incoming = await response;
    incoming.setEncoding('utf8');
    let text = '';
    incoming.on('data', (piece) => { text += piece; });
    await until('the answer at the client', () => text.includes(words.answer));
    assert.deepEqual(hits(gateway, words, isNoWorker), []);
    assertNothingKept(gateway, words);
    const ended = new Promise((resolve) => { incoming.on('end', resolve); });
    shape.end(exchange);
    await ended;
    await until('every memory to be clean', () => hits(gateway, words).length === 0, kOneSecond);
    await until('the ledger', async () => (await gateway.usageTotal()).requests >= 1);
    assert.deepEqual(hits(gateway, words), []);
    assertNothingKept(gateway, words);
  });
}

test('the scanner sees a prompt that is still on its way', { skip: memorySkip }, async (t) => {
  const { gateway, client, words, secret } = await start(t);
  const body = JSON.stringify({ model: 'test-model', messages: [{ role: 'user', content: words.prompt }] });
  const agent = client.agent;
  const request = client.module.request({
    method: 'POST', path: '/v1/chat/completions', agent, host: '127.0.0.1', port: gateway.port, servername: 'localhost',
    headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json', 'content-length': body.length },
  });
  request.on('error', () => {});
  t.after(() => request.destroy());
  request.write(body.slice(0, -1));
  await until('the prompt in a worker', () => hits(gateway, words).some(([name]) => name === 'holt-worker'));
  assert.deepEqual(hits(gateway, words, isNoWorker), []);
});

test('a client that leaves in the middle leaves no trace either', { skip: memorySkip }, async (t) => {
  const { upstream, gateway, client, words } = await start(t);
  const arrived = new Promise((resolve) => { upstream.answer = resolve; });
  const leaving = new AbortController();
  const response = client.chat({ stream: true, messages: [{ role: 'user', content: words.prompt }] },
    { abort: leaving.signal });
  response.catch(() => {});
  const exchange = await arrived;
  exchange.beginStream();
  exchange.event(delta(words.answer));
  leaving.abort();
  await exchange.closed;
  await until('every memory to be clean', () => hits(gateway, words).length === 0, kOneSecond);
  assertNothingKept(gateway, words);
});

test('an API key is in no memory and no file, neither after it was made nor after its request', { skip: memorySkip },
  async (t) => {
    const { gateway, client, secret } = await start(t);
    assert.equal((await client.chat()).status, 200);
    const patterns = { 'front half': secret.slice(0, 28), 'back half': secret.slice(28) };
    await until('every memory to be clean', () => hits(gateway, patterns).length === 0, kOneSecond);
    assertNothingKept(gateway, patterns);
  });
