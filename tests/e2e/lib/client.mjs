// A plain HTTP client over Node's own modules, for what the OpenAI package hides: raw heads, connections, cuts.
import http from 'node:http';
import https from 'node:https';
import { within } from './wait.mjs';

// Connections to one gateway: kept alive, at most `connections` at a time.
export class Client {
  constructor(gateway, { connections = 8, key } = {}) {
    this.key = key;
    this.base = new URL(gateway.url);
    this.module = this.base.protocol === 'https:' ? https : http;
    this.agent = new this.module.Agent({ keepAlive: true, maxSockets: connections, ca: gateway.ca });
  }

  // Sends a request; resolves to node's response, its body unread. `abort` is an AbortSignal.
  open(method, path, { headers = {}, body, abort, agent = this.agent } = {}) {
    const answered = new Promise((resolve, reject) => {
      const request = this.module.request({
        method, path, agent, signal: abort, host: this.base.hostname, port: this.base.port,
        servername: 'localhost', ca: agent.options?.ca,
        headers: { ...(this.key && { authorization: `Bearer ${this.key}` }), ...headers },
      }, resolve);
      request.on('error', reject);
      request.end(body);
    });
    return within(`an answer to ${method} ${path}`, answered, 60_000);
  }

  // Resolves to { status, headers, text } of a whole answer; rejects when it was cut.
  async send(method, path, options) {
    const response = await this.open(method, path, options);
    const text = await readAll(response);
    return { status: response.statusCode, headers: response.headers, text };
  }

  get(path, options) { return this.send('GET', path, options); }

  post(path, object, { headers, ...options } = {}) {
    return this.send('POST', path, {
      ...options, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(object),
    });
  }

  // One chat request. `members` add to or replace the usual ones.
  chat(members = {}, options) {
    return this.post('/v1/chat/completions', chatRequest(members), options);
  }

  close() { this.agent.destroy(); }
}

export function chatRequest(members = {}) {
  return { model: 'holt-demo', messages: [{ role: 'user', content: 'What is a holt?' }], ...members };
}

export async function readAll(response) {
  response.setEncoding('utf8');
  let text = '';
  for await (const piece of response) text += piece;
  return text;
}

// The data of each event of a stream, in order.
export function eventsOf(text) {
  return text.split('\n\n').filter((event) => event.startsWith('data: ')).map((event) => event.slice(6));
}
