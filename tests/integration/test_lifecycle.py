"""Starting, reloading, stopping and being killed."""
import hashlib
import json
import random
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

import harness
from harness import HOOK, callback, sign


def certificate_served(d):
    with d.tls_socket() as s:
        return s.getpeercert(binary_form=True)


def halves(request_id):
    """A callback as bytes, cut within its body."""
    body = json.dumps(callback(request_id, "failed"))
    head = f"POST {HOOK} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\nx-seedance-signature: {sign(body)}\r\n\r\n"
    data = (head + body).encode()
    return data[:-10], data[-10:]


def refuses_connections(d):
    try:
        socket.create_connection(("127.0.0.1", d.port), timeout=1).close()
        return False
    except OSError:
        return True


# -- stopping


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_request_in_hand_is_finished_before_the_end(daemon, folder, authority, started, number):
    d = daemon()
    first, rest = halves("req_in_hand")
    with d.tls_socket() as s:
        s.sendall(first)
        time.sleep(0.3)
        d.signal(number)
        harness.wait_until(lambda: refuses_connections(d), "the listener to close")
        assert d.running
        s.sendall(rest)
        answer = harness.read_all(s)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer.lower()
    assert d.wait() == 0
    again = started(harness.Daemon(folder, authority, port=d.port)).ready()
    assert again.task("req_in_hand").json["status"] == "failed"


def test_idle_connections_do_not_delay_the_end(daemon):
    d = daemon()
    with d.tls_socket() as idle, d.tls_socket() as used:
        used.sendall(b"GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert used.recv(100)
        begin = time.monotonic()
        d.stop()
        assert time.monotonic() - begin < 10
        assert idle.fileno() > 0


def test_a_second_signal_ends_it_at_once(daemon):
    d = daemon()
    first, _ = halves("req_never_finished")
    with d.tls_socket() as s:
        s.sendall(first)
        time.sleep(0.3)
        d.signal(signal.SIGTERM)
        harness.wait_until(lambda: refuses_connections(d), "the listener to close")
        assert d.running
        begin = time.monotonic()
        d.signal(signal.SIGTERM)
        assert d.wait(10) != 0
        assert time.monotonic() - begin < 5


def test_a_grace_that_is_over_ends_it_too(daemon):
    d = daemon(settings={"shutdown_grace": "500ms"})
    first, _ = halves("req_too_slow")
    with d.tls_socket() as s:
        s.sendall(first)
        time.sleep(0.3)
        begin = time.monotonic()
        d.stop()
        assert time.monotonic() - begin < 10


def test_the_control_socket_is_ours_alone_and_goes_with_the_daemon(daemon):
    d = daemon()
    socket_file = d.folder / "control.sock"
    assert socket_file.stat().st_mode & 0o777 == 0o660
    d.stop()
    assert not socket_file.exists()


# -- reloading


def reload(d):
    d.signal(signal.SIGHUP)


def test_a_new_configuration_is_taken_on_sighup(daemon):
    d = daemon()
    assert d.post(callback("req_b", "failed"), secret="b", target="/hooks/b").status == 404
    d.settings["sources"].append({"name": "b", "path": "/hooks/b", "secrets": ["b"]})
    d.settings["sources"][0]["secrets"] = ["whsec_new", harness.SECRET]
    d.write_config()
    reload(d)
    harness.wait_until(lambda: d.post(callback("req_b", "failed"), secret="b", target="/hooks/b").status == 200, "the new source")
    assert d.post(callback("req_a", "failed"), secret="whsec_new").status == 200
    assert d.task("req_b").json["source"] == "b"


@pytest.mark.parametrize("broken", ["{", "sources: []", "listeners: 7", ""])
def test_a_bad_configuration_is_reported_and_the_old_one_stays(daemon, broken):
    d = daemon()
    d.config_file.write_text(broken)
    before = len(d.logs())
    reload(d)
    harness.wait_until(lambda: "seedhook.yaml" in d.logs()[before:] or "error" in d.logs()[before:], "a complaint")
    assert d.post(callback("req_still", "failed")).status == 200
    d.write_config()
    reload(d)
    assert d.post(callback("req_still_too", "failed")).status == 200


def test_a_change_that_needs_a_restart_is_refused_and_said(daemon):
    d = daemon()
    d.settings["sources"][0]["secrets"] = ["whsec_new"]
    d.settings["shutdown_grace"] = "7s"
    d.write_config()
    reload(d)
    harness.wait_until(lambda: "a restart is needed to change: shutdown_grace" in d.logs(), "the refusal")
    assert any("shutdown_grace" in why for why in d.api("GET", "/readyz").json["degraded"])
    assert d.post(callback("req_old_secret", "failed")).status == 200


def test_a_new_certificate_is_served_after_sighup(daemon):
    d = daemon()
    old = certificate_served(d)
    with d.tls_socket() as s:
        d.install_certificate("renewed")
        reload(d)
        harness.wait_until(lambda: certificate_served(d) != old, "the new certificate")
        # The connection from before goes on.
        first, rest = halves("req_over_the_change")
        s.sendall(first + rest)
        assert s.recv(100).startswith(b"HTTP/1.1 200 ")


def test_a_bad_certificate_leaves_the_old_one(daemon):
    d = daemon()
    old = certificate_served(d)
    (d.folder / "server.pem").write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    reload(d)
    time.sleep(0.5)
    assert certificate_served(d) == old
    assert d.post(callback("req_old_certificate", "failed")).status == 200


def test_reloads_lose_no_request(daemon):
    d = daemon()
    answers, stop = [], threading.Event()

    def tell():
        while not stop.is_set():
            answers.append(d.post(callback(f"req_reload_{len(answers)}", "failed")).status)

    thread = threading.Thread(target=tell)
    thread.start()
    for _ in range(10):
        reload(d)
        time.sleep(0.1)
    stop.set()
    thread.join()
    assert answers and set(answers) == {200}


# -- exit codes


def test_a_wrong_configuration_is_exit_code_78(folder, authority):
    d = harness.Daemon(folder, authority, start=False)
    d.settings["listners"] = d.settings.pop("listeners")
    d.write_config()
    for command in ("serve", "check"):
        ended = d.command(command)
        assert ended.returncode == 78, ended
        assert "listners" in ended.stderr and "listeners" in ended.stderr
        assert harness.SECRET not in ended.stderr + ended.stdout
    assert d.cli("serve", "-c", str(folder / "none.yaml")).returncode == 78


def test_no_daemon_is_exit_code_69(folder, authority):
    d = harness.Daemon(folder, authority, start=False)
    for arguments in (("tasks",), ("show", "req_x"), ("redeliver", "req_x")):
        assert d.command(*arguments).returncode == 69


def test_a_wrong_command_line_is_exit_code_2(folder, authority):
    d = harness.Daemon(folder, authority, start=False)
    for arguments in ((), ("dance",), ("serve", "--nonsense"), ("show",)):
        assert d.cli(*arguments).returncode == 2
    assert d.cli("version").returncode == 0
    assert d.cli("--help").returncode == 0


def test_a_second_daemon_on_the_same_store_is_refused(daemon, folder, authority):
    d = daemon()
    other_folder = folder / "other"
    other_folder.mkdir()
    other = harness.Daemon(other_folder, authority, start=False, settings={"store": d.settings["store"]})
    other.write_config()
    ended = other.command("serve")
    assert ended.returncode == 1, ended
    assert d.post(callback("req_first_stays", "failed")).status == 200


def test_a_port_in_use_is_exit_code_1(daemon, folder, authority):
    d = daemon()
    other_folder = folder / "other"
    other_folder.mkdir()
    other = harness.Daemon(other_folder, authority, start=False, port=d.port)
    ended = other.command("serve")
    assert ended.returncode == 1, ended
    assert str(d.port) in ended.stderr


# -- being killed


class Poster(threading.Thread):
    """Tells the daemon of tasks until it is gone; knows what was acknowledged."""

    def __init__(self, d, bodies):
        super().__init__()
        self.d, self.bodies, self.acknowledged = d, bodies, []

    def run(self):
        for request_id, body in self.bodies:
            try:
                if self.d.post(body).status == 200:
                    self.acknowledged.append(request_id)
            except (OSError, ssl.SSLError, harness.http.client.HTTPException):
                return


def test_what_was_acknowledged_survives_kill_9(folder, authority, sandbox, started):
    box = sandbox("--duration-ms", 0, "--video-bytes", "300KiB", "--seed", 11)
    chance = random.Random(2)
    port = harness.free_port()
    acknowledged, told = set(), {}
    for cycle in range(5):
        ids = [box.submit() for _ in range(15)]
        harness.wait_until(lambda: all(t["settledAt"] for t in box.tasks()), "the tasks to settle")
        bodies = []
        for request_id in ids:
            told[request_id] = box.task(request_id)["video"]
            bodies.append((request_id, callback(request_id, url=told[request_id]["url"])))
        d = started(harness.Daemon(folder, authority, port=port)).ready()
        poster = Poster(d, bodies)
        poster.start()
        if cycle > 0:
            time.sleep(chance.uniform(0, 0.5))
        else:
            harness.wait_until(lambda: len(poster.acknowledged) >= 3, "the first acknowledgements")
        d.kill()
        poster.join()
        acknowledged |= set(poster.acknowledged)
    assert len(acknowledged) >= 3
    d = started(harness.Daemon(folder, authority, port=port)).ready()
    for request_id in acknowledged:
        assert d.finished(request_id)["stage"] == "done"
    # A callback whose answer never arrived may have been stored too.
    for task in d.tasks():
        assert d.finished(task["requestId"])["stage"] == "done"
    stored = {task["requestId"] for task in d.tasks()}
    assert acknowledged <= stored <= set(told)
    files = {str(p.relative_to(d.videos)) for p in d.videos.rglob("*") if p.is_file()}
    assert files == {f"{request_id}.mp4" for request_id in stored}
    for request_id in stored:
        content = (d.videos / f"{request_id}.mp4").read_bytes()
        assert hashlib.sha256(content).hexdigest() == told[request_id]["sha256"]
    for request_id in stored:
        assert d.post(callback(request_id, url=told[request_id]["url"])).json["duplicate"] is True
    spool = d.folder / "spool"
    harness.wait_until(lambda: not [p for p in spool.rglob("*.mp4") if p.is_file()], "the spool to be cleared", 15)


def test_a_stop_amid_a_transfer_is_taken_up_again(folder, authority, sandbox, started):
    box = sandbox("--duration-ms", 0, "--video-bytes", "64MiB", "--seed", 12)
    request_id = box.submit()
    harness.wait_until(lambda: box.tasks()[0]["settledAt"], "the task to settle")
    film = box.task(request_id)["video"]
    d = started(harness.Daemon(folder, authority, settings={"shutdown_grace": "1s"})).ready()
    assert d.post(callback(request_id, url=film["url"])).status == 200
    d.stop()
    again = started(harness.Daemon(folder, authority, port=d.port)).ready()
    assert again.finished(request_id)["stage"] == "done"
    assert harness.sha256_file(d.videos / f"{request_id}.mp4") == film["sha256"]


def test_the_version_is_the_builds(folder, authority):
    d = harness.Daemon(folder, authority, start=False)
    said = subprocess.run([harness.SEEDHOOK, "version"], capture_output=True, text=True, check=True).stdout
    assert said.strip() and d.cli("version").stdout == said
