// An upstream that a test writes line by line, on raw sockets: what it sends, when, and how it breaks off is the test's.
import net from 'node:net';
import { once } from 'node:events';
import { within } from './wait.mjs';

// One request as it arrived, and the means to answer it.
export class Exchange {
  constructor(socket, request) {
    this.socket = socket;
    Object.assign(this, request);  // method, target, headers (lower-case names), rawHead, body
    this.closed = new Promise((resolve) => socket.once('close', resolve));
  }

  get json() { return JSON.parse(this.body); }

  write(bytes) { this.socket.write(bytes); }

  head(status, headers) {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    this.write(`HTTP/1.1 ${status} Test\r\n${lines.join('')}\r\n`);
  }

  answer(status, object, headers = {}) {
    const body = JSON.stringify(object);
    this.head(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers });
    this.write(body);
  }

  beginStream() {
    this.head(200, { 'content-type': 'text/event-stream', 'transfer-encoding': 'chunked' });
  }

  // One event in a chunk of its own; an object becomes JSON.
  event(data) {
    const text = `data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`;
    this.write(`${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`);
  }

  endStream() {
    this.event('[DONE]');
    this.write('0\r\n\r\n');
  }

  reset() { this.socket.resetAndDestroy(); }
}

// A chunk of a chat stream, and a whole chat answer.
export function delta(content, members = {}) {
  return { id: 'chatcmpl-test', object: 'chat.completion.chunk', created: 1, model: 'test-model',
           choices: [{ index: 0, delta: { content }, finish_reason: null }], ...members };
}

export function completion(content, { promptTokens = 3, completionTokens = 5, ...members } = {}) {
  return { id: 'chatcmpl-test', object: 'chat.completion', created: 1, model: 'test-model',
           choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
           usage: { prompt_tokens: promptTokens, completion_tokens: completionTokens,
                    total_tokens: promptTokens + completionTokens }, ...members };
}

// Answers as a plain upstream would, also in streams: the default of FakeUpstream.
export function behave(exchange) {
  if (exchange.method !== 'POST') return exchange.answer(200, { object: 'list', data: [{ id: 'test-model', object: 'model' }] });
  const request = exchange.json;
  const model = request.model;
  if (!request.stream) return exchange.answer(200, completion('hello', { model }));
  exchange.beginStream();
  for (const word of ['hel', 'lo']) exchange.event(delta(word, { model }));
  exchange.event({ ...delta('', { model }), choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
  if (request.stream_options?.include_usage) {
    exchange.event({ ...delta('', { model }), choices: [], usage: completion('').usage });
  }
  return exchange.endStream();
}

export class FakeUpstream {
  // `answer` gets each Exchange; it may be replaced at any time.
  static async start(t, answer = behave) {
    const upstream = new FakeUpstream();
    upstream.answer = answer;
    upstream.requests = [];
    upstream.connections = 0;
    upstream.server = net.createServer({ noDelay: true }, (socket) => upstream.#serve(socket));
    upstream.server.listen(0, '127.0.0.1');
    await once(upstream.server, 'listening');
    upstream.url = `http://127.0.0.1:${upstream.server.address().port}`;
    t.after(() => upstream.close());
    return upstream;
  }

  #sockets = new Set();
  #waiters = [];

  // Resolves to the next request that arrives.
  next() {
    return within('a request at the upstream', new Promise((resolve) => this.#waiters.push(resolve)));
  }

  async #serve(socket) {
    this.connections += 1;
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#sockets.delete(socket));
    try {
      for await (const request of readRequests(socket)) {
        const exchange = new Exchange(socket, request);
        this.requests.push(exchange);
        this.#waiters.shift()?.(exchange);
        await this.answer(exchange);
      }
    } catch (error) {
      if (!socket.destroyed && error.code !== 'ECONNRESET') throw error;
    }
  }

  close() {
    for (const socket of this.#sockets) socket.destroy();
    this.server.close();
  }
}

// Requests off a socket, bodies by length or chunked, strictly in order.
async function* readRequests(socket) {
  let bytes = Buffer.alloc(0);
  const pieces = socket[Symbol.asyncIterator]();
  const more = async () => {
    const { value, done } = await pieces.next();
    if (!done) bytes = Buffer.concat([bytes, value]);
    return !done;
  };
  const take = async (size) => {
    while (bytes.length < size) if (!(await more())) throw new Error('the request was cut');
    const taken = bytes.subarray(0, size);
    bytes = bytes.subarray(size);
    return taken;
  };
  const takeLine = async () => {
    let end;
    while ((end = bytes.indexOf('\r\n')) < 0) if (!(await more())) throw new Error('the request was cut');
    return (await take(end + 2)).subarray(0, end).toString('latin1');
  };
  for (;;) {
    while (bytes.indexOf('\r\n\r\n') < 0) if (!(await more())) return;
    const head = (await take(bytes.indexOf('\r\n\r\n') + 4)).toString('latin1');
    const [first, ...lines] = head.trimEnd().split('\r\n');
    const [method, target] = first.split(' ');
    const headers = Object.fromEntries(lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }));
    let body = Buffer.alloc(0);
    if (headers['transfer-encoding'] === 'chunked') {
      for (let size; (size = Number.parseInt(await takeLine(), 16)) > 0; await take(2)) {
        body = Buffer.concat([body, await take(size)]);
      }
      await takeLine();
    } else {
      body = Buffer.from(await take(Number(headers['content-length'] ?? 0)));
    }
    yield { method, target, headers, rawHead: head, body };
  }
}
