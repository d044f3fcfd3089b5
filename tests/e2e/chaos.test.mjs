// Processes are killed under load: the others serve, what was killed comes back, and every finished answer is billed
// exactly once. Each request asks for a model of its own, so that the ledger tells them apart.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Client, eventsOf } from './lib/client.mjs';
import { Gateway } from './lib/gateway.mjs';
import { FakeUpstream } from './lib/upstream.mjs';
import { until } from './lib/wait.mjs';

const kStreams = 16;  // at a time
const kRequests = 600;
const kTokens = 5;  // of the scripted upstream's every answer

async function start(t) {
  const upstream = await FakeUpstream.start(t);
  const gateway = await Gateway.start(t, { upstream: upstream.url, workers: 3 });
  const { secret } = await gateway.createKey();
  await until('the key', async () => {
    const probe = new Client(gateway, { key: secret });
    try {
      return (await probe.get('/v1/models')).status === 200;
    } finally {
      probe.close();
    }
  });
  return { upstream, gateway, secret };
}

// Runs kRequests streams; calls `strike` when a third of them is done. Resolves to the models of the whole answers and
// the number of failed requests.
async function load(gateway, secret, strike) {
  const client = new Client(gateway, { key: secret, connections: kStreams });
  const finished = [];
  let failed = 0;
  let next = 0;
  let struck;
  const walk = async () => {
    while (next < kRequests) {
      const model = `m-${next += 1}`;
      if (next >= kRequests / 3) struck ??= strike();
      try {
        const answer = await client.chat({ model, stream: true });
        if (answer.status === 200 && eventsOf(answer.text).at(-1) === '[DONE]') finished.push(model);
        else failed += 1;
      } catch {
        failed += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: kStreams }, walk));
  await struck;
  client.close();
  return { finished, failed };
}

async function assertBilledOnce(gateway, finished) {
  const rows = await until('every finished answer in the ledger', async () => {
    const byModel = new Map((await gateway.usageRows('model')).map((row) => [row.model, row]));
    return finished.every((model) => byModel.has(model)) && byModel;
  });
  for (const model of finished) {
    const row = rows.get(model);
    assert.equal(row.requests, 1, `${model} was billed ${row.requests} times`);
    assert.equal(row.completionTokens, kTokens, model);
  }
  for (const row of rows.values()) {
    // A request that was cut before the upstream had accepted it stands without a model's name, and costs nothing.
    if (row.model === 'unknown') assert.equal(row.totalTokens ?? 0, 0, 'tokens of a request that was never accepted');
    else assert.ok(row.requests <= 1, `${row.model} was billed twice`);
  }
}

async function killOne(gateway, name) {
  const family = gateway.processes(name);
  const [victim] = family;
  process.kill(victim.pid, 'SIGKILL');
  await gateway.processesBack(name, family.length, [victim.pid]);
}

test('a worker that is killed: others serve, it comes back, finished answers are billed once', async (t) => {
  const { gateway, secret } = await start(t);
  const { finished, failed } = await load(gateway, secret, () => killOne(gateway, 'holt-worker'));
  assert.ok(failed <= kStreams, `only requests on the killed worker may fail, not ${failed}`);
  assert.ok(finished.length >= kRequests - kStreams);
  await assertBilledOnce(gateway, finished);
});

for (const name of ['holt-courier', 'holt-admin-service', 'holt-connector']) {
  test(`${name} that is killed: no request fails, it comes back, all are billed once`, async (t) => {
    const { gateway, secret } = await start(t);
    const { finished, failed } = await load(gateway, secret, () => killOne(gateway, name));
    assert.equal(failed, 0);
    assert.equal(finished.length, kRequests);
    await assertBilledOnce(gateway, finished);
  });
}

test('everything but the supervisor is killed at once, and the service comes back', async (t) => {
  const { gateway, secret } = await start(t);
  const dead = gateway.processes().map((one) => one.pid);
  for (const pid of dead) process.kill(pid, 'SIGKILL');
  const client = new Client(gateway, { key: secret });
  t.after(() => client.close());
  await until('service', async () => {
    try {
      return (await client.chat({ model: 'after' })).status === 200;
    } catch {
      return false;
    }
  });
  await until('the ledger', async () => (await gateway.usageRows('model')).some((row) => row.model === 'after'));
});
