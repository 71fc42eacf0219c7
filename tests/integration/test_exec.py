"""Commands as sinks, through the real daemon: what they are told, what becomes of their exit codes, and that nothing of
them is left, however they end."""
import contextlib
import hashlib
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import time

import pytest

import harness
from harness import callback, wait_until

NAMES = ["REQUEST_ID", "SOURCE", "STATUS", "FILE", "SIZE", "SHA256", "URL", "ERROR_CODE", "ERROR_MESSAGE", "ATTEMPT",
         "DELIVERY_ID", "SINK"]
HOSTILE = "'\"`touch pwned`$(touch pwned); touch pwned\n--help\t\\ *\u202e\U0001f39e"


def script(folder, text, name="hook.sh", first_line="#!/bin/sh\nset -eu\n"):
    file = folder / name
    file.write_text(first_line + text)
    file.chmod(0o755)
    return str(file)


def exec_sink(folder, command, name="ingest", **more):
    return {"name": name, "type": "exec", "command": command if isinstance(command, list) else [command],
            "on": ["succeeded", "failed"], "env": {"HERE": str(folder)}, "retry": {"min_delay": "1h", "max_delay": "1h"},
            **more}


def processes_of(folder):
    """Commands run for this test, and what they started: all that has its folder in the environment."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and f"HERE={folder}\0".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


def children_of(pid):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1]) == pid:
                found.append(int(entry.name))
    return found


def attempted(d, request_id, state=None):
    """The delivery once an attempt has ended (with that state)."""
    def look():
        answer = d.task(request_id)
        deliveries = answer.json["deliveries"] if answer.status == 200 else []
        ended = deliveries and deliveries[0]["note"] and deliveries[0]["state"] in ([state] if state else
                                                                                   ["pending", "blocked", "done", "rejected"])
        return ended and deliveries[0]

    return wait_until(look, f"an attempt for {request_id}", 60)


def fail(d, request_id, **more):
    answer = d.post(callback(request_id, "failed", **more))
    assert answer.status == 200, answer.body


def environment_in(file):
    return dict(entry.split("=", 1) for entry in file.read_bytes().decode().split("\0") if entry)


# -- what a command gets


def test_a_command_gets_the_video_and_all_about_it(sandbox, folder, daemon):
    run = script(folder, "cat /proc/$$/environ >$HERE/environ; cat >$HERE/document; cp -- \"$SEEDHOOK_FILE\" $HERE/copy.mp4\n")
    d = daemon(settings={"sinks": [exec_sink(folder, run)]})
    box = sandbox("--duration-ms", 50)
    request_id = box.submit(d.hook_url, metadata={"projectId": HOSTILE})
    task = d.finished(request_id)
    assert (task["stage"], task["deliveries"][0]["note"]) == ("done", "exit code 0")
    truth = box.task(request_id)["video"]
    assert hashlib.sha256((folder / "copy.mp4").read_bytes()).hexdigest() == truth["sha256"]
    told = environment_in(folder / "environ")
    assert sorted(told) == sorted(["PATH", "LANG", "HERE"] + [f"SEEDHOOK_{n}" for n in NAMES])
    told = {n: told[f"SEEDHOOK_{n}"] for n in NAMES}
    document = json.loads((folder / "document").read_text())
    assert told == {"REQUEST_ID": request_id, "SOURCE": "main", "STATUS": "succeeded", "FILE": document["video"]["path"],
                    "SIZE": str(truth["size"]), "SHA256": truth["sha256"], "URL": document["video"]["url"], "ERROR_CODE": "",
                    "ERROR_MESSAGE": "", "ATTEMPT": "1", "DELIVERY_ID": document["deliveryId"], "SINK": "ingest"}
    assert document["metadata"] == task["metadata"]


@pytest.mark.parametrize("shell", [False, True])
def test_hostile_texts_reach_a_command_as_they_are_and_are_run_by_nobody(folder, daemon, shell):
    text = "cd $HERE; printf %s \"$SEEDHOOK_ERROR_MESSAGE\" >message; cat >document; touch \"./--rf $SEEDHOOK_SINK\"\n"
    command = [text] if shell else script(folder, text)
    d = daemon(settings={"sinks": [exec_sink(folder, command, shell=shell)]})
    assert d.api("POST", "/v1/tasks", {"source": "main", "requestId": "a~b:c.-", "metadata": {HOSTILE: HOSTILE}}).status == 200
    fail(d, "a~b:c.-", error={"code": HOSTILE, "message": HOSTILE})
    assert attempted(d, "a~b:c.-")["note"] == "exit code 0"
    document = json.loads((folder / "document").read_text())
    assert document["metadata"] == {HOSTILE: HOSTILE} and document["error"]["message"] == HOSTILE
    assert (folder / "message").read_text() == HOSTILE
    assert not list(folder.rglob("pwned")) and not pathlib.Path("/pwned").exists()


LIST_DESCRIPTORS = """
import json, os, pathlib, time
place = pathlib.Path(os.environ["HERE"])
fds = {n: os.readlink(f"/proc/self/fd/{n}") for n in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{n}")}
(place / ("new-" + os.environ["SEEDHOOK_REQUEST_ID"])).write_text(json.dumps(fds))
os.rename(place / ("new-" + os.environ["SEEDHOOK_REQUEST_ID"]), place / os.environ["SEEDHOOK_REQUEST_ID"])
while not (place / "a").exists() or not (place / "b").exists():
    time.sleep(0.01)
"""


def test_two_commands_at_once_do_not_see_each_others_descriptors(folder, daemon):
    d = daemon(settings={"sinks": [exec_sink(folder, ["/usr/bin/python3", "-c", LIST_DESCRIPTORS])]})
    fail(d, "a")
    fail(d, "b")
    assert attempted(d, "a")["note"] == attempted(d, "b")["note"] == "exit code 0"
    one, other = (json.loads((folder / name).read_text()) for name in "ab")
    for descriptors in one, other:
        assert sorted(descriptors) == ["0", "1", "2"]
        assert "memfd:delivery" in descriptors["0"] and descriptors["1"] == descriptors["2"]
    assert one["1"].startswith("pipe:") and one["1"] != other["1"]


def test_planted_secrets_are_nowhere_but_in_the_commands_own_environment(folder, daemon):
    secret = "planted-6f1d-secret"
    run = script(folder, "touch $HERE/runs; until [ -e $HERE/end ]; do sleep 0.02; done; exit 3\n")
    sink = exec_sink(folder, run)
    sink["env"]["TOKEN"] = "${env:PLANTED}"
    d = daemon(settings={"sinks": [sink]}, environment={"PLANTED": secret})
    fail(d, "req_1")
    wait_until((folder / "runs").exists, "the command to run")
    hooks = processes_of(folder)
    assert hooks and all(f"TOKEN={secret}".encode() in pathlib.Path(f"/proc/{p}/environ").read_bytes() for p in hooks)
    [runner] = children_of(d.process.pid)
    assert pathlib.Path(f"/proc/{runner}/environ").read_bytes() == b""
    for entry in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit():
                assert secret.encode() not in (entry / "cmdline").read_bytes()
    (folder / "end").touch()
    attempted(d, "req_1")
    shown = d.task("req_1").body + d.api("GET", "/readyz").body + d.api("GET", "/metrics").body
    assert secret.encode() not in shown
    d.stop()
    assert secret not in d.last_words
    for file in folder.rglob("*"):
        if file.is_file():
            assert secret.encode() not in file.read_bytes(), file


ODD_SIGNALS = """
import os, signal, sys
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals() - {signal.SIGTERM})
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_a_command_begins_with_signals_as_they_usually_are_however_the_daemon_has_them(folder, daemon):
    run = script(folder, "grep -E '^Sig(Blk|Ign)' /proc/self/status >$HERE/signals\n")
    d = daemon(settings={"sinks": [exec_sink(folder, run)]}, wrapper=["/usr/bin/python3", "-c", ODD_SIGNALS])
    fail(d, "req_1")
    assert attempted(d, "req_1")["note"] == "exit code 0"
    libc_s_own = 1 << 31 | 1 << 32  # signals 32 and 33, which no program may change
    blocked, ignored = (int(line.split()[1], 16) & ~libc_s_own for line in (folder / "signals").read_text().splitlines())
    assert (blocked, ignored) == (0, 0)


# -- as another user

AS_NOBODY = pytest.mark.skipif(os.geteuid() != 0, reason="only root may run commands as somebody else")
GUEST, STRANGER = "nobody", "daemon"  # every Debian has both


def may_read(user, file):
    return subprocess.run(["runuser", "-u", user, "--", "cat", str(file)], capture_output=True, check=False).returncode == 0


@AS_NOBODY
def test_a_command_of_another_user_reads_its_video_and_nothing_else_of_the_spool(sandbox, folder, daemon):
    folder.chmod(0o711)  # what is above the spool is not the daemon's to open
    (folder / "result").mkdir()
    (folder / "result").chmod(0o777)
    run = script(folder, "id -un >$HERE/result/user; sha256sum <\"$SEEDHOOK_FILE\" >$HERE/result/sum\n"
                         "! ls \"${SEEDHOOK_FILE%/*}\"; ! (: >>\"$SEEDHOOK_FILE\")\n"
                         "echo \"$SEEDHOOK_FILE\" >$HERE/result/path; until [ -e $HERE/end ]; do sleep 0.02; done\n")
    library = {"name": "library", "type": "directory", "path": str(folder / "videos")}
    d = daemon(settings={"sinks": [exec_sink(folder, run, user=GUEST), library]})
    box = sandbox("--duration-ms", 50)
    request_id = box.submit(d.hook_url)
    wait_until((folder / "result" / "path").exists, "the command to run")
    video = pathlib.Path((folder / "result" / "path").read_text().strip())
    assert (folder / "result" / "user").read_text().strip() == GUEST
    assert (folder / "result" / "sum").read_text().split()[0] == box.task(request_id)["video"]["sha256"]
    assert may_read(GUEST, video) and not may_read(STRANGER, video)
    (video.parent / "another.mp4").write_bytes(b"another")
    (video.parent / "another.mp4").chmod(0o600)
    assert not may_read(GUEST, video.parent / "another.mp4")
    (folder / "end").touch()
    assert d.finished(request_id)["stage"] == "done"
    delivered = folder / "videos" / f"{request_id}.mp4"
    assert delivered.stat().st_mode & 0o777 == 0o640


@AS_NOBODY
def test_a_command_whose_user_cannot_come_to_the_spool_blocks_and_says_so(sandbox, folder, daemon):
    assert folder.stat().st_mode & 0o077 == 0
    d = daemon(settings={"sinks": [exec_sink(folder, "/bin/true", user=GUEST)]})
    request_id = sandbox("--duration-ms", 50).submit(d.hook_url)
    assert "not for the hook's user to read: Permission denied" in attempted(d, request_id, "blocked")["note"]
    wait_until(lambda: "hook's user" in json.dumps(d.api("GET", "/readyz").json["degraded"]), "the daemon to be degraded")


# -- what its end means


def test_exit_codes_mean_what_the_documents_say(folder, daemon):
    run = script(folder, "case $SEEDHOOK_REQUEST_ID in signal_*) kill -${SEEDHOOK_REQUEST_ID#signal_} $$;; esac\n"
                         "echo it ended; exit ${SEEDHOOK_REQUEST_ID#exit_}\n")
    d = daemon(settings={"sinks": [exec_sink(folder, run, reject_codes=[100, 101])]})
    expected = {"exit_0": "done", "exit_1": "pending", "exit_75": "pending", "exit_100": "rejected", "exit_101": "rejected",
                "exit_127": "pending", "signal_9": "pending", "signal_15": "pending"}
    for request_id in expected:
        fail(d, request_id)
    for request_id, state in expected.items():
        delivery = attempted(d, request_id)
        number = request_id.split("_")[1]
        sentence = f"exit code {number}\nit ended" if "exit" in request_id else f"killed by signal {number}"
        assert (delivery["state"], delivery["note"]) == (state, sentence)
        assert f"ingest: {sentence}" in [e["detail"] for e in d.task(request_id).json["events"]]
    shown = d.command("show", "exit_1").stdout
    assert "exit code 1\n" in shown and "\nOutput of ingest\n  it ended\n" in shown


def test_a_command_that_is_not_there_blocks_until_it_is(folder, daemon):
    retry = {"min_delay": "2s", "max_delay": "2s"}  # between two attempts it is seen to be blocked
    d = daemon(settings={"sinks": [exec_sink(folder, str(folder / "hook.sh"), retry=retry)]})
    fail(d, "req_1")
    assert "hook.sh: there is no such program" in attempted(d, "req_1", "blocked")["note"]
    wait_until(lambda: "hook.sh" in json.dumps(d.api("GET", "/readyz").json["degraded"]), "the daemon to be degraded")
    script(folder, "exit 0\n")
    assert attempted(d, "req_1", "done")["note"] == "exit code 0"


def test_a_user_that_is_not_there_is_refused_at_the_start(folder, authority, started):
    d = started(harness.Daemon(folder, authority, settings={"sinks": [exec_sink(folder, "/bin/true", user="no-such")]}))
    assert d.wait() != 0
    assert "there is no user `no-such`" in d.last_words


def test_output_is_kept_as_clean_text(folder, daemon):
    run = script(folder, r"printf '\033[31mred\033[0m\r\nbad \377 byte\0\n'; printf 'err\n' >&2; exit 2" + "\n")
    d = daemon(settings={"sinks": [exec_sink(folder, run)]})
    fail(d, "req_1")
    assert attempted(d, "req_1")["note"] == "exit code 2\n[31mred[0m\nbad \ufffd byte\nerr"


def test_a_gigabyte_of_output_fills_no_memory_and_blocks_nobody(folder, daemon):
    run = script(folder, "head -c 1073741824 /dev/zero | tr '\\0' x; echo END >&2; exit $((SEEDHOOK_ATTEMPT))\n")
    d = daemon(settings={"sinks": [exec_sink(folder, run, timeout="2m")]})
    fail(d, "req_1")
    most = 0

    def ended():
        nonlocal most
        for pid in [d.process.pid, *children_of(d.process.pid)]:
            with contextlib.suppress(OSError, StopIteration):
                status = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
                most = max(most, int(next(line for line in status if line.startswith("VmRSS")).split()[1]))
        delivery = d.task("req_1").json["deliveries"][0]
        return delivery["note"] and delivery

    note = wait_until(ended, "the command to end", 120)["note"]
    assert note.startswith("exit code 1\n\u2026xxx") and note.endswith("xEND") and 64_000 < len(note) < 66_000
    assert most < 100_000 or harness.is_sanitized(d.process.pid), f"{most} KiB"


# -- nothing is left


def test_at_its_time_out_a_command_is_ended_with_all_it_started_though_it_will_not(folder, daemon):
    run = script(folder, "trap '' TERM HUP INT; exec <&-\n"
                         "setsid sh -c 'trap \"\" TERM HUP; touch $HERE/own; while :; do sleep 1; done' &\n"
                         "(setsid sh -c 'setsid sleep 1000 & touch $HERE/deep; kill -STOP $$') &\n"
                         "while :; do echo still here; sleep 0.05; done\n")
    d = daemon(settings={"sinks": [exec_sink(folder, run, timeout="1s")]})
    begun = time.monotonic()
    fail(d, "req_1")
    wait_until(lambda: (folder / "own").exists() and (folder / "deep").exists(), "all that it starts")
    assert len(processes_of(folder)) >= 4
    note = attempted(d, "req_1")["note"]
    assert note.startswith("timed out after 1s, then killed by signal 9\nstill here")
    assert 10.5 < time.monotonic() - begun < 25
    assert processes_of(folder) == [] and children_of(d.process.pid) == []


def test_what_a_command_leaves_running_ends_with_it_also_when_it_kills_its_runner(folder, daemon):
    run = script(folder, "(setsid setsid sleep 1000 &) ; sleep 1000 &\n"
                         "case $SEEDHOOK_REQUEST_ID in killer) kill -9 $PPID; sleep 1000;; esac\n")
    wrapper = ["sh", "-c", "sleep 1000 & echo $! >$PLACE/bystander; trap '' CHLD; exec \"$@\"", "sh"]
    d = daemon(settings={"sinks": [exec_sink(folder, run)]}, wrapper=wrapper, environment={"PLACE": str(folder)})
    bystander = int((folder / "bystander").read_text())
    try:
        fail(d, "good")
        assert attempted(d, "good")["note"] == "exit code 0"
        assert processes_of(folder) == [] and children_of(d.process.pid) == [bystander]
        fail(d, "killer")
        assert attempted(d, "killer")["note"] == "the process that watches over the command was killed"
        assert processes_of(folder) == []
        # A child that the daemon had before it became the daemon is none of a command's.
        assert children_of(d.process.pid) == [bystander]
    finally:
        os.kill(bystander, signal.SIGKILL)


def test_when_the_daemon_is_killed_the_command_dies_and_runs_again_under_the_same_delivery(folder, authority, started):
    run = script(folder, "echo $SEEDHOOK_ATTEMPT $SEEDHOOK_DELIVERY_ID >>$HERE/attempts\n"
                         "[ $SEEDHOOK_ATTEMPT = 1 ] || exit 0\n"
                         "trap '' TERM HUP; setsid sh -c 'trap \"\" TERM HUP; touch $HERE/runs; while :; do sleep 1; done' &\n"
                         "while :; do sleep 1; done\n")
    settings = {"sinks": [exec_sink(folder, run, retry={"min_delay": "100ms", "max_delay": "1s"})]}
    d = started(harness.Daemon(folder, authority, settings=settings)).ready()
    fail(d, "req_1")
    wait_until((folder / "runs").exists, "the command to run")
    assert len(processes_of(folder)) >= 2
    d.kill()
    wait_until(lambda: processes_of(folder) == [], "the command to be gone", 5)
    d = started(harness.Daemon(folder, authority, settings=settings)).ready()
    assert attempted(d, "req_1", "done")["note"] == "exit code 0"
    (first, first_id), (second, second_id) = (line.split() for line in (folder / "attempts").read_text().splitlines())
    assert first == "1" and int(second) >= 2 and first_id == second_id


def test_a_stop_does_not_wait_for_a_command_that_will_not_end_which_is_told_when_it_runs_again(folder, authority, started):
    run = script(folder, "trap '' TERM; echo $SEEDHOOK_ATTEMPT $SEEDHOOK_DELIVERY_ID >>$HERE/attempts; touch $HERE/runs\n"
                         "[ ! -e $HERE/end ] || exit 0; while :; do sleep 1; done\n")
    settings = {"sinks": [exec_sink(folder, run)], "shutdown_grace": "500ms"}
    d = started(harness.Daemon(folder, authority, settings=settings)).ready()
    fail(d, "req_1")
    wait_until((folder / "runs").exists, "the command to run")
    begun = time.monotonic()
    d.stop()
    assert time.monotonic() - begun < 8 and processes_of(folder) == []
    (folder / "end").touch()
    d = started(harness.Daemon(folder, authority, settings=settings)).ready()
    assert attempted(d, "req_1", "done")["note"] == "exit code 0"
    (first, first_id), (second, second_id) = (line.split() for line in (folder / "attempts").read_text().splitlines())
    assert (first, second) == ("1", "2") and first_id == second_id


def test_a_hundred_commands_leave_no_process_and_no_descriptor(folder, daemon):
    d = daemon(settings={"sinks": [exec_sink(folder, "/bin/true")]})
    descriptors = pathlib.Path(f"/proc/{d.process.pid}/fd")
    fail(d, "first")
    attempted(d, "first")
    before = len(list(descriptors.iterdir()))
    for n in range(100):
        fail(d, f"req_{n}")
    wait_until(lambda: len(d.tasks("&stage=done")) == 101, "all of them", 300)
    wait_until(lambda: len(list(descriptors.iterdir())) < before + 10, "its descriptors to be closed", 5)
    assert children_of(d.process.pid) == []
    with contextlib.closing(sqlite3.connect(f"file:{folder}/seedhook.db?mode=ro", uri=True)) as db:
        assert db.execute("SELECT count(*) FROM jobs WHERE note = 'exit code 0' AND attempts = 1").fetchone() == (101,)
