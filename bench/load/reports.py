"""How findings are shown: both reports get the same calls, in the order of the measurement."""

import json
import os


class JsonReport:
    """A line for each finding."""

    @staticmethod
    def _line(**found):
        print(json.dumps(found), flush=True)

    def begin(self, load_average):
        self._line(load_average=load_average, processors=os.cpu_count())

    def begin_times(self, workers):
        self._line(workers=workers)

    def time(self, row):
        self._line(time=row)

    def end_times(self, ledger, memory):
        self._line(ledger=ledger, memory={name: vars(size) for name, size in memory.items()})

    def begin_calls(self):
        pass

    def calls(self, row):
        self._line(calls=row)

    def begin_idle(self, connections):
        self._line(idle_connections=connections)

    def idle(self, row):
        self._line(idle=row)


class TableReport:
    """Markdown, a row as soon as it is known."""

    @staticmethod
    def _row(*cells):
        print("| " + " | ".join(cells) + " |", flush=True)

    def _head(self, title, *columns):
        print(f"\n### {title}\n")
        self._row(*(name for name, _ in columns))
        self._row(*(ruler for _, ruler in columns))

    def begin(self, load_average):
        print("Load average before: " + ", ".join(f"{one:.2f}" for one in load_average), flush=True)

    def begin_times(self, workers):
        self._head(f"Processor time, workers: {workers}", ("case", "---"), ("per", "---"), ("Holt, µs", "---:"),
                   ("of it not the workers', µs", "---:"), ("nginx, µs", "---:"),
                   ("Holt / nginx: least, median, most", "---:"))

    def time(self, row):
        others = sum(us for name, us in row["holt_parts_us"].items() if name != "holt-worker")
        ratio = row["ratio"]
        self._row(row["case"], row["unit"], f"{row['holt_cpu_us']:.1f}", f"{others:.1f}", f"{row['nginx_cpu_us']:.1f}",
                  f"{ratio['least']:.2f}, **{ratio['median']:.2f}**, {ratio['most']:.2f}")

    def end_times(self, ledger, memory):
        sizes = "; ".join(f"{name} {size.resident_kib / 1024:.1f} MiB resident, "
                          f"{size.proportional_kib / 1024:.1f} MiB proportional" for name, size in memory.items())
        print(f"\nBilled {ledger['billed']} of {ledger['delivered']} requests. Memory after them: {sizes}.", flush=True)

    def begin_calls(self):
        self._head("System calls of one worker", ("case", "---"), ("per", "---"), ("Holt", "---:"), ("nginx", "---:"),
                   ("Holt's", "---"), ("nginx's", "---"))

    def calls(self, row):
        def listed(calls):
            most = sorted(calls.items(), key=lambda call: -call[1])[:6]
            return ", ".join(f"{name} {count:.2f}" for name, count in most if count >= 0.005)
        self._row(row["case"], row["unit"], f"{sum(row['holt'].values()):.2f}", f"{sum(row['nginx'].values()):.2f}",
                  listed(row["holt"]), listed(row["nginx"]))

    def begin_idle(self, connections):
        self._head(f"At rest, one worker, {connections} TLS connections", ("", "---"), ("resident, MiB", "---:"),
                   ("proportional, MiB", "---:"), ("KiB per connection", "---:"), ("ms of CPU per second", "---:"))

    def idle(self, row):
        self._row(row["gateway"], f"{row['resident_kib'] / 1024:.1f}", f"{row['proportional_kib'] / 1024:.1f}",
                  f"{row['kib_per_connection']:.1f}", f"{row['idle_cpu_ms_per_s']:.2f}")
