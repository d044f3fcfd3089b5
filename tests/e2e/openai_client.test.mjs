// The OpenAI package from npm through the gateway: what most callers use.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Demo } from './lib/demo.mjs';
import { Gateway } from './lib/gateway.mjs';
import { OpenAI, openai, question } from './lib/sdk.mjs';
import { until, within } from './lib/wait.mjs';

async function start(t) {
  const demo = await Demo.start(t);
  const gateway = await Gateway.start(t, { upstream: demo.url });
  const { secret } = await gateway.createKey();
  return { demo, gateway, client: openai(t, gateway, secret) };
}

test('a whole answer comes with content, usage and a request id', async (t) => {
  const { client } = await start(t);
  const answer = await client.chat.completions.create(question);
  assert.match(answer.choices[0].message.content, /den is called a holt/);
  assert.equal(answer.choices[0].finish_reason, 'stop');
  assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
  assert.match(answer._request_id, /^req_[0-9A-Za-z]+$/);
});

test('a streamed answer is whole, and has no usage that was not asked for', async (t) => {
  const { client } = await start(t);
  const stream = await client.chat.completions.create({ ...question, stream: true });
  let text = '';
  for await (const chunk of stream) {
    assert.equal(chunk.choices.length, 1, 'a chunk without choices crashes clients that did not ask for usage');
    assert.ok(!('usage' in chunk), 'nobody asked for usage');
    text += chunk.choices[0].delta.content ?? '';
  }
  assert.match(text, /den is called a holt.*real service\.$/);
});

test('a streamed answer has usage once when it was asked for', async (t) => {
  const { client } = await start(t);
  const stream = await client.chat.completions.create(
    { ...question, stream: true, stream_options: { include_usage: true } });
  const usages = [];
  for await (const chunk of stream) if (chunk.usage) usages.push(chunk.usage);
  assert.equal(usages.length, 1);
  assert.ok(usages[0].completion_tokens > 0);
});

test('the stream helper is content with what arrives', async (t) => {
  const { client } = await start(t);
  const final = await client.chat.completions.stream(question).finalChatCompletion();
  assert.equal(final.choices[0].finish_reason, 'stop');
});

test('models are listed and found', async (t) => {
  const { client } = await start(t);
  const ids = (await client.models.list()).data.map((model) => model.id);
  assert.ok(ids.includes('holt-demo'));
});

test('a wrong key raises AuthenticationError', async (t) => {
  const { gateway } = await start(t);
  const stranger = openai(t, gateway, 'holt_wrong');
  await assert.rejects(stranger.chat.completions.create(question), (error) => {
    assert.ok(error instanceof OpenAI.AuthenticationError);
    assert.equal(error.code, 'invalid_api_key');
    assert.equal(error.type, 'invalid_request_error');
    assert.match(error.requestID, /^req_/);
    return true;
  });
});

for (const [status, expected] of [[400, 'BadRequestError'], [404, 'NotFoundError'], [422, 'UnprocessableEntityError'],
  [429, 'RateLimitError'], [500, 'InternalServerError'], [503, 'InternalServerError']]) {
  test(`an upstream's ${status} raises ${expected}`, async (t) => {
    const { client } = await start(t);
    await assert.rejects(client.chat.completions.create({ ...question, model: `holt-demo/status:${status}` }),
      (error) => {
        assert.ok(error instanceof OpenAI[expected], `${error.constructor.name}: ${error.message}`);
        assert.equal(error.status, status);
        return true;
      });
  });
}

test("an upstream's 401 is not taken for the caller's", async (t) => {
  const { client } = await start(t);
  await assert.rejects(client.chat.completions.create({ ...question, model: 'holt-demo/status:401' }),
    (error) => error.status === 502 && error.code === 'upstream_error');
});

for (const cut of ['reset', 'close']) {
  test(`a stream that the upstream breaks off (${cut}) raises and is never taken for whole`, async (t) => {
    const { client } = await start(t);
    const stream = await client.chat.completions.create(
      { ...question, model: `holt-demo/cut:${cut}/cut-after:3`, stream: true });
    await assert.rejects(async () => { for await (const chunk of stream) void chunk; });
  });

  test(`a whole answer that the upstream breaks off (${cut}) raises`, async (t) => {
    const { client } = await start(t);
    await assert.rejects(client.chat.completions.create({ ...question, model: `holt-demo/cut:${cut}/cut-after:3` }));
  });
}

test('a client that leaves in mid-stream ends the request at the upstream', async (t) => {
  const { client, demo } = await start(t);
  const stream = await client.chat.completions.create(
    { ...question, model: 'holt-demo/chunks:1000000/delay:5', stream: true });
  for await (const chunk of stream) {
    if (chunk.choices[0].delta.content) break;
  }
  stream.controller.abort();
  await until('the upstream to be left', async () => (await demo.stats()).abandoned === 1);
});

test('the first words arrive while the upstream still speaks', async (t) => {
  const { client, demo } = await start(t);
  const stream = await client.chat.completions.create(
    { ...question, model: 'holt-demo/chunks:1000000/delay:20', stream: true });
  const first = await within('a first word', (async () => {
    for await (const chunk of stream) if (chunk.choices[0].delta.content) return chunk;
  })());
  assert.ok(first);
  assert.equal((await demo.stats()).finished, 0);
});
