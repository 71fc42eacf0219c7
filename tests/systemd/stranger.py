"""Runs in a booted Debian (scripts/test-systemd): installs the package and uses it by its documents alone."""
import hashlib
import itertools
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import traceback

import harness
from harness import HOOK, SECRET, callback, sign, wait_until

STATE = pathlib.Path("/var/lib/seedhook")
CONTROL = "/run/seedhook/control.sock"
DROP_IN = pathlib.Path("/etc/systemd/system/seedhook.service.d")

CONFIGURATION = """
listeners:
  - address: systemd
    tls: {certificate: "${env:CREDENTIALS_DIRECTORY}/tls-certificate", key: "${env:CREDENTIALS_DIRECTORY}/tls-key"}
sources:
  - name: main
    path: /hooks/seedance
    secrets: ["${credential:webhook-secret}"]
fetch: {allow_cidrs: ["127.0.0.0/8"]}
outbound: {ca_file: /etc/seedhook/ca.pem}
spool: {path: /var/lib/seedhook/spool, min_free: 1MiB}
store: {path: /var/lib/seedhook/seedhook.db}
control: {address: "unix:/run/seedhook/control.sock"}
sinks:
  - {name: library, type: directory, path: /var/lib/seedhook/videos, file: "{requestId}.{ext}"}
  - {name: hook, type: exec, shell: true, command: ["cp $SEEDHOOK_FILE /var/lib/seedhook/hooked"]}
"""


def run(*command, fails=False):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if (done.returncode != 0) != fails:
        raise AssertionError(f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}{journal()}")
    return done.stdout.strip()


def journal():
    words = ["journalctl", "--no-pager", "-n", "60", "-u", "seedhook.service", "-u", "seedhook.socket"]
    return subprocess.run(words, capture_output=True, text=True, check=False).stdout


def property_of(name, unit="seedhook.service"):
    return run("systemctl", "show", "-P", name, unit)


def active(unit):
    return property_of("ActiveState", unit) == "active"


class Machine:
    def __init__(self):
        folder = pathlib.Path("/root/authority")
        folder.mkdir()
        self.authority = harness.Authority(folder)
        self.folder = folder

    def post(self, request_id, status="failed", url=None):
        body = harness.json.dumps(callback(request_id, status, url=url))
        connection = harness.http.client.HTTPSConnection("127.0.0.1", 8443, timeout=60,
                                                         context=self.authority.client_context())
        return harness.exchange(connection, "POST", HOOK, body, {"x-seedance-signature": sign(body)})

    def task(self, request_id):
        return harness.exchange(harness.UnixConnection(CONTROL, 60), "GET", f"/v1/tasks/{request_id}?wait=20s")


class Load(threading.Thread):
    """A new connection for each callback, until the end of the with."""

    def __init__(self, machine, name):
        super().__init__(daemon=True)
        self.machine, self.name, self.answers, self.failures, self.over = machine, name, [], [], threading.Event()

    def run(self):
        while not self.over.is_set():
            try:
                self.answers.append(self.machine.post(f"req_{self.name}_{len(self.answers)}").status)
            except (OSError, ssl.SSLError, harness.http.client.HTTPException) as failure:
                self.failures.append(failure)

    def __enter__(self):
        self.start()
        wait_until(lambda: len(self.answers) > 3, "the first answers")
        return self

    def __exit__(self, *_):
        count = len(self.answers)
        wait_until(lambda: len(self.answers) > count + 3 or self.failures, "further answers")
        self.over.set()
        self.join()


def step(text):
    print(text, flush=True)


def install(machine):
    run("dpkg", "-i", "seedhook.deb")
    assert not active("seedhook.service") and not active("seedhook.socket")
    store = pathlib.Path("/etc/credstore")
    store.mkdir(mode=0o700, exist_ok=True)
    certificate, key = machine.authority.issue("server")
    for name, text in (("tls-certificate", pathlib.Path(certificate).read_text()), ("tls-key", pathlib.Path(key).read_text()),
                       ("webhook-secret", SECRET + "\n")):
        (store / f"seedhook.{name}").write_text(text)
        (store / f"seedhook.{name}").chmod(0o600)
    pathlib.Path("/etc/seedhook/ca.pem").write_text(pathlib.Path(machine.authority.ca).read_text())
    pathlib.Path("/etc/seedhook/seedhook.yaml").write_text(CONFIGURATION)


def activate(machine):
    run("systemctl", "enable", "--now", "seedhook.socket")
    run("systemctl", "enable", "seedhook.service")
    assert not active("seedhook.service")
    videos = pathlib.Path("/var/lib/private/seedhook/videos")
    videos.mkdir(parents=True)
    videos.parent.parent.chmod(0o700)
    assert machine.post("req_first").status == 200
    wait_until(lambda: active("seedhook.service"), "the service")
    assert property_of("StatusText").startswith("taking callbacks"), property_of("StatusText")
    pid = int(property_of("MainPID"))
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    uid = int(status.split("Uid:")[1].split()[0])
    assert uid != 0 and "CapBnd:\t0000000000000000" in status and "Seccomp:\t2" in status, status


SEEDS = itertools.count(1)  # a sandbox of the same seed would give the same requestIds again


def deliver(machine):
    box = harness.Sandbox(machine.folder, machine.authority, "--duration-ms", 0, "--video-bytes", "3MiB", "--seed",
                          next(SEEDS))
    try:
        request_id = box.submit()
        wait_until(lambda: box.tasks()[0]["settledAt"], "the task to settle")
        film = box.task(request_id)["video"]
        assert machine.post(request_id, "succeeded", film["url"]).status == 200
        task = wait_until(lambda: (t := machine.task(request_id).json)["stage"] in ("done", "stuck") and t, "the delivery")
        assert task["stage"] == "done", task
        for file in (STATE / "videos" / f"{request_id}.mp4", STATE / "hooked"):
            assert hashlib.sha256(file.read_bytes()).hexdigest() == film["sha256"]
    finally:
        box.kill()


def doctor(_):
    names = ("webhook-secret", "tls-certificate", "tls-key")
    credentials = [word for n in names for word in ("-p", f"LoadCredential={n}:seedhook.{n}")]
    said = run("systemd-run", "--pipe", "--wait", "--quiet", "-p", "DynamicUser=yes", "-p", "User=seedhook",
               "-p", "StateDirectory=seedhook", *credentials, "seedhook", "doctor")
    assert "sink library" in said, said
    assert any(t["requestId"] == "req_first" for t in harness.json.loads(run("seedhook", "tasks", "--json"))["tasks"])


def reload(machine):
    with Load(machine, "reload") as load:
        for _ in range(20):
            run("systemctl", "reload", "seedhook.service")
    assert not load.failures and set(load.answers) == {200}, (load.failures, set(load.answers))
    file = pathlib.Path("/etc/seedhook/seedhook.yaml")
    file.write_text("{")
    run("systemctl", "reload", "seedhook.service")
    wait_until(lambda: "could not be reloaded" in property_of("StatusText"), "a status that tells of it")
    file.write_text(CONFIGURATION)
    run("systemctl", "reload", "seedhook.service")
    wait_until(lambda: property_of("StatusText") == "taking callbacks", "a status that takes it back")


def restart(machine):
    with Load(machine, "restart") as load:
        for _ in range(5):
            run("systemctl", "restart", "seedhook.service")
    # A connection may be cut before its request was read; none may be refused.
    assert not [f for f in load.failures if isinstance(f, ConnectionRefusedError)], load.failures
    assert set(load.answers) == {200}
    print(f"  {len(load.answers)} answers over 5 restarts, {len(load.failures)} connections cut before their request was read")


def watchdog(machine):
    DROP_IN.mkdir(exist_ok=True)
    (DROP_IN / "watchdog.conf").write_text("[Service]\nWatchdogSec=4s\nRestartSec=1s\n")
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", "seedhook.service")
    time.sleep(10)
    assert property_of("NRestarts") == "0", journal()
    pid = int(property_of("MainPID"))
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: property_of("NRestarts") == "1" and active("seedhook.service"), "the watchdog", 60)
    assert int(property_of("MainPID")) != pid
    assert "Watchdog timeout" in journal()
    assert machine.post("req_after_the_watchdog").status == 200


def mend(machine):
    """What is wrong at the start is tried again, and the port stays open meanwhile."""
    file = pathlib.Path("/etc/seedhook/seedhook.yaml")
    file.write_text(CONFIGURATION.replace("sources:", "sorces:"))
    run("systemctl", "stop", "seedhook.socket", "seedhook.service")
    run("systemctl", "start", "seedhook.socket")
    with socket.create_connection(("127.0.0.1", 8443), timeout=60):
        wait_until(lambda: "sorces" in journal(), "the mistake in the journal")
        wait_until(lambda: int(property_of("NRestarts")) >= 7, "more attempts than systemd would take", 90)
        assert active("seedhook.socket")
        file.write_text(CONFIGURATION)
        wait_until(lambda: active("seedhook.service"), "it to start by itself")
    assert machine.post("req_mended").status == 200


def hooks(machine):
    """With the drop-in it starts, and commands run."""
    DROP_IN.mkdir(exist_ok=True)
    run("cp", "/usr/share/doc/seedhook/examples/seedhook.service.d/hooks.conf", str(DROP_IN))
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", "seedhook.service")
    (STATE / "hooked").unlink(missing_ok=True)
    deliver(machine)


def remove(machine):
    process = pathlib.Path("/proc") / property_of("MainPID")
    assert process.exists()
    run("dpkg", "-r", "seedhook")
    assert not active("seedhook.service") and not active("seedhook.socket")
    assert not process.exists()
    assert not pathlib.Path("/usr/bin/seedhook").exists() and not pathlib.Path("/run/seedhook").exists()
    assert (STATE / "seedhook.db").exists() and pathlib.Path("/etc/seedhook/seedhook.yaml").exists()
    run("dpkg", "-i", "seedhook.deb")
    run("systemctl", "start", "seedhook.socket", "seedhook.service")
    assert machine.task("req_first").json["status"] == "failed"
    assert machine.post("req_first").json["duplicate"] is True
    run("dpkg", "-P", "seedhook")
    assert not pathlib.Path("/lib/systemd/system/seedhook.service").exists()
    left = run("systemctl", "list-units", "--all", "--plain", "--no-legend", "seedhook.service", "seedhook.socket")
    assert left == "", left


STEPS = ((install, "the package is installed and starts nothing"),
         (activate, "the first callback starts it, with credentials and no rights"),
         (deliver, "a video is fetched and delivered to a folder and a command within the sandbox"),
         (doctor, "doctor and tasks work as the documents say"),
         (reload, "reloads under load fail no request; a bad configuration is told of"),
         (restart, "restarts under load refuse no connection"),
         (watchdog, "stopped, it is found by the watchdog and restarted"),
         (mend, "a mistake in the configuration leaves the port open, and mended it starts by itself"),
         (hooks, "with the hooks drop-in it runs and delivers"),
         (remove, "removed, it leaves its state and nothing else; installed again, it knows its tasks; then purged"))


def main():
    machine = Machine()
    for number, (do, what) in enumerate(STEPS, 1):
        began = time.monotonic()
        try:
            do(machine)
        except Exception:  # pylint: disable=broad-except
            print(f"{number}. FAILED: {what}\n{traceback.format_exc()}\n{journal()}", flush=True)
            return 1
        step(f"{number}. {what} ({time.monotonic() - began:.1f} s)")
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
