// Looks for byte patterns where they must not be: in the memory of processes and in files. Needs root for processes
// that are not dumpable; suites skip, and say so, without it.
import { closeSync, openSync, readFileSync, readSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

export const memorySkip = process.getuid() === 0 ? false : 'reading /proc/PID/mem of confined processes needs root';

const kWindow = 4 * 1024 * 1024;

// A haystack that is read window by window, overlapping by the longest pattern.
class Search {
  constructor(patterns) {
    this.patterns = Object.entries(patterns).map(([name, bytes]) => [name, Buffer.from(bytes)]);
    for (const [name, bytes] of this.patterns) {
      if (bytes.length < 12) throw new Error(`pattern ${name} is too short to mean anything`);
    }
    this.overlap = Math.max(...this.patterns.map(([, bytes]) => bytes.length)) - 1;
    this.found = new Set();
    this.bytesRead = 0;
  }

  look(window) {
    this.bytesRead += window.length;
    for (const [name, bytes] of this.patterns) if (window.includes(bytes)) this.found.add(name);
  }
}

function* readableRegions(pid) {
  for (const line of readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
    const match = /^([0-9a-f]+)-([0-9a-f]+) (r\S*) \S+ \S+ \S+\s*(.*)$/.exec(line);
    // The kernel's own pages are of no interest and cannot all be read.
    if (match && !/^\[(vvar|vsyscall|vvar_vclock)\]$/.test(match[4])) {
      yield { start: Number.parseInt(match[1], 16), end: Number.parseInt(match[2], 16), name: match[4] };
    }
  }
}

function searchRegion(memory, region, search, buffer) {
  for (let at = region.start; at < region.end;) {
    const want = Math.min(buffer.length, region.end - at);
    let size;
    try {
      size = readSync(memory, buffer, 0, want, at);
    } catch {
      // Pages that even the kernel may not read (memfd_secret), or that went away: the next one.
      at += 4096;
      continue;
    }
    if (size === 0) return;
    search.look(buffer.subarray(0, size));
    if (at + size >= region.end) return;
    at += Math.max(size - search.overlap, 1);
  }
}

// The names of the `patterns` ({ name: bytes }) that stand anywhere in the memory of `pid`.
export function findInMemory(pid, patterns) {
  const search = new Search(patterns);
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const buffer = Buffer.alloc(kWindow);
  try {
    for (const region of readableRegions(pid)) searchRegion(memory, region, search, buffer);
  } finally {
    closeSync(memory);
    buffer.fill(0);
  }
  if (search.bytesRead === 0) throw new Error(`nothing of process ${pid} could be read`);
  return [...search.found];
}

// The same for every file below `folder`: [[file, name], ...].
export function findInFiles(folder, patterns) {
  const hits = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) hits.push(...findInFiles(file, patterns));
    else if (entry.isFile() && statSync(file).size > 0) {
      const search = new Search(patterns);
      search.look(readFileSync(file));
      hits.push(...[...search.found].map((name) => [file, name]));
    }
  }
  return hits;
}
