// The programs under test, and running any program: its lines, its end, its descendants.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { within } from './wait.mjs';

export const root = path.resolve(fileURLToPath(import.meta.url), '../../../..');
const bin = path.resolve(root, process.env.HOLT_BIN_DIR || 'build/bin');

// The path of one of Holt's programs. ./run --build-only makes them.
export function program(name) {
  const file = path.join(bin, name);
  if (!existsSync(file)) throw new Error(`${file} is missing: ./run --build-only makes it`);
  return file;
}

// What every program under test is given of this process's environment: nothing that could be a configuration.
export function bareEnvironment() {
  const { PATH, HOME, LANG } = process.env;
  return { PATH, HOME, LANG };
}

// A running program. `output` and `log` are all it wrote so far on stdout and stderr.
export class Running {
  constructor(command, args, { env = {}, cwd } = {}) {
    this.output = '';
    this.log = '';
    this.child = spawn(command, args, {
      cwd,
      env: { ...bareEnvironment(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout.setEncoding('utf8').on('data', (text) => { this.output += text; this.#wake(); });
    this.child.stderr.setEncoding('utf8').on('data', (text) => { this.log += text; this.#wake(); });
    // 'close' comes when the streams are read to their end, also by a grandchild that holds them.
    this.exited = new Promise((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('exit', (code, signal) => { this.ended = { code, signal }; this.#wake(); resolve(this.ended); });
    });
    this.closed = new Promise((resolve) => this.child.on('close', () => resolve(this.ended)));
    this.exited.catch(() => {});
  }

  #waiters = [];
  #wake() {
    for (const waiter of [...this.#waiters]) waiter();
  }

  get pid() { return this.child.pid; }

  // Resolves to the match of `pattern` in what was written on stdout ('output') or stderr ('log'); rejects when the
  // program ends without it.
  line(pattern, stream = 'output') {
    const found = new Promise((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(this[stream]);
        if (match === null && this.ended === undefined) return;
        this.#waiters = this.#waiters.filter((waiter) => waiter !== look);
        if (match !== null) resolve(match);
        else reject(new Error(`ended (${JSON.stringify(this.ended)}) without ${pattern}; it said:\n${this.log}`));
      };
      this.#waiters.push(look);
      look();
    });
    return within(`${pattern} in ${stream}; stderr so far:\n${this.log}`, found);
  }

  signal(name) { this.child.kill(name); }

  async end(signal = 'SIGTERM') {
    if (this.ended === undefined) this.signal(signal);
    return within('the end of a program', this.exited);
  }
}

// Runs to the end; resolves to { code, signal, output, log }.
export async function run(command, args, options) {
  const running = new Running(command, args, options);
  const ended = await within(`the end of ${path.basename(command)}`, running.closed, 60_000);
  return { ...ended, output: running.output, log: running.log };
}

function statusOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    const field = (name) => new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(text)?.[1];
    return { pid, name: field('Name'), parent: Number(field('PPid')), state: field('State')?.[0],
             rssKib: Number.parseInt(field('VmRSS') ?? '0', 10) };
  } catch {
    return undefined;  // it ended while we looked
  }
}

// The living processes below `pid`: [{ pid, name, parent, rssKib }], not the dead that wait to be reaped.
export function descendants(pid) {
  const all = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)).map(statusOf)
    .filter((status) => status !== undefined && status.state !== 'Z');
  const found = [];
  const visit = (parent) => {
    for (const status of all) {
      if (status.parent === parent) { found.push(status); visit(status.pid); }
    }
  };
  visit(pid);
  return found;
}

export function isAlive(pid) {
  const status = statusOf(pid);
  return status !== undefined && status.state !== 'Z';
}
