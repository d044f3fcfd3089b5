#!/usr/bin/env python3
"""The arithmetic behind the figures; run by bazel test."""

import os
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import measure  # noqa: E402

STRACE = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.05    0.051219           2     20480       312 recvfrom
 39.95    0.034075           3     10240           sendto
  0.00    0.000000           0         1           epoll_ctl
------ ----------- ----------- --------- --------- ----------------
100.00    0.085294           2     30721       312 total
"""


class MeasureTest(unittest.TestCase):
    def test_strace_table_with_and_without_errors(self):
        self.assertEqual(measure.parse_strace(STRACE), {"recvfrom": 20480, "sendto": 10240, "epoll_ctl": 1})

    def test_processes_of_one_name_are_added_up(self):
        before = {(1, "worker"): 1.0, (2, "worker"): 2.0, (3, "courier"): 0.5}
        after = {(1, "worker"): 1.25, (2, "worker"): 2.5, (3, "courier"): 0.5}
        self.assertEqual(measure.cpu_between(before, after), {"worker": 0.75, "courier": 0.0})

    def test_a_restarted_process_is_no_figure(self):
        with self.assertRaisesRegex(RuntimeError, r"worker\[2\]"):
            measure.cpu_between({(1, "worker"): 1.0}, {(1, "worker"): 1.0, (2, "worker"): 0.0})

    def test_the_family_is_found_and_its_time_counted(self):
        with subprocess.Popen(["sh", "-c", "cat; true"], stdin=subprocess.PIPE) as shell:
            while len(measure.family(shell.pid)) < 2:
                time.sleep(0.001)
            for seconds in measure.cpu_by_process(shell.pid).values():
                self.assertGreater(seconds, 0)
            self.assertGreater(measure.memory([shell.pid]).resident_kib, 0)

    def test_the_spread_has_the_middle_one(self):
        self.assertEqual(vars(measure.Spread.of([3.0, 1.0, 2.0])), {"least": 1.0, "median": 2.0, "most": 3.0})


if __name__ == "__main__":
    unittest.main()
