"""A sink that needs a person says so in /readyz, with what is to be mended, and goes on by itself once it is."""
import ipaddress
import os
import socket

import pytest

import harness
import s3_daemon
import video_server
from hostile_s3 import ACCESS_KEY, SECRET_KEY, HostileS3
from s3_daemon import reason_to_be_degraded
from webhooks import SECRET, receiving

SIZE = 50_000
QUICKLY = {"min_delay": "100ms", "max_delay": "500ms"}


@pytest.fixture(scope="module")
def videos(authority):
    with video_server.serving(authority) as server:
        yield server


@pytest.fixture
def unprivileged(daemon):
    """Starts a daemon that must heed permissions, though root may run it."""
    without = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--"] if os.geteuid() == 0 else []
    return lambda sink: daemon(settings={"sinks": [{"retry": QUICKLY, **sink}]}, wrapper=without)


def assert_mended(d, mend):
    mend()
    assert d.finished("req_1")["stage"] == "done"
    harness.wait_until(lambda: d.api("GET", "/readyz").json["degraded"] == [], "the daemon to be well again")


def test_a_directory_that_may_not_be_written_to(unprivileged, folder, videos):
    closed = folder / "closed"
    closed.mkdir()
    d = unprivileged({"name": "library", "type": "directory", "path": str(closed)})
    closed.chmod(0o555)
    s3_daemon.tell(d, videos, "req_1", SIZE)
    reason_to_be_degraded(d, "sink library: ", str(closed), "Permission denied")
    assert_mended(d, lambda: closed.chmod(0o755))
    assert harness.sha256_file(closed / "req_1.mp4") == video_server.sha256_of("req_1", SIZE)


def test_a_directory_that_is_a_file(daemon, folder, videos):
    path = folder / "library"
    path.touch()
    d = daemon(settings={"sinks": [{"name": "library", "type": "directory", "path": str(path), "retry": QUICKLY}]})
    s3_daemon.tell(d, videos, "req_1", SIZE)
    reason_to_be_degraded(d, "sink library: ", str(path), "Not a directory")

    def mend():
        path.unlink()
        path.mkdir()

    assert_mended(d, mend)


def test_a_command_that_may_not_be_executed(unprivileged, folder, videos):
    hook = folder / "hook.sh"
    hook.write_text("#!/bin/sh\nexit 0\n")
    hook.chmod(0o644)
    d = unprivileged({"name": "ingest", "type": "exec", "command": [str(hook)]})
    s3_daemon.tell(d, videos, "req_1", SIZE)
    reason_to_be_degraded(d, "sink ingest: ", f"{hook}: may not be executed: Permission denied")
    assert_mended(d, lambda: hook.chmod(0o755))


def test_a_bucket_that_is_not_there(daemon, folder, videos):
    (folder / "s3").mkdir()
    with HostileS3(folder / "s3", buckets=()) as service:
        sink = s3_daemon.s3_sink(service.endpoint, "videos", (ACCESS_KEY, SECRET_KEY))
        d = daemon(settings={"sinks": [sink]})
        s3_daemon.tell(d, videos, "req_1", SIZE)
        reason_to_be_degraded(d, "sink archive: ", "videos", "NoSuchBucket")
        assert_mended(d, lambda: service.service.objects.setdefault("videos", {}))


def name_of_this_machine():
    """One that is not `localhost`, and whose address is not public."""
    for name in (socket.gethostname(), "ip6-loopback", "ip6-localhost"):
        try:
            found = socket.getaddrinfo(name, 1, type=socket.SOCK_STREAM)
        except OSError:
            continue
        if found and not any(ipaddress.ip_address(each[4][0]).is_global for each in found):
            return name
    pytest.skip("this machine has no name for itself but localhost")
    return None


def test_a_webhook_to_a_name_with_a_private_address(daemon, authority, videos):
    with receiving(authority.issue("receiver")) as receiver:
        url = f"https://{name_of_this_machine()}:{receiver.server_port}/videos"
        sink = {"name": "app", "type": "webhook", "url": url, "secret": SECRET, "retry": QUICKLY}
        d = daemon(settings={"sinks": [sink]})
        s3_daemon.tell(d, videos, "req_1", SIZE)
        reason_to_be_degraded(d, "sink app: ", "not allowed", "internal: true")
        assert not receiver.posts
