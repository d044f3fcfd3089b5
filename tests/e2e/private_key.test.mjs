// The TLS private key is in no memory but the supervisor's own locked pages, while handshakes succeed.
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect } from 'node:tls';
import { keyKinds, keyPatterns } from './lib/certificates.mjs';
import { Client } from './lib/client.mjs';
import { Gateway } from './lib/gateway.mjs';
import { findInMemory, memorySkip } from './lib/memory.mjs';
import { FakeUpstream } from './lib/upstream.mjs';

// A handshake of its own for every request.
async function handshakes(gateway, count) {
  for (let i = 0; i < count; i += 1) {
    const client = new Client(gateway, { connections: 1 });
    try {
      assert.equal((await client.get('/health')).status, 200);
    } finally {
      client.close();
    }
  }
}

for (const kind of keyKinds) {
  test(`${kind}: found in no process while handshakes work`, { skip: memorySkip }, async (t) => {
    const upstream = await FakeUpstream.start(t);
    const gateway = await Gateway.start(t, { upstream: upstream.url, kinds: [kind] });
    const patterns = keyPatterns(gateway.identities[0].keyFile);
    const family = gateway.processes();
    assert.ok(family.length >= 5);
    await handshakes(gateway, 20);
    let looking = true;
    const meanwhile = (async () => { while (looking) await handshakes(gateway, 1); })();
    try {
      for (const one of family) assert.deepEqual(findInMemory(one.pid, patterns), [], one.name);
    } finally {
      looking = false;
      await meanwhile;
    }
    for (const one of family) assert.deepEqual(findInMemory(one.pid, patterns), [], one.name);
  });
}

// An OpenSSL context has one place for RSA, one for EC and one for Ed25519.
const together = { ecdsa_secp256r1_sha256: 'P-256', rsa_pss_rsae_sha256: 'RSA', ed25519: 'Ed25519' };

test('a node with several keys serves whichever the client can check', async (t) => {
  const upstream = await FakeUpstream.start(t);
  const kinds = Object.values(together);
  const gateway = await Gateway.start(t, { upstream: upstream.url, kinds });
  for (const [sigalgs, kind] of Object.entries(together)) {
    const socket = connect({ port: gateway.port, host: '127.0.0.1', servername: 'localhost', ca: gateway.ca, sigalgs });
    await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
    const shown = socket.getPeerX509Certificate().toString().replaceAll(/\s/g, '');
    const identity = gateway.identities[kinds.indexOf(kind)];
    assert.equal(shown, identity.certificate.replaceAll(/\s/g, ''), sigalgs);
    socket.destroy();
  }
});
