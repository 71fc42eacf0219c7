"""Tasks whose callback never comes, or proves nothing: the API is asked, within its budget, and every task ends right."""
import datetime
import json
import os
import signal
import struct
import time

import pytest

import harness
from asking import asked, asking, degraded, kinds, track
from harness import callback


def test_with_every_callback_lost_every_finished_task_still_arrives(sandbox, daemon):
    box = sandbox("--duration-ms", 500, "--lose", 1, "--fail", 0.3, "--seed", 4)
    d = daemon(settings=asking(box))
    ids = [box.submit(d.hook_url) for _ in range(20)]
    assert track(d, *ids)["tracked"] == 20
    for request_id in ids:
        task = d.finished(request_id)
        truth = box.task(request_id)
        assert (task["stage"], task["status"], task["settledBy"]) == ("done", truth["status"], "poll")
        if truth["status"] == "succeeded":
            assert harness.sha256_file(d.videos / f"{request_id}.mp4") == truth["video"]["sha256"]
        else:
            assert task["error"]["code"]
    assert b'by="poll"' in d.api("GET", "/metrics").body


def test_a_status_that_is_not_terminal_is_asked_about(sandbox, daemon):
    box = sandbox("--duration-ms", 800, "--lose", 1)
    d = daemon(settings=asking(box))
    request_id = box.submit()
    assert d.post(callback(request_id, "processing")).json["ignored"] is True
    assert d.finished(request_id)["settledBy"] == "poll"


def test_what_upstream_says_strangely_still_ends_right(sandbox, daemon):
    box = sandbox("--duration-ms", 500, "--lose", 1, "--odd-status", 1, "--odd-error", 1, "--fail", 0.5, "--no-url", 0.5,
                  "--no-url-ms", 1500, "--forget", 0, "--garbage", 0.1, "--cut", 0.05, "--server-errors", 0.1,
                  "--faults-on", "status", "--seed", 9)
    d = daemon(settings=asking(box))
    ids = [box.submit() for _ in range(10)]
    track(d, *ids)
    for request_id in ids:
        task = harness.wait_until(lambda: (t := d.task(request_id).json)["stage"] == "done" and t, request_id, 90)
        assert task["status"] == box.task(request_id)["status"]


# How long the API stays away in a test: an hour takes an hour, and is for whoever has one.
AWAY_SECONDS = float(os.environ.get("SEEDHOOK_TEST_API_AWAY", "2"))


def test_the_api_away_and_back_loses_nothing_and_is_told(sandbox, daemon):
    box = sandbox("--duration-ms", 300, "--lose", 1)
    d = daemon(settings=asking(box))
    ids = [box.submit() for _ in range(5)]
    box.hook("api", {"state": "unavailable"})
    track(d, *ids)
    harness.wait_until(lambda: any("source main" in r for r in degraded(d)), "a reason in /readyz")
    time.sleep(AWAY_SECONDS)
    assert {t["stage"] for t in d.tasks()} == {"waiting"}
    box.hook("api", {"state": "up"})
    longest_pause = min(300, AWAY_SECONDS)  # docs/polling.md
    harness.wait_until(lambda: {t["stage"] for t in d.tasks()} == {"done"}, "the tasks to end",
                       harness.PATIENCE + longest_pause)
    assert {t["status"] for t in d.tasks()} == {"succeeded"}
    harness.wait_until(lambda: degraded(d) == [], "the reason to go")


def is_left_alone(box, seconds):
    before = len(asked(box))
    time.sleep(seconds)
    return len(asked(box)) == before


def test_a_revoked_key_stops_the_polls_but_for_a_probe_and_a_reload_begins_anew(sandbox, daemon):
    box = sandbox("--duration-ms", 300, "--lose", 1)
    d = daemon(settings=asking(box))
    box.hook("key", {"revoked": True})
    ids = [f"req_unknown_{n}" for n in range(5)]
    track(d, *ids)
    harness.wait_until(lambda: any("401" in r or "key" in r for r in degraded(d)), "a reason in /readyz")
    harness.wait_until(lambda: is_left_alone(box, 1), "the polls under way to end")
    before = len(asked(box))
    time.sleep(3)
    assert len(asked(box)) - before <= 1
    box.hook("key", {"revoked": False})
    request_id = box.submit()
    track(d, request_id)
    d.signal(signal.SIGHUP)
    assert d.finished(request_id)["status"] == "succeeded"


def test_polls_that_waited_for_their_turn_go_out_with_the_key_of_a_reload(sandbox, daemon):
    box = sandbox("--duration-ms", 300, "--lose", 1)
    settings = asking(box)
    settings["sources"][0]["api"]["key"] = "revoked"
    d = daemon(settings=settings)
    ids = [box.submit() for _ in range(20)]  # more than are asked about at a time
    track(d, *ids)
    harness.wait_until(lambda: any("401" in r for r in degraded(d)), "a reason in /readyz")
    d.settings["sources"][0]["api"]["key"] = harness.API_KEY
    d.write_config()
    d.signal(signal.SIGHUP)
    # Those that were asked about in vain have their next turn in five minutes.
    harness.wait_until(lambda: len(d.tasks("&stage=done")) >= len(ids) - 8, "those that waited to be done")
    assert degraded(d) == []


def limited(sandbox, daemon, tasks, calls, window_ms):
    """An API that allows so many calls in that time, a daemon, and the ids of tasks that it asks about."""
    box = sandbox("--duration-ms", 200, "--lose", 1)
    d = daemon(settings=asking(box))
    ids = [box.submit() for _ in range(tasks)]
    box.hook("behaviour", {"rate-limit": calls, "rate-window-ms": window_ms})
    track(d, *ids)
    return box, d, ids


def test_a_long_429_is_told_and_a_reload_does_not_forget_it(sandbox, daemon):
    box, d, _ = limited(sandbox, daemon, tasks=3, calls=1, window_ms=1_200_000)
    harness.wait_until(lambda: any("429" in r for r in degraded(d)), "a reason in /readyz")
    before = len(asked(box))
    d.signal(signal.SIGHUP)
    time.sleep(7)  # who waits for a turn looks again after five seconds at the latest
    assert len(asked(box)) == before and any("429" in r for r in degraded(d))


def test_polls_keep_within_their_budget_also_over_restarts(sandbox, folder, authority, started, daemon):
    box = sandbox("--duration-ms", 60000, "--lose", 1)
    settings = asking(box, requests_per_minute=120)
    d = daemon(settings=settings)
    track(d, *[box.submit() for _ in range(100)])
    for _ in range(3):
        time.sleep(1.5)
        d.kill()
        d = daemon(settings=settings)
    time.sleep(1.5)
    times = [c["atMs"] for c in asked(box)]
    assert len(times) >= 5
    # One every half second; a second's window holds no more than three, whichever process asked.
    assert all(sum(1 for t in times if begin <= t < begin + 1000) <= 3 for begin in times)


def test_too_many_requests_are_answered_by_waiting(sandbox, daemon):
    box, d, ids = limited(sandbox, daemon, tasks=12, calls=5, window_ms=2000)
    for request_id in ids:
        task = harness.wait_until(lambda: (t := d.task(request_id).json)["stage"] == "done" and t, request_id, 90)
        assert task["status"] == "succeeded"
    calls = asked(box)
    refused = [c for c in calls if c["status"] == 429]
    assert refused and len(refused) <= len(calls) / 2


def test_an_expired_url_is_replaced_and_a_missing_one_is_asked_for(sandbox, daemon):
    box = sandbox("--duration-ms", 200, "--expire-urls", 1, "--no-url", 0.5, "--no-url-ms", 500, "--seed", 2)
    d = daemon(settings=asking(box, first_after="10m"))
    for request_id in [box.submit(d.hook_url) for _ in range(6)]:
        task = harness.wait_until(lambda: (a := d.task(request_id)).status == 200 and a.json["stage"] == "done" and a.json,
                                  request_id, 60)
        assert task["settledBy"] == "callback" and "url" in kinds(task)
        assert harness.sha256_file(d.videos / f"{request_id}.mp4") == box.task(request_id)["video"]["sha256"]


def test_a_late_callback_settles_nothing_again_and_is_told_once(sandbox, daemon):
    box = sandbox("--duration-ms", 300, "--lose", 1)
    d = daemon(settings=asking(box))
    request_id = box.submit(d.hook_url)
    track(d, request_id)
    task = d.finished(request_id)
    again = callback(request_id, url=json.loads(json.dumps(task))["videoUrl"]) if "videoUrl" in task else callback(request_id)
    assert d.post(again).json["duplicate"] is True
    assert d.post(again).json["duplicate"] is True
    events = kinds(d.task(request_id).json)
    assert events.count("late") == 1 and events.count("settled") == 1


def test_a_callback_before_its_track_is_the_same_task(sandbox, daemon):
    box = sandbox("--duration-ms", 50)
    d = daemon(settings=asking(box))
    request_id = box.submit(d.hook_url)
    d.finished(request_id)
    assert track(d, request_id, model="seedance-2.0", metadata={"project": "p1"})["known"] == 1
    task = d.finished(request_id)
    assert (task["model"], task["metadata"]) == ("seedance-2.0", {"project": "p1"})
    assert kinds(task).count("settled") == 1 and kinds(task).count("delivered") == 1


@pytest.mark.parametrize("verify", ["confirm", "both"])
def test_a_callback_is_only_a_hint_until_the_api_confirms_it(verify, sandbox, daemon):
    box = sandbox("--duration-ms", 1500)
    settings = asking(box, first_after="10m")
    settings["sources"][0]["verify"] = verify
    if verify == "confirm":
        del settings["sources"][0]["secrets"]
    d = daemon(settings=settings)
    request_id = box.submit(d.hook_url)
    forged = d.post(callback(request_id, url="https://127.0.0.1:1/forged.mp4"))
    assert forged.status == 200 and forged.json["confirming"] is True
    task = d.finished(request_id)
    assert (task["status"], task["settledBy"]) == ("succeeded", "poll")
    assert harness.sha256_file(d.videos / f"{request_id}.mp4") == box.task(request_id)["video"]["sha256"]
    assert d.post(callback(request_id, "failed")).json["duplicate"] is True
    if verify == "both":
        assert d.post(callback(request_id), secret="wrong").status == 401


def test_a_callback_and_a_poll_that_land_together_settle_once(sandbox, daemon):
    box = sandbox("--duration-ms", 10, "--video-bytes", 6000)
    settings = asking(box, first_after="1ms", max_interval="250ms", requests_per_minute=60000)
    settings["fetch"] = {"allow_cidrs": ["127.0.0.0/8"], "concurrency": 32}
    d = daemon(settings=settings)
    box.hook("hold", {"held": True})
    ids = [box.submit(d.hook_url) for _ in range(1000)]
    track(d, *ids)
    harness.wait_until(lambda: len({c["requestId"] for c in asked(box)}) >= 900, "most tasks to be asked about", 60)
    box.hook("hold", {"held": False})
    harness.wait_until(lambda: b'seedhook_tasks{stage="done"} 1000' in d.api("GET", "/metrics").body, "all to be done", 120, 0.5)
    by = {"callback": 0, "poll": 0}
    for request_id in ids:
        task = d.task(request_id).json
        assert kinds(task).count("settled") == 1 and kinds(task).count("delivered") == 1, task
        by[task["settledBy"]] += 1
    assert by["callback"] > 0 and by["poll"] > 0, by
    assert len(list(d.videos.glob("*.mp4"))) == 1000


def shift(file, days):
    """Written in place, so that a process that maps it sees it."""
    with open(file, "r+b" if file.exists() else "wb") as f:
        f.write(struct.pack("q", days * 86400))


@pytest.mark.parametrize("days", [30, -30])
def test_a_clock_that_jumps_loses_and_expires_nothing(days, folder, sandbox, daemon):
    clock = folder / "clock"
    shift(clock, 0)
    box = sandbox("--duration-ms", 100, "--lose", 1, tls=False)
    box.hook("hold", {"held": True})
    d = daemon(settings=asking(box, first_after="500ms"), environment=harness.with_shifted_clock(clock))
    ids = [box.submit() for _ in range(10)]
    track(d, *ids)
    harness.wait_until(lambda: len(asked(box)) >= 10, "the first answers")
    shift(clock, days)
    assert abs(clock_of(d) - time.time()) > 86400 * 20
    before = len(asked(box))
    harness.wait_until(lambda: len(asked(box)) >= before + 20, "polls to go on")
    assert {d.task(i).json["status"] for i in ids} <= {"queued", "processing"}
    shift(clock, 0)
    before = len(asked(box))
    harness.wait_until(lambda: len(asked(box)) >= before + 20, "polls to go on")
    box.hook("hold", {"held": False})
    for request_id in ids:
        assert d.finished(request_id)["settledBy"] == "poll"


def clock_of(d):
    """The daemon's idea of the time, from a task that it meets now."""
    request_id = f"req_{time.monotonic_ns()}"
    d.post(callback(request_id, "failed"))
    return datetime.datetime.fromisoformat(d.task(request_id).json["createdAt"].replace("Z", "+00:00")).timestamp()
