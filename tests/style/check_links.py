#!/usr/bin/env python3
"""What the built programs really load: the include rules again, from the other end.

usage: check_links.py PROGRAM ...     asks ldd, so libraries of libraries count too
"""

import pathlib
import re
import subprocess
import sys

import source_tree

GRPC = ("libgrpc", "libgpr", "libprotobuf")
EVENT = ("libevent",)
HTTP = ("libllhttp", "libnghttp2", "libcurl")
JSON = ("libsimdjson",)

# program -> beginnings of libraries that it must not load
FORBIDDEN = {
    "holt-supervisor": ("libgrpc", "libgpr") + EVENT + HTTP + JSON + ("libssl", "libsqlite3", "libpq"),
    "holt-worker": GRPC + ("libsqlite3", "libpq", "libcurl"),
    "holt-connector": GRPC + HTTP + JSON + ("libssl", "libsqlite3"),
    "holt-courier": HTTP + ("libsqlite3", "libpq"),
    "holt-admin-service": EVENT + HTTP,
}


def loaded_libraries(program):
    text = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    return re.findall(r"^\s*(\S+\.so\S*)", text, re.MULTILINE)


def check_program(name, libraries):
    if not libraries:
        return [f"{name}: loads nothing: is it a program of this build?"]
    return [f"{name}: loads {library}, which this program does without"
            for library in libraries if library.startswith(FORBIDDEN[name])]


def check(programs):
    complaints = []
    for program in programs:
        complaints += check_program(pathlib.Path(program).name, loaded_libraries(program))
    return complaints


if __name__ == "__main__":
    sys.exit(source_tree.report(check(sys.argv[1:])))
