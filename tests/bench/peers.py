"""The servers that are measured, each started on a free loopback port, pinned to one core, and stopped by its own pid."""
import json
import pathlib
import socket
import ssl
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "integration"))
import harness  # noqa: E402

ANSWER = '{"success":true,"requestId":"req_1234567890","duplicate":false}'


class Peer:
    """One server under load. Knows its memory and how much of its core it used."""

    expected = ""

    def __init__(self, name, command, port, folder, core):
        self.name, self.port = name, port
        self.log = open(folder / f"{name}.log", "ab")
        self.began = time.monotonic()
        self.process = subprocess.Popen(["taskset", "-c", str(core), *command], stdout=self.log, stderr=self.log,
                                        stdin=subprocess.DEVNULL)
        harness.wait_until(self._listens, f"{name} to listen")

    def _listens(self):
        if self.process.poll() is not None:
            raise AssertionError(f"{self.name} ended: see {self.log.name}\n{pathlib.Path(self.log.name).read_text()[-2000:]}")
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def pids(self):
        """The server and its workers."""
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def rss_kib(self, field="VmRSS"):
        total = 0
        for pid in self.pids():
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith(field + ":"):
                    total += int(line.split()[1])
        return total

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


class Nginx(Peer):
    """Answers a static 200 to the POST, logs nothing, stores nothing: what TLS and HTTP alone cost."""

    expected = '"success":true'

    def __init__(self, folder, authority, core):
        certificate, key = authority.issue("nginx")
        port = harness.free_port()
        config = folder / "nginx.conf"
        config.write_text(f"""
            daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx-error.log;
            events {{ worker_connections 4096; }}
            http {{
              access_log off; keepalive_requests 1000000000; default_type application/json;
              client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
              uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
              server {{
                listen 127.0.0.1:{port} ssl; ssl_certificate {certificate}; ssl_certificate_key {key};
                ssl_protocols TLSv1.3;
                location = {harness.HOOK} {{ return 200 '{ANSWER}'; }}
              }}
            }}""")
        super().__init__("nginx", ["nginx", "-c", str(config), "-e", f"{folder}/nginx-error.log"], port, folder, core)


class Webhook(Peer):
    """Debian's `webhook`, checking the same HMAC. It would then start a program for each callback; a second rule that never
    holds spares it that, so it does even less than its users would have it do: it answers 200 once the HMAC is right."""

    expected = "rules were not satisfied"

    def __init__(self, folder, authority, core):
        certificate, key = authority.issue("webhook")
        port = harness.free_port()
        genuine = {"match": {"type": "payload-hmac-sha256", "secret": harness.SECRET,
                             "parameter": {"source": "header", "name": "X-Seedance-Signature"}}}
        never = {"match": {"type": "value", "value": "never", "parameter": {"source": "payload", "name": "status"}}}
        hooks = folder / "hooks.json"
        hooks.write_text(json.dumps([{"id": "seedance", "execute-command": "/bin/true",
                                      "trigger-rule": {"and": [genuine, never]}}]))
        super().__init__("webhook", ["webhook", "-hooks", str(hooks), "-ip", "127.0.0.1", "-port", str(port), "-secure",
                                     "-cert", certificate, "-key", key], port, folder, core)


class Seedhook(Peer):
    """The daemon as configured by default, its log at `info` in a file. The videos' server takes connections and never
    answers, so fetches stay under way and only receiving is measured."""

    expected = '"duplicate":false'

    def __init__(self, folder, authority, core, settings=None):
        self.silent = SilentServer()
        place = folder / f"seedhook-{time.monotonic_ns()}"
        place.mkdir()
        self.daemon = harness.Daemon(place, authority, start=False, settings={
            "receive": {"threads": "auto"}, "log": {"level": "info", "format": "json"}, **(settings or {})})
        super().__init__("seedhook", [harness.SEEDHOOK, "serve", "-c", str(self.daemon.config_file)], self.daemon.port,
                         folder, core)
        self.daemon.process = self.process
        self.daemon.ready()
        self.seconds_to_ready = time.monotonic() - self.began

    @property
    def video_url(self):
        return f"https://127.0.0.1:{self.silent.port}/"

    def stop(self):
        super().stop()
        self.silent.close()


class SilentServer:
    """Accepts, and says nothing."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.held = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        try:
            while True:
                self.held.append(self.listener.accept()[0])
        except OSError:
            return

    def close(self):
        self.listener.close()
        for connection in self.held:
            connection.close()


def check_signatures(peer, authority):
    """A peer that is said to check the HMAC must tell a forged callback from a genuine one."""
    context = ssl.create_default_context(cafile=authority.ca)
    body = json.dumps(harness.callback("probe-1", "failed"))

    def answer(signature):
        connection = harness.http.client.HTTPSConnection("127.0.0.1", peer.port, timeout=10, context=context)
        return harness.exchange(connection, "POST", harness.HOOK, body,
                                {"x-seedance-signature": signature, "Content-Type": "application/json"}).status

    genuine, forged = answer(harness.sign(body)), answer(harness.sign(body, "another secret"))
    assert genuine == 200 and forged != 200, f"{peer.name} answers {genuine} to a genuine callback, {forged} to a forged"
