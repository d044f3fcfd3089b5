// curl through the gateway: what people paste, and the mistakes they paste it with.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Demo } from './lib/demo.mjs';
import { Gateway, temporaryFolder } from './lib/gateway.mjs';
import { run } from './lib/programs.mjs';

const body = '{"model": "holt-demo", "messages": [{"role": "user", "content": "What is a holt?"}]}';
const streamed = body.replace('{', '{"stream": true, ');
const json = ['-H', 'Content-Type: application/json'];

async function start(t) {
  const demo = await Demo.start(t);
  const gateway = await Gateway.start(t, { upstream: demo.url });
  const { secret } = await gateway.createKey();
  const curl = (target, ...args) => run('curl', ['-sS', '-w', '\n%{http_code}', '--cacert',
    gateway.identities[0].certificateFile, ...args, target.startsWith('http') ? target : gateway.url + target]);
  return { demo, gateway, curl, key: ['-H', `Authorization: Bearer ${secret}`] };
}

const statusOf = (done) => Number(done.output.trimEnd().split('\n').at(-1));
const textOf = (done) => done.output.slice(0, done.output.lastIndexOf('\n'));

test('a whole answer', async (t) => {
  const { curl, key } = await start(t);
  const done = await curl('/v1/chat/completions', ...key, ...json, '-d', body);
  assert.equal(statusOf(done), 200, done.output + done.log);
  assert.equal(JSON.parse(textOf(done)).choices[0].finish_reason, 'stop');
});

test('a streamed answer ends with [DONE]', async (t) => {
  const { curl, key } = await start(t);
  const done = await curl('/v1/chat/completions', '-N', ...key, ...json, '-d', streamed);
  assert.equal(statusOf(done), 200);
  assert.match(textOf(done), /^data: \{.*data: \[DONE\]\n\n$/s);
});

test('a stream that was cut makes curl fail or ends with an error event', async (t) => {
  const { curl, key } = await start(t);
  const done = await curl('/v1/chat/completions', '-N', ...key, ...json,
    '-d', streamed.replace('holt-demo', 'holt-demo/cut:reset'));
  assert.ok(done.code !== 0 || /data: \{"error":/.test(textOf(done)), done.output);
});

test('health needs no key, models need one', async (t) => {
  const { curl, key } = await start(t);
  assert.equal(statusOf(await curl('/health')), 200);
  assert.equal(statusOf(await curl('/v1/models')), 401);
  assert.equal(statusOf(await curl('/v1/models', ...key)), 200);
});

test('HEAD is answered like GET, without a body', async (t) => {
  const { curl } = await start(t);
  const done = await curl('/health', '--head');
  assert.equal(statusOf(done), 200);
  assert.equal(done.code, 0);
});

const mistakes = [
  ['no content type is told what to set', '/v1/chat/completions', ['-d', body], 415, /Content-Type: application\/json/],
  ['a base URL without /v1 is told the right one', '/chat/completions', [...json, '-d', body], 404, /\/v1/],
  ['a path said twice is told the right one', '/v1/chat/completions/chat/completions', [...json, '-d', body], 404, /\/v1/],
  ['the wrong method is told so', '/v1/chat/completions', [], 405, /GET/],
  ['broken JSON is told so', '/v1/chat/completions', [...json, '-d', '{"model": '], 400, /JSON/],
  ['a missing model is told so', '/v1/chat/completions', [...json, '-d', '{"messages": []}'], 400, /model/],
];

for (const [name, target, args, status, message] of mistakes) {
  test(name, async (t) => {
    const { curl, key, demo } = await start(t);
    const done = await curl(target, ...key, ...args);
    assert.equal(statusOf(done), status, done.output + done.log);
    const { error } = JSON.parse(textOf(done));
    assert.match(error.message, message);
    assert.deepEqual(Object.keys(error).sort(), ['code', 'message', 'param', 'type']);
    assert.equal((await demo.stats()).requests, 1, 'only the stats request itself may arrive');
  });
}

test('plain HTTP on the TLS port is refused with words, not served', async (t) => {
  const { curl, gateway, key, demo } = await start(t);
  const done = await curl(`http://127.0.0.1:${gateway.port}/v1/chat/completions`, ...key, ...json, '-d', body);
  if (done.code === 0) assert.equal(statusOf(done), 403, done.output);
  assert.equal((await demo.stats()).started, 0);
});

test('a body of megabytes with Expect: 100-continue arrives', async (t) => {
  const { curl, key } = await start(t);
  const file = path.join(temporaryFolder(t), 'body.json');
  writeFileSync(file, body.replace('What is a holt?', 'x'.repeat(3_000_000)));
  const done = await curl('/v1/chat/completions', ...key, ...json, '--data-binary', `@${file}`);
  assert.equal(statusOf(done), 200, done.log);
  assert.ok(JSON.parse(textOf(done)).usage.prompt_tokens >= 750_000);
});

test('a big body with a wrong key sees the 401', async (t) => {
  const { curl } = await start(t);
  const file = path.join(temporaryFolder(t), 'body.json');
  writeFileSync(file, body.replace('What is a holt?', 'x'.repeat(3_000_000)));
  const done = await curl('/v1/chat/completions', '-H', 'Authorization: Bearer holt_no', ...json,
    '--data-binary', `@${file}`);
  assert.equal(statusOf(done), 401, done.log);
});
