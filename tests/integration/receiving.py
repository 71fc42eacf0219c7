"""A daemon that only receives, for the tests of SPEC §2: import its fixtures by name."""
import pytest

import harness
from harness import HOOK, callback


@pytest.fixture(scope="module")
def receiver(authority):
    """One daemon for the whole file; nothing it is told to fetch can be reached."""
    with harness.workplace() as folder:
        port = harness.free_port()
        listener = {"address": f"127.0.0.1:{port}",
                    "tls": {"certificate": str(folder / "server.pem"), "key": str(folder / "server.key")}}
        settings = {
            "listeners": [listener, {"address": f"unix:{folder}/hooks.sock"}],
            "fetch": {"allow_hosts": ["videos.invalid"]},
            "limits": {"body": "64KiB", "header_timeout": "1s", "idle_timeout": "5s"},
            "sources": [
                {"name": "main", "path": HOOK, "secrets": [harness.SECRET, "whsec_old"]},
                {"name": "prefixed", "path": "/hooks/prefixed", "secrets": ["p"],
                 "signature": {"header": "x-hub-signature-256", "prefix": "sha256="}},
                {"name": "timed", "path": "/hooks/timed", "secrets": ["t"],
                 "signature": {"header": "x-sig", "encoding": "base64", "content": "{header:x-time}.{body}"}},
                {"name": "open", "path": "/hooks/open", "verify": "none"},
            ],
        }
        program = harness.Daemon(folder, authority, settings=settings, port=port)
        try:
            yield program.ready()
            program.stop()
        finally:
            program.kill() if not program.log.closed else None


@pytest.fixture(autouse=True)
def nothing_stored_but_what_was_accepted(receiver, request):
    """After every test the daemon lives, and holds the tasks that the test says were accepted, and no others."""
    before = {(t["source"], t["requestId"]) for t in receiver.tasks()}
    request.node.accepted = set()
    yield
    assert receiver.running
    assert receiver.post(callback("req_alive")).status == 200
    after = {(t["source"], t["requestId"]) for t in receiver.tasks()}
    assert after - before - {("main", "req_alive")} == request.node.accepted


@pytest.fixture
def accepted(request):
    """Says that a task was accepted and must be stored."""
    return lambda request_id, source="main": request.node.accepted.add((source, request_id))
