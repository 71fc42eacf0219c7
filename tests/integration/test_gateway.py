"""The gateway as apps see it: the Open API with nothing changed but the base URL, and every task it takes is known here."""
import json
import os
import subprocess
import sys
import time
from concurrent import futures

import pytest

import harness
from asking import asked, asking, degraded, kinds, lost
from upstream import GENERATIONS

APPS_KEY = "the-apps-own-key"


def run_app(authority, *arguments):
    """What a program of somebody else's printed."""
    environment = {**os.environ, "SSL_CERT_FILE": authority.ca, "CURL_CA_BUNDLE": authority.ca, "no_proxy": "127.0.0.1"}
    ran = subprocess.run([str(a) for a in arguments], env=environment, capture_output=True, text=True, check=False,
                         timeout=2 * harness.PATIENCE)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def program(authority, folder, base_url, key, *more):
    """The answers that app.py got, and the video."""
    file = folder / "of-the-app.mp4"
    printed = run_app(authority, sys.executable, harness.pathlib.Path(__file__).with_name("app.py"), base_url, key, file, *more)
    return printed, file.read_bytes()


def curl(authority, base_url, key, method, path, document=None):
    """The status, the type and the body."""
    data = ["-H", "Content-Type: application/json", "-d", document] if document else []
    return run_app(authority, "curl", "-sS", "-X", method, *data, "-H", f"Authorization: Bearer {key}",
                   "-w", "\n%{http_code} %{content_type}", base_url + path)


def twins(sandbox, *flags):
    """Two sandboxes of one seed: the same calls get the same answers."""
    return [sandbox("--duration-ms", 400, "--seed", 12, *flags) for _ in range(2)]


def test_a_program_sees_no_difference_but_the_base_url(authority, folder, sandbox, daemon, gateway):
    alone, behind = twins(sandbox)
    d = daemon(**gateway.options(asking(behind, first_after="1m")))
    direct, video = program(authority, folder, alone.base_url, alone.key)
    through, same_video = program(authority, folder, gateway.base_url, APPS_KEY)
    assert through.replace(str(behind.port), str(alone.port)) == direct
    assert same_video == video
    assert [json.loads(line)[2] for line in through.splitlines()] == [200, 400, 404, 200, 200, 400, 200, 200]
    finished, cancelled = (json.loads(line[4])["requestId"] for line in map(json.loads, through.splitlines())
                           if line[0] == "POST" and line[1] == GENERATIONS and line[2] == 200)
    task = d.finished(finished)
    assert (task["stage"], task["settledBy"], task["model"]) == ("done", "callback", "seedance-2.0")
    assert task["metadata"] == {"projectId": "p1"}
    assert (d.videos / f"{finished}.mp4").read_bytes() == video
    assert d.finished(cancelled)["status"] == "cancelled"
    assert [t["requestId"] for t in d.tasks()] == [cancelled, finished]


def test_curl_sees_no_difference_but_the_base_url(authority, sandbox, daemon, gateway):
    alone, behind = twins(sandbox)
    d = daemon(**gateway.options(asking(behind, first_after="1m")))
    document = json.dumps({"model": "seedance-2.0", "prompt": "x", "duration": 5})
    request_id = None
    for method, path, body in (("GET", "/api/open/v1/models", None), ("POST", GENERATIONS, document),
                               ("POST", GENERATIONS, "{}"), ("GET", f"{GENERATIONS}/req_none", None)):
        direct = curl(authority, alone.base_url, alone.key, method, path, body)
        assert curl(authority, gateway.base_url, APPS_KEY, method, path, body) == direct
        request_id = request_id or json.loads(direct.rsplit("\n", 1)[0]).get("requestId")
    assert d.finished(request_id)["status"] == "succeeded"
    path = f"{GENERATIONS}/{request_id}"
    through = curl(authority, gateway.base_url, APPS_KEY, "GET", path).replace(str(behind.port), str(alone.port))
    assert through == curl(authority, alone.base_url, alone.key, "GET", path)


def test_keys_stay_on_their_side_and_only_the_webhook_is_added(authority, folder, sandbox, daemon, gateway):
    box = sandbox("--duration-ms", 200)
    d = daemon(**gateway.options(asking(box, first_after="1m")))
    printed, _ = program(authority, folder, gateway.base_url, APPS_KEY)
    assert harness.API_KEY not in printed and harness.API_KEY not in d.logs()
    document = '{ "seed":12345678901234567890123, "model":"seedance-2.0",  "prompt":"\\u00e4", "new":[1.10] }'
    headers = {"Authorization": f"Bearer {APPS_KEY}", "Cookie": "session=1", "X-Seedhook-Source": "main"}
    assert gateway.call("POST", GENERATIONS, document, headers).status == 200
    sent = box.hook("submissions")["submissions"]
    assert sent[-1]["body"] == '{"webhookUrl":"' + d.hook_url + '",' + document[1:]
    for submission in sent:
        fields = {name.lower(): value for name, value in submission["headers"]}
        assert fields["authorization"] == f"Bearer {harness.API_KEY}"
        assert "cookie" not in fields and "x-seedhook-source" not in fields
        assert APPS_KEY not in json.dumps(submission)


def test_an_app_that_has_its_own_webhook_keeps_it_and_the_video_arrives_all_the_same(sandbox, daemon, gateway, listener):
    box = sandbox("--duration-ms", 600)
    d = daemon(**gateway.options(asking(box)))
    request_id = gateway.submit(webhookUrl=listener.url)
    task = d.finished(request_id)
    assert (task["stage"], task["settledBy"]) == ("done", "poll")
    assert harness.sha256_file(d.videos / f"{request_id}.mp4") == box.task(request_id)["video"]["sha256"]
    harness.wait_until(lambda: listener.received, "the app's own callback")
    assert json.loads(listener.received[0][1])["requestId"] == request_id
    assert json.loads(box.hook("submissions")["submissions"][0]["body"])["webhookUrl"] == listener.url


def test_without_a_callback_url_nothing_is_added(sandbox, daemon, gateway):
    box = sandbox("--duration-ms", 300)
    d = daemon(**gateway.options(asking(box), callback_url=False))
    request_id = gateway.submit()
    assert "webhookUrl" not in box.hook("submissions")["submissions"][0]["body"]
    assert d.finished(request_id)["settledBy"] == "poll"


def test_with_every_callback_lost_every_submission_still_ends_right(sandbox, daemon, gateway):
    box = sandbox("--duration-ms", 500, "--lose", 1, "--fail", 0.3, "--cancelled", 0.2, "--seed", 3)
    d = daemon(**gateway.options(asking(box)))
    ids = [gateway.submit() for _ in range(12)]
    assert {t["requestId"] for t in d.tasks()} == set(ids)
    ends = [d.finished(i) for i in ids]
    assert [(e["status"], e["stage"], e["settledBy"]) for e in ends] == [
        (box.task(i)["status"], "done", "poll") for i in ids]
    assert {e["status"] for e in ends} == {"succeeded", "failed", "cancelled"}
    assert {p.stem for p in d.videos.glob("*.mp4")} == {e["requestId"] for e in ends if e["status"] == "succeeded"}


def test_a_task_is_known_before_the_app_has_its_answer(sandbox, daemon, gateway):
    d = daemon(**gateway.options(asking(sandbox("--duration-ms", 60000))))
    for n in range(20):
        task = d.task(gateway.submit(metadata={"n": n})).json
        assert (task["status"], task["stage"], task["metadata"]) == ("queued", "waiting", {"n": n})
        assert task["events"][0]["kind"] == "tracked"


def two_sources(box):
    settings = asking(box, first_after="1m")
    settings["sources"].append({"name": "other", "path": "/hooks/other", "secrets": [harness.SECRET],
                                "api": {"base_url": box.base_url, "key": "sd2_live_other"}})
    return settings


def test_several_sources_are_told_apart_by_path_and_by_header(sandbox, daemon, gateway):
    box = sandbox("--duration-ms", 300, "--api-key", "sd2_live_other")
    d = daemon(**gateway.options(two_sources(box)))
    sent = [("main", gateway.submit(base="/main")), ("other", gateway.submit(base="/other")),
            ("other", gateway.submit(headers={"X-Seedhook-Source": "other"})),
            ("other", gateway.submit(base="/other", headers={"X-Seedhook-Source": "other"}))]
    for source, request_id in sent:
        task = d.finished(request_id)
        assert (task["source"], task["status"], task["settledBy"]) == (source, "succeeded", "callback")
        assert gateway.call("GET", f"/{source}{GENERATIONS}/{request_id}").status == 200
        wrong = "main" if source == "other" else "other"
        assert gateway.call("GET", f"/{wrong}{GENERATIONS}/{request_id}").code == "not_found"
    keys = [dict(s["headers"])["Authorization"] for s in box.hook("submissions")["submissions"]]
    assert keys == [f"Bearer {harness.API_KEY}"] + 3 * ["Bearer sd2_live_other"]


@pytest.mark.parametrize("base, header, status", [("", None, 400), ("/main", "other", 400), ("/none", None, 404), ("", "none", 404)])
def test_a_source_that_is_not_clear_is_not_guessed(base, header, status, sandbox, daemon, gateway):
    box = sandbox("--api-key", "sd2_live_other")
    d = daemon(**gateway.options(two_sources(box)))
    answer = gateway.post(base=base, headers={"X-Seedhook-Source": header} if header else None)
    assert (answer.status, answer.code) == (status, "not_found" if status == 404 else "invalid_request")
    assert box.tasks() == [] and lost(d) == []


def test_the_token_is_asked_for_and_goes_no_further(sandbox, daemon, gateway):
    box = sandbox()
    daemon(**gateway.options(asking(box), token="gateway-token"))
    for credentials in (None, "Bearer gateway-toke", f"Bearer {harness.API_KEY}", "Basic gateway-token"):
        answer = gateway.post(headers={"Authorization": credentials} if credentials else None)
        assert (answer.status, answer.code) == (401, "unauthorized")
    assert box.hook("calls")["calls"] == []
    gateway.submit(headers={"Authorization": "Bearer gateway-token"})
    assert "gateway-token" not in json.dumps(box.hook("submissions"))


def test_a_web_page_is_kept_out(sandbox, daemon, gateway):
    box = sandbox()
    daemon(**gateway.options(asking(box)))
    assert gateway.post(headers={"Origin": "https://evil.example"}).code == "forbidden"
    assert box.hook("calls")["calls"] == []


@pytest.mark.parametrize("flags, count, status, code", [
    (("--credits", 40), 1, 402, "insufficient_credits"),
    (("--rate-limit", 1), 1, 429, "rate_limited"),
    (("--rate-limit", 1, "--retry-after-date"), 1, 429, "rate_limited"),
    (("--unauthorized-after", 1), 1, 401, "unauthorized"),
    ((), 0, 400, "invalid_request"),
])
def test_refusals_pass_through_unchanged_and_are_no_loss(flags, count, status, code, sandbox, daemon, gateway):
    alone, behind = twins(sandbox, *flags)
    d = daemon(**gateway.options(asking(behind, first_after="1m")))
    for _ in range(count):
        alone.submit()
        gateway.submit()
    prompt = {} if status == 400 else {"prompt": "x"}
    document = {"model": "seedance-2.0", **prompt}
    direct = alone.call("POST", GENERATIONS, document)
    through = gateway.call("POST", GENERATIONS, document)
    assert (direct.status, direct.code) == (status, code)
    assert (through.status, through.body) == (direct.status, direct.body)
    assert through.headers["Content-Type"] == direct.headers["Content-Type"]
    assert (through.headers["Retry-After"] is None) == (direct.headers["Retry-After"] is None) == (status != 429)
    assert len(d.tasks()) == count and lost(d) == [] and degraded(d) == []


def test_what_is_no_document_is_not_sent(sandbox, daemon, gateway):
    box = sandbox()
    d = daemon(**gateway.options(asking(box)))
    for body in ("", "{", "[]", '{"a":1,"a":2}', '{"a":' + 40 * "[" + 40 * "]" + "}"):
        assert gateway.call("POST", GENERATIONS, body).code == "invalid_request"
    large = gateway.call("POST", GENERATIONS, json.dumps({"prompt": "x" * 300_000}))
    assert (large.status, large.code) == (413, "too_large")
    assert box.hook("calls")["calls"] == [] and lost(d) == []


def test_a_cancellation_through_the_gateway_ends_the_task(sandbox, daemon, gateway):
    box = sandbox("--duration-ms", 60000)
    d = daemon(**gateway.options(asking(box, first_after="1m")))
    request_id = gateway.submit()
    assert gateway.call("POST", f"{GENERATIONS}/{request_id}/cancel").status == 200
    task = d.finished(request_id)
    assert task["status"] == "cancelled" and kinds(task).count("cancel") == 1
    assert len(asked(box)) <= 1
    assert not list(d.videos.iterdir())


def test_apps_are_served_side_by_side(sandbox, daemon, gateway):
    box = sandbox("--slow", 1, "--slow-ms", 1500, "--faults-on", "submit")
    daemon(**gateway.options(asking(box)))
    begin = time.monotonic()
    with futures.ThreadPoolExecutor(8) as apps:
        ids = [apps.submit(gateway.submit) for _ in range(8)]
        assert gateway.call("GET", "/api/open/v1/models").status == 200
        assert not any(i.done() for i in ids)
    assert len({i.result() for i in ids}) == 8
    assert time.monotonic() - begin < 6
