"""Submissions whose answer does not come back: upstream may have made the task. Every one is tracked or told of."""
import contextlib
import http.client
import random
import threading
import time
from concurrent import futures

import pytest

import harness
from asking import asking, degraded, kinds, lost, track


def reason(d):
    """What /readyz says of lost submissions."""
    told = [r for r in degraded(d) if "without an answer" in r]
    return told[0] if told else ""


@pytest.mark.parametrize("fault, statuses", [("cut", {502}), ("garbage", {502}), ("server-errors", {500})])
def test_an_answer_that_makes_no_sense_is_an_error_and_a_lost_event(fault, statuses, sandbox, daemon, gateway):
    box = sandbox("--duration-ms", 500, f"--{fault}", 1, "--faults-on", "submit")
    d = daemon(**gateway.options(asking(box, first_after="1m")))
    answers = [gateway.post(prompt=f"Prompt {n}") for n in range(6)]
    assert {a.status for a in answers} == statuses
    events = lost(d)
    assert len(events) == 6 and all("main" in e and f"seedance-2.0: Prompt {n}" in e for n, e in enumerate(events))
    told = harness.wait_until(lambda: reason(d), "a reason in /readyz")
    assert told.startswith("6 submissions") and "Prompt 5" in told
    for task in box.tasks():  # their callbacks come all the same
        assert d.finished(task["requestId"])["settledBy"] == "callback"
    assert len(d.tasks()) == (0 if fault == "server-errors" else 6)


def test_an_upstream_that_goes_away_during_a_submission_is_502(sandbox, daemon, gateway):
    box = sandbox("--hang", 1, "--faults-on", "submit", "--duration-ms", 60000)
    d = daemon(**gateway.options(asking(box, first_after="1m")))
    with futures.ThreadPoolExecutor(1) as app:
        answer = app.submit(gateway.post)
        harness.wait_until(box.tasks, "upstream to have the task")
        box.hook("api", {"state": "refusing"})
        assert (answer.result().status, answer.result().code) == (502, "upstream_failed")
    assert "may exist upstream" in answer.result().json["error"]["message"]
    assert len(lost(d)) == 1
    refused = gateway.post()
    assert (refused.status, refused.code) == (502, "upstream_failed")
    assert "may exist" not in refused.json["error"]["message"] and len(lost(d)) == 1
    assert gateway.call("GET", "/api/open/v1/models").code == "upstream_failed"


def test_an_upstream_that_never_answers_is_504_after_a_minute(sandbox, daemon, gateway):
    box = sandbox("--hang", 1, "--duration-ms", 1000)
    d = daemon(**gateway.options(asking(box, first_after="5m")))
    with futures.ThreadPoolExecutor(2) as apps:
        submission = apps.submit(gateway.post, timeout=90)
        models = apps.submit(gateway.call, "GET", "/api/open/v1/models", timeout=90)
        for answer in (submission.result(), models.result()):
            assert (answer.status, answer.code) == (504, "upstream_timed_out")
    assert "may exist upstream" in submission.result().json["error"]["message"]
    assert len(lost(d)) == 1 and harness.wait_until(lambda: reason(d), "a reason in /readyz")
    [task] = box.tasks()
    assert d.finished(task["requestId"])["status"] == "succeeded"


def test_an_app_that_goes_away_leaves_its_task_tracked(sandbox, daemon, gateway):
    box = sandbox("--slow", 1, "--slow-ms", 1000, "--faults-on", "submit", "--duration-ms", 2000)
    d = daemon(**gateway.options(asking(box)))
    with pytest.raises(TimeoutError):
        gateway.post(timeout=0.3)
    task = harness.wait_until(d.tasks, "the task to be tracked")[0]
    assert task["requestId"] == box.tasks()[0]["requestId"] and lost(d) == []
    assert d.finished(task["requestId"])["stage"] == "done"


@pytest.mark.parametrize("fault", ["hang", "slow"])
def test_killed_between_upstreams_answer_and_ours_it_tells_at_the_next_start(fault, sandbox, daemon, gateway):
    box = sandbox(f"--{fault}", 1, "--slow-ms", 5000, "--faults-on", "submit", "--duration-ms", 60000)
    options = gateway.options(asking(box, first_after="5m"))
    d = daemon(**options)
    with futures.ThreadPoolExecutor(1) as app:
        answer = app.submit(gateway.post, prompt="The last prompt")
        request_id = harness.wait_until(box.tasks, "upstream to have the task")[0]["requestId"]
        d.kill()
        with pytest.raises((OSError, http.client.HTTPException)):
            answer.result()
    d = daemon(**options)
    [event] = lost(d)
    assert "The last prompt" in event and "seedhook was stopped before upstream's answer came" in event
    assert "The last prompt" in harness.wait_until(lambda: reason(d), "a reason in /readyz")
    assert d.task(request_id).status == 404
    box.hook(f"tasks/{request_id}/settle", {"callback": True})
    harness.wait_until(lambda: d.task(request_id).status == 200, "the callback")
    task = d.finished(request_id)
    assert (task["status"], task["stage"], task["settledBy"]) == ("succeeded", "done", "callback")
    assert harness.sha256_file(d.videos / f"{request_id}.mp4") == box.task(request_id)["video"]["sha256"]
    d.kill()
    assert len(lost(daemon(**options))) == 1  # once


def test_stopped_in_good_order_it_tells_of_what_was_in_hand(sandbox, daemon, gateway):
    box = sandbox("--hang", 1, "--faults-on", "submit", "--duration-ms", 60000)
    options = gateway.options(asking(box, first_after="5m"))
    options["settings"]["shutdown_grace"] = "1s"
    d = daemon(**options)
    with futures.ThreadPoolExecutor(1) as app:
        answer = app.submit(gateway.post)
        harness.wait_until(box.tasks, "upstream to have the task")
        d.stop()
        with contextlib.suppress(OSError, http.client.HTTPException):
            assert answer.result().status in (502, 503, 504)
    d = daemon(**options)
    assert len(lost(d)) == 1 and harness.wait_until(lambda: reason(d), "a reason in /readyz")
    request_id = box.tasks()[0]["requestId"]
    track(d, request_id)
    box.hook(f"tasks/{request_id}/settle", {})
    assert d.finished(request_id)["status"] == "succeeded"


class Crowd:
    """Apps that submit one task after the other until they are cut off."""

    def __init__(self, gateway, apps=4):
        self.gateway, self.answered = gateway, []
        self.threads = [threading.Thread(target=self.submit) for _ in range(apps)]
        for thread in self.threads:
            thread.start()

    def submit(self):
        while True:
            try:
                answer = self.gateway.post()
            except (OSError, http.client.HTTPException):
                return
            assert answer.status == 200, answer.body
            self.answered.append(answer.json["requestId"])

    def join(self):
        for thread in self.threads:
            thread.join()


def test_killed_at_any_moment_it_keeps_every_task_that_an_app_was_told_of(sandbox, daemon, gateway):
    box = sandbox("--duration-ms", 600_000)
    box.hook("hold", {"held": True})
    options = gateway.options(asking(box, first_after="5m"))
    dice = random.Random(5)
    answered, d = set(), daemon(**options)
    for _ in range(10):
        crowd = Crowd(gateway)
        time.sleep(dice.uniform(0.02, 0.4))
        d.kill()
        crowd.join()
        answered |= set(crowd.answered)
        d = daemon(**options)
        known = {t["requestId"] for t in d.tasks()}
        assert answered <= known
        # What upstream made and nobody was told of is tracked too, or told of as lost.
        made = box.hook("tasks?limit=100000")["tasks"]
        assert len({t["requestId"] for t in made} - known) <= len(lost(d))
    assert len(answered) > 50
    assert all(kinds(d.task(i).json).count("tracked") == 1 for i in answered)
