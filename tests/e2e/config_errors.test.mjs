// What is wrong with a configuration is said in one sentence, with an exit code, and nothing was started.
import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import net from 'node:net';
import path from 'node:path';
import test from 'node:test';
import { makeCertificate } from './lib/certificates.mjs';
import { Gateway, configuration, temporaryFolder } from './lib/gateway.mjs';
import { program, run } from './lib/programs.mjs';
import { FakeUpstream } from './lib/upstream.mjs';

const upstream = 'http://127.0.0.1:9';

// A folder with a good configuration, to be spoilt.
async function folderOf(t) {
  const folder = temporaryFolder(t);
  const identity = await makeCertificate(folder);
  const file = path.join(folder, 'holt.textproto');
  writeFileSync(file, configuration({ upstream, identities: [identity] }));
  return { folder, identity, file, state: path.join(folder, 'state') };
}

async function startWith({ file, state }, env = {}, args = [`--config=${file}`]) {
  return run(program('holt-supervisor'), args, { env: { HOLT_STATE_DIR: state, ...env } });
}

// One sentence that matches; a failure; silence on stdout.
function assertRefused(done, sentence) {
  assert.notEqual(done.code, 0, 'it must not have started');
  assert.equal(done.signal, null);
  assert.equal(done.output, '');
  const lines = done.log.trim().split('\n');
  assert.match(lines.at(-1), sentence, done.log);
  assert.ok(lines.length <= 2, `one clear sentence, not ${lines.length} lines:\n${done.log}`);
}

// name -> [how to spoil it (may return an environment), what the sentence says]
const faults = {
  'an unknown field': [({ file }) => writeFileSync(file, 'listener { prot: 8080 }\n'), /holt\.textproto:1:\d+.*prot.*port/],
  'no configuration file': [({ file }) => rmSync(file), /holt\.textproto/],
  'no certificate': [({ identity }) => rmSync(identity.certificateFile), /P-256\.crt/],
  'no private key': [({ identity }) => rmSync(identity.keyFile), /P-256\.key/],
  'a private key that others may read': [({ identity }) => chmodSync(identity.keyFile, 0o644), /P-256\.key.*(0600|owner|others)/],
  'a private key that is none': [({ identity }) => writeFileSync(identity.keyFile, 'no key\n'), /P-256\.key/],
  'a certificate that is none': [({ identity }) => writeFileSync(identity.certificateFile, 'none\n'), /P-256\.crt/],
  'a private key of another certificate': [async ({ identity, folder }) => {
    const other = await makeCertificate(folder, 'P-384');
    writeFileSync(identity.certificateFile, other.certificate);
  }, /P-256\.(key|crt)/],
  'a port that is no number': [() => ({ PORT: 'http' }), /PORT/],
  'a limit that is no number': [() => ({ RATE_LIMIT_REQUESTS: 'many' }), /RATE_LIMIT_REQUESTS/],
  'half a TLS configuration': [() => ({ TLS_CERT_FILE: '/nowhere/cert.pem' }), /TLS_KEY_FILE/],
  'an upstream that is no URL': [() => ({ UPSTREAM_URL: 'localhost' }), /UPSTREAM_URL/],
  'a state folder that is a file': [({ state }) => writeFileSync(state, ''), /state/],
};

for (const [name, [spoil, sentence]] of Object.entries(faults)) {
  test(`${name} is told and nothing is started`, async (t) => {
    const setup = await folderOf(t);
    const env = (await spoil(setup)) ?? {};
    assertRefused(await startWith(setup, env), sentence);
    assert.ok(!existsSync(path.join(setup.state, 'admin')), 'no state may be half made');
  });
}

test('a port in use is told', async (t) => {
  const setup = await folderOf(t);
  const squatter = net.createServer().listen(0, '127.0.0.1');
  t.after(() => squatter.close());
  await once(squatter, 'listening');
  const { port } = squatter.address();
  assertRefused(await startWith(setup, { PORT: String(port) }), new RegExp(`${port}.*in use|in use.*${port}`));
});

test('a state folder in use is told', async (t) => {
  const fake = await FakeUpstream.start(t);
  const gateway = await Gateway.start(t, { upstream: fake.url });
  const setup = await folderOf(t);
  assertRefused(await startWith({ ...setup, state: gateway.stateDir }), /state|supervisor/);
});

test('a keys file that cannot be read is told', async (t) => {
  const setup = await folderOf(t);
  const keys = path.join(setup.folder, 'keys.json');
  mkdirSync(keys);  // a folder: not even root can read it as a file
  assertRefused(await startWith(setup, { API_KEYS_FILE: keys }), /keys\.json/);
});

test('--check-config judges and starts nothing', async (t) => {
  const setup = await folderOf(t);
  const good = await startWith(setup, {}, [`--config=${setup.file}`, '--check-config']);
  assert.equal(good.code, 0, good.log);
  assert.ok(!existsSync(setup.state) || readdirSync(setup.state).length === 0);
  writeFileSync(setup.file, 'listener { prot: 8080 }\n');
  assertRefused(await startWith(setup, {}, [`--config=${setup.file}`, '--check-config']), /prot.*port/);
});

test('an unknown flag is told, with exit code 2', async () => {
  const done = await run(program('holt-supervisor'), ['--confg=x']);
  assert.equal(done.code, 2);
  assert.match(done.log, /--config/);
});
