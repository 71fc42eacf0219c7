"""Disks that are full, out of inodes, read-only or stand still: of the state, the spool and a sink, each apart. Nothing
that was acknowledged is lost, and all goes on by itself once the disk is well."""
import json
import threading
import time

import pytest

import harness
import s3_daemon
import video_server
from disks import alone, disk  # noqa: F401  pylint: disable=unused-import
from harness import callback, wait_until

SIZE = 200_000
PROMPT = 40  # seconds within which all goes on


@pytest.fixture(scope="module")
def videos(authority):
    with video_server.serving(authority) as server:
        yield server


def library(path, name="library"):
    return {"name": name, "type": "directory", "path": str(path), "file": "{requestId}.{ext}",
            "retry": {"min_delay": "100ms", "max_delay": "1s"}}


def tell(d, videos, request_id):
    return d.post(callback(request_id, url=videos.url(request_id, SIZE)))


def all_done(d, request_ids):
    def look():
        return all(d.task(request_id).json["stage"] == "done" for request_id in request_ids)

    wait_until(look, "all that was acknowledged to be delivered", PROMPT, 0.2)


def ready_again(d):
    wait_until(lambda: d.api("GET", "/readyz").status == 200 and not d.api("GET", "/readyz").json["degraded"],
               "the daemon to be well", PROMPT, 0.2)


def says(d, *words):
    wait_until(lambda: all(word in d.api("GET", "/readyz").body.decode() for word in words), f"/readyz to say {words}")


def right(folder, request_id):
    return harness.sha256_file(folder / f"{request_id}.mp4") == video_server.sha256_of(request_id, SIZE)


# -- the state


@pytest.fixture
def on_state(disk, daemon, folder):  # noqa: F811
    state = disk("state")
    store = {"type": "sqlite", "path": str(state.path / "seedhook.db")}
    return state, daemon(settings={"store": store, "sinks": [library(folder / "videos")]})


def post_some(d, videos, count, prefix):
    """Ids that were acknowledged, and ids that were refused."""
    taken, refused = [], []
    for n in range(count):
        request_id = f"{prefix}{n}"
        answer = tell(d, videos, request_id)
        assert answer.status in (200, 503), answer.body
        if answer.status == 503:
            assert int(answer.headers["Retry-After"]) > 0
        (taken if answer.status == 200 else refused).append(request_id)
    return taken, refused


@pytest.mark.parametrize("trouble", ["full", "out_of_inodes", "unchangeable"])
def test_trouble_of_the_states_disk_is_answered_503_and_passes_with_it(on_state, videos, folder, trouble):
    state, d = on_state
    taken, _ = post_some(d, videos, 3, "before_")
    all_done(d, taken)
    refused, told = [], False
    with getattr(state, trouble)():
        for n in range(30 if trouble == "out_of_inodes" else 1000):  # no file is made, so no inode is missed
            more, less = post_some(d, videos, 1, f"in_{n}_")
            taken += more
            refused += less
            # It passes for a moment whenever moving the log into the file makes room.
            ready = d.api("GET", "/readyz")
            told = ready.status == 503 and "store" in json.dumps(ready.json)
            if refused and told:
                break
    assert bool(refused) == told == (trouble != "out_of_inodes")
    wait_until(lambda: tell(d, videos, "after").status == 200, "receiving to go on", PROMPT, 0.2)
    for request_id in refused:
        assert tell(d, videos, request_id).status == 200
    all_done(d, [*taken, *refused, "after"])
    ready_again(d)
    assert all(right(folder / "videos", request_id) for request_id in [*taken, *refused, "after"])


def test_a_states_disk_that_stands_still_acknowledges_nothing_meanwhile(on_state, videos):
    state, d = on_state
    answers = []
    with state.standing_still():
        sender = threading.Thread(target=lambda: answers.append(tell(d, videos, "req_1").status))
        sender.start()
        says(d, "the store does not answer")
        assert 200 not in answers
    sender.join()
    ready_again(d)
    wait_until(lambda: tell(d, videos, "req_1").status == 200, "receiving to go on", PROMPT, 0.2)
    all_done(d, ["req_1"])


# -- the spool


@pytest.mark.parametrize("trouble, words", [
    ("full", "No space left on device"),
    ("out_of_inodes", "No space left on device"),
    ("read_only", "Read-only file system"),
    ("standing_still", "does not answer"),
])
def test_trouble_of_the_spools_disk_stops_fetching_alone(disk, daemon, folder, videos, trouble, words):  # noqa: F811
    spool = disk("spool")
    d = daemon(settings={"spool": {"path": str(spool.path / "spool"), "min_free": "0"}, "sinks": [library(folder / "videos")]})
    assert tell(d, videos, "before").status == 200
    all_done(d, ["before"])
    told = [f"req_{n}" for n in range(20)]  # more than are fetched at a time
    with getattr(spool, trouble)():
        for request_id in told:
            assert tell(d, videos, request_id).status == 200
        says(d, words)
        time.sleep(2)
        assert {d.task(request_id).json["stage"] for request_id in told} == {"fetching"}
    all_done(d, told)
    ready_again(d)
    assert all(right(folder / "videos", request_id) for request_id in told)
    assert {event["kind"] for event in d.task("req_0").json["events"]} >= {"settled", "fetched", "delivered"}


def test_fetching_waits_while_the_spool_may_take_no_more_and_goes_on_when_it_may(disk, daemon, folder, videos):  # noqa: F811
    spool = disk("spool")
    d = daemon(settings={"spool": {"path": str(spool.path / "spool"), "min_free": "8MiB"},
                         "sinks": [library(folder / "videos")]})
    with spool.full():
        assert tell(d, videos, "req_1").status == 200
        says(d, "the disk of the spool is full", "spool.min_free is 8MiB")
    all_done(d, ["req_1"])
    ready_again(d)


# -- a sink


@pytest.mark.parametrize("trouble, words", [
    ("full", "No space left on device"),
    ("out_of_inodes", "No space left on device"),
    ("read_only", "Read-only file system"),
    ("standing_still", ""),
])
def test_trouble_of_a_sinks_disk_is_that_sinks_alone(disk, daemon, folder, videos, trouble, words):  # noqa: F811
    there = disk("archive")
    (folder / "other").mkdir()
    d = daemon(settings={"sinks": [library(there.path, "archive"), library(folder / "other", "other")]})
    told = [f"req_{n}" for n in range(6)]
    with getattr(there, trouble)():
        for request_id in told:
            assert tell(d, videos, request_id).status == 200
        wait_until(lambda: all((folder / "other" / f"{r}.mp4").exists() for r in told), "the other sink's files")
        if words:
            s3_daemon.reason_to_be_degraded(d, "sink archive", words)
        assert all(d.task(r).json["stage"] == "delivering" for r in told)
        assert not list(there.path.glob("*.mp4"))
    all_done(d, told)
    ready_again(d)
    assert all(right(there.path, request_id) for request_id in told)
