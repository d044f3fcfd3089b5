// The OpenAI package from npm, pointed at a gateway and trusting its certificate. Retries are off unless a test is about
// them.
import OpenAI from 'openai';
import { Agent, fetch } from 'undici';

export { OpenAI };

export function openai(t, gateway, apiKey, options = {}) {
  const dispatcher = new Agent({ connect: { ca: gateway.ca } });
  t.after(() => dispatcher.destroy());
  return new OpenAI({ apiKey, baseURL: gateway.baseURL, maxRetries: 0, fetch, fetchOptions: { dispatcher }, ...options });
}

export const question = { model: 'holt-demo', messages: [{ role: 'user', content: 'What is a holt?' }] };
