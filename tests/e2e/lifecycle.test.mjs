// Starting, ending, and living side by side.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import test from 'node:test';
import { makeCertificate } from './lib/certificates.mjs';
import { Client, eventsOf } from './lib/client.mjs';
import { Demo } from './lib/demo.mjs';
import { Gateway, temporaryFolder } from './lib/gateway.mjs';
import { isAlive } from './lib/programs.mjs';
import { FakeUpstream, delta } from './lib/upstream.mjs';
import { until } from './lib/wait.mjs';

async function start(t, options = {}) {
  const upstream = options.upstream ?? (await FakeUpstream.start(t));
  const gateway = await Gateway.start(t, { ...options, upstream: upstream.url });
  const { secret } = await gateway.createKey();
  const client = new Client(gateway, { key: secret });
  t.after(() => client.close());
  return { upstream, gateway, client, secret };
}

test('standard output carries the ready line and nothing else', async (t) => {
  const { gateway } = await start(t);
  await gateway.stop();
  assert.match(gateway.running.output, /^ready https:\/\/127\.0\.0\.1:\d+\n$/);
});

test('without a certificate it serves plain HTTP', async (t) => {
  const { gateway, client } = await start(t, { kinds: [] });
  assert.match(gateway.url, /^http:/);
  assert.equal((await client.chat()).status, 200);
});

test("the earlier proxy's environment is a whole configuration", async (t) => {
  const upstream = await FakeUpstream.start(t);
  const gateway = new Gateway(temporaryFolder(t));
  t.after(() => gateway.kill());
  await gateway.launch([], { UPSTREAM_URL: upstream.url, PORT: '0', API_KEYS: 'pm_one,pm_two',
                             PRIVATEMODE_API_KEY: 'upstream-credential' });
  const client = new Client({ url: gateway.url.replace('0.0.0.0', '127.0.0.1'), ca: [] }, { key: 'pm_two' });
  t.after(() => client.close());
  await until('the key', async () => (await client.chat()).status === 200);
  assert.equal(upstream.requests.at(-1).headers.authorization, 'Bearer upstream-credential');
});

test('SIGTERM ends everything with exit code 0', async (t) => {
  const { gateway } = await start(t);
  const family = gateway.processes().map((one) => one.pid);
  assert.ok(family.length >= 5, `workers, courier, connector, admin-service: ${family.length}`);
  assert.equal(await gateway.stop(), 0);
  assert.deepEqual(family.filter(isAlive), []);
});

test('SIGTERM lets a running stream end whole, and takes no new connection', async (t) => {
  const { upstream, gateway, client } = await start(t);
  const arrived = new Promise((resolve) => { upstream.answer = resolve; });
  const response = client.chat({ stream: true });
  const exchange = await arrived;
  exchange.beginStream();
  exchange.event(delta('before'));
  gateway.running.signal('SIGTERM');
  await until('the listener to be closed', async () => {
    const socket = net.connect(gateway.port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return false;
    } catch {
      return true;
    } finally {
      socket.destroy();
    }
  });
  exchange.event(delta('after'));
  exchange.endStream();
  assert.deepEqual(eventsOf((await response).text).map((data) => (data === '[DONE]' ? data
    : JSON.parse(data).choices[0].delta.content)), ['before', 'after', '[DONE]']);
  assert.equal((await gateway.running.exited).code, 0);
});

test('a supervisor that is killed takes all its children with it', async (t) => {
  const { gateway } = await start(t);
  const family = gateway.processes().map((one) => one.pid);
  gateway.running.signal('SIGKILL');
  await until('the end of all children', () => !family.some(isAlive));
});

test('after a kill the next start serves again, with its keys and its ledger', async (t) => {
  const { gateway, client, secret } = await start(t);
  await client.chat();
  await until('the ledger', async () => (await gateway.usageTotal()).requests === 1);
  const args = gateway.running.child.spawnargs.slice(1);
  await gateway.kill();
  await gateway.launch(args);
  const again = new Client(gateway, { key: secret });
  t.after(() => again.close());
  await until('the key', async () => (await again.chat()).status === 200);
  await until('the ledger', async () => (await gateway.usageTotal()).requests >= 2);
});

test('several instances live side by side and know only their own keys', async (t) => {
  const demo = await Demo.start(t);
  const [first, second] = await Promise.all([start(t, { upstream: demo }), start(t, { upstream: demo })]);
  assert.notEqual(first.gateway.port, second.gateway.port);
  assert.equal((await first.client.chat()).status, 200);
  assert.equal((await second.client.chat()).status, 200);
  const crossed = new Client(first.gateway, { key: second.secret });
  t.after(() => crossed.close());
  assert.equal((await crossed.chat()).status, 401);
  await first.gateway.stop();
  assert.equal((await second.client.chat()).status, 200);
});

test('SIGHUP puts a new certificate in force without losing a connection', async (t) => {
  const { gateway, client } = await start(t);
  assert.equal((await client.chat()).status, 200);
  const fresh = await makeCertificate(gateway.identities[0].keyFile.replace(/\/[^/]*$/, ''));
  gateway.running.signal('SIGHUP');
  const renewed = { url: gateway.url, ca: [fresh.certificate] };
  await until('the new certificate', async () => {
    const visitor = new Client(renewed);
    try {
      return (await visitor.get('/health')).status === 200;
    } catch {
      return false;
    } finally {
      visitor.close();
    }
  });
  assert.equal((await client.chat()).status, 200, 'a connection from before goes on');
});
