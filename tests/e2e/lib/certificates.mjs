// Certificates for localhost, made for each test by the openssl command.
import { createPrivateKey } from 'node:crypto';
import { chmodSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { run } from './programs.mjs';

const kinds = {
  'P-256': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'P-384': ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  RSA: ['-newkey', 'rsa:2048'],
  Ed25519: ['-newkey', 'ed25519'],
};

export const keyKinds = Object.keys(kinds);

// Makes a self-signed certificate in `folder`: { certificateFile, keyFile, certificate }.
export async function makeCertificate(folder, kind = 'P-256') {
  const keyFile = path.join(folder, `${kind}.key`);
  const certificateFile = path.join(folder, `${kind}.crt`);
  const made = await run('openssl', ['req', '-x509', ...kinds[kind], '-nodes', '-days', '60', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', keyFile, '-out', certificateFile]);
  if (made.code !== 0) throw new Error(`openssl req failed:\n${made.log}`);
  chmodSync(keyFile, 0o600);
  return { certificateFile, keyFile, certificate: readFileSync(certificateFile, 'utf8') };
}

// The secret numbers of a private key, by name, as big-endian bytes: the scalar or seed, or RSA's exponent and primes.
export function secretNumbers(keyFile) {
  const jwk = createPrivateKey(readFileSync(keyFile)).export({ format: 'jwk' });
  const numbers = new Map();
  for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi']) {
    if (jwk[name] !== undefined) numbers.set(name, Buffer.from(jwk[name], 'base64url'));
  }
  return numbers;
}

// Each secret number as it may lie in memory: both byte orders (OpenSSL's big numbers are little-endian), and both
// halves, since a part of a key is a key.
export function keyPatterns(keyFile) {
  const patterns = {};
  for (const [name, bytes] of secretNumbers(keyFile)) {
    const half = bytes.length >> 1;
    for (const [order, text] of [['big', bytes], ['little', Buffer.from(bytes).reverse()]]) {
      patterns[`${name}, ${order}, front`] = text.subarray(0, half);
      patterns[`${name}, ${order}, back`] = text.subarray(half);
    }
  }
  return patterns;
}
