"""Secrets are planted wherever a configuration takes one, in every way it takes them; everything that can go wrong does;
and then nothing that the daemon shows, says or leaves has any of them."""
import contextlib
import json
import os
import pathlib
import signal
import subprocess

import pytest

import echo_server
import harness
import video_server
from harness import callback, wait_until
from secrets_search import Plants, Search, descendants, spellings

QUICKLY = {"min_delay": "100ms", "max_delay": "300ms", "max_attempts": 3}


@pytest.fixture
def echo(authority):
    with echo_server.echoing(authority) as server:
        yield server


@pytest.fixture
def videos(authority):
    with video_server.serving(authority) as server:
        yield server


class Planted:
    """A configuration full of secrets, and the environment that some of them come from."""

    def __init__(self, folder, echo, gateway):
        self.plants = Plants()
        self.folder = folder
        self.credentials = folder / "credentials"
        self.credentials.mkdir()
        # The proxy is never used: NO_PROXY names everything.
        self.environment = {"CREDENTIALS_DIRECTORY": str(self.credentials), "NO_PROXY": "127.0.0.1",
                            "HTTPS_PROXY": f"http://user:{self.plants('proxy')}@127.0.0.1:1",
                            "AWS_ACCESS_KEY_ID": "AKIAPLANTED",
                            "AWS_SECRET_ACCESS_KEY": self.plants("aws secret in the environment"),
                            "AWS_SESSION_TOKEN": self.plants("aws session token in the environment")}
        query = self.plants("query of the sink's url")
        self.settings = {
            "sources": [{"name": "main", "path": harness.HOOK, "secrets": [self.env("webhook secret"),
                                                                           self.plants("literal webhook secret")],
                         "api": {"base_url": echo.url, "key": self.file("api key")},
                         "callback_url": f"{gateway.hook_url}?k={self.plants('query of the callback_url')}"}],
            "poll": {"first_after": "100ms", "max_interval": "300ms", "requests_per_minute": 6000},
            "gateway": {"address": f"127.0.0.1:{gateway.port}", "token": self.credential("gateway token")},
            "control": {"address": f"unix:{folder / 'control.sock'}", "token": self.credential("control token")},
            "outbound": {"ca_file": None, "proxy": "env"},
            "sinks": [
                {"name": "hook", "type": "exec", "command": ["/bin/sleep", "3"], "on": ["succeeded"],
                 "env": {"OWN": self.credential("env of the hook"), "OWN_LITERAL": self.plants("literal env of the hook")}},
                {"name": "app", "type": "webhook", "url": f"{echo.url}/videos?token={query}", "internal": True,
                 "secret": [self.plants.webhook_key("webhook sink secret"), self.env("old webhook sink secret")],
                 "headers": {"Authorization": "Bearer " + self.file("header of the webhook sink"),
                             "X-Short": self.plants("literal header of the webhook sink")}, "retry": QUICKLY},
                self.bucket(echo, "archive", access_key_id="AKIACONFIG", secret_access_key=self.file("s3 secret"),
                            session_token=self.env("s3 session token")),
                self.bucket(echo, "other", source="environment"),
            ],
            "log": {"level": "debug", "format": "json"},
        }

    @staticmethod
    def bucket(echo, name, **credentials):
        return {"name": name, "type": "s3", "endpoint": echo.url, "region": "us-east-1", "bucket": "videos",
                "addressing": "path", "credentials": credentials, "retry": QUICKLY}

    def env(self, place):
        name = "PLANTED_" + place.upper().replace(" ", "_")
        self.environment[name] = self.plants(place)
        return "${env:" + name + "}"

    def file(self, place):
        file = self.folder / place.replace(" ", "-")
        file.write_text(self.plants(place) + "\n", encoding="utf-8")
        return "${file:" + str(file) + "}"

    def credential(self, place):
        (self.credentials / place.replace(" ", "-")).write_text(self.plants(place), encoding="utf-8")
        return "${credential:" + place.replace(" ", "-") + "}"


@pytest.fixture
def planted(folder, echo, gateway):
    return Planted(folder, echo, gateway)


@pytest.fixture
def started_with(planted, folder, authority, started, gateway):
    """The daemon, ready."""
    planted.settings["outbound"]["ca_file"] = authority.ca
    d = harness.Daemon(folder, authority, settings=planted.settings, port=gateway.hooks_port, environment=planted.environment)
    d.control_token = planted.plants("control token")
    return started(d).ready()


def refused_reloads(d, planted):
    """Each wrong in another way, beside its secrets."""
    def wrong(change):
        settings = json.loads(json.dumps(d.settings))
        change(settings)
        return json.dumps(settings)

    secret = planted.plants("webhook secret")
    yield wrong(lambda s: s.update({"sinksx": s.pop("sinks")}))
    yield wrong(lambda s: s["sources"][0].update({"secrets": {"a": planted.plants("literal webhook secret")}}))
    yield wrong(lambda s: s["sources"][0]["api"].update({"key": ["${env:PLANTED_WEBHOOK_SECRET}"]}))
    yield wrong(lambda s: s["poll"].update({"max_interval": "${env:PLANTED_WEBHOOK_SECRET}"}))
    yield wrong(lambda s: s["fetch"].update({"concurrency": s["gateway"]["token"]}))
    yield wrong(lambda s: s["control"].update({"hosts": s["control"]["token"]}))
    yield wrong(lambda s: s["sinks"][1].update({"url": f"https://user:{planted.plants('userinfo')}@127.0.0.1/"}))
    yield wrong(lambda s: s["sinks"][2].update({"endpoint": f"https://user:{planted.plants('userinfo')}@127.0.0.1"}))
    yield wrong(lambda s: s["sources"][0]["api"].update({"base_url": "https://127.0.0.1/${env:PLANTED_WEBHOOK_SECRET}?"}))
    yield wrong(lambda s: s["sources"][0]["api"].update({"key": "${env:PLANTED_UNSET}"}))
    yield wrong(lambda s: s["store"].update({"path": "/elsewhere.db"}))
    assert secret


def everything_goes_wrong(d, planted, echo, videos, gateway):
    """Callbacks, submissions, polls, fetches, deliveries and reloads, most of which fail at a peer that tells all."""
    secret = planted.plants("webhook secret")
    assert d.post(callback("req_bad"), secret="wrong").status == 401
    assert d.post("{", secret=secret).status == 400
    for request_id in ("req_1", "req_2"):
        assert d.post(callback(request_id, url=videos.url(request_id, 5000)), secret=secret).status == 200
    assert d.post(callback("req_3", url=f"{echo.url}/gone.mp4"), secret=planted.plants("literal webhook secret")).status == 200
    assert gateway.post(headers={"Authorization": "Bearer wrong"}).status == 401
    token = {"Authorization": "Bearer " + planted.plants("gateway token")}
    for echo.status in (500, 400, 401):
        assert gateway.post(headers=token).status >= 400
    echo.status = 500
    d.api("POST", "/v1/tasks", {"source": "main", "requestId": "req_asked"})
    d.api("POST", "/v1/tasks/req_asked/cancel")
    wait_until(lambda: any("GET /api/open" in r for r in list(echo.requests)), "a poll")
    wait_until(lambda: any("source main" in r for r in d.api("GET", "/readyz").json["degraded"]), "the API to be given up")
    echo.status = 401
    for number, text in enumerate(refused_reloads(d, planted), 1):
        d.config_file.write_text(text, encoding="utf-8")
        d.signal(signal.SIGHUP)
        wait_until(lambda n=number: reloads(d) >= n, "the reload to be refused")
    d.write_config()
    d.signal(signal.SIGHUP)
    wait_until(lambda: "configuration reloaded" in d.log_file.read_text(), "a reload with secrets of the environment")
    for sink in ("app", "archive", "other"):
        wait_until(lambda s=sink: attempts(d, "req_1", s), f"attempts of {sink}")


def reloads(d):
    """How many were refused: a line for each mistake, and at least one for each."""
    return sum("configuration refused" in line for line in d.log_file.read_text().splitlines())


def attempts(d, request_id, sink):
    deliveries = {x["sink"]: x for x in d.task(request_id).json["deliveries"]}
    return sink in deliveries and deliveries[sink]["attempts"] >= 1 and deliveries[sink]["note"]


def look_at_processes(d, planted, search):
    """The daemon, and a runner and its hook, which may have what is meant for the hook."""
    but_own = Search(planted.plants, but=("env of the hook", "literal env of the hook"))

    def hook_runs():
        below = descendants(d.process.pid)
        return any(line.startswith(b"/bin/sleep") for _, line in below) and below

    search.look_at_process("the daemon", d.process.pid)
    for pid, line in wait_until(hook_runs, "a hook to run"):
        if line.startswith(b"/bin/sleep"):
            but_own.look_at_process("a hook", pid)
        else:
            search.look_at_process("a runner", pid)
    search.found += but_own.found
    search.looked_at |= but_own.looked_at


def look_at_the_api(d, search):
    targets = ["/", "/healthz", "/readyz", "/metrics", "/v1/tasks", "/v1/models", "/v1/nothing"]
    targets += [f"/v1/tasks/{task['requestId']}" for task in d.tasks()]
    for target in targets:
        answer = d.api("GET", target)
        search.look("the control API", str(answer.headers).encode() + answer.body)
    with contextlib.suppress(OSError, AssertionError):
        events = subprocess.run(["curl", "-sN", "-m", "1", "--unix-socket", d.control, "http://localhost/v1/events",
                                 "-H", "Last-Event-ID: 0", "-H", f"Authorization: Bearer {d.control_token}"],
                                capture_output=True, check=False)
        search.look("the control API", events.stdout)


def look_at_commands(d, planted, search):
    for command in (["check"], ["check", "--json"], ["doctor"], ["doctor", "--json"], ["tasks"], ["tasks", "--json"],
                    ["show", "req_1"], ["show", "req_1", "--json"], ["models"]):
        ran = subprocess.run([harness.SEEDHOOK, command[0], "-c", str(d.config_file), *command[1:]], capture_output=True,
                             env={**os.environ, **planted.environment}, timeout=120, check=False)
        search.look(f"seedhook {command[0]}", ran.stdout + ran.stderr)


def look_at_files(d, search):
    for suffix in ("", "-wal"):
        search.look("the store", pathlib.Path(d.settings["store"]["path"] + suffix).read_bytes())
    search.look_at_files("the spool", d.settings["spool"]["path"])
    search.look("the log", d.log_file.read_bytes())


def test_no_planted_secret_is_anywhere(started_with, planted, echo, videos, gateway):
    d, search = started_with, None
    everything_goes_wrong(d, planted, echo, videos, gateway)
    search = Search(planted.plants)
    look_at_the_api(d, search)
    look_at_commands(d, planted, search)
    assert d.post(callback("req_4", url=videos.url("req_4", 5000)), secret=planted.plants("webhook secret")).status == 200
    look_at_processes(d, planted, search)
    look_at_files(d, search)
    d.stop()
    search.look("standard output", d.process.stdout.read() if not d.process.stdout.closed else b"")
    search.look("the log", d.log_file.read_bytes())
    assert search.found == []
    # It has looked where there was something to see, and the peer was told what it repeats.
    assert search.looked_at >= {"the control API", "seedhook check", "seedhook doctor", "seedhook show", "the store",
                                "the spool", "the log", "cmdline of the daemon", "cmdline of a hook",
                                "environ of a hook", "cmdline of a runner"}
    told = "\n".join(echo.requests)
    for place in ("api key", "query of the sink's url", "header of the webhook sink", "literal header of the webhook sink",
                  "s3 session token", "aws session token in the environment"):
        assert planted.plants(place) in told, place
    assert "AKIACONFIG" in told and "AKIAPLANTED" in told


def test_the_search_finds_what_is_shown(daemon, folder):
    """The same search, for something that is no secret."""
    plants = Plants()
    name = plants("name")
    d = daemon(settings={"sources": [{"name": name, "path": harness.HOOK, "secrets": [harness.SECRET]}],
                         "sinks": [{"name": "hook", "type": "exec", "command": ["/bin/sleep", "3"], "on": ["failed"],
                                    "env": {"NAME": name}}]})
    assert d.post(callback("req_1", "failed")).status == 200
    search = Search(plants)

    class NoPlants:
        environment = {}

    NoPlants.plants = plants
    look_at_processes(d, NoPlants, search)
    look_at_the_api(d, search)
    look_at_commands(d, NoPlants, search)
    look_at_files(d, search)
    places = {where for _, where in search.found}
    assert places >= {"environ of a hook", "the control API", "seedhook check", "seedhook show", "seedhook tasks",
                      "the store", "the log"}
    for spelling in spellings(name):
        again = Search(plants)
        again.look("a file", b"before " + spelling + b" behind")
        assert again.found == [("name", "a file")]


def test_an_environment_that_is_hidden_is_still_read(planted, started_with):
    """After a start and after a reload callbacks are taken under a secret of the environment, which /proc does not show."""
    d = started_with
    environ = pathlib.Path(f"/proc/{d.process.pid}/environ").read_bytes()
    assert environ.strip(b"\0") == b""
    assert d.post(callback("req_1", "failed"), secret=planted.plants("webhook secret")).status == 200
    d.signal(signal.SIGHUP)
    wait_until(lambda: "configuration reloaded" in d.log_file.read_text(), "the reload")
    assert d.post(callback("req_2", "failed"), secret=planted.plants("webhook secret")).status == 200
