#!/usr/bin/env python3
"""The checks of this folder, checked: each finds its fault, and leaves good sources alone."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import check_layers
import check_links
import check_sources
import count_results
from source_tree import Source

GOOD_HEADER = """// What it is.
#ifndef HOLT_WORKER_NET_X_H_
#define HOLT_WORKER_NET_X_H_
#include "common/base/check.h"
namespace holt::worker {
class X {
 public:
  int Get() const { return 1; }
};
}  // namespace holt::worker
#endif  // HOLT_WORKER_NET_X_H_
"""


def layers(path, include):
    return check_layers.check([Source(path, f"#include {include}\n")])


def words(path, line):
    return check_sources.check([Source(path, line + "\n")])


class Layers(unittest.TestCase):
    def test_rooms_do_not_include_rooms(self):
        for path, include in (("supervisor/a.cc", "worker/net/b.h"), ("worker/a.cc", "supervisor/b.h"),
                              ("admin-service/a.cc", "worker/b.h"), ("worker/a.cc", "admin-service/b.h")):
            self.assertEqual(len(layers(path, f'"{include}"')), 1, path)

    def test_common_includes_no_room(self):
        self.assertTrue(layers("common/ipc/a.cc", '"worker/net/b.h"'))
        self.assertFalse(layers("common/ipc/a.cc", '"common/base/b.h"'))

    def test_the_base_includes_nothing_of_ours(self):
        self.assertTrue(layers("common/base/a.cc", '"common/ipc/b.h"'))
        self.assertFalse(layers("common/base/a.cc", '"common/base/b.h"'))

    def test_nothing_that_serves_includes_tests(self):
        self.assertTrue(layers("worker/a.cc", '"tests/demo_upstream/b.h"'))
        self.assertFalse(layers("tests/privsep/a.cc", '"worker/b.h"'))

    def test_rooms_do_without_libraries(self):
        for path, include in (("supervisor/a.cc", "<event2/event.h>"), ("supervisor/a.cc", "<grpcpp/grpcpp.h>"),
                              ("supervisor/keys/a.cc", "<simdjson.h>"), ("worker/a.cc", "<grpcpp/grpcpp.h>"),
                              ("worker/http/a.cc", "<google/protobuf/message.h>"), ("worker/a.cc", "<sqlite3.h>")):
            self.assertEqual(len(layers(path, include)), 1, include)

    def test_the_courier_may_speak_grpc(self):
        self.assertFalse(layers("worker/courier/a.cc", "<grpcpp/grpcpp.h>"))
        self.assertFalse(layers("worker/courier/a.cc", '"proto/holt/internal/v1/courier.grpc.pb.h"'))
        self.assertTrue(layers("worker/net/a.cc", '"proto/holt/internal/v1/courier.grpc.pb.h"'))

    def test_protobuf_in_the_supervisor_is_for_its_configuration(self):
        self.assertFalse(layers("supervisor/a.cc", '"proto/holt/config/v1/config.pb.h"'))
        self.assertTrue(layers("supervisor/a.cc", '"proto/holt/internal/v1/courier.pb.h"'))


class Words(unittest.TestCase):
    def test_each_forbidden_word_is_found(self):
        for line in ("auto t = std::chrono::steady_clock::now();", "clock_gettime(CLOCK_BOOTTIME, &t);",
                     "auto t = absl::Now();", "std::mutex mutex_;", "#include <iostream>", "puts(strerror(errno));",
                     "// TODO: later", "// FIXME", "#pragma once"):
            self.assertEqual(len(words("worker/a.cc", line)), 1, line)

    def test_what_only_looks_like_one_is_not(self):
        for line in ("// TODO(#12): later", "absl::Mutex mutex_;", "clock.Now();", "strerrorname_np(1);",
                     "absl::NowFrom();"):
            self.assertEqual(words("worker/a.cc", line), [], line)

    def test_the_base_may_read_the_clock(self):
        self.assertEqual(words("common/base/clock.cc", "return absl::Now();"), [])


class Headers(unittest.TestCase):
    def test_a_good_header_passes(self):
        self.assertEqual(check_sources.check([Source("worker/net/x.h", GOOD_HEADER)]), [])

    def test_a_header_without_opening_comment_is_found(self):
        text = GOOD_HEADER.split("\n", 1)[1]
        self.assertEqual(len(check_sources.check([Source("worker/net/x.h", text)])), 1)

    def test_a_guard_of_another_file_is_found(self):
        self.assertEqual(len(check_sources.check([Source("worker/net/y.h", GOOD_HEADER)])), 1)


class Sizes(unittest.TestCase):
    @staticmethod
    def function(lines, head="int F() {"):
        return "\n".join(["namespace holt {", head] + ["  g();"] * (lines - 2) + ["}", "}  // namespace holt", ""])

    def test_a_function_of_sixty_lines_passes_and_one_more_does_not(self):
        self.assertEqual(check_sources.check([Source("worker/a.cc", self.function(60))]), [])
        self.assertEqual(len(check_sources.check([Source("worker/a.cc", self.function(61))])), 1)

    def test_declarations_before_a_function_are_no_part_of_it(self):
        text = "\n".join(["int a;"] * 50) + "\n" + self.function(20)
        self.assertEqual(check_sources.check([Source("worker/a.cc", text)]), [])

    def test_a_function_inside_a_class_is_measured(self):
        text = "\n".join(["class X {", " public:", "  int F() {"] + ["    g();"] * 60 + ["  }", "};", ""])
        self.assertEqual(len(check_sources.check([Source("worker/a.cc", text)])), 1)

    def test_a_table_may_be_long(self):
        rows = ["    {1, 2},"] * 80
        for text in (["constexpr Row kRows[] = {"] + rows + ["};"],
                     ["Rows All() {", "  static const Rows rows = {"] + rows + ["  };", "  return rows;", "}"]):
            self.assertEqual(check_sources.check([Source("worker/a.cc", "\n".join(text) + "\n")]), [])

    def test_a_long_file_is_found(self):
        self.assertEqual(len(check_sources.check([Source("worker/a.cc", "\n" * 601)])), 1)


class Links(unittest.TestCase):
    def test_a_forbidden_library_is_found(self):
        self.assertTrue(check_links.check_program("holt-worker", ["libc.so.6", "libgrpc++.so.1.51"]))
        self.assertTrue(check_links.check_program("holt-supervisor", ["libevent_core-2.1.so.7"]))

    def test_others_pass_and_nothing_at_all_does_not(self):
        self.assertEqual(check_links.check_program("holt-worker", ["libc.so.6", "libssl.so.3"]), [])
        self.assertTrue(check_links.check_program("holt-worker", []))

    def test_libraries_of_a_real_program_are_read(self):
        self.assertIn("libc.so.6", check_links.loaded_libraries("/bin/ls"))


class Counting(unittest.TestCase):
    JUNIT = ('<testsuites><testsuite><testcase name="a" status="run" result="completed"/>'
             '<testcase name="b"><failure/></testcase><testcase name="c" status="run" result="skipped"/>'
             '<testcase name="d" status="notrun" result="suppressed"/></testsuite></testsuites>')

    def test_a_junit_report_is_counted(self):
        self.assertEqual(str(count_results.count_junit(self.JUNIT)), "1 1 2")

    def test_a_test_that_died_without_a_report_has_failed(self):
        self.assertEqual(str(count_results.count_bazel_test({"testResult": {"status": "FAILED"}})), "0 1 0")

    def test_a_test_that_ran_nothing_has_failed(self):
        self.assertEqual(str(count_results.count_bazel_test({"testResult": {"status": "PASSED"}})), "0 1 0")

    def test_what_could_not_be_built_has_failed(self):
        line = '{"testSummary": {"overallStatus": "NO_STATUS"}}'
        self.assertEqual(str(count_results.count_bazel([line])), "0 1 0")

    def test_a_tap_report_is_counted(self):
        tap = "# tests 6\n# pass 2\n# fail 1\n# cancelled 1\n# skipped 1\n# todo 1\n"
        self.assertEqual(str(count_results.count_tap(tap)), "2 2 2")


if __name__ == "__main__":
    unittest.main()
