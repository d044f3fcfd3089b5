// Ten thousand streamed requests over 64 connections: nothing is lost, memory stays flat, and the ledger says what the
// upstream says.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, eventsOf } from './lib/client.mjs';
import { Demo } from './lib/demo.mjs';
import { Gateway } from './lib/gateway.mjs';
import { until } from './lib/wait.mjs';

const kConnections = 64;
const kRequests = 10_000;
const kWarm = 2_000;  // requests until pools and caches have their size
const kChunks = 8;
const kSlackKib = 4 * 1024;  // growth of one process from there to the end

test('ten thousand streams', { timeout: 300_000 }, async (t) => {
  const demo = await Demo.start(t);
  const gateway = await Gateway.start(t, { upstream: demo.url });
  const { secret } = await gateway.createKey();
  const client = new Client(gateway, { key: secret, connections: kConnections });
  t.after(() => client.close());

  const sizes = () => new Map(gateway.processes().map((one) => [`${one.name} ${one.pid}`, one.rssKib]));
  let warm;
  let next = 0;
  const walk = async () => {
    while (next < kRequests) {
      if ((next += 1) === kWarm) warm = sizes();
      const answer = await client.chat({ model: `holt-demo/chunks:${kChunks}`, stream: true });
      assert.equal(answer.status, 200, answer.text);
      const events = eventsOf(answer.text);
      assert.equal(events.length, kChunks + 3, 'role, words, finish and [DONE]');
      assert.equal(events.at(-1), '[DONE]');
    }
  };
  await Promise.all(Array.from({ length: kConnections }, walk));

  const total = await until('the ledger', async () => {
    const now = await gateway.usageTotal();
    return now.requests >= kRequests && now;
  }, 60_000);
  const stats = await demo.stats();
  assert.equal(stats.finished, kRequests);
  assert.equal(total.requests, kRequests);
  assert.equal(total.promptTokens, stats.prompt_tokens);
  assert.equal(total.completionTokens, stats.completion_tokens);

  for (const [name, size] of sizes()) {
    assert.ok(warm.has(name), `${name} was restarted under load`);
    const grown = size - warm.get(name);
    assert.ok(grown <= kSlackKib, `${name} grew by ${grown} KiB`);
    t.diagnostic(`${name}: ${size} KiB, ${grown} more than after ${kWarm} requests`);
  }
});
