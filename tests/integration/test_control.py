"""The control API: who may use it, lists, the event stream, videos, the summary."""
import concurrent.futures
import contextlib
import hashlib
import json
import socket
import struct
import subprocess
import threading
import time

import pytest

import harness
from control_api import TOKEN, Listener, Over, silent


@pytest.fixture
def over():
    return Over()


@pytest.fixture
def reachable(folder, authority, started, over):
    """A daemon whose control API is at a TCP port."""
    def start(settings=None, **options):
        made = started(harness.Daemon(folder, authority, settings={**over.settings(), **(settings or {})}, **options))
        harness.wait_until(over.is_up, "the control API")
        return made

    return start


def unix(daemon, timeout=harness.PATIENCE):
    return harness.UnixConnection(daemon.control, timeout)


def delivered(daemon, sandbox, **fields):
    """The requestId of a task whose video is delivered."""
    request_id = sandbox.submit(webhook=daemon.hook_url, **fields)
    assert daemon.finished(request_id)["stage"] == "done"
    return request_id


# ---- who may use it ----

def test_over_tcp_only_the_token_opens_it(reachable, over):
    reachable()
    assert over.ask("/v1/tasks").status == 200
    for wrong in (None, "Bearer wrong", "Bearer", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x"):
        for target in ("/v1/tasks", "/readyz", "/metrics", "/v1/events", "/v1/summary", "/nothing"):
            answer = over.ask(target, Authorization=wrong)
            assert (answer.status, answer.code) == (401, "unauthorized"), (wrong, target)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        assert over.ask("/healthz", Authorization=wrong).status == 200
        assert over.ask("/", Authorization=wrong).status == 200


def test_a_strangers_body_is_not_read(reachable, over):
    reachable()
    with socket.create_connection(("127.0.0.1", over.port), timeout=harness.PATIENCE) as s:
        s.sendall(b"POST /v1/tasks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000000\r\n\r\n{")
        answer = harness.read_all(s)
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"Connection: close" in answer


def test_pages_of_other_sites_cannot_reach_it(reachable, over):
    reachable()
    own = f"127.0.0.1:{over.port}"
    assert over.ask("/v1/tasks", Origin=f"http://{own}").status == 200
    assert over.ask("/v1/tasks", Host=f"localhost:{over.port}").status == 200
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1", f"http://localhost:{over.port}"):
        assert over.ask("/v1/tasks", Origin=origin).code == "forbidden"
        assert over.ask("/v1/tasks/x/redeliver", "POST", Origin=origin).code == "forbidden"
    for host in ("evil.example", f"evil.example:{over.port}", "10.0.0.1"):  # DNS rebinding
        answer = over.ask("/v1/tasks", Host=host)
        assert (answer.status, answer.code) == (421, "unknown_host")
        assert over.ask("/", Host=host, Origin=f"http://{host}").status == 421
    assert over.ask("/v1/tasks", Sec_Fetch_Site="cross-site").code == "forbidden"
    assert over.ask("/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate").status == 200


def test_a_unix_socket_needs_no_token_and_is_closed_to_pages_too(daemon):
    d = daemon()
    assert harness.exchange(unix(d), "GET", "/v1/tasks").status == 200
    # As a browser comes in through `ssh -L 9090:/run/seedhook/control.sock`.
    assert harness.exchange(unix(d), "GET", "/", headers={"Host": "localhost:9090"}).status == 200
    for headers in ({"Host": "evil.example:9090"}, {"Host": "localhost:9090", "Origin": "http://evil.example"}):
        assert harness.exchange(unix(d), "POST", "/v1/tasks/x/redeliver", headers=headers).status in (403, 421)


def test_token_and_names_are_reloaded(reachable, over):
    d = reachable()
    assert over.ask("/v1/tasks", Host="seedhook.example.com").status == 421
    d.settings["control"].update(token="another", hosts=["seedhook.example.com"])
    d.write_config()
    d.signal(harness.signal.SIGHUP)
    harness.wait_until(lambda: over.ask("/v1/tasks").status == 401, "the new token")
    assert over.ask("/v1/tasks", Authorization="Bearer another", Host="seedhook.example.com").status == 200


def test_tls_and_commands_over_it(folder, authority, started):
    over = Over(authority=authority)
    tls = {"certificate": str(folder / "server.pem"), "key": str(folder / "server.key")}
    d = started(harness.Daemon(folder, authority, settings=over.settings(tls=tls)))
    harness.wait_until(over.is_up, "the control API")
    assert d.command("tasks", "--json").returncode == 0
    d.post(harness.callback("req_1", "failed"))
    shown = d.command("show", "req_1", "--json")
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["status"] == "failed"


def test_commands_over_tcp_send_the_token(reachable, over, folder):
    d = reachable()
    assert d.command("tasks").returncode == 0
    there = ["--control", over.origin]
    for token, code in ((TOKEN, 0), ("wrong", 1)):
        done = subprocess.run([harness.SEEDHOOK, "tasks", *there], capture_output=True, text=True, check=False,
                              env={"SEEDHOOK_CONTROL_TOKEN": token}, timeout=harness.PATIENCE)
        assert done.returncode == code, done.stderr
    assert "control.token" in d.cli("tasks", *there).stderr
    checked = d.command("doctor", "--json")
    assert "runs and is ready" in checked.stdout, checked.stdout


# ---- lists ----

def test_lists_filter_and_page(daemon):
    d = daemon()
    for i in range(7):
        assert d.post(harness.callback(f"req_{i}", "failed" if i % 2 else "cancelled")).status == 200
    ids = lambda query: [t["requestId"] for t in d.tasks(query)]
    assert ids("") == [f"req_{i}" for i in range(6, -1, -1)]
    assert ids("&status=failed&stage=done") == ["req_5", "req_3", "req_1"]
    assert ids("&q=q_4") == ["req_4"]
    assert ids("&source=other") == []
    first = d.api("GET", "/v1/tasks?limit=3&status=cancelled").json
    rest = d.api("GET", f"/v1/tasks?limit=3&status=cancelled&cursor={first['next']}").json
    assert [t["requestId"] for t in first["tasks"] + rest["tasks"]] == ["req_6", "req_4", "req_2", "req_0"]
    for wrong in ("stage=x", "status=x", "limit=0", "limit=501", "cursor=x", "sort=age", "stage=done&stage=stuck", "q=%zz"):
        answer = d.api("GET", f"/v1/tasks?{wrong}")
        assert (answer.status, answer.code) == (400, "invalid_request"), wrong


# ---- events ----

def test_events_come_as_they_are_committed(daemon):
    d = daemon()
    assert d.post(harness.callback("before", "failed")).status == 200
    listener = Listener(unix(d))
    began = time.monotonic()
    assert d.post(harness.callback("req_1", "failed")).status == 200
    event = listener.next()
    assert time.monotonic() - began < 5
    assert (event["kind"], event["requestId"], event["source"]) == ("settled", "req_1", "main")
    assert listener.last_id == str(event["id"])
    listener.close()


def test_a_listener_misses_nothing_and_hears_nothing_twice_across_restarts(daemon, folder, authority, started):
    d = daemon()
    listener = Listener(unix(d), "/v1/events?after=0")
    seen = []

    def send(number):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            answers = pool.map(lambda i: d.post(harness.callback(f"r{number}_{i}", "failed")).status, range(40))
            assert set(answers) == {200}

    for life in range(3):
        sender = threading.Thread(target=send, args=(life,))
        sender.start()
        seen += [listener.next() for _ in range(10)]  # then the connection goes, in the middle of it
        last = listener.last_id
        listener.close()
        sender.join()
        if life == 1:
            d.kill()
        else:
            d.stop()
        d = started(harness.Daemon(folder, authority, settings=d.settings, port=d.port)).ready()
        listener = Listener(unix(d), headers={"Last-Event-ID": last})
    assert d.post(harness.callback("the_end", "failed")).status == 200
    seen += listener.until("settled", "the_end")
    listener.close()
    ids = [e["id"] for e in seen]
    assert ids == list(range(ids[0], ids[0] + len(ids))), "in order, each once, none missing"
    assert {e["requestId"] for e in seen if e["kind"] == "settled"} == {f"r{n}_{i}" for n in range(3) for i in range(40)} | {"the_end"}


def test_events_of_one_task(daemon):
    d = daemon()
    for i in range(5):
        assert d.post(harness.callback(f"req_{i}", "failed")).status == 200
    listener = Listener(unix(d), "/v1/events?after=0&requestId=req_3&source=main")
    assert listener.next()["requestId"] == "req_3"
    assert silent(listener.connection, 0.5)
    listener.close()


def test_a_stream_ends_well_when_the_daemon_stops(daemon):
    d = daemon()
    listener = Listener(unix(d))
    d.signal(harness.signal.SIGTERM)
    assert listener.next() is None  # the last chunk: http.client raises for a stream that is broken off
    d.stop()


def test_a_listener_that_reads_nothing_costs_no_memory(daemon):
    d = daemon()
    s = socket.socket(socket.AF_UNIX)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.connect(d.control)
    s.sendall(b"GET /v1/events?after=0 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    resident = lambda: int(open(f"/proc/{d.process.pid}/statm", encoding="ascii").read().split()[1]) * 4096
    long_text = {"error": {"code": "x", "message": "m" * 8000}}
    for i in range(100):
        assert d.post({**harness.callback(f"warm_{i}", "failed"), **long_text}).status == 200
    before = resident()
    for i in range(1500):
        assert d.post({**harness.callback(f"req_{i}", "failed"), **long_text}).status == 200
    if not harness.is_sanitized(d.process.pid):
        assert resident() - before < 16 * 1024 * 1024
    listener = Listener(unix(d), "/v1/events?after=0")  # others are not held up
    assert listener.next()["requestId"] == "warm_0"
    listener.close()
    s.close()


def test_the_events_command_goes_on_across_a_restart(daemon, folder, authority, started):
    d = daemon()
    assert d.post(harness.callback("req_1", "failed")).status == 200
    command = subprocess.Popen([harness.SEEDHOOK, "events", "-c", str(d.config_file), "--after", "0", "--limit", "2", "--json"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert json.loads(command.stdout.readline())["requestId"] == "req_1"
    d.stop()
    d = started(harness.Daemon(folder, authority, settings=d.settings, port=d.port)).ready()
    assert d.post(harness.callback("req_2", "failed")).status == 200
    out, _ = command.communicate(timeout=harness.PATIENCE)
    assert json.loads(out)["requestId"] == "req_2"
    assert command.returncode == 0
    line = d.command("events", "--after", "0", "--limit", "1", "--task", "req_2").stdout
    assert "main  req_2  settled" in line


# ---- waiting ----

def waits(daemon, pool, span, request_id="req_1"):
    """The answer to come, once there is a place to wait at."""
    def wait():
        while True:
            with contextlib.suppress(BlockingIOError):  # as many as the kernel takes are knocking at the unix socket
                answer = daemon.api("GET", f"/v1/tasks/{request_id}?wait={span}")
                if answer.status != 503:
                    return answer
            time.sleep(0.01)

    return pool.submit(wait)


def test_a_clock_that_jumps_does_not_prolong_a_wait(daemon, folder):
    clock = folder / "clock"
    clock.write_bytes(struct.pack("q", 0))
    d = daemon(environment=harness.with_shifted_clock(clock))
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        waiting = waits(d, pool, "2s")
        time.sleep(0.5)
        with open(clock, "r+b") as file:
            file.write(struct.pack("q", -30 * 86400))
        d.post(harness.callback("req_2", "failed"))  # wakes it
        assert waiting.result().status == 404
    assert 1.9 < time.monotonic() - began < 10


def test_those_who_wait_leave_room_for_others(daemon):
    d = daemon()
    with concurrent.futures.ThreadPoolExecutor(128) as pool:
        crowd = [waits(d, pool, "1m") for _ in range(128)]
        harness.wait_until(lambda: d.api("GET", "/v1/tasks/req_1?wait=1ms").status == 503, "all places to be taken")
        assert d.api("GET", "/readyz").status == 200
        assert d.api("GET", "/v1/tasks/req_1").status == 404
        d.post(harness.callback("req_1", "failed"))
        assert {one.result().status for one in crowd} == {200}
    assert d.api("GET", "/v1/tasks/req_1?wait=1ms").status == 200


# ---- videos ----

def test_a_video_in_parts_from_where_it_was_delivered(daemon, sandbox):
    s, d = sandbox(), daemon()
    request_id = delivered(d, s)
    target = f"/v1/tasks/{request_id}/video"
    whole = d.api("GET", target)
    shown = d.task(request_id).json["video"]
    assert whole.status == 200
    assert hashlib.sha256(whole.body).hexdigest() == shown["sha256"]
    assert whole.headers["Content-Type"] == "video/mp4"
    assert whole.headers["ETag"] == f'"{shown["sha256"]}"'
    assert whole.headers["X-Content-Type-Options"] == "nosniff"
    head = harness.exchange(unix(d), "HEAD", target)
    assert (head.status, head.headers["Content-Length"], head.body) == (200, str(len(whole.body)), b"")
    part = harness.exchange(unix(d), "GET", target, headers={"Range": "bytes=10-19", "If-Range": whole.headers["ETag"]})
    assert (part.status, part.body) == (206, whole.body[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(whole.body)}"
    assert harness.exchange(unix(d), "GET", target, headers={"Range": "bytes=99999999999-"}).status == 416
    # Somebody else's file of the same size is not shown in its place.
    (d.videos / f"{request_id}.mp4").write_bytes(b"x" * len(whole.body))
    gone = d.api("GET", target)
    assert (gone.status, gone.code) == (404, "no_video")


def test_a_video_is_found_however_its_folder_is_written(daemon, sandbox, folder):
    (folder / "films").mkdir()
    d = daemon(settings={"sinks": [{"name": "library", "type": "directory", "path": f"{folder}//films/./"}]})
    request_id = delivered(d, sandbox())
    assert d.api("GET", f"/v1/tasks/{request_id}/video").status == 200


def test_a_video_that_waits_for_its_sinks_comes_from_the_spool(daemon, sandbox):
    s = sandbox()
    d = daemon(settings={"sinks": [{"name": "never", "type": "exec", "command": ["/bin/false"],
                                    "retry": {"min_delay": "1h", "max_delay": "1h"}}]})
    request_id = s.submit(webhook=d.hook_url)
    harness.wait_until(lambda: (t := d.task(request_id)).status == 200 and t.json["video"], "the video")
    assert hashlib.sha256(d.api("GET", f"/v1/tasks/{request_id}/video").body).hexdigest() == \
        d.task(request_id).json["video"]["sha256"]


# ---- the summary ----

def test_the_summary_tells_how_sinks_fare(daemon, sandbox):
    s = sandbox()
    d = daemon()
    d.settings["sinks"].append({"name": "never", "type": "exec", "command": ["/bin/false"],
                                "retry": {"max_attempts": 1, "min_delay": "10ms"}})
    d.write_config()
    d.signal(harness.signal.SIGHUP)
    harness.wait_until(lambda: len(d.api("GET", "/v1/summary").json["sinks"]) == 2, "the second sink")
    request_id = s.submit(webhook=d.hook_url)
    assert d.finished(request_id)["stage"] == "stuck"  # which may be before the other sink has it

    def news():
        answer = d.api("GET", "/v1/summary").json
        return answer, {sink["name"]: sink for sink in answer["sinks"]}

    harness.wait_until(lambda: news()[1]["library"]["lastDelivered"], "the delivery to the other sink")
    told, sinks = news()
    assert sinks["library"]["type"] == "directory"
    assert sinks["library"]["lastDelivered"]["requestId"] == request_id
    assert sinks["never"]["lastFailed"]["requestId"] == request_id
    assert told["tasks"]["stuck"] == 1
