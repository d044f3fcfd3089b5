"""Debian's libraries as Bazel targets: @debian//:grpc and so on, found by pkg-config.

Each name below becomes one cc_library that carries the compile and link flags pkg-config gives. Headers stay in the
system's include folders, so nothing is copied and a security update of a shared library needs no rebuild.
"""

# target name -> pkg-config modules
_MODULES = {
    "absl_base": ["absl_base", "absl_core_headers"],
    "absl_flat_hash_map": ["absl_flat_hash_map", "absl_flat_hash_set", "absl_hash"],
    "absl_status": ["absl_status", "absl_statusor"],
    "absl_strings": ["absl_strings", "absl_str_format", "absl_cord"],
    "absl_synchronization": ["absl_synchronization"],
    "absl_time": ["absl_time"],
    "absl_flags": ["absl_flags", "absl_flags_parse", "absl_flags_usage"],
    "absl_span": ["absl_span"],
    "cap_ng": ["libcap-ng"],
    "cares": ["libcares"],
    "crypto": ["libcrypto"],
    "event": ["libevent_core"],
    "fmt": ["fmt"],
    "grpc": ["grpc++", "protobuf", "absl_synchronization", "absl_status", "absl_statusor"],
    "protobuf": ["protobuf"],
    "seccomp": ["libseccomp"],
    "simdjson": ["simdjson"],
    "sqlite": ["sqlite3"],
    "ssl": ["libssl", "libcrypto"],
}

def _pkg_config(repository_ctx, args):
    result = repository_ctx.execute(["pkg-config"] + args)
    if result.return_code != 0:
        fail("pkg-config {} failed: {} (./test --install-only installs what the build needs)".format(
            " ".join(args),
            result.stderr,
        ))
    return [f for f in result.stdout.strip().split(" ") if f]

def _library(repository_ctx, name, modules):
    cflags = [f for f in _pkg_config(repository_ctx, ["--cflags"] + modules) if not f.startswith("-std=")]
    libs = _pkg_config(repository_ctx, ["--libs"] + modules)
    return _rule(name, cflags, libs)

def _rule(name, copts, linkopts):
    # Flags a user of the library must compile with travel as defines; include folders of Debian are system ones.
    defines = [f[2:] for f in copts if f.startswith("-D")]
    return """
cc_library(
    name = "{name}",
    defines = {defines},
    linkopts = {linkopts},
    visibility = ["//visibility:public"],
)
""".format(name = name, defines = repr(defines), linkopts = repr(linkopts))

def _llhttp(repository_ctx):
    """Debian 13 has libllhttp-dev; on Debian 12 container/setup.sh unpacks 13's static library to /opt/holt-deps."""
    for prefix in ["/opt/holt-deps/usr", "/usr"]:
        if repository_ctx.path(prefix + "/include/llhttp.h").exists:
            repository_ctx.symlink(prefix + "/include/llhttp.h", "llhttp/llhttp.h")
            archive = prefix + "/lib/x86_64-linux-gnu/libllhttp.a"
            repository_ctx.symlink(archive, "llhttp/libllhttp.a")
            return """
cc_library(
    name = "llhttp",
    srcs = ["llhttp/libllhttp.a"],
    hdrs = ["llhttp/llhttp.h"],
    includes = ["llhttp"],
    visibility = ["//visibility:public"],
)
"""
    fail("llhttp.h was not found under /opt/holt-deps/usr or /usr: run ./test --install-only once")

def _debian_impl(repository_ctx):
    build = ["load(\"@rules_cc//cc:defs.bzl\", \"cc_library\")"]
    for name, modules in _MODULES.items():
        build.append(_library(repository_ctx, name, modules))
    build.append(_rule("gtest", [], ["-lgmock", "-lgtest", "-lpthread"]))
    build.append(_rule("gtest_main", [], ["-lgmock_main", "-lgmock", "-lgtest", "-lpthread"]))
    build.append(_rule("benchmark", [], ["-lbenchmark", "-lbenchmark_main", "-lpthread"]))
    build.append(_rule("grpc_reflection", [], ["-lgrpc++_reflection", "-lgrpc++"]))
    build.append(_llhttp(repository_ctx))
    repository_ctx.file("BUILD", "\n".join(build))

debian_libraries = repository_rule(
    implementation = _debian_impl,
    local = True,
)
