"""What a family of processes used: processor time, memory, system calls."""

import os
import re
import signal
import statistics
import subprocess
import time
from dataclasses import dataclass


def family(root):
    """The process ids of `root` and of everything below it."""
    children = {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open(f"/proc/{entry}/stat", encoding="utf-8", errors="replace") as file:
                parent = int(file.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue  # it ended meanwhile
        children.setdefault(parent, []).append(int(entry))
    found = [root]
    for pid in found:
        found.extend(sorted(children.get(pid, [])))
    return found


def name_of(pid):
    with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
        return file.read().strip()


def cpu_seconds(pid):
    """User and system time of all threads, ended ones too: the process's CPU clock, which counts nanoseconds where
    /proc/PID/stat counts hundredths of a second."""
    return time.clock_gettime((~pid << 3) | 2)


def cpu_by_process(root):
    """{(pid, name): seconds} of a family."""
    return {(pid, name_of(pid)): cpu_seconds(pid) for pid in family(root)}


def cpu_between(before, after):
    """{name: seconds}; processes of one name are added up. A process that came or went makes the figure worthless."""
    if before.keys() != after.keys():
        changed = sorted(f"{name}[{pid}]" for pid, name in before.keys() ^ after.keys())
        raise RuntimeError("processes came or went during a measurement: " + ", ".join(changed))
    used = {}
    for one, seconds in after.items():
        used[one[1]] = used.get(one[1], 0.0) + seconds - before[one]
    return used


@dataclass
class Memory:
    resident_kib: int
    proportional_kib: int  # pages that several share are divided among them


def memory(pids):
    total = Memory(0, 0)
    for pid in pids:
        with open(f"/proc/{pid}/smaps_rollup", encoding="utf-8") as file:
            sizes = dict(re.findall(r"^(\w+):\s+(\d+) kB$", file.read(), re.MULTILINE))
        total.resident_kib += int(sizes["Rss"])
        total.proportional_kib += int(sizes["Pss"])
    return total


class SystemCalls:
    """Counts the system calls of running processes, by strace. Slow: never together with a time."""

    def __init__(self, pids, path):
        self.path = path
        attach = [word for pid in pids for word in ("-p", str(pid))]
        self.strace = subprocess.Popen(["strace", "-c", "-f", "-o", path, *attach],
                                       stderr=subprocess.PIPE, text=True)
        for _ in pids:
            line = self.strace.stderr.readline()
            if "attached" not in line:
                raise RuntimeError(f"strace cannot attach: {line}")

    def end(self):
        """{name: calls}"""
        self.strace.send_signal(signal.SIGINT)
        self.strace.communicate()
        with open(self.path, encoding="utf-8") as file:
            return parse_strace(file.read())


def parse_strace(text):
    """{name: calls} of the table that `strace -c` writes."""
    row = re.compile(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?([a-z]\w+)$", re.MULTILINE)
    return {name: int(calls) for calls, name in row.findall(text) if name != "total"}


@dataclass
class Spread:
    least: float
    median: float
    most: float

    @classmethod
    def of(cls, values):
        return cls(min(values), statistics.median(values), max(values))
