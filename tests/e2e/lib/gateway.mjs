// A gateway of real processes with a state folder, certificate and port of its own. Everything is gone after the test.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeCertificate } from './certificates.mjs';
import { Running, descendants, isAlive, program, run } from './programs.mjs';
import { until } from './wait.mjs';

const limitsOff = 'limits { global_requests: 0 address_requests: 0 max_concurrent_per_key: 1024 }';

// A folder that lasts as long as the test.
export function temporaryFolder(t) {
  const folder = mkdtempSync(path.join(tmpdir(), 'holt-e2e-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

// The text of a holt.textproto.
export function configuration({ upstream, identities = [], workers = 2, limits = limitsOff, extra = '' }) {
  return [
    'listener { address: "127.0.0.1" port: 0 }',
    ...identities.map((identity) =>
      `tls_identities { certificate_file: "${identity.certificateFile}" key_file: "${identity.keyFile}" }`),
    `upstreams { name: "test" url: "${upstream}" }`,
    `processes { workers: ${workers} allow_swap: true }`,
    limits,
    extra,
    '',
  ].join('\n');
}

export class Gateway {
  // Options: upstream (a URL); kinds (of TLS keys, [] for plain HTTP); workers, limits, extra (configuration); env.
  static async start(t, options) {
    const folder = temporaryFolder(t);
    const identities = [];
    for (const kind of options.kinds ?? ['P-256']) identities.push(await makeCertificate(folder, kind));
    const file = path.join(folder, 'holt.textproto');
    writeFileSync(file, configuration({ ...options, identities }));
    const gateway = new Gateway(folder, identities);
    t.after(() => gateway.kill());
    await gateway.launch([`--config=${file}`], options.env);
    return gateway;
  }

  // One that is started by the caller: launch([arguments], environment).
  constructor(folder, identities = []) {
    this.identities = identities;
    this.stateDir = path.join(folder, 'state');
    mkdirSync(this.stateDir, { mode: 0o700 });
  }

  async launch(args, env = {}) {
    this.running = new Running(program('holt-supervisor'), args, { env: { HOLT_STATE_DIR: this.stateDir, ...env } });
    const [, url] = await this.running.line(/^ready (https?:\/\/\S+)$/m);
    this.url = url;
    this.port = Number(new URL(url).port);
  }

  get pid() { return this.running.pid; }
  // The authorities a client has to trust.
  get ca() { return this.identities.map((identity) => identity.certificate); }
  get baseURL() { return `${this.url}/v1`; }
  // Everything the processes logged.
  get log() { return this.running.log; }

  // The living processes by the kernel's name for them (15 letters), e.g. 'holt-worker'.
  processes(name) {
    const all = descendants(this.pid);
    return name === undefined ? all : all.filter((one) => one.name === name.slice(0, 15));
  }

  // Waits until `count` processes of that name live, none of them in `without`.
  async processesBack(name, count, without) {
    return until(`${count} of ${name}`, () => {
      const found = this.processes(name).filter((one) => !without.includes(one.pid));
      return found.length >= count && found;
    });
  }

  async holtctl(...args) {
    return run(program('holtctl'), args, { env: { HOLT_STATE_DIR: this.stateDir } });
  }

  async holtctlJson(...args) {
    const done = await this.holtctl(...args, '-o', 'json');
    if (done.code !== 0) throw new Error(`holtctl ${args.join(' ')}: exit code ${done.code}\n${done.log}`);
    return JSON.parse(done.output);
  }

  // { id, secret } of a new key.
  async createKey(name = 'integration under test') {
    const made = await this.holtctlJson('keys', 'create', name, '--owner', 'integration');
    return { id: made.apiKey.name, secret: made.secret };
  }

  // The ledger's rows: numbers are numbers. `group` is e.g. 'model'.
  async usageRows(group) {
    const answer = await this.holtctlJson('usage', ...(group ? ['--group-by', group] : []));
    return (answer.rows ?? []).map(asNumbers);
  }

  async usageTotal() {
    return asNumbers((await this.holtctlJson('usage')).total ?? {});
  }

  // Ends it as an operator would; resolves to its exit code.
  async stop() {
    return (await this.running.end('SIGTERM')).code;
  }

  // Ends it without asking, and waits until its children are gone too.
  async kill() {
    if (this.running === undefined) return;
    const family = [...descendants(this.pid).map((one) => one.pid)];
    await this.running.end('SIGKILL');
    await until('the end of all children', () => !family.some(isAlive));
  }
}

// protobuf's JSON has 64-bit numbers as text, and leaves zeros out.
function asNumbers(row) {
  const value = (name) => Number(row[name] ?? 0);
  return {
    apiKey: row.apiKey ?? '',
    model: row.model ?? '',
    requests: value('requestCount'),
    promptTokens: value('promptTokenCount'),
    completionTokens: value('completionTokenCount'),
    totalTokens: value('totalTokenCount'),
    costMicros: value('costMicros'),
  };
}
