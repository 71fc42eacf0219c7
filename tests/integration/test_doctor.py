"""`seedhook doctor` on what is well and on every kind of trouble."""
import contextlib
import fcntl
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import time

import harness
import pytest
import webhooks
from harness import API_KEY, HOOK, SECRET
from webhooks import status

HOSTS = {"names": "DNS:hooks.example.com,DNS:localhost,IP:127.0.0.1", "days": 60}


@pytest.fixture
def receiver(authority):
    with webhooks.receiving(authority.issue("receiver")) as server:
        yield server


@pytest.fixture
def idle(folder, authority):
    """A daemon's folder and configuration, with no daemon."""
    d = harness.Daemon(folder, authority, start=False)
    d.install_certificate("daemon", **HOSTS)
    return d


@pytest.fixture
def running(folder, authority, started):
    """A daemon whose certificate is good for a while."""
    def start(settings=None, **what):
        d = harness.Daemon(folder, authority, settings=settings, start=False)
        d.install_certificate("daemon", **{**HOSTS, **what})
        return started(harness.Daemon(folder, authority, settings=settings, port=d.port)).ready()

    return start


class Report:
    """What doctor said, by the name of what it tried."""

    def __init__(self, d):
        self.run = d.command("doctor", "--json")
        self.document = json.loads(self.run.stdout)
        self.checks = {c["name"]: (c["result"], c["message"]) for c in self.document["checks"]}
        assert self.run.stderr == "" or self.run.returncode == 78
        assert self.run.returncode in (1, 78) or self.document["ok"]

    def __getitem__(self, name):
        return self.checks[name][0]

    def says(self, name):
        return self.checks[name][1]

    def names(self, result):
        return {c["name"] for c in self.document["checks"] if c["result"] == result}


def examine(d, **settings):
    d.settings.update(settings)
    d.write_config()
    return Report(d)


def files(folder):
    return sorted((str(p.relative_to(folder)), p.stat().st_size) for p in folder.rglob("*"))


def api(base_url, key=API_KEY):
    return {"base_url": base_url, "key": key}


def source(**more):
    return {"name": "main", "path": HOOK, "secrets": [SECRET], **more}


# -- all well


def test_all_is_well_beside_a_running_daemon(running, sandbox, receiver, authority):
    box = sandbox()
    d = running({"sources": [source(api=api(box.base_url), callback_url="https://hooks.example.com" + HOOK)]})
    d.settings["sinks"].append(receiver.sink(secret=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]))
    began = time.monotonic()
    report = examine(d)
    assert time.monotonic() - began < 5
    at = f"127.0.0.1:{d.port}"
    assert report.names("fail") == set(), report.checks
    assert report.names("warn") == {"configuration"}  # fetch.allow_cidrs
    assert report.names("ok") == {"daemon", "store", "spool", "api main", "sink library", "sink app",
                                  f"certificate of {at}", f"callback main at {at}"}
    assert report.run.returncode == 0
    assert "hooks.example.com, localhost, 127.0.0.1; ends in 59 days" in report.says(f"certificate of {at}")
    assert d.tasks() == [] and box.tasks() == [] and receiver.posts == []
    assert [p.method for p in receiver.others] == ["HEAD"]
    assert list((d.folder / "spool").rglob("*")) == [] and list(d.videos.iterdir()) == []
    for secret in (SECRET, API_KEY, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "t0ken-of-the-url"):
        assert secret not in report.run.stdout and secret not in d.log_file.read_text()


def test_people_get_a_table(idle):
    ran = idle.command("doctor")
    assert ran.returncode == 0 and ran.stderr == ""
    lines = ran.stdout.splitlines()
    assert any(line.startswith("ok    spool") for line in lines) and any(line.startswith("warn  daemon") for line in lines)
    assert lines[-1] == "0 failed, 3 to know of, 4 well"


def test_before_the_first_start_nothing_is_made(idle):
    before = files(idle.folder)
    report = examine(idle)
    assert report.run.returncode == 0, report.checks
    assert report["daemon"] == "warn" and "does not run" in report.says("daemon")
    assert "will be made" in report.says("store") and "will be made" in report.says("spool")
    after = files(idle.folder)
    assert [f for f in after if f[0] != "seedhook.yaml"] == [f for f in before if f[0] != "seedhook.yaml"]


def test_between_two_runs_the_store_is_looked_at_and_left_alone(running):
    d = running()
    d.post(harness.callback("req_1", "failed"))
    d.stop()
    before = (d.folder / "seedhook.db").read_bytes()
    report = Report(d)
    assert report["store"] == "ok" and "is sound" in report.says("store")
    assert (d.folder / "seedhook.db").read_bytes() == before


@pytest.mark.parametrize("killed", [True, False])
def test_a_daemon_starts_as_well_after_doctor_as_before(running, folder, authority, started, killed):
    d = running()
    d.post(harness.callback("req_1", "failed"))
    d.kill() if killed else d.stop()
    assert Report(d)["store"] == "ok"
    again = started(harness.Daemon(folder, authority, port=d.port)).ready()
    assert again.task("req_1").json["status"] == "failed"


# -- trouble


def test_a_wrong_configuration_is_told_as_check_tells_it(idle):
    idle.settings["sinks"][0]["pth"] = "x"
    report = examine(idle)
    assert report.run.returncode == 78 and not report.document["ok"]
    assert "unknown key; did you mean" in report.says("configuration") and "unknown key" in report.run.stderr
    assert idle.command("doctor").stdout == ""


def test_a_store_that_no_daemon_could_use_has_failed(running):
    d = running()
    d.stop()
    store = d.folder / "seedhook.db"
    good = store.read_bytes()
    with contextlib.closing(sqlite3.connect(store)) as db:
        db.execute("PRAGMA user_version = 99")
    assert "written by a newer seedhook" in Report(d).says("store")
    for companion in d.folder.glob("seedhook.db-*"):
        companion.unlink()
    store.write_bytes(good[:2048] + b"x" * 4096 + good[6144:])
    report = Report(d)
    assert report["store"] == "fail" and report.run.returncode == 1
    store.write_bytes(b"no database at all" * 1000)
    assert Report(d)["store"] == "fail"
    store.unlink()
    with contextlib.closing(sqlite3.connect(store)) as db:
        db.execute("CREATE TABLE theirs (x)")
    assert "belongs to another program" in Report(d).says("store")
    assert "No such file" in examine(d, store={"path": str(d.folder / "none" / "s.db")}).says("store")


def test_a_store_that_somebody_has_is_not_looked_at(running):
    d = running()
    d.stop()
    with open(d.folder / "seedhook.db.lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        report = Report(d)
    assert report["store"] == "warn" and "using this store" in report.says("store")


def test_a_spool_without_room_or_folder_has_failed(idle):
    report = examine(idle, spool={"path": str(idle.folder / "spool"), "min_free": "1KiB"})
    assert report["spool"] == "ok"
    (idle.folder / "spool").mkdir()
    report = examine(idle, spool={"path": str(idle.folder / "spool"), "min_free": "1000TiB"})
    assert report["spool"] == "fail" and "min_free" in report.says("spool")
    (idle.folder / "file").write_text("")
    assert examine(idle, spool={"path": str(idle.folder / "file")})["spool"] == "fail"
    assert examine(idle, spool={"path": str(idle.folder / "file" / "spool")})["spool"] == "fail"


def test_what_belongs_to_another_user_is_told(running):
    d = running()
    d.stop()
    for file in [d.folder / "spool", *d.folder.glob("seedhook.db*")]:
        shutil.chown(file, 12345, 12345)
    report = Report(d)
    for name in ("store", "spool"):
        assert report[name] == "warn" and "another user" in report.says(name)


def test_each_sinks_trouble_is_told(idle, receiver, authority):
    nobody = f"https://127.0.0.1:{harness.free_port()}/"
    receiver.answers = [status(500, "out of order")]
    sinks = [
        {"name": "gone", "type": "directory", "path": str(idle.folder / "gone")},
        receiver.sink(name="deaf", url=nobody),
        receiver.sink(name="private", url="https://10.0.0.1/"),
        receiver.sink(name="keyless", secret="whsec_n0t~base64"),
        receiver.sink(name="broken", probe=True),
        receiver.sink(name="nameless", url="https://no-such-host.invalid/"),
        {"name": "missing", "type": "exec", "command": [str(idle.folder / "no-such-program")]},
        {"name": "refusing", "type": "exec", "command": ["/bin/sh"], "probe": ["-c", "echo the disk is away; exit 3"]},
        {"name": "objects", "type": "s3", "bucket": "videos", "endpoint": nobody.rstrip("/"),
         "credentials": {"source": "config", "access_key_id": "id", "secret_access_key": "s3-s3cret"}},
        *idle.settings["sinks"],
    ]
    report = examine(idle, sinks=sinks)
    assert {n for n in report.names("fail")} == {"sink " + s["name"] for s in sinks} - {"sink library"}
    assert "does not exist" in report.says("sink gone") and "refused" in report.says("sink deaf")
    assert "internal: true" in report.says("sink private") and "base64" in report.says("sink keyless")
    assert "answered 500: out of order" in report.says("sink broken")
    assert "n0t~base64" not in report.run.stdout and "s3-s3cret" not in report.run.stdout
    assert "\nthe disk is away" in report.says("sink refusing")
    table = idle.command("doctor").stdout
    assert "sink refusing" in table and "the disk is away" not in table and "\\n" not in table
    untrusted = examine(idle, sinks=[receiver.sink()], outbound={"ca_file": None, "proxy": "none"})
    assert untrusted["sink app"] == "fail" and "certificate" in untrusted.says("sink app")


def test_a_webhook_is_posted_to_only_where_it_says_so(idle, receiver):
    assert examine(idle, sinks=[receiver.sink()])["sink app"] == "ok"
    assert receiver.posts == [] and "webhook-signature" not in receiver.others[0].headers
    report = examine(idle, sinks=[receiver.sink(probe=True)])
    [post] = receiver.posts
    assert report["sink app"] == "ok" and report.says("sink app").startswith("HTTP 204 from ")
    assert post.is_signed_with(webhooks.SECRET) and post.id.startswith("probe_")
    assert post.document == {"deliveryId": post.id, "sink": "app", "probe": True}


def test_a_hook_is_run_only_where_it_says_so(idle):
    def hook(name, **more):
        return {"name": name, "type": "exec", "command": ["/usr/bin/touch", str(idle.folder / name)], **more}

    began = time.monotonic()
    report = examine(idle, sinks=[hook("quiet"), hook("probed", probe=["/dev/null"]),
                                  {"name": "slow", "type": "exec", "command": ["/bin/sleep"], "probe": ["60"]}])
    assert report["sink quiet"] == "ok" and not (idle.folder / "quiet").exists()
    assert report["sink probed"] == "ok" and (idle.folder / "probed").exists()
    assert report["sink slow"] == "fail" and "10s" in report.says("sink slow") and time.monotonic() - began < 20


def test_a_key_that_the_api_refuses_is_told_from_an_api_that_is_away(idle, sandbox):
    box = sandbox()
    away = f"http://127.0.0.1:{harness.free_port()}"
    report = examine(idle, sources=[
        source(name="good", path="/a", api=api(box.base_url)),
        source(name="bad", path="/b", api=api(box.base_url, "sd2_live_wrong")),
        source(name="away", path="/c", api=api(away)),
        source(name="odd", path="/d", api=api(box.base_url + "/elsewhere")),
    ])
    assert report["api good"] == "ok" and report.names("fail") == {"api bad", "api away", "api odd"}
    assert "refuses the key" in report.says("api bad") and "401" in report.says("api bad")
    assert "refuses the key" not in report.says("api away") + report.says("api odd")
    assert "sd2_live" not in report.run.stdout and box.tasks() == []


def test_each_certificates_trouble_is_told(idle):
    name = f"certificate of 127.0.0.1:{idle.port}"
    idle.install_certificate("soon", days=13, age=77)
    report = Report(idle)
    assert report[name] == "warn" and "ends in 12 days" in report.says(name) and report.run.returncode == 0
    idle.install_certificate("over", days=-1)
    report = Report(idle)
    assert report[name] == "fail" and "has ended on" in report.says(name) and report.run.returncode == 1
    idle.install_certificate("good", **HOSTS)
    shutil.copy(idle.authority.issue("other")[1], idle.folder / "server.key")
    assert Report(idle)[name] == "fail"
    (idle.folder / "server.pem").write_text("hello")
    assert Report(idle)[name] == "fail"


def test_a_callback_url_that_no_certificate_is_for_is_told(idle):
    report = examine(idle, sources=[source(callback_url="https://other.example.com" + HOOK)])
    assert report["callback_url main"] == "warn" and "other.example.com" in report.says("callback_url main")
    report = examine(idle, sources=[source(callback_url="https://hooks.example.com" + HOOK)])
    assert "callback_url main" not in report.checks


# -- callbacks to itself


def test_a_daemon_that_was_not_reloaded_is_found_out(running, authority):
    d = running()
    at = f"127.0.0.1:{d.port}"
    assert Report(d)[f"callback main at {at}"] == "ok"
    report = examine(d, sources=[source(secrets=["another"])])
    assert report[f"callback main at {at}"] == "fail" and "reload it" in report.says(f"callback main at {at}")
    report = examine(d, sources=[source(path="/hooks/elsewhere")])
    assert report[f"callback main at {at}"] == "fail" and "/hooks/elsewhere" in report.says(f"callback main at {at}")
    examine(d, sources=[source()])
    d.install_certificate("newer", **HOSTS)
    shutil.copy(authority.issue("other")[1], d.folder / "server.key")  # so that the daemon does not take it by itself
    report = Report(d)
    assert report[f"callback main at {at}"] == "fail" and "another certificate" in report.says(f"callback main at {at}")
    assert d.tasks() == []


def test_every_way_in_and_every_scheme_is_tried(running, folder, gateway):
    port = harness.free_port()
    listeners = [{"address": f"unix:{folder}/hooks.sock"}, {"address": f"127.0.0.1:{port}"},
                 {"address": f"0.0.0.0:{harness.free_port()}", "tls": {"certificate": str(folder / "server.pem"),
                                                                       "key": str(folder / "server.key")}}]
    sources = [
        source(secrets=["new", "old"]),
        source(name="timed", path="/timed",
               signature={"header": "x-sig", "encoding": "base64", "prefix": "v1=", "content": "{header:x-time}.{body}"}),
        {"name": "open", "path": "/open", "verify": "none"},
    ]
    d = running({"listeners": listeners, "sources": sources})
    report = Report(d)
    callbacks = {n: r for n, (r, _) in report.checks.items() if n.startswith("callback ")}
    assert len(callbacks) == 9 and set(callbacks.values()) == {"ok"}, report.checks
    assert "unsigned" in report.says(f"callback open at 127.0.0.1:{port}")
    assert d.tasks() == []


def test_a_degraded_daemon_is_told(running, folder):
    d = running()
    shutil.rmtree(d.videos)
    d.settings["listeners"][0]["address"] = "127.0.0.1:1"
    d.write_config()
    d.signal(harness.signal.SIGHUP)
    harness.wait_until(lambda: d.api("GET", "/readyz").json["degraded"], "the reload to be refused")
    report = Report(d)
    assert report["daemon"] == "warn" and "could not be reloaded" in report.says("daemon")
    assert report["callback main at 127.0.0.1:1"] == "fail" and report["sink library"] == "fail"


# -- time


@contextlib.contextmanager
def silent():
    """Takes connections and never answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        yield listener.getsockname()[1]


def test_what_never_answers_holds_it_up_for_ten_seconds_all_together(idle, receiver):
    with silent() as port:
        sinks = [receiver.sink(name=f"s{n}", url=f"http://127.0.0.1:{port}/") for n in range(5)]
        began = time.monotonic()
        report = examine(idle, sinks=sinks, sources=[source(api=api(f"http://127.0.0.1:{port}"))])
        took = time.monotonic() - began
    assert 9 < took < 15
    assert report.names("fail") == {"api main", *(f"sink s{n}" for n in range(5))}
    assert all("10s" in report.says(f"sink s{n}") for n in range(5))
    assert report["spool"] == "ok"


def test_a_daemon_that_is_stopped_still_is_a_finding(running):
    d = running()
    d.signal(harness.signal.SIGSTOP)
    try:
        report = Report(d)
    finally:
        d.signal(harness.signal.SIGCONT)
    assert report["daemon"] == "fail" and report["store"] == "warn" and report["spool"] == "ok"


HANGING = """
#include <netdb.h>
#include <unistd.h>
int fsync(int file) { (void)file; sleep(60); return 0; }
int getaddrinfo(const char* n, const char* s, const struct addrinfo* h, struct addrinfo** r) {
    (void)n, (void)s, (void)h, (void)r; sleep(60); return EAI_AGAIN;
}
"""


def test_what_hangs_in_the_system_is_left_alone(idle, receiver):
    """With a library in front of the system's own: syncing a file and looking up a name take a minute."""
    (idle.folder / "hang.c").write_text(HANGING)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", "hang.so", "hang.c"], cwd=idle.folder, check=True)
    idle.settings["sinks"].append(receiver.sink(url="https://hooks.example/"))
    idle.write_config()
    began = time.monotonic()
    ran = subprocess.run([harness.SEEDHOOK, "doctor", "--json", "-c", str(idle.config_file)], capture_output=True, text=True,
                         env={**os.environ, **harness.preloading(idle.folder / "hang.so")}, timeout=harness.PATIENCE, check=False)
    assert time.monotonic() - began < 20 and ran.returncode == 1
    results = {c["name"]: (c["result"], c["message"]) for c in json.loads(ran.stdout)["checks"]}
    assert all("hangs" in results[name][1] for name in ("store", "sink library")), results
    assert results["sink app"][0] == "fail" and "10s" in results["sink app"][1]
    assert results[f"certificate of 127.0.0.1:{idle.port}"][0] == "ok"


def test_help_says_what_it_does(idle):
    told = idle.cli("doctor", "--help").stdout
    assert "No secret is shown" in told and "--json" in told
