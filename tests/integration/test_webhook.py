"""The webhook sink through the real daemon, told to a receiver that verifies signatures by itself."""
import json
import pathlib
import re
import signal
import time

import harness
import pytest
import webhooks
from harness import callback
from webhooks import SECRET, cut, echo, late, status

PROJECT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def receiver(authority):
    with webhooks.receiving(authority.issue("receiver")) as server:
        yield server


def settle(d, request_id, state="failed"):
    """A task that a callback settles, without a video."""
    assert d.post(callback(request_id, state)).status == 200
    return request_id


def notes(task):
    return [e["detail"] for e in task["events"]]


def the_delivery(task, sink="app"):
    return next(x for x in task["deliveries"] if x["sink"] == sink)


def test_a_finished_video_is_told_of_and_signed(sandbox, daemon, receiver):
    d = daemon(settings={"sinks": [receiver.sink(headers={"Authorization": "Bearer abc", "X-Tenant": "7"})]})
    box = sandbox("--duration-ms", 50)
    request_id = box.submit(d.hook_url)
    task = d.finished(request_id)
    assert task["stage"] == "done" and the_delivery(task)["note"] == f"HTTP 204 from 127.0.0.1:{receiver.server_port}"
    [post] = receiver.posts
    truth = box.task(request_id)["video"]
    assert post.is_signed_with(SECRET) and not post.is_signed_with("whsec_" + "A" * 32)
    assert post.target == "/videos?token=t0ken-of-the-url" and post.headers["Content-Type"] == "application/json"
    assert post.headers["Authorization"] == "Bearer abc" and post.headers["X-Tenant"] == "7"
    document = post.document
    assert document["deliveryId"] == post.id and document["attempt"] == 1
    assert document["requestId"] == request_id and document["sink"] == "app" and document["error"] is None
    assert document["video"]["path"] is None and document["video"]["sha256"] == truth["sha256"]
    assert document["video"]["size"] == truth["size"]


def test_failures_are_tried_again_under_the_same_id(daemon, receiver):
    d = daemon(settings={"sinks": [receiver.sink(on=["failed"], timeout="500ms")]})
    receiver.answers = [status(500, "out of order"), status(503, Retry_After=2), cut, status(307, Location=receiver.url),
                        late(5), status(404), status(401)]
    task = d.finished(settle(d, "req_1"))
    posts = receiver.posts
    assert task["stage"] == "done" and len(posts) == 8
    assert all(p.is_signed_with(SECRET) for p in posts) and len({p.id for p in posts}) == 1
    assert [p.document["attempt"] for p in posts] == list(range(1, 9))
    bare = {re.sub(rb'"attempt":\d+', b"", p.body) for p in posts}
    assert len(bare) == 1
    assert len({p.headers["webhook-signature"] for p in posts}) == 8
    assert 1.9 < posts[2].at - posts[1].at < 10 and posts[1].at - posts[0].at < 1.5
    said = "\n".join(notes(task))
    for reason in ("answered 500: out of order", "answered 503", "closed before a response", "not followed",
                   "500ms", "answered 404", "answered 401"):
        assert reason in said or (reason.startswith("closed") and "reset" in said), said


def test_a_receiver_that_wants_no_more_gets_no_more_until_somebody_says_so(daemon, receiver):
    d = daemon(settings={"sinks": [receiver.sink(on=["failed"])]})
    receiver.answers = [status(410, "gone for good")]
    task = d.finished(settle(d, "req_1"))
    assert task["stage"] == "stuck" and the_delivery(task)["note"].endswith("answered 410: gone for good")
    time.sleep(1)
    assert len(receiver.posts) == 1
    assert d.command("redeliver", "req_1").returncode == 0
    receiver.wait_for(2)
    harness.wait_until(lambda: d.task("req_1").json["stage"] == "done", "the redelivery")
    assert receiver.posts[0].id == receiver.posts[1].id


def test_a_slow_receiver_holds_nobody_else_up(authority, daemon, receiver):
    with webhooks.receiving(authority.issue("other")) as other:
        d = daemon(settings={"sinks": [receiver.sink(on=["failed"], timeout="3s", concurrency=1),
                                       other.sink(name="other", on=["failed"])]})
        receiver.answers = [late(20)] * 50
        began = time.monotonic()
        for n in range(5):
            settle(d, f"req_{n}")
        other.wait_for(5)
        assert time.monotonic() - began < 3
        assert d.post(callback("req_while", "cancelled")).status == 200
        receiver.answers.clear()
        receiver.closing.set()
        assert all(d.finished(f"req_{n}")["stage"] == "done" for n in range(5))


def test_attempts_that_are_used_up_leave_the_task_stuck(daemon, receiver):
    d = daemon(settings={"sinks": [receiver.sink(on=["failed"], retry={"max_attempts": 3, "min_delay": "10ms",
                                                                       "max_delay": "20ms"})]})
    receiver.answers = [cut] * 3
    task = d.finished(settle(d, "req_1"))
    assert task["stage"] == "stuck" and "gave up after 3 attempts" in the_delivery(task)["note"]
    assert len(receiver.posts) == 3


def test_each_status_is_told_of_where_it_is_wanted(sandbox, daemon, receiver):
    d = daemon(settings={"sinks": [receiver.sink(on=["failed"])]})
    failed = sandbox("--duration-ms", 50, "--fail", 1).submit(d.hook_url)
    assert d.finished(failed)["stage"] == "done"
    d.finished(settle(d, "req_cancelled", "cancelled"))
    [post] = receiver.posts
    document = post.document
    assert (document["requestId"], document["status"], document["video"]) == (failed, "failed", None)
    assert document["error"]["code"] == "generation_failed"


def test_every_secret_signs(daemon, receiver):
    secrets = [SECRET, "a plain secret, äöü"]
    d = daemon(settings={"sinks": [receiver.sink(on=["failed"], secret=secrets)]})
    d.finished(settle(d, "req_1"))
    [post] = receiver.posts
    assert len(post.headers["webhook-signature"].split(" ")) == 2
    assert all(post.is_signed_with(secret) for secret in secrets)


def test_the_documented_example_verifies(daemon, receiver, monkeypatch):
    text = (PROJECT / "docs" / "configuration.md").read_text()
    example = {}
    exec(re.search(r"```python\n(.*?)```", text, re.S).group(1), example)  # noqa: S102
    is_genuine = example["is_genuine"]
    d = daemon(settings={"sinks": [receiver.sink(on=["failed"], secret=[SECRET, "plain"])]})
    d.finished(settle(d, "req_1"))
    [post] = receiver.posts
    assert is_genuine(post.headers, post.body, SECRET) and is_genuine(post.headers, post.body, "plain")
    assert not is_genuine(post.headers, post.body + b" ", SECRET)
    assert not is_genuine(post.headers, post.body, "other")
    assert not is_genuine({**post.headers, "webhook-id": "dlv_other"}, post.body, SECRET)
    assert not is_genuine({}, post.body, SECRET)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 301)
    assert not is_genuine(post.headers, post.body, SECRET)


def test_a_killed_daemon_tells_again_under_the_same_id(daemon, receiver, folder, authority, started):
    d = daemon(settings={"sinks": [receiver.sink(on=["failed"])]})
    receiver.answers = [late(20)]
    settle(d, "req_1")
    receiver.wait_for(1)
    d.signal(signal.SIGKILL)
    d.wait()
    again = started(harness.Daemon(folder, authority, settings=d.settings, port=d.port)).ready()
    assert again.finished("req_1")["stage"] == "done"
    assert len(receiver.posts) == 2 and receiver.posts[0].id == receiver.posts[1].id


def test_no_secret_shows_anywhere(daemon, receiver):
    plain = "a-plain-secret-of-some-length"
    d = daemon(settings={"sinks": [receiver.sink(on=["failed"], secret=[SECRET, plain],
                                                 headers={"Authorization": "Bearer header-t0ken", "X-Short": "sh0rt-one"})]})
    receiver.answers = [echo, echo, status(500, f"{SECRET} {plain}"), cut, status(302, Location="/" + plain)]
    task = d.finished(settle(d, "req_1"))
    assert task["stage"] == "done" and "Authorization: [hidden] [hidden]" in "\n".join(notes(task))
    seen = d.log_file.read_bytes()
    for target in ("/v1/tasks", "/v1/tasks/req_1", "/metrics", "/readyz"):
        seen += d.api("GET", target).body
    for name in ("cmdline", "environ"):
        seen += pathlib.Path(f"/proc/{d.process.pid}/{name}").read_bytes()
    for file in d.folder.glob("seedhook.db*"):
        seen += file.read_bytes()
    for words in (["check"], ["check", "--json"], ["show", "req_1"], ["tasks", "--json"]):
        ran = d.command(*words)
        assert ran.returncode == 0, ran.stderr
        seen += (ran.stdout + ran.stderr).encode()
    for secret in (SECRET, SECRET.removeprefix("whsec_"), plain, "header-t0ken", "sh0rt-one", "t0ken-of-the-url"):
        assert secret.encode() not in seen
    assert b"req_1" in seen


@pytest.mark.parametrize("wrong", [{"url": "https://10.0.0.1/"}, {"secret": "whsec_n0t~base64"}])
def test_what_can_never_be_delivered_stops_the_start(folder, authority, started, receiver, wrong):
    d = started(harness.Daemon(folder, authority, settings={"sinks": [receiver.sink(**wrong)]}))
    assert d.wait() == 1
    assert "sink app: " in d.logs() and "n0t~base64" not in d.logs()


def test_a_receiver_whose_certificate_is_not_trusted_is_told_nothing(daemon, receiver):
    d = daemon(settings={"sinks": [receiver.sink(on=["failed"])], "outbound": {"ca_file": None, "proxy": "none"}})
    settle(d, "req_1")
    harness.wait_until(lambda: any("certificate" in n for n in notes(d.task("req_1").json)), "the reason")
    assert receiver.posts == []
