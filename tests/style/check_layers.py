#!/usr/bin/env python3
"""Reads every #include and says which ones cross a wall. With g++ Bazel has no layering check of its own.

usage: check_layers.py ROOT
"""

import re
import sys

import source_tree

INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]')

# Folder -> what of our own it may include. The longest folder that fits holds.
OWN = {
    "common/base": ("common/base",),
    "common": ("common", "proto"),
    "supervisor": ("supervisor", "common", "proto/holt/config"),
    "worker": ("worker", "common"),
    "worker/courier": ("worker", "common", "proto/holt/internal"),
    "admin-service": ("admin-service", "common", "proto"),
    "tests": ("tests", "common", "proto") + source_tree.ROOMS,
    "bench": ("bench", "tests", "common", "proto") + source_tree.ROOMS,
}

GRPC = ("grpc", "grpcpp", "grpc++")
PROTOBUF = ("google/protobuf",)
EVENT = ("event2", "event.h", "evhttp.h")
HTTP = ("llhttp.h", "nghttp2", "curl")
JSON = ("simdjson.h",)
SQL = ("sqlite3.h", "libpq-fe.h")

# Folder -> libraries that it must not touch. All folders that fit hold, but for those of EXEMPT.
FOREIGN = {
    "common/base": GRPC + PROTOBUF + EVENT + HTTP + JSON + SQL + ("openssl",),
    "supervisor": GRPC + EVENT + HTTP + JSON + SQL,
    "worker": GRPC + PROTOBUF + SQL,
    "admin-service": EVENT + HTTP + ("openssl/ssl.h",),
}
EXEMPT = {"worker/courier": GRPC + PROTOBUF}

OUR_FOLDERS = source_tree.FOLDERS + ("proto",)


def is_below(path, folder):
    return path == folder or path.startswith(folder + "/")


def allowed_of_our_own(path):
    fitting = [folder for folder in OWN if is_below(path, folder)]
    return OWN[max(fitting, key=len)]


def forbidden_libraries(path):
    forbidden = {name for folder, names in FOREIGN.items() if is_below(path, folder) for name in names}
    for folder, names in EXEMPT.items():
        if is_below(path, folder):
            forbidden -= set(names)
    return forbidden


def check_include(source, included):
    """What is wrong with this include, or None."""
    if any(is_below(included, folder) for folder in OUR_FOLDERS):
        if not any(is_below(included, folder) for folder in allowed_of_our_own(source.path)):
            return f"includes {included}: that is on the other side of a wall"
    elif any(is_below(included, name) for name in forbidden_libraries(source.path)):
        return f"includes {included}: this room does without that library"
    return None


def check(sources):
    complaints = []
    for source in sources:
        for number, line in enumerate(source.lines, 1):
            match = INCLUDE.match(line)
            wrong = check_include(source, match.group(1)) if match else None
            if wrong:
                complaints.append(source.complaint(number, wrong))
    return complaints


if __name__ == "__main__":
    sys.exit(source_tree.report(check(source_tree.read_sources(sys.argv[1]))))
