// Who may not pass is told so in OpenAI's shape, and nothing of it reaches the upstream.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Client } from './lib/client.mjs';
import { Gateway, temporaryFolder } from './lib/gateway.mjs';
import { FakeUpstream } from './lib/upstream.mjs';
import { until } from './lib/wait.mjs';

const digest = (key) => createHash('sha256').update(key).digest('hex');
const past = 1_700_000_000;
const future = 4_000_000_000;

// Keys of the earlier proxy's file, by what is the matter with them.
const keys = { good: 'pm_good-key', expired: 'pm_expired-key', disabled: 'pm_disabled-key' };
const keysFile = {
  keys: [
    { key_id: 'key_00000001', key_hash: digest(keys.good), expires_at: future, enabled: true },
    { key_id: 'key_00000002', key_hash: digest(keys.expired), expires_at: past, enabled: true },
    { key_id: 'key_00000003', key_hash: digest(keys.disabled), expires_at: null, enabled: false },
  ],
};

async function start(t) {
  const upstream = await FakeUpstream.start(t);
  const file = path.join(temporaryFolder(t), 'api_keys.json');
  writeFileSync(file, JSON.stringify(keysFile), { mode: 0o600 });
  const gateway = await Gateway.start(t, { upstream: upstream.url, env: { API_KEYS_FILE: file } });
  const client = new Client(gateway);
  t.after(() => client.close());
  const chatWith = (authorization) =>
    client.chat({}, { headers: authorization === undefined ? {} : { authorization } });
  await until('the keys file to be in force', async () => (await chatWith(`Bearer ${keys.good}`)).status === 200);
  upstream.requests.length = 0;
  return { upstream, client, chatWith };
}

const strangers = {
  'no key': undefined,
  'an empty key': 'Bearer ',
  'an unknown key': 'Bearer holt_0000000000000000000000000000000000000000000',
  'an expired key': `Bearer ${keys.expired}`,
  'a disabled key': `Bearer ${keys.disabled}`,
  'a good key with a letter more': `Bearer ${keys.good}x`,
  'a good key in another scheme': `Basic ${keys.good}`,
  'a key of eight thousand letters': `Bearer ${'k'.repeat(8000)}`,
};

for (const [name, authorization] of Object.entries(strangers)) {
  test(`${name} is refused`, async (t) => {
    const { upstream, chatWith } = await start(t);
    const answer = await chatWith(authorization);
    assert.equal(answer.status, 401);
    assert.equal(answer.headers['content-type'], 'application/json');
    assert.equal(answer.headers['www-authenticate'], 'Bearer');
    assert.match(answer.headers['x-request-id'], /^req_/);
    const { error } = JSON.parse(answer.text);
    assert.equal(error.type, 'invalid_request_error');
    assert.equal(error.code, 'invalid_api_key');
    assert.equal(error.param, null);
    assert.ok(error.message.length > 0);
    for (const key of Object.values(keys)) assert.ok(!answer.text.includes(key), 'an error never shows a key');
    assert.equal(upstream.requests.length, 0);
  });
}

test('the scheme may be written in any case, with several blanks', async (t) => {
  const { chatWith } = await start(t);
  assert.equal((await chatWith(`bEaReR   ${keys.good}`)).status, 200);
});

test("the caller's key and headers do not reach the upstream", async (t) => {
  const { upstream, client } = await start(t);
  const headers = { authorization: `Bearer ${keys.good}`, cookie: 'a=b', 'x-stainless-os': 'Linux',
                    'openai-organization': 'org', 'x-forwarded-for': '192.0.2.1' };
  assert.equal((await client.chat({}, { headers })).status, 200);
  const [request] = upstream.requests;
  assert.ok(!request.rawHead.includes(keys.good));
  for (const name of ['cookie', 'x-stainless-os', 'openai-organization', 'x-forwarded-for']) {
    assert.ok(!(name in request.headers), `${name} was forwarded`);
  }
});

test('a key in the query string does not count', async (t) => {
  const { upstream, client } = await start(t);
  const answer = await client.get(`/v1/models?api_key=${keys.good}&key=${keys.good}`);
  assert.equal(answer.status, 401);
  assert.equal(upstream.requests.length, 0);
});
