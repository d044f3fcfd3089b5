#!/usr/bin/env python3
"""Rules of the house that a compiler does not know: forbidden words, sizes, how a header begins.

usage: check_sources.py ROOT
"""

import re
import sys

import source_tree

MAX_FILE_LINES = 600
MAX_FUNCTION_LINES = 60

# (pattern, why not, folders where it is allowed)
FORBIDDEN = [
    (re.compile(r"std::chrono::\w*_clock|\b(clock_gettime|gettimeofday)\s*\(|\bstd::time\s*\(|\btime\(nullptr\)|absl::Now\("),
     "a raw clock: take the time from common/base/clock.h", ("common/base",)),
    (re.compile(r"\bstd::(recursive_|shared_|timed_)?mutex\b"), "std::mutex: use absl::Mutex", ()),
    (re.compile(r"#include <iostream>"), "<iostream>: log through common/base/log.h", ()),
    (re.compile(r"\bstrerror(_r)?\s*\("), "strerror: ErrnoToStatus spells an errno", ()),
    (re.compile(r"\b(TODO\b(?!\(#\d+\))|FIXME|XXX\b)"), "an unnumbered mark of unfinished work: TODO(#issue) or finish it", ()),
    (re.compile(r"#pragma once"), "#pragma once: guards are HOLT_PATH_H_", ()),
]


def check_words(source):
    for number, line in enumerate(source.lines, 1):
        for pattern, why, allowed in FORBIDDEN:
            if pattern.search(line) and not source.is_in(*allowed):
                yield source.complaint(number, why)


def check_header(source):
    if not source.is_header:
        return
    if not source.lines or not source.lines[0].startswith("//"):
        yield source.complaint(1, "a header opens with what it is, who runs it, what is hostile and who owns what")
    guard = "HOLT_" + re.sub(r"[^A-Za-z0-9]", "_", source.path).upper() + "_"
    if f"#ifndef {guard}" not in source.lines:
        yield source.complaint(0, f"the guard should be {guard}")


def check_file_size(source):
    if len(source.lines) > MAX_FILE_LINES:
        yield source.complaint(0, f"{len(source.lines)} lines; {MAX_FILE_LINES} is where a file becomes two")


BLOCK_OF_OTHERS = re.compile(r"^(class|struct|enum|union)\b")
TABLE = re.compile(r"=\s*[^()\]]*\{+$|= R\"|\{\{$")


def functions(lines, indent=""):
    """(first line, its text, length) of every function, by how clang-format lays them out: a definition begins at its
    block's indent and ends with a brace alone at that indent. Looks into classes."""
    start = None
    for number, line in enumerate(lines):
        if begins_something(line, indent):
            if start is None or any(earlier.rstrip().endswith((";", ":")) for earlier in lines[start:number]):
                start = number
        if start is not None and re.match(re.escape(indent) + r"\}[;,]?( //.*)?$", line):
            yield from judge_block(lines, start, number, indent)
            start = None


def begins_something(line, indent):
    rest = line[len(indent):]
    return (line.startswith(indent) and rest[:1] not in ("", " ", "#", "/", "}")
            and not rest.startswith(("namespace", "template")))


def judge_block(lines, start, end, indent):
    head = lines[start][len(indent):]
    opening = " ".join(line.strip() for line in lines[start:end + 1]).split("{")[0] + "{"
    if TABLE.search(opening):
        return
    if BLOCK_OF_OTHERS.match(head):
        for inner_start, name, length in functions(lines[start + 1:end], indent + "  "):
            yield start + 1 + inner_start, name, length
    else:
        yield start, head, end - start + 1 - table_lines(lines[start + 1:end])


def table_lines(body):
    """Lines inside tables, which may be as long as what they list."""
    inside = 0
    closing = None
    for line in body:
        if closing is not None:
            inside += 1
            if line.startswith(closing):
                closing = None
        elif TABLE.search(line):
            closing = line[:len(line) - len(line.lstrip())] + "}"
    return inside


def check_function_sizes(source):
    for start, head, length in functions(source.lines):
        if length > MAX_FUNCTION_LINES:
            yield source.complaint(start + 1, f"{length} lines in one function: {head}")


CHECKS = (check_words, check_header, check_file_size, check_function_sizes)


def check(sources):
    return [complaint for source in sources for one in CHECKS for complaint in one(source)]


if __name__ == "__main__":
    sys.exit(source_tree.report(check(source_tree.read_sources(sys.argv[1]))))
