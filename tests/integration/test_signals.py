"""Signals under load, with the socket held by somebody else as systemd does: a hundred restarts and a hundred reloads."""
import random
import signal
import time

import harness
import restless
import service
from service import managed, manager  # noqa: F401 fixtures


def held_settings():
    return {"listeners": [{"address": "systemd", "plaintext": True}], "sinks": [], "log": {"level": "info", "format": "json"}}


def rounds(d):
    return 100 if not harness.is_sanitized(d.process.pid) else 20


def judge(clients, d):
    """Nothing that was read is unanswered, nothing was answered with a fault, nothing was refused."""
    assert clients.cut == []
    assert clients.refused == []
    assert set(clients.answered) == {200}
    known = {task["requestId"] for task in d.tasks()}
    assert set(clients.acknowledged) <= known
    # Whose connection was reset was not read: else it would be in the store.
    assert known.isdisjoint(clients.reset)


def test_restarts_under_load_cut_no_request_and_refuse_no_connection(managed):
    held, port = service.holding_a_port()
    d = managed(sockets=[held], settings=held_settings())
    lives = rounds(d)
    with restless.Clients(port) as clients:
        for _ in range(lives):
            time.sleep(random.uniform(0, 0.1))
            d.stop()
            d = managed(sockets=[held], settings=held_settings())
        harness.wait_until(lambda: clients.answered[200] > lives, "answers")
    print(f"{lives} restarts: {clients.answered}, {len(clients.reset)} reset before they were read")
    judge(clients, d)


def test_reloads_under_load_cut_no_request(managed, manager):
    held, port = service.holding_a_port()
    d = managed(sockets=[held], settings=held_settings())
    with restless.Clients(port) as clients:
        for count in range(rounds(d)):
            d.signal(signal.SIGHUP)
            manager.wait_for("READY", count + 2)
        harness.wait_until(lambda: clients.answered[200] > 100, "answers")
    assert clients.reset == []
    judge(clients, d)
