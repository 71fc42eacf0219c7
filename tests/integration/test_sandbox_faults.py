"""How the sandbox misbehaves when asked to: its answers, its tasks, its limits."""
import calendar
import email.utils
import json
import time

import pytest

import harness
from upstream import GENERATIONS, settled, status, succeeded

SUBMISSION = {"model": "seedance-2.0", "prompt": "x"}


def many(sandbox, count, target="/api/open/v1/models"):
    return [sandbox.call("GET", target) for _ in range(count)]


def test_the_rate_limit_says_when_to_come_again(sandbox):
    box = sandbox("--rate-limit", 3, "--rate-window-ms", 1500, "--duration-ms", 60000)
    request_id = [box.submit() for _ in range(3)][0]
    answer = box.call("POST", GENERATIONS, SUBMISSION)
    assert (answer.status, answer.code) == (429, "rate_limited")
    assert answer.headers["Retry-After"] in ("1", "2")
    assert box.call("GET", f"{GENERATIONS}/{request_id}").status == 429
    time.sleep(int(answer.headers["Retry-After"]))
    assert box.call("GET", f"{GENERATIONS}/{request_id}").status == 200


def test_retry_after_can_be_a_date(sandbox):
    box = sandbox("--rate-limit", 1, "--retry-after-date")
    box.submit()
    answer = box.call("POST", GENERATIONS, SUBMISSION)
    assert answer.status == 429
    until = calendar.timegm(email.utils.parsedate(answer.headers["Retry-After"]))
    assert time.time() + 50 < until <= time.time() + 61
    box.hook("behaviour", {"rate-limit": 0})
    box.submit()


def test_the_key_stops_working_and_works_again(sandbox):
    box = sandbox("--unauthorized-after", 2, "--duration-ms", 60000)
    request_id = box.submit()
    status(box, request_id)
    for _ in range(2):
        answer = box.call("GET", f"{GENERATIONS}/{request_id}")
        assert (answer.status, answer.code) == (401, "unauthorized")
    box.hook("key", {"revoked": False})
    for _ in range(4):
        status(box, request_id)
    box.hook("key", {"revoked": True})
    assert box.call("POST", GENERATIONS, SUBMISSION).status == 401
    box.hook("key", {"revoked": False})
    status(box, request_id)


def test_one_key_of_several_is_revoked(sandbox):
    box = sandbox("--api-key", "other")
    box.hook("key", {"revoked": True, "key": "other"})
    other = {"Authorization": "Bearer other"}
    assert box.call("POST", GENERATIONS, SUBMISSION, headers=other).status == 401
    box.submit()


def test_a_hanging_call_does_its_work_but_is_never_answered(sandbox):
    box = sandbox("--hang", 1, "--duration-ms", 60000)
    connection = box.connection()
    connection.timeout = 0.7
    connection.request("POST", GENERATIONS, json.dumps(SUBMISSION), {"Authorization": f"Bearer {box.key}"})
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    assert len(box.tasks()) == 1
    assert [c["fault"] for c in box.hook("calls")["calls"]] == ["hang"]
    box.hook("behaviour", {"hang": 0})
    box.submit()


def test_slow_answers_are_whole(sandbox):
    box = sandbox("--slow", 1, "--slow-ms", 300)
    for _ in range(6):  # late ones and dripping ones
        begin = time.monotonic()
        assert box.call("GET", "/api/open/v1/models").json["success"] is True
        assert time.monotonic() - begin >= 0.25


def test_cut_answers_promise_more_than_comes(sandbox):
    box = sandbox("--cut", 1)
    with pytest.raises(harness.http.client.IncompleteRead) as broken:
        box.call("POST", GENERATIONS, SUBMISSION)
    assert broken.value.partial.startswith(b'{"success":true') and broken.value.expected > 0
    assert len(box.tasks()) == 1


def test_garbage_is_html_or_no_json(sandbox):
    answers = many(sandbox("--garbage", 1), 30)
    for answer in answers:
        with pytest.raises(ValueError):
            answer.json  # pylint: disable=pointless-statement
    kinds = {(a.status, a.headers["Content-Type"], bool(a.body)) for a in answers}
    assert kinds == {(200, "text/html", True), (502, "text/html", True), (200, "application/json", True),
                     (200, "application/json", False)}


def test_server_errors_do_nothing(sandbox):
    box = sandbox("--server-errors", 1)
    answers = [box.call("POST", GENERATIONS, SUBMISSION) for _ in range(20)]
    assert {a.status for a in answers} == {500}
    assert {a.body[:12] for a in answers} == {b'{"success":f', b"Internal Ser", b""}
    assert box.tasks() == []


def test_faults_can_be_kept_to_kinds_of_calls(sandbox):
    box = sandbox("--server-errors", 1, "--faults-on", "cancel,status", "--duration-ms", 60000)
    request_id = box.submit()
    assert box.call("GET", f"{GENERATIONS}/{request_id}").status == 500
    assert box.call("POST", f"{GENERATIONS}/{request_id}/cancel").status == 500
    assert {a.status for a in many(box, 3)} == {200}
    box.hook("behaviour", {"faults-on": ["models"]})
    assert {a.status for a in many(box, 3)} == {500}
    status(box, request_id)


def test_faults_repeat_with_the_seed(sandbox):
    def faults(seed):
        box = sandbox("--seed", seed, "--garbage", 0.3, "--server-errors", 0.3, tls=False)
        many(box, 30)
        return [c["fault"] for c in box.hook("calls")["calls"]]

    first = faults(5)
    assert first == faults(5)
    assert first != faults(6)
    assert set(first) == {None, "garbage", "server-error"}


def test_a_task_is_forgotten_for_some_calls_or_for_ever(sandbox):
    box = sandbox("--forget", 1, "--forget-calls", 3, "--duration-ms", 20)
    request_id = box.submit()
    for _ in range(3):
        answer = box.call("GET", f"{GENERATIONS}/{request_id}")
        assert (answer.status, answer.code) == (404, "not_found")
    assert settled(box, request_id)["status"] == "succeeded"
    box.hook("behaviour", {"forget-calls": 0})
    request_id = box.submit()
    assert {box.call("GET", f"{GENERATIONS}/{request_id}").status for _ in range(10)} == {404}
    assert box.task(request_id)["plan"]["forgottenCalls"] == "for ever"


def test_an_odd_status_comes_before_the_terminal_one(sandbox):
    box = sandbox("--odd-status", 1, "--duration-ms", 400)
    request_id = box.submit()
    seen = []

    def over():
        seen.append(status(box, request_id)["status"])
        return seen[-1] == "succeeded"

    harness.wait_until(over, "the end")
    odd = set(seen) - {"queued", "succeeded"}
    assert odd == {box.task(request_id)["plan"]["oddStatus"]}
    assert "processing" not in odd


def test_odd_errors_come_in_every_shape(sandbox, listener):
    box = sandbox("--fail", 1, "--odd-error", 1, "--duration-ms", 20)
    ids = [box.submit(listener.url) for _ in range(24)]
    shown = {i: settled(box, i)["error"] for i in ids}
    harness.wait_until(lambda: len(listener.received) == len(ids), "the callbacks")
    told = [json.loads(body) for _, body in listener.received]
    assert {t["requestId"]: t["error"] for t in told} == shown
    assert {type(e) for e in shown.values()} == {type(None), str, dict, list}


def test_a_url_comes_late(sandbox, listener):
    box = sandbox("--no-url", 1, "--no-url-ms", 800, "--duration-ms", 20)
    request_id = box.submit(listener.url)
    harness.wait_until(lambda: listener.received, "the callback")
    told = json.loads(listener.received[0][1])
    assert told["status"] == "succeeded"
    assert not (told["output"] or {}).get("url")
    found = status(box, request_id)
    assert found["status"] == "succeeded" and not (found["output"] or {}).get("url")

    def shown():
        return (status(box, request_id)["output"] or {}).get("url")

    assert box.fetch(harness.wait_until(shown, "the URL")).status == 200


def test_delayed_callbacks_come_late(sandbox, listener):
    box = sandbox("--delay", 1, "--delay-ms", 600, "--duration-ms", 20)
    succeeded(box, webhook=listener.url)
    assert not listener.received
    harness.wait_until(lambda: listener.received, "the callback")
    task = box.tasks()[0]
    assert task["settledAt"] < task["callbacks"][0]["at"]
