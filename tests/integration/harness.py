"""Runs the real programs for tests: a certificate authority, the sandbox, the daemon, and ways to talk to them.

Everything speaks through Python's own http and ssl modules: an implementation of the protocols that is not ours.
"""
import contextlib
import hashlib
import hmac
import http.client
import itertools
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
import urllib.parse

SEEDHOOK = os.environ.get("SEEDHOOK", "seedhook")
SANDBOX = os.environ.get("SANDBOX", "seedance-sandbox")
SECRET = "whsec_test"
API_KEY = "sd2_live_test"
HOOK = "/hooks/seedance"
# Sanitizers slow the programs down several times.
PATIENCE = float(os.environ.get("SEEDHOOK_TEST_PATIENCE", "30"))


def free_port():
    """A port that nobody listens at, and that no outgoing connection is given before a program takes it: the system gives
    those out from 32768 upwards. Drawn, as several tests run at once."""
    while True:
        port = random.randrange(10000, 32768)
        with socket.socket() as s, contextlib.suppress(OSError):
            s.bind(("127.0.0.1", port))
            return port


def is_sanitized(pid):
    """Its memory tells nothing then."""
    return "san.so" in pathlib.Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")


def preloading(library):
    """The environment of a program with that library in front of the system's."""
    # AddressSanitizer's own wants to be the first, unless it is told that another may be.
    return {"LD_PRELOAD": str(library), "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}


def with_shifted_clock(file):
    """The environment of a daemon whose clock is ahead by the seconds in that file (tests/preload/shifted_clock.cpp)."""
    return {**preloading(os.environ["SHIFTED_CLOCK_LIBRARY"]), "SHIFTED_CLOCK": str(file)}


@contextlib.contextmanager
def serving(server):
    """A socketserver at work on a thread of its own."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def wait_until(condition, what, limit=None, pause=0.02):
    """The first true value of condition(), or a failure that says what was waited for."""
    end = time.monotonic() + (limit or PATIENCE)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(pause)


def sha256_file(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def sign(body, secret=SECRET):
    if isinstance(body, str):
        body = body.encode()
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Authority:
    """A private CA and certificates for localhost and 127.0.0.1, made with the openssl program."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.ca = str(self.folder / "ca.pem")
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                      "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=seedhook test CA",
                      "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign")

    def _openssl(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)

    def issue(self, name, names="DNS:localhost,IP:127.0.0.1", days=1, age=0, key="ec", usage="serverAuth"):
        """(certificate file, key file); one of -1 days has ended, one of some `age` began that many days ago"""
        (self.folder / f"{name}.ext").write_text(f"subjectAltName={names}\nextendedKeyUsage={usage}\n")
        kind = ["ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"] if key == "ec" else ["rsa:2048"]
        self._openssl("req", "-newkey", *kind, "-nodes",
                      "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}")
        if age:
            self._sign_with_dates(name, -age, days)
        else:
            self._openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                          "-out", f"{name}.pem", "-days", str(days), "-extfile", f"{name}.ext")
        return str(self.folder / f"{name}.pem"), str(self.folder / f"{name}.key")

    def _sign_with_dates(self, name, *days_from_now):
        # `openssl x509` cannot sign what began in the past.
        (self.folder / "index.txt").write_text("")
        (self.folder / "ca.conf").write_text("[ca]\ndatabase=index.txt\nnew_certs_dir=.\nrand_serial=yes\npolicy=any\n"
                                             "[any]\ncommonName=supplied\n")
        begins, ends = (time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + 86400 * n)) for n in days_from_now)
        self._openssl("ca", "-batch", "-config", "ca.conf", "-name", "ca", "-notext", "-md", "sha256",
                      "-cert", "ca.pem", "-keyfile", "ca.key", "-startdate", begins, "-enddate", ends,
                      "-extfile", f"{name}.ext", "-in", f"{name}.csr", "-out", f"{name}.pem")

    def client_context(self):
        return ssl.create_default_context(cafile=self.ca)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["error"]["code"]


def exchange(connection, method, target, body=None, headers=None):
    try:
        connection.request(method, target, body=body, headers=headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()


class Program:
    """A child process whose output is kept in a file and shown when a test fails."""

    started = []  # every one of this run

    def __init__(self, name, arguments, folder, environment=None, sockets=()):
        self.name = name
        self.log_file = next(f for n in itertools.count(1) if not (f := pathlib.Path(folder) / f"{name}-{n}.log").exists())
        self.arguments = arguments
        self.last_words = ""
        self.log = open(self.log_file, "ab")
        self.process = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=self.log, stdin=subprocess.DEVNULL,
                                        env={**os.environ, **(environment or {})},
                                        pass_fds=[s.fileno() for s in sockets])
        Program.started.append(self)

    @property
    def running(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, limit=None):
        code = self.process.wait(limit or PATIENCE)
        self.process.stdout.close()
        self.log.close()
        self.last_words = self.log_file.read_text(errors="replace")
        return code

    def kill(self):
        if self.running:
            self.signal(signal.SIGKILL)
        self.wait()

    def stop(self):
        """Asks it to end and insists that it ends well."""
        if self.running:
            self.signal(signal.SIGTERM)
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"{self.name} did not stop\n{self.logs()}") from None
        assert code == 0, f"{self.name} ended with {code}\n{self.logs()}"

    def logs(self):
        text = self.last_words or self.log_file.read_text(errors="replace")
        return f"---- {self.name} {' '.join(self.arguments[1:])}\n{text[-8000:]}"


class Sandbox(Program):
    def __init__(self, folder, authority, *flags, tls=True, key=API_KEY):
        arguments = [SANDBOX, "--listen", "127.0.0.1:0", "--hooks-listen", "127.0.0.1:0", "--webhook-secret", SECRET,
                     "--ca-file", authority.ca, "--log", "info", *map(str, flags)]
        if key:
            arguments += ["--api-key", key]
        if tls:
            certificate, private_key = authority.issue("sandbox")
            arguments += ["--tls-cert", certificate, "--tls-key", private_key]
        super().__init__("sandbox", arguments, folder)
        self.authority = authority
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the sandbox did not start ({self.wait()})\n{self.logs()}")
        started = json.loads(line)
        self.base_url, self.port, self.tls, self.key = started["baseUrl"], started["port"], tls, key
        self.hooks = urllib.parse.urlsplit(started["hooksUrl"]).netloc

    def connection(self, target=""):
        if target.startswith("/sandbox/"):
            return http.client.HTTPConnection(self.hooks, timeout=PATIENCE)
        if self.tls:
            return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE,
                                               context=self.authority.client_context())
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)

    def call(self, method, target, document=None, headers=None):
        headers = dict(headers or {})
        if self.key:
            headers.setdefault("Authorization", f"Bearer {self.key}")
        body = document if document is None or isinstance(document, (bytes, str)) else json.dumps(document)
        return exchange(self.connection(target), method, target, body, headers)

    def submit(self, webhook=None, **fields):
        document = {"model": "seedance-2.0", "prompt": "A river through an autumn forest", **fields}
        if webhook:
            document["webhookUrl"] = webhook
        answer = self.call("POST", "/api/open/v1/video/generations", document)
        assert answer.status == 200, answer.body
        return answer.json["requestId"]

    def hook(self, name, document=None, method=None):
        """What /sandbox/NAME answers; a POST when there is a document."""
        answer = self.call(method or ("GET" if document is None else "POST"), f"/sandbox/{name}", document)
        assert answer.status == 200, answer.body
        return answer.json

    def tasks(self):
        return self.call("GET", "/sandbox/tasks").json["tasks"]

    def task(self, request_id):
        return self.call("GET", f"/sandbox/tasks/{request_id}").json

    def fetch(self, url, headers=None, method="GET"):
        parts = urllib.parse.urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        return exchange(self.connection(), method, target, headers=headers)


class Daemon(Program):
    """The daemon with one TLS listener, one source and one directory sink, unless `settings` say otherwise.

    `wrapper`: a command that becomes the daemon, such as `strace -D …`. `sockets`: what the wrapper inherits.
    """

    def __init__(self, folder, authority, settings=None, port=None, environment=None, start=True, wrapper=(),
                 sockets=()):
        self.folder = pathlib.Path(folder)
        self.authority = authority
        self.port = port or free_port()
        self.control = str(self.folder / "control.sock")
        self.control_token = None  # sent when there is one
        self.videos = self.folder / "videos"
        self.config_file = self.folder / "seedhook.yaml"
        self.videos.mkdir(exist_ok=True)
        if not (self.folder / "server.pem").exists():
            self.install_certificate("daemon")
        self.settings = self.default_settings()
        self.settings.update(settings or {})
        self.write_config()
        if start:
            super().__init__("seedhook", [*wrapper, SEEDHOOK, "serve", "-c", str(self.config_file)], folder, environment,
                             sockets)

    def default_settings(self):
        return {
            "listeners": [{"address": f"127.0.0.1:{self.port}",
                           "tls": {"certificate": str(self.folder / "server.pem"),
                                   "key": str(self.folder / "server.key")}}],
            "sources": [{"name": "main", "path": HOOK, "secrets": [SECRET]}],
            "fetch": {"allow_cidrs": ["127.0.0.0/8"]},
            "spool": {"path": str(self.folder / "spool"), "min_free": "1MiB"},
            "sinks": [{"name": "library", "type": "directory", "path": str(self.videos),
                       "file": "{requestId}.{ext}", "retry": {"min_delay": "100ms", "max_delay": "1s"}}],
            "outbound": {"ca_file": self.authority.ca, "proxy": "none"},
            "store": {"type": "sqlite", "path": str(self.folder / "seedhook.db")},
            "control": {"address": f"unix:{self.control}"},
            "receive": {"threads": 2},
            "log": {"level": "debug", "format": "json"},
        }

    def write_config(self):
        # JSON is YAML.
        self.config_file.write_text(json.dumps(self.settings, indent=2))

    def install_certificate(self, name, **what):
        certificate, key = self.authority.issue(name, **what)
        shutil.copy(key, self.folder / "server.key")
        shutil.copy(certificate, self.folder / "server.pem")

    def ready(self):
        def answers():
            if not self.running:
                raise AssertionError(f"the daemon ended with {self.process.returncode}\n{self.logs()}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.api("GET", "/readyz").status == 200
            return False

        wait_until(answers, "the daemon to be ready")
        return self

    @property
    def hook_url(self):
        return f"https://127.0.0.1:{self.port}{HOOK}"

    def api(self, method, target, document=None):
        body = None if document is None else json.dumps(document)
        headers = {"Content-Type": "application/json"} if body else {}
        if self.control_token:
            headers["Authorization"] = "Bearer " + self.control_token
        return exchange(UnixConnection(self.control, PATIENCE), method, target, body, headers)

    def tasks(self, query=""):
        """Every task, through all pages."""
        tasks, cursor = [], ""
        while True:
            answer = self.api("GET", f"/v1/tasks?limit=200{query}{cursor}")
            assert answer.status == 200, answer.body
            page = answer.json
            tasks += page["tasks"]
            if page["next"] is None:
                return tasks
            cursor = "&cursor=" + urllib.parse.quote(page["next"])

    def task(self, request_id, wait=None):
        target = f"/v1/tasks/{urllib.parse.quote(request_id)}" + (f"?wait={wait}" if wait else "")
        return self.api("GET", target)

    def finished(self, request_id):
        """The task once it is done or stuck."""
        def look():
            answer = self.task(request_id, wait="5s")
            return answer.status == 200 and answer.json["stage"] in ("done", "stuck") and answer.json

        return wait_until(look, f"{request_id} to finish")

    def post(self, body, headers=None, secret=SECRET, target=HOOK, method="POST"):
        """A callback, signed unless the headers say otherwise."""
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if isinstance(body, str):
            body = body.encode()
        if headers is None:
            headers = {"x-seedance-signature": sign(body, secret)}
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE,
                                                 context=self.authority.client_context())
        return exchange(connection, method, target, body, headers)

    @contextlib.contextmanager
    def tls_socket(self, timeout=None):
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout or PATIENCE) as plain:
            with self.authority.client_context().wrap_socket(plain, server_hostname="localhost") as secured:
                yield secured

    def raw(self, data):
        """Sends bytes as they are and reads until the other side closes (or is silent for a second)."""
        with self.tls_socket(timeout=1) as s:
            with contextlib.suppress(OSError):
                s.sendall(data)
            return read_all(s)

    def cli(self, *arguments, stdin=None):
        return subprocess.run([SEEDHOOK, *arguments], input=stdin, capture_output=True, text=True, timeout=PATIENCE,
                              check=False)

    def command(self, name, *arguments, stdin=None):
        """A command that talks to this daemon."""
        return self.cli(name, "-c", str(self.config_file), *arguments, stdin=stdin)


def read_all(s):
    received = b""
    with contextlib.suppress(OSError):
        while piece := s.recv(65536):
            received += piece
    return received


def callback(request_id, status="succeeded", url="https://127.0.0.1:1/none.mp4", **more):
    output = {"type": "video", "url": url} if status == "succeeded" and url else None
    return {"success": status == "succeeded", "requestId": request_id, "status": status, "output": output,
            "error": None, **more}


@contextlib.contextmanager
def workplace():
    """A folder of its own, with a path short enough for unix sockets."""
    folder = tempfile.mkdtemp(prefix="seedhook-")
    try:
        yield pathlib.Path(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
