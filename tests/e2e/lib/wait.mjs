// Waiting for something to become true, with a deadline and a name for the complaint. Suites wait for events; what has
// no event (a row in the ledger, a process in /proc) is asked for again and again.
import { setTimeout as pause } from 'node:timers/promises';

export const kPatience = 20_000;

// Resolves to the first value of `probe` that is neither false nor undefined.
export async function until(what, probe, patience = kPatience) {
  const deadline = performance.now() + patience;
  for (;;) {
    const value = await probe();
    if (value !== false && value !== undefined) return value;
    if (performance.now() > deadline) throw new Error(`after ${patience} ms still waiting for ${what}`);
    await pause(10);
  }
}

// `promise`, or an error that names what did not come.
export function within(what, promise, patience = kPatience) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`after ${patience} ms still waiting for ${what}`)), patience);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
