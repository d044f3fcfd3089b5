// Every token that the upstream counted stands in the ledger, whatever the client asked to see.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, eventsOf } from './lib/client.mjs';
import { Demo } from './lib/demo.mjs';
import { Gateway } from './lib/gateway.mjs';
import { FakeUpstream } from './lib/upstream.mjs';
import { until } from './lib/wait.mjs';

async function startWith(t, upstream, extra = '') {
  const gateway = await Gateway.start(t, { upstream: upstream.url, extra });
  const key = await gateway.createKey();
  const client = new Client(gateway, { key: key.secret, connections: 16 });
  t.after(() => client.close());
  return { gateway, client, key };
}

const ledgerHas = (gateway, requests) => until(`${requests} requests in the ledger`, async () => {
  const total = await gateway.usageTotal();
  return total.requests >= requests && total;
});

test("the ledger equals the upstream's own count", async (t) => {
  const demo = await Demo.start(t);
  const { gateway, client, key } = await startWith(t, demo);
  const asked = [];
  for (let i = 1; i <= 60; i += 1) {
    asked.push(client.chat({ model: `holt-demo/chunks:${i}`, stream: i % 2 === 0,
                             ...(i % 4 === 0 && { stream_options: { include_usage: true } }) }));
  }
  for (const answer of await Promise.all(asked)) assert.equal(answer.status, 200);
  const total = await ledgerHas(gateway, 60);
  const stats = await demo.stats();
  assert.equal(total.requests, stats.finished);
  assert.equal(total.promptTokens, stats.prompt_tokens);
  assert.equal(total.completionTokens, stats.completion_tokens);
  assert.equal(total.totalTokens, stats.prompt_tokens + stats.completion_tokens);
  const [byKey] = await gateway.usageRows('key');
  assert.equal(byKey.apiKey, key.id);
  assert.equal(byKey.requests, 60);
  assert.deepEqual((await gateway.usageRows('model')).map((row) => row.model), ['holt-demo']);
});

test('usage is asked for where the client did not, and taken out again', async (t) => {
  const upstream = await FakeUpstream.start(t);
  const { gateway, client } = await startWith(t, upstream);
  const answer = await client.chat({ model: 'm', stream: true });
  assert.equal(upstream.requests.at(-1).json.stream_options.include_usage, true);
  const events = eventsOf(answer.text);
  assert.equal(events.at(-1), '[DONE]');
  for (const event of events.slice(0, -1)) {
    assert.equal(JSON.parse(event).choices.length, 1);
    assert.ok(!event.includes('"usage"'), event);
  }
  assert.equal((await ledgerHas(gateway, 1)).completionTokens, 5);
});

test("a client's own wish for usage is left as it is", async (t) => {
  const upstream = await FakeUpstream.start(t);
  const { client } = await startWith(t, upstream);
  const answer = await client.chat({ model: 'm', stream: true, stream_options: { include_usage: true } });
  const usages = eventsOf(answer.text).slice(0, -1).map((event) => JSON.parse(event)).filter((event) => event.usage);
  assert.equal(usages.length, 1);
  assert.equal(usages[0].usage.completion_tokens, 5);
});

test('all other bytes of the request are left as they are', async (t) => {
  const upstream = await FakeUpstream.start(t);
  const { client } = await startWith(t, upstream);
  const body = '{ "seed" : 12345678901234567890, "temperature":1e0,"model":"m"\t, "stream": true,' +
    '"stream_options":{"x": 1.50},"messages":[{"content":"\\u00e9\\ud83d\\udca7"}]}';
  await client.send('POST', '/v1/chat/completions', { headers: { 'content-type': 'application/json' }, body });
  const seen = upstream.requests.at(-1).body.toString();
  const parsed = JSON.parse(seen);
  assert.equal(parsed.stream_options.include_usage, true);
  assert.equal(parsed.stream_options.x, 1.5);
  for (const part of ['{ "seed" : 12345678901234567890, "temperature":1e0,"model":"m"\t, "stream": true,', '"x": 1.50',
    '"messages":[{"content":"\\u00e9\\ud83d\\udca7"}]}']) {
    assert.ok(seen.includes(part), `${part} was changed in ${seen}`);
  }
});

test('running usage in every event counts once and is taken out', async (t) => {
  const demo = await Demo.start(t);
  const { gateway, client } = await startWith(t, demo);
  const answer = await client.chat({ model: 'holt-demo/chunks:9/usage-each', stream: true });
  assert.ok(!answer.text.includes('"usage"'));
  const total = await ledgerHas(gateway, 1);
  assert.equal(total.completionTokens, 9);
});

test('costs follow the price table', async (t) => {
  const demo = await Demo.start(t);
  const { gateway, client } = await startWith(t, demo,
    'prices { model: "holt-demo" prompt_micros_per_million: 3000000 completion_micros_per_million: 5000000 }');
  await client.chat({ model: 'holt-demo/chunks:100' });
  const total = await ledgerHas(gateway, 1);
  assert.equal(total.costMicros, total.promptTokens * 3 + 100 * 5);
});

test('a request that was refused costs nothing', async (t) => {
  const demo = await Demo.start(t);
  const { gateway, client } = await startWith(t, demo);
  assert.equal((await client.chat({ model: 'holt-demo/status:429' })).status, 429);
  await client.chat({ model: 'holt-demo/chunks:2' });
  const total = await until('the finished one', async () => {
    const now = await gateway.usageTotal();
    return now.completionTokens > 0 && now;
  });
  assert.equal(total.completionTokens, 2);
});
