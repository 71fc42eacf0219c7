"""The commands that speak for a person to upstream: submit, track, cancel, models. Where the daemon's answers matter more
than the daemon, a scripted control API gives them."""
import contextlib
import http.server
import json
import os
import pty
import re
import signal
import socketserver
import subprocess
import threading
import urllib.parse

import harness
import pytest

SUBMITTED = {"success": True, "requestId": "req_1", "status": "queued", "creditsCharged": 40}


def task(status="queued", stage="waiting", **more):
    return {"requestId": "req_1", "source": "main", "status": status, "stage": stage, "deliveries": [], "error": None,
            "fetchedBytes": None, **more}


DONE = task("succeeded", "done", deliveries=[{"sink": "library", "state": "done", "note": "/srv/req_1.mp4"}])


class ScriptedApi(socketserver.ThreadingUnixStreamServer):
    """Gives the next of the answers listed for a method and path; the last one again and again."""
    daemon_threads = True

    def __init__(self, folder):
        self.path = str(folder / "scripted.sock")
        self.answers, self.asked = {}, []
        super().__init__(self.path, Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def on(self, method, path, *answers):
        self.answers[method, path] = list(answers)
        return self

    def command(self, *arguments, stdin=""):
        return subprocess.run([harness.SEEDHOOK, arguments[0], "--control", f"unix:{self.path}", *arguments[1:]],
                              input=stdin, capture_output=True, text=True, timeout=harness.PATIENCE, check=False)

    def start(self, *arguments, **streams):
        return subprocess.Popen([harness.SEEDHOOK, arguments[0], "--control", f"unix:{self.path}", *arguments[1:]],
                                stdin=subprocess.DEVNULL, **streams)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass

    def answer(self):
        parts = urllib.parse.urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.asked.append((self.command, self.path, body))
        answers = self.server.answers[self.command, parts.path]
        status, document = answers.pop(0) if len(answers) > 1 else answers[0]
        data = (document if isinstance(document, str) else json.dumps(document)).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = answer


@pytest.fixture
def api(folder):
    with ScriptedApi(folder) as server:
        yield server
        server.shutdown()


# -- submit


def test_submit_prints_the_request_id(api):
    api.on("POST", "/v1/submissions", (200, SUBMITTED))
    ran = api.command("submit", "--model", "m", "--duration", "5", "--aspect-ratio", "16:9", "--resolution",
                      "720p", "--media-url", "https://a/1", "--media-url", "https://a/2", "A \"river\"", "--metadata", "k=v",
                      "--metadata", "l=", "--webhook-url", "https://h/", "--source", "main")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "req_1\n", "")
    assert json.loads(api.asked[0][2]) == {
        "source": "main", "model": "m", "prompt": "A \"river\"", "duration": 5, "aspectRatio": "16:9",
        "resolution": "720p", "mediaUrls": ["https://a/1", "https://a/2"], "metadata": {"k": "v", "l": ""},
        "webhookUrl": "https://h/"}
    assert api.command("submit", "--json", stdin="from standard input\n").stdout == json.dumps(SUBMITTED) + "\n"
    assert json.loads(api.asked[1][2])["prompt"] == "from standard input"


def test_submit_passes_a_raw_body_on(api, folder):
    api.on("POST", "/v1/submissions", (200, SUBMITTED))
    body = '{ "seed":12345678901234567890123, "f":1.10 }\n'
    (folder / "body.json").write_text(body)
    assert api.command("submit", "--body", str(folder / "body.json")).returncode == 0
    assert api.command("submit", "--body", "-", "--source", "main", stdin=body).returncode == 0
    assert [asked[2] for asked in api.asked] == [body, '{"source":"main",' + body[1:]]


def test_submit_tells_upstreams_refusal_harmlessly(api):
    api.on("POST", "/v1/submissions", (402, {"success": False, "error": {"code": "c\u001b[2J", "message": "no\ncredits"}}),
           (502, "<html>\u001b[2J"), (200, {"success": True}))
    for said in ("seedhook: no\\ncredits (c\\x1b[2J)\n", "seedhook: the answer was HTTP status 502\n",
                 "seedhook: upstream's answer names no requestId\n"):
        ran = api.command("submit", "x")
        assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", said)


def test_submit_waits_and_ends_with_the_files_place(api):
    api.on("POST", "/v1/submissions", (200, SUBMITTED))
    api.on("GET", "/v1/tasks/req_1", (200, task()), (200, task("processing")), (200, task("succeeded", "fetching")), (200, DONE))
    ran = api.command("submit", "x", "--wait", "--source", "main")
    assert ran.returncode == 0
    assert ran.stdout == "req_1\nlibrary  /srv/req_1.mp4\n"
    assert [line.split(" after ")[0] for line in ran.stderr.splitlines()] == [
        "queued", "processing", "succeeded, fetching", "succeeded, done"]
    assert api.asked[1][1] == "/v1/tasks/req_1?source=main&wait=1s"
    ran = api.command("submit", "x", "--wait", "--json")
    assert [json.loads(line) for line in ran.stdout.splitlines()] == [SUBMITTED, DONE]


@pytest.mark.parametrize("end, said", [
    (task("failed", "done", error={"code": "nsfw", "message": "no"}), "seedhook: req_1: failed (nsfw: no)\n"),
    (task("cancelled", "done"), "seedhook: req_1: cancelled\n"),
    (task("expired", "done"), "seedhook: req_1: expired\n"),
    (task("succeeded", "stuck"), "seedhook: req_1 is stuck"),
])
def test_submit_fails_when_the_video_is_not_where_it_belongs(api, end, said):
    api.on("POST", "/v1/submissions", (200, SUBMITTED)).on("GET", "/v1/tasks/req_1", (200, end))
    ran = api.command("submit", "x", "--wait")
    assert ran.returncode == 1
    assert ran.stdout == "req_1\n"
    assert said in ran.stderr


def test_submit_waits_no_longer_than_it_is_told(api):
    api.on("POST", "/v1/submissions", (200, SUBMITTED)).on("GET", "/v1/tasks/req_1", (200, task("processing")))
    ran = api.command("submit", "x", "--wait", "--timeout", "300ms")
    assert ran.returncode == 1
    assert "not done after 300ms; req_1 goes on" in ran.stderr
    api.on("GET", "/v1/tasks/req_1", (404, {"success": False, "error": {"code": "not_found", "message": "gone"}}))
    assert api.command("submit", "x", "--wait").returncode == 1


def test_a_wait_that_is_interrupted_leaves_the_task_alone_and_says_so(api):
    api.on("POST", "/v1/submissions", (200, SUBMITTED)).on("GET", "/v1/tasks/req_1", (200, task("processing")))
    ran = api.start("submit", "x", "--wait", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert ran.stdout.readline() == "req_1\n"
    assert ran.stderr.readline().startswith("processing after ")
    ran.send_signal(signal.SIGINT)
    _, said = ran.communicate(timeout=harness.PATIENCE)
    assert ran.returncode == 1
    assert "req_1 goes on; `seedhook show req_1 --wait 5m` waits for it again\n" in said
    assert all("cancel" not in path for _, path, _ in api.asked)


def test_on_a_terminal_progress_is_one_line(api):
    api.on("POST", "/v1/submissions", (200, SUBMITTED))
    api.on("GET", "/v1/tasks/req_1", (200, task("succeeded", "fetching", fetchedBytes=1572864)), (200, DONE))
    ours, theirs = pty.openpty()
    ran = api.start("submit", "x", "--wait", stdout=subprocess.PIPE, stderr=theirs, text=True)
    out, _ = ran.communicate(timeout=harness.PATIENCE)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # EIO is the end
        while piece := os.read(ours, 4096):
            shown += piece
    os.close(ours)
    shown = re.sub(r"\d+s", "0s", shown.decode())
    assert ran.returncode == 0 and out == "req_1\nlibrary  /srv/req_1.mp4\n"
    assert shown == "\r\x1b[Ksucceeded, fetching 1.5 MiB, 0s\r\x1b[Ksucceeded, done, 0s\r\n"


# -- track, cancel, models


def test_track_takes_thousands_from_standard_input(daemon):
    d = daemon()
    ids = [f"req_{n}" for n in range(12_000)]
    ran = d.command("track", "--model", "seedance-2.0", "--metadata", "k=v", stdin="# mine\n\n" + "\n".join(ids))
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "12000 tracked, 0 known before\n", "")
    assert {t["requestId"] for t in d.tasks("&stage=waiting")} == set(ids)
    one = d.task("req_11999").json
    assert one["model"] == "seedance-2.0" and one["metadata"] == {"k": "v"} and one["status"] == "queued"
    assert one["events"][0]["kind"] == "tracked"
    ran = d.command("track", "req_0", "req_new", "--source", "main")
    assert ran.stdout == "1 tracked, 1 known before\n"
    answers = [json.loads(line) for line in d.command("track", "--json", stdin="\n".join(ids)).stdout.splitlines()]
    assert [a["known"] for a in answers] == [5000, 5000, 2000]


def test_track_sends_nothing_when_one_id_is_bad(daemon):
    d = daemon()
    ran = d.command("track", stdin="req_1\n../etc\x1b[2J\n")
    assert ran.returncode == 1 and ran.stderr.startswith("seedhook: line 2 is no requestId: ../etc\\x1b[2J\n")
    assert d.command("track", "req_1", "a b").returncode == 2
    assert d.command("track", "req_1", "--source", "nobody").returncode == 1
    assert d.tasks() == []


def test_a_callback_of_a_tracked_task_is_delivered_by_its_metadata(daemon, sandbox, folder):
    sink = {"name": "film", "type": "directory", "path": str(folder / "film"), "file": "{metadata.name}-{requestId}.{ext}"}
    (folder / "film").mkdir()
    d = daemon(settings={"sinks": [sink]})
    box = sandbox("--duration-ms", 4000)  # longer than it takes to track it, also with sanitizers
    request_id = box.submit(d.hook_url)
    assert d.command("track", request_id, "--metadata", "name=autumn").returncode == 0
    assert d.finished(request_id)["stage"] == "done"
    assert (folder / "film" / f"autumn-{request_id}.mp4").exists()


def test_cancel_asks_upstream(api):
    api.on("POST", "/v1/tasks/a%3Ab/cancel", (200, {"success": True}))
    ran = api.command("cancel", "a:b", "--source", "main")
    assert ran.returncode == 0 and "seedhook show a:b --wait 1m" in ran.stdout
    assert api.asked == [("POST", "/v1/tasks/a%3Ab/cancel?source=main", "")]


def test_what_is_unknown_or_has_ended_is_not_cancelled(daemon):
    d = daemon()
    assert d.command("cancel", "req_none").returncode == 1
    d.post(harness.callback("req_1", "failed"))
    ran = d.command("cancel", "req_1")
    assert (ran.returncode, ran.stderr) == (1, "seedhook: the task has ended: failed (already_settled)\n")


def test_models_are_a_table(api):
    models = {"success": True, "data": [{"id": "seedance-2.0", "durations": [4, 5, 6], "usdPerSecond": {"480p": 0.05}}]}
    api.on("GET", "/v1/models", (200, models))
    assert api.command("models").stdout.splitlines()[1].split() == ["seedance-2.0", "4-6", "-", "-", "480p", "0.05"]
    assert json.loads(api.command("models", "--json").stdout) == models
    api.on("GET", "/v1/models", (200, "[]"), (404, {"success": False, "error": {"code": "unknown_source", "message": "m"}}))
    assert api.command("models").returncode == 1
    assert api.command("models", "--source", "x").returncode == 1


@pytest.mark.parametrize("arguments", [
    ("submit", ""), ("submit", "x", "--body", "y"), ("submit", "--model", "m", "--body", "y"), ("submit", "x", "--timeout", "5s"),
    ("submit", "x", "--wait", "--timeout", "soon"), ("submit", "x", "--duration", "1.5"), ("submit", "x", "--metadata", "k"),
    ("track", "--metadata", "k", "req_1"), ("cancel",), ("models", "x"),
])
def test_wrong_usage_is_told_apart(api, arguments):
    assert api.command(*arguments).returncode == 2
    assert api.asked == []


def test_no_daemon_is_told_apart(folder):
    for arguments in (("submit", "x"), ("track", "req_1"), ("cancel", "req_1"), ("models",)):
        ran = subprocess.run([harness.SEEDHOOK, *arguments, "--control", f"unix:{folder}/none"], stdin=subprocess.DEVNULL,
                             capture_output=True, check=False, timeout=harness.PATIENCE)
        assert ran.returncode == 69
    ran = subprocess.run([harness.SEEDHOOK, "models", "-c", str(folder / "none.yaml")], capture_output=True, check=False)
    assert ran.returncode == 78
