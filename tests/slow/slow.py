"""Slow and greedy peers against the real daemon over TLS, one kind after the other, while valid callbacks are sent from
another address: on a connection each, and on one that is kept. Every one must be stored, nearly all soon, and the daemon's
memory must stay as it was.

heads, bodies, ranges and reads are slowhttptest's -H, -B, -R and -X; the others are tests/slow/attackers.py's:
handshakes that never begin or stop within the client's first record (handshakes) or behind it (hellos), connections that
come and go, bodies without end, bodies of 10 MiB, more connections than `limits.connections`, more than there are
descriptors, and wrong signatures.
"""
import argparse
import http.client
import json
import pathlib
import re
import resource
import ssl
import statistics
import subprocess
import sys
import threading
import time

import harness
import table

HERE = pathlib.Path(__file__).resolve().parent
LIKE_SLOWHTTPTEST = {"heads": ["-H", "-i", "3"], "bodies": ["-B", "-i", "3", "-s", "65000", "-t", "POST"], "ranges": ["-R"],
                     "reads": ["-X", "-k", "5"]}
OWN = {"handshakes": 1, "hellos": 1, "flood": 1, "endless": 0.1, "large": 0.1, "crowd": 2, "descriptors": 2, "forged": 0.1}
PACE = 0.04  # seconds between two callbacks of one sender
VALID_ADDRESS = "127.0.0.9"
MOST_P99_MS = 200
# MiB for a thousand connections. OpenSSL holds 44 KiB for a handshake under way, of which nothing can be had smaller.
MOST_GROWTH, MOST_GROWTH_OF_HANDSHAKES = 32, 64
WITH_HANDSHAKES = ("hellos", "crowd", "descriptors")


class Sender(threading.Thread):
    """Valid callbacks, one after the other; how long each took. `keeps`: on one connection as long as it lasts."""

    def __init__(self, daemon, name, keeps):
        super().__init__(daemon=True)
        self.target, self.prefix, self.keeps = daemon, name, keeps
        self.context = ssl.create_default_context(cafile=daemon.authority.ca)
        self.connection = None
        self.ended = threading.Event()
        self.milliseconds, self.sent, self.faults = [], [], []

    def run(self):
        number = 0
        while not self.ended.is_set():
            number += 1
            began = time.monotonic()
            try:
                self.send(f"{self.prefix}_{number}")
                self.milliseconds.append((time.monotonic() - began) * 1000)
            except (OSError, http.client.HTTPException, AssertionError) as fault:
                self.faults.append(repr(fault))
                self.connection = None
            self.ended.wait(max(0, PACE - (time.monotonic() - began)))

    def send(self, request_id):
        body = json.dumps(harness.callback(request_id, "failed")).encode()
        reused = self.connection is not None
        try:
            answer = self.post(body)
        except (OSError, http.client.HTTPException):
            if not reused:
                raise
            answer = self.post(body)  # the server may close a connection between two requests
        assert answer.status == 200, f"{answer.status} {answer.body}"
        self.sent.append(request_id)

    def post(self, body):
        if self.connection is None:
            self.connection = http.client.HTTPSConnection("127.0.0.1", self.target.port, timeout=10, context=self.context,
                                                          source_address=(VALID_ADDRESS, 0))
        connection, self.connection = self.connection, None
        try:
            connection.request("POST", harness.HOOK, body, {"x-seedance-signature": harness.sign(body)})
            answer = harness.Answer(connection.getresponse())
        except BaseException:
            connection.close()
            raise
        if self.keeps:
            self.connection = connection
        else:
            connection.close()
        return answer


class Watch(threading.Thread):
    """The daemon's largest memory and most connections."""

    def __init__(self, daemon):
        super().__init__(daemon=True)
        self.target, self.ended = daemon, threading.Event()
        self.rss_kib = self.connections = 0

    def run(self):
        while not self.ended.wait(0.05):
            self.rss_kib = max(self.rss_kib, rss_kib(self.target))
            self.connections = max(self.connections, gauge(self.target, "seedhook_connections"))


def rss_kib(daemon):
    return int(re.search(r"VmRSS:\s+(\d+)", pathlib.Path(f"/proc/{daemon.process.pid}/status").read_text())[1])


def gauge(daemon, name):
    text = daemon.api("GET", "/metrics").body.decode()
    return sum(float(v) for v in re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE))


def attack(kind, daemon, connections, seconds):
    """Its process, which ends by itself."""
    if kind in LIKE_SLOWHTTPTEST:
        command = ["nice", "-n", "19", "slowhttptest", *LIKE_SLOWHTTPTEST[kind], "-c", connections, "-r", connections // 5,
                   "-l", round(seconds), "-u", f"https://127.0.0.1:{daemon.port}{harness.HOOK}", "-p", "3", "-v", "0"]
    else:
        count = max(10, round(OWN[kind] * connections))
        command = [sys.executable, HERE / "attackers.py", "crowd" if kind == "descriptors" else kind, daemon.port, count,
                   seconds]
    return subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def settings_for(kind, port, folder, connections):
    limits = {"connections": connections} if kind == "crowd" else {}
    if kind == "forged":
        limits["failed_signatures_per_minute"] = 20
    tls = {"certificate": str(folder / "server.pem"), "key": str(folder / "server.key")}
    return {"listeners": [{"address": f"127.0.0.1:{port}", "tls": tls}], "limits": limits,
            "sinks": [], "receive": {"threads": "auto"}, "log": {"level": "info", "format": "json"}}


def one(kind, authority, arguments):
    """The figures of one kind of attack, on a daemon of its own."""
    with harness.workplace() as folder:
        port = harness.free_port()
        wrapper = ["prlimit", f"--nofile={arguments.connections}"] if kind == "descriptors" else []
        daemon = harness.Daemon(folder, authority, settings_for(kind, port, folder, arguments.connections), port=port,
                                wrapper=wrapper).ready()
        try:
            figures = measure(kind, daemon, arguments)
            daemon.stop()
        finally:
            if not daemon.log.closed:
                daemon.kill()
        return figures


def measure(kind, daemon, arguments):
    senders = [Sender(daemon, "fresh", False), Sender(daemon, "kept", True)]
    for sender in senders:
        for number in range(25):
            sender.send(f"warm_{sender.prefix}_{number}")
    before = rss_kib(daemon)
    watch = Watch(daemon)
    attacker = attack(kind, daemon, arguments.connections, arguments.seconds)
    for thread in [watch, *senders]:
        thread.start()
    output, _ = attacker.communicate(timeout=arguments.seconds * 3 + 60)
    for thread in [*senders, watch]:
        thread.ended.set()
        thread.join()
    sent = {request_id for sender in senders for request_id in sender.sent}
    stored = {t["requestId"] for t in daemon.tasks()}
    said = output.decode().split()
    times = sorted(t for sender in senders for t in sender.milliseconds)
    return {"sent": len(sent), "p50": statistics.median(times), "p99": times[len(times) * 99 // 100], "worst": times[-1],
            "faults": [fault for sender in senders for fault in sender.faults], "lost": len(sent - stored),
            "growth": (watch.rss_kib - before) / 1024, "open": watch.connections,
            "begun": said[-1] if kind in OWN and said else "-",
            "refused": gauge(daemon, "seedhook_connections_refused_total")}


def main():
    parser = argparse.ArgumentParser(prog="scripts/slow", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="of each attack")
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--only", default=",".join([*LIKE_SLOWHTTPTEST, *OWN]))
    arguments = parser.parse_args()
    enough = 4 * arguments.connections + 256
    resource.setrlimit(resource.RLIMIT_NOFILE, (enough, max(enough, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    rows, targets = [], []
    with harness.workplace() as folder:
        authority = harness.Authority(folder)
        for kind in arguments.only.split(","):
            figures = one(kind, authority, arguments)
            rows.append([kind, figures["begun"], f"{figures['open']:.0f}", f"{figures['refused']:.0f}", figures["sent"],
                         f"{figures['p50']:.1f}", f"{figures['p99']:.1f}", f"{figures['worst']:.0f}",
                         f"{figures['growth']:.1f}"])
            for fault in figures["faults"][:3]:
                print(f"{kind}: a valid callback failed: {fault}", file=sys.stderr)
            most_growth = MOST_GROWTH_OF_HANDSHAKES if kind in WITH_HANDSHAKES else MOST_GROWTH
            targets += [table.at_most(f"{kind}: p99 of valid callbacks, ms", figures["p99"], MOST_P99_MS),
                        table.at_most(f"{kind}: valid callbacks failed or lost", len(figures["faults"]) + figures["lost"], 0),
                        table.at_most(f"{kind}: growth of memory, MiB", figures["growth"], most_growth)]
    table.show([f"{arguments.connections} attackers, {arguments.seconds:.0f} s", "begun", "open at most", "refused", "valid",
                "p50 ms", "p99 ms", "worst ms", "RSS grew MiB"], rows)
    table.finish("slow", targets)


if __name__ == "__main__":
    main()
