"""holt_cc_*: every C++ target of Holt, with its warnings and hardening in one place.

Layering is by visibility: private by default, opened by a package_group per room (see //:BUILD.bazel), and read again
from the includes by //tests/style:layers_test.
"""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")

_WARNINGS = [
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Wshadow",
    "-Wno-missing-field-initializers",
    "-Werror",
]

# The compile side of the hardening. Fortify needs optimisation and gets in the way of the sanitizers.
_HARDENING = [
    "-fPIE",
    "-fstack-protector-strong",
    "-fstack-clash-protection",
    "-fcf-protection=full",
] + select({
    "//:sanitizer": [],
    "//:optimized": ["-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"],
    "//conditions:default": [],
})

_LINK_HARDENING = [
    "-pie",
    "-Wl,-z,relro",
    "-Wl,-z,now",
    "-Wl,-z,noexecstack",
    "-Wl,--as-needed",
]

HOLT_COPTS = _WARNINGS + _HARDENING

def holt_cc_library(name, copts = [], **kwargs):
    """A library: one header and source pair, as a rule."""
    cc_library(name = name, copts = HOLT_COPTS + copts, linkstatic = True, **kwargs)

def holt_cc_binary(name, copts = [], linkopts = [], **kwargs):
    """A program of Holt: position independent, full RELRO."""
    cc_binary(name = name, copts = HOLT_COPTS + copts, linkopts = _LINK_HARDENING + linkopts, linkstatic = True, **kwargs)

def holt_cc_test(name, copts = [], deps = [], size = "small", **kwargs):
    """A GoogleTest; main comes with it."""
    cc_test(
        name = name,
        size = size,
        copts = HOLT_COPTS + copts,
        linkstatic = True,
        deps = deps + ["@debian//:gtest_main"],
        **kwargs
    )

def holt_cc_fuzz(name, srcs, deps, corpus, copts = [], **kwargs):
    """A fuzz target, LLVMFuzzerTestOneInput.

    In an ordinary build it is a test that replays its corpus (a list of labels or a glob), so that every `bazel test`
    runs what the fuzzer found. With --config=fuzz the same sources are linked with clang's engine as a binary.
    """
    cc_test(
        name = name,
        size = "small",
        srcs = srcs,
        copts = HOLT_COPTS + copts,
        linkstatic = True,
        args = select({
            "//:fuzz": ["-runs=0"],
            "//conditions:default": [],
        }) + ["$(rootpaths {})".format(label) for label in corpus],
        data = corpus,
        linkopts = select({
            "//:fuzz": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        deps = deps + select({
            "//:fuzz": [],
            "//conditions:default": ["//common/testing:fuzz_replay_main"],
        }),
        **kwargs
    )

def holt_proto_library(name, srcs, deps = [], grpc = False, visibility = None):
    """C++ (and gRPC) code of .proto files, by Debian's protoc.

    Args:
      name: the cc_library.
      srcs: .proto files of this package, included as proto/... from the repository root.
      deps: other holt_proto_library targets that are imported.
      grpc: also make the gRPC stubs.
      visibility: as ever.
    """
    outs = []
    for src in srcs:
        base = src[:-len(".proto")]
        outs += [base + ".pb.h", base + ".pb.cc"]
        if grpc:
            outs += [base + ".grpc.pb.h", base + ".grpc.pb.cc"]
    plugin = "--grpc_out=$(GENDIR) --plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin" if grpc else ""
    native.filegroup(
        name = name + "_protos",
        srcs = srcs + [d + "_protos" for d in deps],
        visibility = visibility,
    )
    native.genrule(
        name = name + "_generate",
        srcs = [":" + name + "_protos"],
        outs = outs,
        cmd = "for src in {}; do /usr/bin/protoc -I. -I/usr/include --cpp_out=$(GENDIR) {} {}/$$src; done".format(
            " ".join(srcs),
            plugin,
            native.package_name(),
        ),
    )
    cc_library(
        name = name,
        srcs = [o for o in outs if o.endswith(".cc")],
        hdrs = [o for o in outs if o.endswith(".h")],
        # Generated code is not held to our warnings.
        copts = _HARDENING + ["-w"],
        linkstatic = True,
        visibility = visibility,
        deps = deps + (["@debian//:grpc"] if grpc else []) + ["@debian//:protobuf"],
    )
