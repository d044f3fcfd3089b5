// The harness itself: that its detectors detect, and that the demo upstream is what an OpenAI client expects.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { keyKinds, keyPatterns, makeCertificate, secretNumbers } from './lib/certificates.mjs';
import { Client, chatRequest, eventsOf } from './lib/client.mjs';
import { Demo } from './lib/demo.mjs';
import { temporaryFolder } from './lib/gateway.mjs';
import { findInFiles, findInMemory, memorySkip } from './lib/memory.mjs';
import { Running, descendants, isAlive, program } from './lib/programs.mjs';
import { openai, question } from './lib/sdk.mjs';
import { FakeUpstream } from './lib/upstream.mjs';

// What the SDK helper asks of a gateway, for a plain upstream.
const asGateway = (upstream) => ({ url: upstream.url, baseURL: `${upstream.url}/v1`, ca: [] });

test('the memory scanner finds what is there and only that', { skip: memorySkip }, async (t) => {
  const needle = `needle-${Math.random()}`;
  const holder = new Running('sh', ['-c', 'echo holding; exec sleep 60'], { env: { NEEDLE: needle } });
  t.after(() => holder.end('SIGKILL'));
  await holder.line(/holding/);
  const absent = `absent-${Math.random()}`;
  assert.deepEqual(findInMemory(holder.pid, { needle, absent }), ['needle']);
});

test('the file scanner finds what is there, in folders too', (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(path.join(folder, 'file'), 'xx a-canary-of-some-length yy');
  assert.deepEqual(findInFiles(folder, { canary: 'a-canary-of-some-length', other: 'another-pattern' }),
    [[path.join(folder, 'file'), 'canary']]);
});

test('the secret numbers of each kind of key are known', async (t) => {
  const folder = temporaryFolder(t);
  const ec = secretNumbers((await makeCertificate(folder, 'P-256')).keyFile);
  assert.deepEqual([...ec.keys()], ['d']);
  const rsa = secretNumbers((await makeCertificate(folder, 'RSA')).keyFile);
  assert.deepEqual([...rsa.keys()], ['d', 'p', 'q', 'dp', 'dq', 'qi']);
  assert.equal(rsa.get('p').length, 128);
});

for (const kind of keyKinds) {
  test(`a ${kind} key is found in a process that has it`, { skip: memorySkip }, async (t) => {
    const { certificateFile, keyFile } = await makeCertificate(temporaryFolder(t), kind);
    const server = new Running('openssl', ['s_server', '-accept', '127.0.0.1:0', '-cert', certificateFile, '-key', keyFile]);
    t.after(() => server.end('SIGKILL'));
    await server.line(/^ACCEPT/m);
    const found = findInMemory(server.pid, keyPatterns(keyFile)).map((name) => name.replace(/, (big|little), .*/, ''));
    assert.ok(found.includes('d'), `found only ${found}`);
  });
}

test('descendants are seen while they live', async (t) => {
  const parent = new Running('sh', ['-c', 'sleep 60 & echo started; wait']);
  t.after(() => parent.end('SIGKILL'));
  await parent.line(/started/);
  const [child] = descendants(parent.pid);
  assert.equal(child.name, 'sleep');
  process.kill(child.pid, 'SIGKILL');
  await parent.end();
  assert.equal(isAlive(child.pid), false);
});

test('the demo upstream ends with the process that started it', async () => {
  const parent = new Running('sh', ['-c', `"${program('holt-demo-upstream')}" & wait`]);
  await parent.line(/^listening/m);
  const [demo] = descendants(parent.pid);
  await parent.end('SIGKILL');
  await parent.closed;
  assert.equal(isAlive(demo.pid), false);
});

for (const kind of ['demo upstream', 'scripted upstream']) {
  test(`the ${kind} serves the OpenAI package`, async (t) => {
    const upstream = kind === 'demo upstream' ? await Demo.start(t) : await FakeUpstream.start(t);
    const client = openai(t, asGateway(upstream), 'any');
    const whole = await client.chat.completions.create(question);
    assert.equal(whole.choices[0].finish_reason, 'stop');
    assert.ok(whole.usage.total_tokens > 0);
    const stream = await client.chat.completions.create(
      { ...question, stream: true, stream_options: { include_usage: true } });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    assert.equal(chunks.at(-2).choices[0].finish_reason, 'stop');
    assert.ok(chunks.at(-1).usage.total_tokens > 0);
    assert.ok((await client.models.list()).data.length > 0);
  });
}

test('the demo upstream breaks off as told', async (t) => {
  const demo = await Demo.start(t);
  const client = new Client(asGateway(demo));
  t.after(() => client.close());
  for (const cut of ['reset', 'close']) {
    const model = `holt-demo/cut:${cut}`;
    await assert.rejects(client.chat({ model }), /aborted|ECONNRESET/);
    await assert.rejects(client.chat({ model, stream: true }), /aborted|ECONNRESET/);
  }
  assert.equal((await client.chat({ model: 'holt-demo/status:503' })).status, 503);
  assert.deepEqual((({ cut, refused }) => ({ cut, refused }))(await demo.stats()), { cut: 4, refused: 1 });
});

test('the demo upstream answers many at once, each in full', async (t) => {
  const demo = await Demo.start(t);
  const client = new Client(asGateway(demo), { connections: 500 });
  t.after(() => client.close());
  const answers = await Promise.all(Array.from({ length: 2000 }, () =>
    client.chat({ ...chatRequest(), model: 'holt-demo/chunks:5/delay:5', stream: true })));
  for (const answer of answers) assert.equal(eventsOf(answer.text).at(-1), '[DONE]');
  const stats = await demo.stats();
  assert.equal(stats.finished, 2000);
  assert.equal(stats.completion_tokens, 10_000);
});
