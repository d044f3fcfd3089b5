#!/usr/bin/env python3
"""Holt beside nginx: processor time, memory and system calls of the same work, in alternating rounds.

Both stand in front of the same demo upstream with the same certificate and the same number of workers. What counts is
the ratio of two rounds that ran one after the other; absolute times say more about the machine. docs/performance.md
explains the figures.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field

import measure
import processes
import reports

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@dataclass
class Case:
    name: str
    unit: str  # "request", "chunk" or "handshake": what a figure is divided by
    requests: int
    connections: int
    arguments: list = field(default_factory=list)

    def units(self, result):
        if self.unit == "chunk":
            return result["events"]
        return result["succeeded"]


def stream(chunks, delay_ms=0):
    pace = f"/delay:{delay_ms}" if delay_ms else ""
    # The usage is asked for, so that both deliver the same bytes; Holt asks for it in any case.
    return ["--stream", "--include-usage", f"--model=holt-demo/chunks:{chunks}{pace}"]


# One request over each connection, and fewer handshakes than Holt's supervisor signs for one worker in a second.
PACED_DIALS = ["--reconnect-every=1", "--dials-per-second=400"]

CASES = [
    Case("whole, 0.6 KiB", "request", 20_000, 64),
    Case("whole, 64 KiB", "request", 8_000, 64, ["--model=holt-demo/chunks:1/chunk-bytes:65536"]),
    Case("64 streams, paced", "chunk", 640, 64, stream(100, delay_ms=2)),
    Case("64 streams, as fast as they come", "chunk", 2_000, 64, stream(100)),
    Case("1 stream, paced", "chunk", 40, 1, stream(100, delay_ms=1)),
    Case("1 stream, as fast as it comes", "chunk", 1_000, 1, stream(100)),
    Case("full handshake", "handshake", 1_200, 16, PACED_DIALS),
    Case("resumed handshake", "handshake", 1_200, 16, PACED_DIALS + ["--resume"]),
]

IDLE_CONNECTIONS = 1000


class LoadError(Exception):
    """Requests failed: a figure made of them would be a lie."""


class Bench:
    def __init__(self, programs, folder):
        self.programs = programs
        self.folder = folder
        self.certificate = processes.Certificate(folder)
        self.demo = processes.Demo(programs, folder)
        self.started = 0

    def start(self, kind, workers):
        self.started += 1
        folder = os.path.join(self.folder, f"{kind.name}-{self.started}")
        os.mkdir(folder)
        return kind(self.programs, folder, self.certificate, self.demo, workers)

    def command(self, gateway, case, requests):
        words = [self.programs["holt-load"], "-o", "json", f"--connections={case.connections}",
                 f"--requests={requests}", f"--ca-file={self.certificate.certificate}", *case.arguments]
        if gateway.key_file:
            words.append(f"--key-file={gateway.key_file}")
        return words + [gateway.url]

    def load(self, gateway, case, requests=None):
        requests = requests or case.requests
        finished = self.demo.finished()
        done = subprocess.run(self.command(gateway, case, requests), capture_output=True, text=True, check=False)
        if not done.stdout:
            raise LoadError(f"{gateway.name}, {case.name}: {done.stderr}")
        result = json.loads(done.stdout)
        delivered = self.demo.finished() - finished
        if result["failed"] or result["succeeded"] != requests or delivered != requests:
            raise LoadError(f"{gateway.name}, {case.name}: the upstream delivered {delivered} of {requests}, "
                            f"and the client says {done.stdout}{gateway.running.log()}")
        return result

    def end(self):
        self.demo.end()


def run_round(bench, gateway, case):
    """One measured round."""
    before = measure.cpu_by_process(gateway.pid)
    result = bench.load(gateway, case)
    used = measure.cpu_between(before, measure.cpu_by_process(gateway.pid))
    per_unit = 1e6 / case.units(result)
    return {
        "cpu_us": sum(used.values()) * per_unit,
        "cpu_us_by_process": {name: seconds * per_unit for name, seconds in used.items()},
        "result": result,
    }


def run_case(bench, pair, case, rounds):
    """Alternating rounds of both, after one of each that is thrown away."""
    for gateway in pair:
        bench.load(gateway, case, requests=max(case.connections, case.requests // 10))
    measured = {gateway.name: [] for gateway in pair}
    for _ in range(rounds):
        for gateway in pair:
            measured[gateway.name].append(run_round(bench, gateway, case))
    return measured


def count_calls(bench, gateway, case):
    """{system call: how many per unit} of the workers."""
    workers = [pid for pid in measure.family(gateway.pid) if measure.name_of(pid) == gateway.worker_name]
    if gateway.worker_name == measure.name_of(gateway.pid):
        workers.remove(gateway.pid)  # nginx's master
    bench.load(gateway, case, requests=case.connections)
    strace = measure.SystemCalls(workers, os.path.join(bench.folder, "strace"))
    result = bench.load(gateway, case, requests=max(case.connections, case.requests // 10))
    units = case.units(result)
    return {name: calls / units for name, calls in strace.end().items()}


def measure_idle(bench, kind):
    """Memory before and with connections that each had one request and now wait, and processor time while nothing
    happens."""
    gateway = bench.start(kind, workers=1)
    try:
        pids = measure.family(gateway.pid)
        case = Case("idle", "request", IDLE_CONNECTIONS, IDLE_CONNECTIONS, ["--hold", "--dials-per-second=400"])
        bench.load(gateway, Case("warm", "request", 2, 1))
        before = measure.memory(pids)
        with subprocess.Popen(bench.command(gateway, case, IDLE_CONNECTIONS), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True) as holder:
            result = json.loads(holder.stdout.readline())
            if result["failed"]:
                raise LoadError(f"{gateway.name}, idle connections: {result}")
            busy = measure.cpu_by_process(gateway.pid)
            time.sleep(2)
            idle = measure.cpu_between(busy, measure.cpu_by_process(gateway.pid))
            with_connections = measure.memory(pids)
            holder.stdin.close()
        return {
            "resident_kib": before.resident_kib,
            "proportional_kib": before.proportional_kib,
            "kib_per_connection":
                (with_connections.proportional_kib - before.proportional_kib) / IDLE_CONNECTIONS,
            "idle_cpu_ms_per_s": sum(idle.values()) / 2 * 1000,
        }
    finally:
        gateway.end()


def summarize(case, measured):
    ratios = [h["cpu_us"] / n["cpu_us"] for h, n in zip(measured["holt"], measured["nginx"])]
    parts = {}
    for one in measured["holt"]:
        for name, microseconds in one["cpu_us_by_process"].items():
            parts.setdefault(name, []).append(microseconds)
    def of(gateway, read):
        return measure.Spread.of([read(one) for one in measured[gateway]]).median
    return {
        "case": case.name,
        "unit": case.unit,
        "holt_cpu_us": of("holt", lambda one: one["cpu_us"]),
        "nginx_cpu_us": of("nginx", lambda one: one["cpu_us"]),
        "ratio": vars(measure.Spread.of(ratios)),
        "holt_parts_us": {name: measure.Spread.of(values).median for name, values in parts.items()},
        "first_byte_p50_us": {g: of(g, lambda one: one["result"]["first_byte_us"]["p50"]) for g in measured},
        "whole_p99_us": {g: of(g, lambda one: one["result"]["whole_us"]["p99"]) for g in measured},
        "tls": sorted({one["result"]["tls"] for rounds in measured.values() for one in rounds} - {""}),
        "same_bytes": len({one["result"]["body_bytes"] for g in measured for one in measured[g]}) == 1,
    }


def compare(bench, options, workers, report):
    """All cases with one pair of gateways."""
    pair = [bench.start(processes.Holt, workers), bench.start(processes.Nginx, workers)]
    try:
        sent = bench.demo.finished()
        report.begin_times(workers or "default")
        for case in options.cases:
            note(f"{case.name}, {workers or 'default'} workers")
            report.time(summarize(case, run_case(bench, pair, case, options.rounds)))
        report.end_times(check_ledger(bench, pair[0], sent), {
            gateway.name: measure.memory(measure.family(gateway.pid)) for gateway in pair})
    finally:
        for gateway in pair:
            gateway.end()


def check_ledger(bench, holt, sent):
    """Waits until Holt has billed its half of what the upstream delivered."""
    delivered = (bench.demo.finished() - sent) // 2
    for _ in range(100):
        billed = holt.billed()
        if billed >= delivered:
            break
        time.sleep(0.1)
    return {"delivered": delivered, "billed": billed}


def compare_calls(bench, options, report):
    pair = [bench.start(processes.Holt, 1), bench.start(processes.Nginx, 1)]
    try:
        report.begin_calls()
        for case in options.cases:
            note(f"system calls: {case.name}")
            report.calls({"case": case.name, "unit": case.unit,
                          **{gateway.name: count_calls(bench, gateway, case) for gateway in pair}})
    finally:
        for gateway in pair:
            gateway.end()


def compare_idle(bench, report):
    report.begin_idle(IDLE_CONNECTIONS)
    for kind in (processes.Holt, processes.Nginx):
        note(f"{IDLE_CONNECTIONS} idle connections: {kind.name}")
        report.idle({"gateway": kind.name, **measure_idle(bench, kind)})


def note(text):
    print(f"compare: {text}", file=sys.stderr, flush=True)


def find_programs(folder, load):
    programs = {name: os.path.join(folder, name) for name in ("holt-supervisor", "holtctl", "holt-demo-upstream")}
    programs["holt-load"] = load
    programs["nginx"] = "/usr/sbin/nginx"
    for name, path in programs.items():
        if not os.access(path, os.X_OK):
            sys.exit(f"compare: {name} is not at {path}: docs/performance.md says how to build and what to install")
    return programs


def read_options():
    names = {str(number): case for number, case in enumerate(CASES, 1)}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, epilog=
                                     "cases: " + "; ".join(f"{number} {case.name}" for number, case in names.items()))
    parser.add_argument("--bin", default=os.path.join(ROOT, "build/bin"), help="folder of Holt's programs")
    parser.add_argument("--load", default=os.path.join(ROOT, "build/bin/holt-load"), help="the load generator")
    parser.add_argument("--rounds", type=int, default=7, help="of each case and gateway (7)")
    parser.add_argument("--workers", default="1,default", help="numbers of workers to compare with (1,default)")
    parser.add_argument("--cases", default=",".join(names), help="by number, parted by commas (all)")
    parser.add_argument("--only", choices=("time", "calls", "idle"), action="append", help="what to measure (all)")
    parser.add_argument("-o", "--output", choices=("table", "json"), default="table",
                        help="tables in Markdown, or lines of JSON")
    options = parser.parse_args()
    options.cases = [names[number] for number in options.cases.split(",")]
    options.workers = [None if word == "default" else int(word) for word in options.workers.split(",")]
    options.only = options.only or ["time", "calls", "idle"]
    return options


def run(bench, options, report):
    if "time" in options.only:
        for workers in options.workers:
            compare(bench, options, workers, report)
    if "calls" in options.only:
        compare_calls(bench, options, report)
    if "idle" in options.only:
        compare_idle(bench, report)


def main():
    options = read_options()
    # However it ends, what it started ends with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("compare: ended by SIGTERM"))
    processes.raise_file_limit()
    programs = find_programs(options.bin, options.load)
    report = reports.JsonReport() if options.output == "json" else reports.TableReport()
    report.begin(os.getloadavg())
    with tempfile.TemporaryDirectory(prefix="holt-bench-") as folder:
        os.chmod(folder, 0o755)  # nginx's workers run as another user
        bench = Bench(programs, folder)
        try:
            run(bench, options, report)
        finally:
            bench.end()


if __name__ == "__main__":
    try:
        main()
    except (LoadError, RuntimeError, processes.StartError) as error:
        sys.exit(f"compare: {error}")
