"""`seedhook check`, `sign` and the commands' exit codes, run from outside on good and bad configurations."""
import base64
import hashlib
import hmac
import json
import os
import pathlib
import socket
import subprocess
import threading

import pytest

SEEDHOOK = os.environ["SEEDHOOK"]
PROJECT = pathlib.Path(__file__).resolve().parents[2]
SECRETS = ["hunter2-in-the-file", "hunter2-in-the-environment", "hunter2-in-a-file", "hunter2-in-a-credential"]

GOOD = """\
listeners:
  - address: 127.0.0.1:0
sources:
  - name: main
    path: /hooks/main
    secrets: ["hunter2-in-the-file", "${{env:HOOK}}", "${{file:{folder}/secret}}", "${{credential:hook}}"]
  - name: other
    path: /hooks/other
    secrets: ["hunter2-in-the-file"]
    signature: {{header: x-other, encoding: base64, prefix: "v1=", content: "{{header:x-time}}.{{body}}"}}
  - name: open
    path: /hooks/open
    verify: none
spool: {{path: {folder}/spool}}
sinks:
  - {{name: library, type: directory, path: {folder}/videos, file: "{{date}}/{{requestId}}.{{ext}}"}}
store: {{path: {folder}/seedhook.db}}
control: {{address: "unix:{folder}/control.sock"}}
"""

BAD = """\
listeners:
  - address: 0.0.0.0:8443
sources:
  - name: main
    pth: /hooks
    secrets: ["${env:NOT_SET}", hunter2-in-the-file]
  - name: other
    path: /other
    verify: confirm
    secrets: hunter2-in-the-file
fetch:
  concurrency: "${env:HOOK}"
  max_bytes: 4GB
sinks:
  - {name: a, type: s3, bucket: b}
  - {name: a, type: directory, path: videos, mode: 640}
poll: {first_after: soon}
log: {level: info, level: debug}
"""


def run(*arguments, stdin=b"", **environment):
    return subprocess.run([SEEDHOOK, *arguments], input=stdin, capture_output=True, timeout=30,
                          env={"PATH": os.environ["PATH"], **environment})


@pytest.fixture
def good(tmp_path):
    (tmp_path / "secret").write_text("hunter2-in-a-file\n")
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "hook").write_text("hunter2-in-a-credential\n")
    file = tmp_path / "seedhook.yaml"
    file.write_text(GOOD.format(folder=tmp_path))
    environment = {"HOOK": "hunter2-in-the-environment", "CREDENTIALS_DIRECTORY": str(credentials)}

    def command(name, *arguments, stdin=b""):
        return run(name, "-c", str(file), *arguments, stdin=stdin, **environment)

    command.folder = tmp_path
    return command


def assert_no_secret(result):
    for secret in SECRETS:
        assert secret.encode() not in result.stdout + result.stderr


def test_a_good_file_is_told_without_its_secrets(good):
    result = good("check")
    assert result.returncode == 0, result.stderr
    assert result.stderr == b""
    for part in ["127.0.0.1:0", "POST /hooks/main", "4 secrets", "library", "{date}/{requestId}.{ext}", "20GiB",
                 "warning: source open has verify: none"]:
        assert part in result.stdout.decode()
    assert_no_secret(result)


def test_a_good_file_is_told_as_json(good):
    result = good("check", "--json")
    assert result.returncode == 0
    told = json.loads(result.stdout)
    assert told["ok"] is True and told["mistakes"] == []
    assert [s["secrets"] for s in told["settings"]["sources"]] == [4, 1, 0]
    assert told["settings"]["sinks"][0]["path"] == f"{good.folder}/videos"
    assert len(told["warnings"]) == 4
    assert_no_secret(result)


def test_check_opens_and_makes_nothing(good):
    before = sorted(good.folder.rglob("*"))
    good("check")
    assert sorted(good.folder.rglob("*")) == before


def test_all_mistakes_come_in_one_run(tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text(BAD)
    for command in ["check", "serve", "sign"]:
        result = run(command, "-c", str(file), HOOK="hunter2-in-the-environment")
        assert result.returncode == 78
        assert result.stdout == b""
        assert [line[len(str(file)) + 1:] for line in result.stderr.decode().splitlines()] == [
            "2:14: listeners[0].address: others than this machine can reach it: it needs `tls`, or `plaintext: true` "
            "to go without",
            "4:5: sources[0].path: is missing",
            "5:5: sources[0].pth: unknown key; did you mean \"path\"?",
            "6:15: sources[0].secrets[0]: the environment variable NOT_SET is not set",
            "7:5: sources[1].api: is missing: `verify: confirm` needs it, to ask what became of the task",
            "10:14: sources[1].secrets: must be a list",
            "12:16: fetch.concurrency: must be a whole number from 1 to 256, not \"${env:HOOK}\"",
            "13:14: fetch.max_bytes: must be a size such as 64KiB, 4GiB, or a plain number of bytes, not \"4GB\"",
            "15:33: sinks[0].bucket: must be a bucket's name: 3 to 255 letters, digits, `-`, `.` or `_`, as in "
            "`videos-2026`, not \"b\"",
            "16:12: sinks[1].name: another of the sinks has the same",
            "16:38: sinks[1].path: must be an absolute path (all paths here are), not \"videos\"",
            "16:52: sinks[1].mode: must be permissions in octal with a leading 0, from 0000 to 0777, not \"640\"",
            "17:21: poll.first_after: must be a duration such as 500ms, 30s, 5m, 24h or 7d, not \"soon\"",
            "18:20: log.level: is there twice",
        ]
        assert_no_secret(result)


def test_mistakes_are_told_as_json_too(tmp_path):
    file = tmp_path / "bad.yaml"
    file.write_text(BAD)
    result = run("check", "--json", "-c", str(file), HOOK="hunter2-in-the-environment")
    assert result.returncode == 78
    told = json.loads(result.stdout)
    assert told["ok"] is False and told["settings"] is None
    assert len(told["mistakes"]) == len(result.stderr.splitlines()) == 14
    assert told["mistakes"][2] == {"file": str(file), "line": 5, "column": 5, "key": "sources[0].pth",
                                   "message": "unknown key; did you mean \"path\"?"}
    assert_no_secret(result)


@pytest.mark.parametrize("content", [
    b"", b"\x00", b"\xff\xfe", b"listeners: [", b"a: &a [*a]\n", b"[" * 100000, b"a: \"x\n", b"\tlisteners: 1\n",
    b"? {a: b}\n: c\n", b"a" * (2 << 20), b"--- 1\n--- 2\n", b"\x04", b"a: !!python/object:os.system x\n",
    b"a: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [%s]\n" % (c, c, b",".join([b"*%c" % (c - 1)] * 9)) for c in range(98, 120)),
])
def test_hostile_files_are_refused(tmp_path, content):
    file = tmp_path / "bad.yaml"
    file.write_bytes(content)
    result = run("check", "-c", str(file))
    assert result.returncode == 78
    assert result.stderr.startswith(str(file).encode())
    assert len(result.stderr) < 1000


def test_an_absent_file_is_a_mistake():
    result = run("check", "-c", "/nonexistent/seedhook.yaml")
    assert result.returncode == 78
    assert result.stderr == b"/nonexistent/seedhook.yaml: cannot be read: No such file or directory\n"


def test_the_example_is_right(tmp_path):
    (tmp_path / "webhook-secret").write_text("hunter2-in-a-credential\n")
    result = run("check", "-c", str(PROJECT / "config/seedhook.yaml"), CREDENTIALS_DIRECTORY=str(tmp_path))
    assert result.returncode == 0, result.stderr
    assert_no_secret(result)


def test_sign_signs_as_documented(good):
    body = b'{"requestId":"req_1"}\n\x00\xff'
    wanted = hmac.new(b"hunter2-in-the-file", body, hashlib.sha256).hexdigest().encode()
    result = good("sign", "--source", "main", stdin=body)
    assert (result.returncode, result.stdout) == (0, b"x-seedance-signature: " + wanted + b"\n")
    (good.folder / "body").write_bytes(body)
    result = good("sign", "--source", "main", "--body", str(good.folder / "body"), "--value-only")
    assert (result.returncode, result.stdout) == (0, wanted + b"\n")


def test_sign_follows_the_sources_scheme(good):
    mac = hmac.new(b"hunter2-in-the-file", b"17.body", hashlib.sha256).digest()
    result = good("sign", "--source", "other", "--header", "X-Time: 17", stdin=b"body")
    assert (result.returncode, result.stdout) == (0, b"x-other: v1=" + base64.b64encode(mac) + b"\n")
    result = good("sign", "--source", "other", stdin=b"body")
    assert result.returncode == 1 and b"--header" in result.stderr and result.stdout == b""


def test_sign_says_what_it_cannot_do(good):
    assert good("sign").returncode == 2  # several sources, none named
    assert good("sign", "--source", "nope").returncode == 1
    assert b"verify: none" in good("sign", "--source", "open").stderr
    assert good("sign", "--source", "main", "--body", "/nonexistent").returncode == 1
    assert good("sign", "--source", "other", "--header", "no colon").returncode == 2


@pytest.mark.parametrize("arguments", [
    [], ["nonsense"], ["submit"], ["track", "a b"], ["cancel"], ["models", "x"], ["doctor", "x"], ["tasks", "--stage", "nope"],
    ["tasks", "--limit", "0"], ["tasks", "--limit", "x"], ["tasks", "--limit", "5", "--all"], ["show"], ["redeliver"],
    ["show", "id", "--wait", "soon", "--control", "unix:/x"], ["tasks", "--control", "127.0.0.1:80"],
    ["check", "--nonsense"], ["serve", "extra"], ["show", "one", "two"],
])
def test_wrong_usage_ends_with_2(arguments):
    result = run(*arguments)
    assert result.returncode == 2
    assert result.stderr and result.stdout == b""


@pytest.mark.parametrize("command", ["serve", "check", "submit", "track", "tasks", "show", "redeliver", "cancel", "models", "sign",
                                     "version"])
def test_every_command_has_help(command):
    result = run(command, "--help")
    assert result.returncode == 0
    assert b"seedhook " + command.encode() in result.stdout
    assert command.encode() in run("--help").stdout


def test_version_names_the_libraries():
    lines = run("version").stdout.decode().splitlines()
    assert lines[0].split()[0] == "seedhook" and lines[0].split()[1][0].isdigit()
    assert any(line.startswith("OpenSSL 3") for line in lines)


def test_without_a_daemon_the_code_is_69(good):
    for command in [["tasks"], ["show", "req_1"], ["redeliver", "req_1"]]:
        result = good(*command)
        assert result.returncode == 69
        assert str(good.folder / "control.sock").encode() in result.stderr
        assert result.stdout == b""
    assert run("tasks", "--control", f"unix:{good.folder}/none.sock").returncode == 69


def test_the_control_address_is_read_without_the_secrets(good):
    # None of the variables that the secrets need is set.
    result = run("tasks", "-c", str(good.folder / "seedhook.yaml"))
    assert result.returncode == 69
    result = run("tasks", "-c", "/nonexistent")
    assert result.returncode == 78 and b"--control" in result.stderr


class FakeDaemon:
    """Answers each request on a unix socket with the next of some canned answers."""

    def __init__(self, folder, answers):
        self.address = f"unix:{folder}/fake.sock"
        self.requests = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{folder}/fake.sock")
        self.listener.listen()
        self.thread = threading.Thread(target=self.serve, args=(answers,), daemon=True)
        self.thread.start()

    def serve(self, answers):
        for status, body in answers:
            peer, _ = self.listener.accept()
            with peer:
                received = b""
                while b"\r\n\r\n" not in received:
                    received += peer.recv(65536)
                head, _, rest = received.partition(b"\r\n\r\n")
                length = next((int(line.split(b":")[1]) for line in head.split(b"\r\n")
                               if line.lower().startswith(b"content-length:")), 0)
                while len(rest) < length:
                    rest += peer.recv(65536)
                self.requests.append((head.split(b"\r\n")[0].decode(), rest))
                peer.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s"
                             % (status, len(body), body))


def page(first, count, cursor):
    tasks = [{"requestId": f"req_{i}", "source": "main", "status": "succeeded", "stage": "done"}
             for i in range(first, first + count)]
    return 200, json.dumps({"tasks": tasks, "next": cursor}).encode()


def test_tasks_follows_the_cursor(tmp_path):
    daemon = FakeDaemon(tmp_path, [page(0, 2, "c 1"), page(2, 2, "c2"), page(4, 1, None)])
    result = run("tasks", "--all", "--stage", "stuck", "--source", "a&b", "-q", "x y", "--control", daemon.address)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.decode().splitlines()
    assert lines[0].startswith("REQUEST ID")
    assert [line.split()[0] for line in lines[1:]] == [f"req_{i}" for i in range(5)]
    assert [line for line, _ in daemon.requests] == [
        "GET /v1/tasks?stage=stuck&source=a%26b&q=x%20y&limit=500 HTTP/1.1",
        "GET /v1/tasks?stage=stuck&source=a%26b&q=x%20y&limit=500&cursor=c%201 HTTP/1.1",
        "GET /v1/tasks?stage=stuck&source=a%26b&q=x%20y&limit=500&cursor=c2 HTTP/1.1"]


def test_tasks_stops_at_its_limit_and_says_that_there_are_more(tmp_path):
    daemon = FakeDaemon(tmp_path, [page(0, 500, "c1"), page(500, 100, "c2")])
    result = run("tasks", "--limit", "600", "--control", daemon.address)
    assert len(result.stdout.splitlines()) == 601
    assert b"There are more" in result.stderr
    assert [line.split("limit=")[1].split(" ")[0] for line, _ in daemon.requests] == ["500", "100&cursor=c1"]


def test_json_is_passed_on_as_it_came(tmp_path):
    body = b'{"tasks":[{"metadata":{"n":123456789012345678901234567890, "f": 1.50}}],"next":null}'
    daemon = FakeDaemon(tmp_path, [(200, body)])
    assert run("tasks", "--json", "--control", daemon.address).stdout == body + b"\n"


def test_a_hostile_message_cannot_drive_the_terminal(tmp_path):
    task = {"requestId": "r", "error": {"code": "x", "message": "\x1b[2J\x07\nstage done"}, "model": "\u009b31m"}
    refusal = {"success": False, "error": {"code": "\x1b[1m", "message": "no\x1b[2Jpe\r\n"}}
    for answer, code in [((200, task), 0), ((404, refusal), 1)]:
        folder = tmp_path / str(code)
        folder.mkdir()
        daemon = FakeDaemon(folder, [(answer[0], json.dumps(answer[1]).encode())])
        result = run("show", "r", "--control", daemon.address)
        assert result.returncode == code
        shown = (result.stdout + result.stderr).decode()
        assert not any(ord(c) < 32 and c != "\n" or 127 <= ord(c) < 160 for c in shown)


def test_show_waits_until_the_task_is_done(tmp_path):
    def answer(stage):
        return 200, json.dumps({"requestId": "r", "stage": stage}).encode()

    daemon = FakeDaemon(tmp_path, [(404, b'{"success":false,"error":{"code":"not_found","message":"no"}}'),
                                   answer("fetching"), answer("done")])
    result = run("show", "a/../b", "--source", "s", "--wait", "20m", "--control", daemon.address)
    assert result.returncode == 0, result.stderr
    assert [line for line, _ in daemon.requests] == ["GET /v1/tasks/a%2F..%2Fb?source=s&wait=5m HTTP/1.1"] * 3


@pytest.mark.parametrize("stage, code", [("stuck", 1), ("done", 0)])
def test_show_with_wait_ends_with_1_unless_the_task_is_done(tmp_path, stage, code):
    daemon = FakeDaemon(tmp_path, [(200, json.dumps({"requestId": "r", "stage": stage}).encode())])
    assert run("show", "r", "--wait", "5s", "--control", daemon.address).returncode == code


def test_redeliver_names_the_sink_in_its_body(tmp_path):
    accepted = (202, b'{"success":true,"requestId":"r"}')
    daemon = FakeDaemon(tmp_path, [accepted, accepted])
    assert run("redeliver", "r", "--sink", "a\"b", "--control", daemon.address).returncode == 0
    assert run("redeliver", "r", "--source", "s", "--control", daemon.address).returncode == 0
    assert [(line, json.loads(body)) for line, body in daemon.requests] == [
        ("POST /v1/tasks/r/redeliver HTTP/1.1", {"sink": "a\"b"}),
        ("POST /v1/tasks/r/redeliver?source=s HTTP/1.1", {})]


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{\"tasks\":7}"])
def test_something_else_on_the_socket_is_a_failure(tmp_path, body):
    daemon = FakeDaemon(tmp_path, [(200, body)])
    result = run("tasks", "--control", daemon.address)
    assert result.returncode == 1
    assert result.stdout == b"" and result.stderr


def test_a_full_standard_output_is_a_failure():
    with open("/dev/full", "wb") as full:
        result = subprocess.run([SEEDHOOK, "version"], stdout=full, stderr=subprocess.PIPE, timeout=30)
    assert result.returncode == 1
