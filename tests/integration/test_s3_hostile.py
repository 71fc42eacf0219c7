"""The s3 sink against a server that does everything wrong: nothing false is called delivered, and in the end all is there."""
import collections
import contextlib
import random
import struct
import time

import pytest

import harness
import hostile_s3
import s3_daemon
import s3_faults
import video_server
from s3_daemon import MIB, s3_sink, tell

PART = 5 * MIB
IMPATIENT = {"min_delay": "10ms", "max_delay": "250ms", "max_attempts": 1000}
Film = collections.namedtuple("Film", "source size sha256")


@pytest.fixture
def videos(authority):
    with video_server.serving(authority) as server:
        yield server


@pytest.fixture
def hostile(folder, authority):
    """Starts the server. Whatever it did, nobody may have sent it what no client of S3 may send."""
    running = []

    def start(**options):
        (folder / "stored").mkdir()
        running.append(hostile_s3.HostileS3(folder / "stored", authority, **options))
        return running[-1]

    yield start
    for server in running:
        server.stop()
        assert server.mistakes == []
        assert server.violations == []


def sink_for(server, name="archive", source="main", **more):
    return s3_sink(server.endpoint, "videos", (hostile_s3.ACCESS_KEY, hostile_s3.SECRET_KEY), name=name,
                   match={"source": source}, multipart_threshold=PART, part_size=PART, parts_at_a_time=3, concurrency=8,
                   retry=IMPATIENT, key=source + "/{requestId}.{ext}", abort_after="1h", **more)


def two_sources():
    """`main`, and `careful`, whose sink writes over nothing."""
    return [{"name": name, "path": f"/hooks/{name}", "secrets": [harness.SECRET]} for name in ("main", "careful")]


def settings_for(server, **more):
    return s3_daemon.settings(sink_for(server), sink_for(server, "careful", "careful", if_absent=True), sources=two_sources(),
                              fetch={"allow_cidrs": ["127.0.0.0/8"], "concurrency": 4},
                              log={"level": "warning", "format": "json"}, **more)


def wrong_objects(server, films, ids):
    """Those of the films that are not under their key, byte for byte, with what is said of them."""
    wrong = {}
    for request_id in ids:
        film = films[request_id]
        with server.service.lock:
            stored = server.service.objects["videos"].get(f"{film.source}/{request_id}.mp4")
        if not stored:
            wrong[request_id] = "missing"
        elif stored.sha256 != film.sha256 or stored.size != film.size:
            wrong[request_id] = f"{stored.size} bytes instead of {film.size}"
        elif stored.headers.get("x-amz-meta-sha256") != film.sha256 or stored.headers.get("content-type") != "video/mp4":
            wrong[request_id] = f"said to be {stored.headers}"
    return wrong


def done_of(d):
    return {task["requestId"] for task in d.tasks("&stage=done")}


def watch(d, server, films, limit):
    """Until all are done, or the time is up; whatever is called done must be there at that moment."""
    end, checked = time.monotonic() + limit, set()
    while checked != set(films) and time.monotonic() < end:
        fresh = done_of(d) - checked
        assert wrong_objects(server, films, fresh) == {}, "called delivered, and is not"
        checked |= fresh
        stuck = [s3_daemon.notes(d.task(task["requestId"]).json) for task in d.tasks("&stage=stuck")]
        assert not stuck, stuck
        time.sleep(0.2)
    return checked


def assert_all_is_well(d, server, films):
    done = watch(d, server, films, 4 * harness.PATIENCE)
    left = {i: s3_daemon.notes(d.task(i).json) for i in sorted(set(films) - done)[:5]}
    assert done == set(films), f"{len(films) - len(done)} of {len(films)} are not delivered, such as {left}"
    assert wrong_objects(server, films, films) == {}


def no_upload_is_left(server, limit):
    with contextlib.suppress(AssertionError):
        return harness.wait_until(lambda: not server.service.open_uploads(), "unfinished uploads to be ended", limit)
    return False


def assert_no_upload_is_left(server, d, started):
    """Each of them was completed or aborted, or is so when `abort_after` has passed."""
    if no_upload_is_left(server, 3):
        return
    d.stop()
    clock = d.folder / "clock"
    clock.write_bytes(struct.pack("q", 7200))
    server.ahead = 7200
    jumped = harness.with_shifted_clock(clock)
    started(harness.Daemon(d.folder, d.authority, settings=d.settings, port=d.port, environment=jumped)).ready()
    gone = no_upload_is_left(server, 10)
    assert gone, f"uploads that nobody ends: {sorted(upload.key for upload in server.service.open_uploads())}"


def tell_all(d, videos, sizes):
    """The films, whose sizes are by request id; the ids' first letter is their source's."""
    films = {}
    for request_id, size in sizes.items():
        source = "careful" if request_id.startswith("c") else "main"
        films[request_id] = Film(source, size, tell(d, videos, request_id, size, source))
    return films


def test_five_hundred_videos_reach_a_hostile_server_whole(hostile, videos, daemon, started):
    chance = random.Random(7)
    server = hostile(seed=7, share=0.3, page=2)
    d = daemon(settings=settings_for(server))
    sizes = {}
    for n in range(500):
        parts = chance.randrange(PART, 3 * PART) if n % 12 == 0 else chance.randrange(video_server.SMALLEST, 200_000)
        sizes[f"{chance.choice('cm')}{n}"] = parts
    films = tell_all(d, videos, sizes)
    watch(d, server, films, 90)
    server.calm()
    assert_all_is_well(d, server, films)
    faults = server.faults()
    assert sum(faults.values()) > 300 and len(faults) > 30, faults
    s3_daemon.assert_frugal(d, 128 * MIB)
    assert_no_upload_is_left(server, d, started)


def test_each_fault_alone_is_got_over(hostile, videos, daemon, started):
    """Three times in a row for a small video and for one in parts, with and without a condition."""
    server = hostile(share=1.0, in_all=3, page=2,
                     only=lambda request: {request.about.partition("/")[2].partition(".")[0][2:]})
    d = daemon(settings=settings_for(server))
    sizes = {f"{source}{kind}{fault}": size for fault in s3_faults.FAULTS
             for source in "mc" for kind, size in (("s", 30_000), ("p", PART + 1))}
    films = tell_all(d, videos, sizes)
    assert_all_is_well(d, server, films)
    never = set(s3_faults.FAULTS) - set(server.faults()) - {"parts_of_wrong_size"}  # nobody has to list parts
    assert not never, f"these did not happen: {never}"
    assert_no_upload_is_left(server, d, started)


@pytest.mark.parametrize("size", [1000, PART + 1])
def test_an_error_that_comes_as_200_is_told_as_an_error(hostile, videos, daemon, size):
    server = hostile(share=1.0, in_all=1, only=lambda _: {"error_that_is_200"})
    d = daemon(settings=settings_for(server))
    films = tell_all(d, videos, {"m_error": size})
    assert_all_is_well(d, server, films)
    assert "InternalError" in str(d.task("m_error").json["events"])


def test_an_upload_that_is_given_up_for_good_is_ended(hostile, videos, daemon, started):
    """The server has another object under the key by the time that the parts are there."""
    server = hostile()
    d = daemon(settings=settings_for(server))
    tell(d, videos, "req_late", 4 * PART, "careful")
    harness.wait_until(server.service.open_uploads, "the upload to begin", pause=0.002)
    with server.service.lock:
        server.service.objects["videos"]["careful/req_late.mp4"] = server.service.keep(b"another film", {})
    task = d.finished("req_late")
    assert task["stage"] == "stuck", s3_daemon.notes(task)
    assert server.service.content("videos", "careful/req_late.mp4") == b"another film"
    assert_no_upload_is_left(server, d, started)


def test_an_upload_that_may_not_be_ended_holds_up_nothing_and_is_tried_again(hostile, videos, daemon, started):
    """Its id is lost on the way, and the service does not let us look for it just then."""
    faults = {"CreateMultipartUpload": {"cut_before_answering"}, "ListMultipartUploads": {"access_denied"}}
    server = hostile(share=1.0, in_all=2, only=lambda request: faults.get(request.operation, set()))
    d = daemon(settings=settings_for(server))
    films = tell_all(d, videos, {"m_left": PART + 1})
    assert_all_is_well(d, server, films)
    assert server.faults() == {"cut_before_answering": 1, "access_denied": 1}
    assert "upload left behind" in d.logs()
    assert len(server.service.open_uploads()) == 1
    assert_no_upload_is_left(server, d, started)


def test_a_kill_amid_faults_loses_nothing(hostile, videos, folder, authority, started):
    server = hostile(seed=3, share=0.2)
    settings = settings_for(server)
    chance, films, port = random.Random(3), {}, harness.free_port()
    for cycle in range(4):
        d = started(harness.Daemon(folder, authority, settings=settings, port=port)).ready()
        films |= tell_all(d, videos, {f"{'cm'[n % 2]}{cycle}-{n}": PART + n * 500_000 for n in range(6)})
        time.sleep(chance.uniform(0.3, 1.5))
        d.kill()
    server.calm()
    d = started(harness.Daemon(folder, authority, settings=settings, port=port)).ready()
    assert_all_is_well(d, server, films)
    assert_no_upload_is_left(server, d, started)
