// The gateway in front of an upstream that nobody here wrote: @dwmkerr/mock-llm, with a rule file of ours.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import test from 'node:test';
import { Gateway, temporaryFolder } from './lib/gateway.mjs';
import { Running } from './lib/programs.mjs';
import { OpenAI, openai } from './lib/sdk.mjs';
import { until } from './lib/wait.mjs';

const rules = `
streaming:
  chunkSize: 5
  chunkIntervalMs: 2
rules:
  - path: "/v1/chat/completions"
    match: "@"
    response:
      status: 200
      content: |
        {
          "id": "chatcmpl-{{timestamp}}",
          "object": "chat.completion",
          "model": "{{jmes request body.model}}",
          "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": "{{jmes request body.messages[-1].content}}" },
            "finish_reason": "stop"
          }],
          "usage": { "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18 }
        }
  - path: "/v1/chat/completions"
    match: "contains(body.messages[-1].content, 'fail')"
    response:
      status: 429
      content: |
        {"error": {"message": "Slow down.", "type": "requests", "param": null, "code": "rate_limit_exceeded"}}
  - path: "/v1/models"
    match: "@"
    response:
      status: 200
      content: |
        {"object": "list", "data": [{"id": "foreign-model", "object": "model", "created": 1, "owned_by": "nobody"}]}
`;

async function start(t) {
  const folder = temporaryFolder(t);
  const file = path.join(folder, 'mock-llm.yaml');
  writeFileSync(file, rules);
  const launcher = fileURLToPath(new URL('lib/mock_llm.mjs', import.meta.url));
  const upstream = new Running(process.execPath, [launcher, file], { cwd: folder });
  t.after(() => upstream.end('SIGKILL'));
  const [, url] = await upstream.line(/^listening (\S+)$/m);
  const gateway = await Gateway.start(t, { upstream: url });
  const { secret } = await gateway.createKey();
  return { gateway, client: openai(t, gateway, secret) };
}

const ask = (content, members) => ({ model: 'foreign-model', messages: [{ role: 'user', content }], ...members });

test('a whole answer, and its usage in the ledger', async (t) => {
  const { gateway, client } = await start(t);
  const answer = await client.chat.completions.create(ask('Good morning.'));
  assert.equal(answer.choices[0].message.content, 'Good morning.');
  const [row] = await until('the ledger', async () => {
    const rows = await gateway.usageRows('model');
    return rows.length > 0 && rows;
  });
  assert.deepEqual([row.model, row.requests, row.promptTokens, row.completionTokens], ['foreign-model', 1, 11, 7]);
});

test('a streamed answer without a word of usage is still counted as a request', async (t) => {
  const { gateway, client } = await start(t);
  const stream = await client.chat.completions.create(ask('Good morning, den.', { stream: true }));
  let text = '';
  for await (const chunk of stream) text += chunk.choices[0].delta.content ?? '';
  assert.equal(text, 'Good morning, den.');
  await until('the ledger', async () => (await gateway.usageTotal()).requests === 1);
});

test('its error reaches the caller as it is', async (t) => {
  const { client } = await start(t);
  await assert.rejects(client.chat.completions.create(ask('fail')),
    (error) => error instanceof OpenAI.RateLimitError && error.code === 'rate_limit_exceeded');
});

test('its error in the first event of a stream raises', async (t) => {
  const { client } = await start(t);
  await assert.rejects(async () => {
    for await (const chunk of await client.chat.completions.create(ask('fail', { stream: true }))) void chunk;
  });
});

test('its models are listed', async (t) => {
  const { client } = await start(t);
  assert.deepEqual((await client.models.list()).data.map((model) => model.id), ['foreign-model']);
});
