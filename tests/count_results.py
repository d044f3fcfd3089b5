#!/usr/bin/env python3
"""Counts test cases from the runners' own reports, for ./test.

usage: count_results.py bazel EVENTS.json     Bazel's build events: reads the test.xml of every test that ran
       count_results.py tap REPORT.tap        node's TAP report: its closing numbers

Prints "PASSED FAILED SKIPPED".
"""

import json
import pathlib
import re
import sys
import urllib.parse
import xml.etree.ElementTree


class Counts:
    def __init__(self, passed=0, failed=0, skipped=0):
        self.passed = passed
        self.failed = failed
        self.skipped = skipped

    def __iadd__(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        return self

    def __str__(self):
        return f"{self.passed} {self.failed} {self.skipped}"


def count_junit(text):
    """One test.xml, of GoogleTest or made by Bazel for a test without a report."""
    counts = Counts()
    for case in xml.etree.ElementTree.fromstring(text).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            counts.failed += 1
        elif (case.get("status") == "notrun" or case.get("result") == "skipped"
              or case.find("skipped") is not None):
            counts.skipped += 1
        else:
            counts.passed += 1
    return counts


def count_bazel_test(event):
    """One finished test action: its report, and at least one failure unless it passed."""
    counts = Counts()
    for output in event["testResult"].get("testActionOutput", []):
        if output["name"] == "test.xml":
            path = urllib.parse.unquote(urllib.parse.urlparse(output["uri"]).path)
            counts += count_junit(pathlib.Path(path).read_text(errors="replace"))
    if event["testResult"]["status"] != "PASSED" and counts.failed == 0:
        counts.failed = 1
    if counts.passed + counts.failed + counts.skipped == 0:
        counts.failed = 1
    return counts


def count_bazel(lines):
    """Build events: the tests that ran, and those that could not be built."""
    counts = Counts()
    for line in lines:
        event = json.loads(line)
        if "testResult" in event:
            counts += count_bazel_test(event)
        elif event.get("testSummary", {}).get("overallStatus") == "NO_STATUS":
            counts.failed += 1
    return counts


def count_tap(text):
    """The closing lines of node's report. What was cancelled has failed; what is still to do was not run."""
    numbers = dict(re.findall(r"^# (pass|fail|cancelled|skipped|todo) (\d+)$", text, re.MULTILINE))
    return Counts(
        int(numbers.get("pass", 0)),
        int(numbers.get("fail", 0)) + int(numbers.get("cancelled", 0)),
        int(numbers.get("skipped", 0)) + int(numbers.get("todo", 0)),
    )


def main():
    kind, name = sys.argv[1:]
    path = pathlib.Path(name)
    text = path.read_text(errors="replace") if path.exists() else ""
    print(count_bazel(text.splitlines()) if kind == "bazel" else count_tap(text))


if __name__ == "__main__":
    main()
