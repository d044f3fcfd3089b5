// A key that was taken away stops on every worker within a second, on connections that are open too.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Client } from './lib/client.mjs';
import { Gateway } from './lib/gateway.mjs';
import { FakeUpstream } from './lib/upstream.mjs';
import { until } from './lib/wait.mjs';

const kConnections = 32;
const kOneSecond = 1000;

async function start(t) {
  const upstream = await FakeUpstream.start(t);
  const gateway = await Gateway.start(t, { upstream: upstream.url, workers: 4 });
  const { id, secret } = await gateway.createKey();
  // One client per connection: each sticks to the worker that accepted it.
  const clients = Array.from({ length: kConnections }, () => new Client(gateway, { key: secret, connections: 1 }));
  t.after(() => clients.forEach((client) => client.close()));
  const statuses = async () => (await Promise.all(clients.map((client) => client.chat()))).map((answer) => answer.status);
  await until('the new key on every connection', async () => (await statuses()).every((status) => status === 200));
  return { upstream, gateway, id, statuses };
}

test('revoking stops a key on every worker within a second', async (t) => {
  const { upstream, gateway, id, statuses } = await start(t);
  const revoked = await gateway.holtctl('keys', 'revoke', id, '--yes');
  assert.equal(revoked.code, 0, revoked.log);
  await until('401 on every connection', async () => (await statuses()).every((status) => status === 401), kOneSecond);
  const before = upstream.requests.length;
  await statuses();
  assert.equal(upstream.requests.length, before, 'nothing of a revoked key is forwarded');
});

test('a revoked key stays revoked when every process was killed and came back', async (t) => {
  const { gateway, id, statuses } = await start(t);
  await gateway.holtctl('keys', 'revoke', id, '--yes');
  await until('401 on every connection', async () => (await statuses()).every((status) => status === 401));
  const dead = ['holt-admin-service', 'holt-courier'].flatMap((name) => gateway.processes(name)).map((one) => one.pid);
  for (const pid of dead) process.kill(pid, 'SIGKILL');
  await gateway.processesBack('holt-admin-service', 1, dead);
  await gateway.processesBack('holt-courier', 1, dead);
  assert.ok((await statuses()).every((status) => status === 401));
});

test('a new key works on every worker within a second', async (t) => {
  const { gateway } = await start(t);
  const { secret } = await gateway.createKey('another');
  const clients = Array.from({ length: kConnections }, () => new Client(gateway, { key: secret, connections: 1 }));
  t.after(() => clients.forEach((client) => client.close()));
  await until('200 on every connection', async () => {
    const answers = await Promise.all(clients.map((client) => client.chat()));
    return answers.every((answer) => answer.status === 200);
  }, kOneSecond);
});
