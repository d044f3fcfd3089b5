"""The processes of a measurement: the demo upstream, Holt, nginx. Each owns a folder, a port and its end."""

import json
import os
import re
import resource
import signal
import socket
import subprocess
import threading
import time
import urllib.request

START_SECONDS = 15
END_SECONDS = 20
MAX_CONNECTIONS = 8192
# What Holt allows over one client connection; nginx gets the same.
REQUESTS_PER_CONNECTION = 1000


class StartError(Exception):
    """A process did not start; the message says what it wrote."""


class Running:
    """A child process that says on standard output when it serves."""

    def __init__(self, command, ready, folder, environment=None):
        self.name = os.path.basename(command[0])
        self.log_path = os.path.join(folder, self.name + ".log")
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log,
                                            env={**os.environ, **(environment or {})}, text=True)
        self.ready = self._wait_for(re.compile(ready)) if ready else None

    def _wait_for(self, pattern):
        found = []
        known = threading.Event()

        def read():
            for line in self.process.stdout:
                match = pattern.search(line)
                if match and not found:
                    found.append(match)
                    known.set()
            known.set()

        threading.Thread(target=read, daemon=True).start()
        if not known.wait(START_SECONDS) or not found:
            self.end()
            raise StartError(f"{self.name} did not start:\n{self.log()}")
        return found[0]

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()[-4000:]

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Demo:
    """The upstream behind both."""

    def __init__(self, programs, folder):
        self.running = Running([programs["holt-demo-upstream"]], r"^listening (\S+):(\d+)$", folder)
        self.port = int(self.running.ready.group(2))
        self.url = f"http://127.0.0.1:{self.port}"

    def finished(self):
        """Answers that it delivered to the last byte."""
        with urllib.request.urlopen(self.url + "/demo/stats") as answer:
            return json.load(answer)["finished"]

    def end(self):
        self.running.end()


class Certificate:
    def __init__(self, folder):
        self.certificate = os.path.join(folder, "tls.crt")
        self.key = os.path.join(folder, "tls.key")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", self.key, "-out", self.certificate], check=True, capture_output=True)
        os.chmod(self.key, 0o600)


class Holt:
    """A node of its own with one API key, its rate limits off. workers=None leaves their number to Holt."""

    name = "holt"
    worker_name = "holt-worker"

    def __init__(self, programs, folder, certificate, demo, workers):
        self.programs = programs
        self.state = os.path.join(folder, "state")
        os.mkdir(self.state, 0o700)
        configuration = os.path.join(folder, "holt.textproto")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(self._configuration(certificate, demo, workers))
        self.running = Running([programs["holt-supervisor"], f"--config={configuration}"], r"^ready (https?://\S+)$",
                               folder, {"HOLT_STATE_DIR": self.state})
        self.url = self.running.ready.group(1)
        self.pid = self.running.process.pid
        self.key_file = os.path.join(folder, "key")
        self._create_key()

    @staticmethod
    def _configuration(certificate, demo, workers):
        count = f"workers: {workers} " if workers else ""
        return f"""
listener {{
  address: "127.0.0.1" port: 0
  max_connections: {MAX_CONNECTIONS} max_connections_per_address: {MAX_CONNECTIONS}
}}
tls_identities {{ certificate_file: "{certificate.certificate}" key_file: "{certificate.key}" }}
upstreams {{ name: "demo" url: "{demo.url}" }}
limits {{ global_requests: 0 address_requests: 0 max_concurrent_per_key: {MAX_CONNECTIONS} }}
timeouts {{ drain_ms: 5000 }}
processes {{ {count}allow_swap: true }}
"""

    def _holtctl(self, *words):
        done = subprocess.run([self.programs["holtctl"], *words], env={**os.environ, "HOLT_STATE_DIR": self.state},
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise StartError(f"holtctl {' '.join(words)}: {done.stderr}")
        return done.stdout

    def _create_key(self):
        secret = self._holtctl("keys", "create", "load", "--owner", "integration", "-o", "secret")
        descriptor = os.open(self.key_file, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secret)

    def billed(self):
        """Requests in the ledger."""
        return int(json.loads(self._holtctl("usage", "-o", "json")).get("total", {}).get("requestCount", 0))

    def end(self):
        self.running.end()


class Nginx:
    """Debian's nginx as the plain TLS reverse proxy that Holt is measured by."""

    name = "nginx"
    worker_name = "nginx"
    key_file = None

    def __init__(self, programs, folder, certificate, demo, workers):
        port = free_port()
        configuration = os.path.join(folder, "nginx.conf")
        with open(configuration, "w", encoding="utf-8") as file:
            file.write(self._configuration(folder, certificate, demo, workers or os.cpu_count(), port))
        self.running = Running([programs["nginx"], "-p", folder, "-c", configuration, "-e", "stderr"], None, folder)
        self.url = f"https://127.0.0.1:{port}"
        self.pid = self.running.process.pid
        self._wait_for_port(port)

    @staticmethod
    def _configuration(folder, certificate, demo, workers, port):
        return f"""
daemon off;
worker_processes {workers};
worker_rlimit_nofile {4 * MAX_CONNECTIONS};
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections {2 * MAX_CONNECTIONS}; }}
http {{
  access_log off;
  keepalive_requests {REQUESTS_PER_CONNECTION};
  client_body_temp_path {folder}/nginx-body;
  proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-fastcgi;
  uwsgi_temp_path {folder}/nginx-uwsgi;
  scgi_temp_path {folder}/nginx-scgi;
  upstream demo {{
    server 127.0.0.1:{demo.port};
    keepalive 256;
    keepalive_requests 1000000;
  }}
  server {{
    listen 127.0.0.1:{port} ssl backlog=4096;
    ssl_certificate {certificate.certificate};
    ssl_certificate_key {certificate.key};
    ssl_protocols TLSv1.3;
    location / {{
      proxy_pass http://demo;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $host;
      proxy_buffering off;
      proxy_buffer_size 16k;
      proxy_buffers 8 16k;
    }}
  }}
}}
"""

    def _wait_for_port(self, port):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.running.process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.05)
        self.end()
        raise StartError(f"nginx did not start:\n{self.running.log()}")

    def end(self):
        self.running.end()


def free_port():
    """A port that was free a moment ago: nginx cannot be asked to choose."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def raise_file_limit():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
