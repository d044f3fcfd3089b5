// A TLS session that one worker began is resumed by any other, also by one that was started later.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import path from 'node:path';
import test from 'node:test';
import { connect } from 'node:tls';
import { Gateway, temporaryFolder } from './lib/gateway.mjs';
import { run } from './lib/programs.mjs';
import { FakeUpstream } from './lib/upstream.mjs';
import { until, within } from './lib/wait.mjs';

async function start(t) {
  const upstream = await FakeUpstream.start(t);
  return Gateway.start(t, { upstream: upstream.url, workers: 3 });
}

async function open(gateway, session) {
  const socket = connect({ port: gateway.port, host: '127.0.0.1', servername: 'localhost', ca: gateway.ca, session });
  socket.on('error', () => {});
  await within('a handshake', once(socket, 'secureConnect'));
  return socket;
}

// A connection's ticket, which comes after the handshake.
async function firstSession(gateway) {
  const socket = connect({ port: gateway.port, host: '127.0.0.1', servername: 'localhost', ca: gateway.ca });
  const [session] = await within('a ticket', once(socket, 'session'));
  socket.destroy();
  return session;
}

// Handshakes resumed so far, by worker.
async function resumed(gateway) {
  const status = await gateway.holtctlJson('status');
  return status.children.filter((child) => child.role === 'worker')
    .map((child) => Number(child.counters?.handshakes_resumed ?? 0));
}

test('every worker resumes a session that one of them began', async (t) => {
  const gateway = await start(t);
  const session = await firstSession(gateway);
  const sockets = [];
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  await until('resumption on at least two workers', async () => {
    const socket = await open(gateway, session);
    sockets.push(socket);
    assert.ok(socket.isSessionReused());
    return (await resumed(gateway)).filter((count) => count > 0).length >= 2;
  });
});

test('workers that were started later resume it too', async (t) => {
  const gateway = await start(t);
  const session = await firstSession(gateway);
  const dead = gateway.processes('holt-worker').map((one) => one.pid);
  for (const pid of dead) process.kill(pid, 'SIGKILL');
  await gateway.processesBack('holt-worker', dead.length, dead);
  const socket = await until('a handshake', () => open(gateway, session).catch(() => false));
  assert.ok(socket.isSessionReused());
  socket.destroy();
});

test("openssl's client resumes", async (t) => {
  const gateway = await start(t);
  const file = path.join(temporaryFolder(t), 'session');
  // -ign_eof would wait for the server; a request that closes gives the ticket time to arrive.
  const client = (flag) => run('sh', ['-c', `printf 'GET /health HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' |
    openssl s_client -connect 127.0.0.1:${gateway.port} -servername localhost -tls1_3 -ign_eof ${flag} "$0"`, file]);
  assert.match((await client('-sess_out')).output, /New, TLSv1\.3/);
  assert.match((await client('-sess_in')).output, /Reused, TLSv1\.3/);
});

test('a session of another gateway is not resumed', async (t) => {
  const [one, other] = await Promise.all([start(t), start(t)]);
  const session = await firstSession(one);
  const socket = connect({ port: other.port, host: '127.0.0.1', servername: 'localhost', ca: other.ca, session });
  await within('a handshake', once(socket, 'secureConnect'));
  assert.equal(socket.isSessionReused(), false);
  socket.destroy();
});
