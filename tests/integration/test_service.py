"""As a system service: what systemd is told, and the watchdog."""
import http.client
import json
import os
import random
import signal
import socket
import threading
import time

import pytest

import harness
import service
from harness import HOOK, callback
from service import managed, manager  # noqa: F401 fixtures


# -- what it says


def test_it_is_ready_once_it_listens_and_says_so_when_it_stops(managed, manager):
    d = managed()
    socket.create_connection(("127.0.0.1", d.port), timeout=5).close()
    socket.socket(socket.AF_UNIX).connect(d.control)
    said = [message for _, message in manager.heard]
    assert said[0] == {"STATUS": "opening the store", "EXTEND_TIMEOUT_USEC": "900000000"}
    assert said[1] == {"READY": "1", "STATUS": "taking callbacks"}
    d.stop()
    said = [message for _, message in manager.heard]
    assert said[-1] == {"STOPPING": "1", "STATUS": "letting work in hand end", "EXTEND_TIMEOUT_USEC": "45000000"}
    assert manager.count("WATCHDOG") == 0


def test_it_is_not_ready_when_it_cannot_listen(managed, manager, folder, authority):
    d = managed()
    (folder / "other").mkdir()
    other = harness.Daemon(folder / "other", authority, port=d.port, environment=manager.environment())
    assert other.wait() == 1
    assert manager.count("READY") == 1


def test_an_abstract_socket_will_do(folder, authority, started):
    manager = service.Manager(f"@seedhook-{os.getpid()}-{random.random()}")
    started(harness.Daemon(folder, authority, environment=manager.environment()))
    assert manager.wait_for("READY")["READY"] == "1"


@pytest.mark.parametrize("address", ["/nonexistent/notify", "notify", "vsock:2:1", "@", "", "/" + "x" * 200])
def test_a_manager_that_cannot_be_told_does_no_harm(daemon, address):
    d = daemon(environment={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "100000"})
    time.sleep(0.3)
    assert d.post(callback("req_a", "failed")).status == 200


def test_a_reload_is_begun_and_ended(managed, manager):
    d = managed()
    before = time.monotonic_ns() // 1000
    d.signal(signal.SIGHUP)
    begun = manager.wait_for("RELOADING")
    assert before <= int(begun["MONOTONIC_USEC"]) <= time.monotonic_ns() // 1000
    assert manager.wait_for("READY", 2)["STATUS"] == "taking callbacks"
    d.config_file.write_text("{")
    d.signal(signal.SIGHUP)
    assert "could not be reloaded" in manager.wait_for("READY", 3)["STATUS"]


def test_the_status_tells_what_is_wrong(managed, manager):
    d = managed(watchdog=1, settings={"sinks": [{"name": "broken", "type": "exec", "command": ["/nonexistent"], "on": ["failed"]}]})
    assert d.post(callback("req_a", "failed")).status == 200
    harness.wait_until(lambda: any("broken" in m.get("STATUS", "") for _, m in manager.heard), "a status that names the sink")


def test_commands_hear_nothing_of_the_manager(managed, manager, folder):
    seen = folder / "environment"
    held, port = service.holding_a_port()
    d = managed(watchdog=5, sockets=[held], settings={
        "listeners": [{"address": "systemd", "plaintext": True}],
        "sinks": [{"name": "look", "type": "exec", "shell": True, "command": [f"env > {seen}.part; mv {seen}.part {seen}"],
                   "on": ["failed"]}]})
    body = json.dumps(callback("req_a", "failed"))
    plain = http.client.HTTPConnection("127.0.0.1", port, timeout=harness.PATIENCE)
    assert harness.exchange(plain, "POST", HOOK, body, {"x-seedance-signature": harness.sign(body)}).status == 200
    harness.wait_until(seen.exists, "the command")
    names = {line.split("=")[0] for line in seen.read_text().splitlines()}
    assert "SEEDHOOK_REQUEST_ID" in names
    assert not {n for n in names if n.startswith(("NOTIFY", "WATCHDOG", "LISTEN"))}
    d.stop()


# -- the watchdog


def test_the_watchdog_is_fed_while_all_goes_well(managed, manager):
    d = managed(watchdog=2)
    manager.wait_for("WATCHDOG", 4)
    assert d.post(callback("req_a", "failed")).status == 200
    d.signal(signal.SIGHUP)
    manager.wait_for("WATCHDOG", manager.count("WATCHDOG") + 3)
    pings = [at for at, message in manager.heard if "WATCHDOG" in message]
    assert max(b - a for a, b in zip(pings, pings[1:])) < 2


def test_the_watchdog_of_another_process_is_not_fed(folder, authority, started, manager):
    d = started(harness.Daemon(folder, authority, environment={**manager.environment(0.2), "WATCHDOG_PID": "1"}))
    manager.wait_for("READY")
    time.sleep(1)
    assert d.running and manager.count("WATCHDOG") == 0


def hanging(folder):
    return {**harness.preloading(os.environ["HANGING_CALLS_LIBRARY"]), "HANGING_CALLS": str(folder)}


def test_a_disk_that_hangs_is_waited_for_long_but_not_for_ever(managed, manager, folder):
    d = managed(watchdog=1, environment=hanging(folder))
    assert d.post(callback("req_before", "failed")).status == 200
    stuck = service.hang(folder, "sync")
    answers = []
    waiting = threading.Thread(target=lambda: answers.append(d.post(callback("req_stuck", "failed")).status))
    began = time.monotonic()
    waiting.start()
    harness.wait_until(lambda: manager.quiet_for("WATCHDOG") > 1, "the pings to stop", 60)
    # Six times the watchdog's limit, from the first question that was not answered.
    assert time.monotonic() - began > 6
    assert d.running and not answers and "threads do not answer" in d.logs() and "store" in d.logs()
    count = manager.count("WATCHDOG")
    stuck.unlink()
    manager.wait_for("WATCHDOG", count + 2)
    waiting.join()
    assert answers == [200]
    assert "every thread answers again" in d.logs()


def test_a_receiving_thread_that_hangs_stops_the_pings(managed, manager, folder):
    d = managed(watchdog=1, environment=hanging(folder), settings={"receive": {"threads": 2}})
    stuck = service.hang(folder, "accept4")
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", d.port), timeout=5):
        harness.wait_until(lambda: manager.quiet_for("WATCHDOG") > 1, "the pings to stop")
        assert time.monotonic() - began < 6 or harness.PATIENCE > 30
        assert d.api("GET", "/healthz").status == 200  # the control thread is well, and that does not suffice
        count = manager.count("WATCHDOG")
        stuck.unlink()
        manager.wait_for("WATCHDOG", count + 2)


def test_pings_go_on_while_work_in_hand_ends(managed, manager):
    d = managed(watchdog=1, settings={
        "shutdown_grace": "20s",
        "sinks": [{"name": "slow", "type": "exec", "command": ["/bin/sleep", "4"], "on": ["failed"]}]})
    assert d.post(callback("req_slow", "failed")).status == 200
    harness.wait_until(lambda: "req_slow" in d.logs() or d.task("req_slow").json["stage"] == "delivering", "the command")
    time.sleep(0.5)
    d.signal(signal.SIGTERM)
    manager.wait_for("STOPPING")
    count = manager.count("WATCHDOG")
    assert d.wait() == 0
    assert manager.count("WATCHDOG") >= count + 6
