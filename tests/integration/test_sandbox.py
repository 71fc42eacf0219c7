"""The stand-in for the upstream API, from outside."""
import hashlib
import json
import shutil
import struct
import subprocess

import pytest

import harness
from upstream import GENERATIONS, settled, status, succeeded


def top_level_boxes(data):
    names, at = [], 0
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at:at + 8])
        names.append(name.decode())
        at += size
    assert at == len(data)
    return names


def test_a_task_goes_from_queued_to_a_video(sandbox):
    box = sandbox("--duration-ms", 300, "--spread", 0)
    answer = box.call("POST", GENERATIONS, {"model": "seedance-2.0", "prompt": "A river", "metadata": {"a": [1]}})
    assert answer.status == 200
    assert answer.json["success"] is True
    assert answer.json["status"] == "queued"
    assert answer.json["creditsCharged"] == 40
    status = settled(box, answer.json["requestId"])
    assert status["prompt"] == "A river"
    assert status["metadata"] == {"a": [1]}
    assert status["error"] is None
    assert status["output"]["type"] == "video"
    film = box.fetch(status["output"]["url"])
    assert film.status == 200
    assert film.headers["Content-Type"] == "video/mp4"
    assert top_level_boxes(film.body)[:2] == ["ftyp", "moov"]
    truth = box.task(status["requestId"])
    assert truth["video"]["size"] == len(film.body)
    assert truth["video"]["sha256"] == hashlib.sha256(film.body).hexdigest()


@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="ffmpeg is not installed")
def test_a_player_plays_the_video(sandbox, folder):
    box = sandbox("--duration-ms", 50)
    (folder / "film.mp4").write_bytes(box.fetch(succeeded(box)["output"]["url"]).body)
    played = subprocess.run(["ffmpeg", "-v", "error", "-i", "film.mp4", "-f", "null", "-"], cwd=folder, check=True,
                            capture_output=True, text=True)
    assert played.stderr == ""


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", {"prompt": "x"}, {"model": "seedance-2.0"},
                                  {"model": "other", "prompt": "x"},
                                  {"model": "seedance-2.0", "prompt": "x", "duration": 3},
                                  {"model": "seedance-1.5-pro", "prompt": "x", "duration": 6},
                                  {"model": "seedance-2.0", "prompt": "x", "aspectRatio": "4:3"},
                                  {"model": "seedance-2.0", "prompt": "x", "resolution": "4k"},
                                  {"model": "seedance-2.0", "prompt": "x", "metadata": []},
                                  {"model": 2, "prompt": "x"}, {"model": "seedance-2.0", "prompt": ["x"]},
                                  {"model": "seedance-2.0", "prompt": "x", "duration": "5"},
                                  {"model": "seedance-2.0", "prompt": "x", "webhookUrl": 7},
                                  {"model": "seedance-2.0", "prompt": "x", "mediaUrls": "https://a.example/a.jpg"}])
def test_bad_submissions_are_invalid_requests(sandbox, body):
    answer = sandbox().call("POST", GENERATIONS, body)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.json["success"] is False


def test_the_key_is_asked_for(sandbox):
    box = sandbox()
    for headers in ({"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer "},
                    {"Authorization": harness.API_KEY}):
        for method, target in (("POST", GENERATIONS), ("GET", f"{GENERATIONS}/x"), ("POST", f"{GENERATIONS}/x/cancel")):
            answer = box.call(method, target, headers=headers)
            assert (answer.status, answer.code) == (401, "unauthorized")
    assert box.call("GET", f"{GENERATIONS}/x", headers={"Authorization": f"bearer {harness.API_KEY}"}).status == 404
    models = box.call("GET", "/api/open/v1/models", headers={"Authorization": "Bearer wrong"})
    assert [m["id"] for m in models.json["data"]] == ["seedance-2.0", "seedance-2.0-fast", "seedance-1.5-pro"]


def test_unknown_tasks_paths_and_methods(sandbox):
    box = sandbox()
    assert box.call("GET", f"{GENERATIONS}/req_none").code == "not_found"
    assert box.call("POST", f"{GENERATIONS}/req_none/cancel").status == 404
    assert box.call("GET", "/open-api-results/req_none.mp4").status == 404
    assert box.call("GET", "/nothing").status == 404
    answer = box.call("DELETE", GENERATIONS)
    assert answer.status == 405 and "POST" in answer.headers["Allow"]


def test_another_keys_task_is_not_found(sandbox, listener):
    box = sandbox("--duration-ms", 60000, "--api-key", "other")
    request_id = box.submit(listener.url)
    other = {"Authorization": "Bearer other"}
    for method, target in (("GET", f"{GENERATIONS}/{request_id}"), ("POST", f"{GENERATIONS}/{request_id}/cancel")):
        answer = box.call(method, target, headers=other)
        assert (answer.status, answer.code) == (404, "not_found")
    assert status(box, request_id)["status"] in ("queued", "processing")


def test_a_task_can_be_cancelled_until_it_settles(sandbox, listener):
    box = sandbox("--duration-ms", 60000)
    request_id = box.submit(listener.url)
    answer = box.call("POST", f"{GENERATIONS}/{request_id}/cancel")
    assert answer.status == 200 and answer.json["status"] == "cancelled"
    assert box.call("POST", f"{GENERATIONS}/{request_id}/cancel").code == "invalid_request"
    harness.wait_until(lambda: listener.received, "the callback")
    assert json.loads(listener.received[0][1])["status"] == "cancelled"
    assert box.call("GET", f"{GENERATIONS}/{request_id}").json["output"] is None


def test_callbacks_are_signed_over_their_bytes(sandbox, listener):
    box = sandbox("--duration-ms", 50)
    request_id = box.submit(listener.url)
    harness.wait_until(lambda: box.task(request_id)["callbacks"], "the callback")
    headers, body = listener.received[0]
    assert headers["x-seedance-signature"] == harness.sign(body)
    assert headers["Content-Type"] == "application/json"
    told = json.loads(body)
    assert told["requestId"] == request_id
    assert box.fetch(told["output"]["url"]).status == 200
    sent = box.task(request_id)["callbacks"][0]
    assert (sent["why"], sent["status"], sent["answer"]) == ("settled", 200, "ok")


def test_a_forged_callback_has_a_wrong_signature(sandbox, listener):
    box = sandbox()
    answer = box.call("POST", "/sandbox/forge", {"requestId": "req_x", "webhookUrl": listener.url})
    assert answer.json["status"] == 200
    headers, body = listener.received[0]
    assert len(headers["x-seedance-signature"]) == 64
    assert headers["x-seedance-signature"] != harness.sign(body)


def test_callbacks_are_sent_again_until_taken(sandbox, listener):
    box = sandbox("--duration-ms", 20, "--retry-callbacks", 3)
    listener.answers[:] = [503, 500]
    request_id = box.submit(listener.url)
    harness.wait_until(lambda: len(box.task(request_id)["callbacks"]) == 3, "three callbacks")
    assert [c["status"] for c in box.task(request_id)["callbacks"]] == [503, 500, 200]
    assert len({body for _, body in listener.received}) == 1
    box.call("POST", f"/sandbox/tasks/{request_id}/callback")
    assert len(listener.received) == 4


def test_shares_of_misbehaviour_follow_from_the_seed(sandbox, listener):
    def run(*flags):
        box = sandbox("--duration-ms", 20, *flags, tls=False)
        ids = [box.submit(listener.url) for _ in range(20)]
        harness.wait_until(lambda: all(t["settledAt"] for t in box.tasks()), "all to settle")
        tasks = box.tasks()
        assert [t["requestId"] for t in tasks] == ids
        harness.wait_until(lambda: all(len(t["callbacks"]) == (0 if t["plan"]["lost"] else 1 + t["plan"]["twice"])
                                       for t in box.tasks()), "the callbacks")
        return [(t["requestId"], t["status"], t["plan"], t["video"] and t["video"]["sha256"]) for t in tasks]

    flags = ("--lose", 0.3, "--duplicate", 0.3, "--fail", 0.2, "--cancelled", 0.2)
    first = run("--seed", 5, *flags)
    assert first == run("--seed", 5, *flags)
    assert first != run("--seed", 6, *flags)
    assert {status for _, status, _, _ in first} == {"succeeded", "failed", "cancelled"}
    assert len({p["lost"] for _, _, p, _ in first}) == 2


def test_a_failed_task_says_why(sandbox, listener):
    box = sandbox("--duration-ms", 20, "--fail", 1)
    status = settled(box, box.submit(listener.url))
    assert status["status"] == "failed"
    assert status["error"]["code"] == "generation_failed"
    assert status["output"] is None
    harness.wait_until(lambda: listener.received, "the callback")
    assert json.loads(listener.received[0][1])["error"] == status["error"]


def test_ranges_of_a_video(sandbox):
    box = sandbox("--duration-ms", 20, "--video-bytes", 100000)
    url = succeeded(box)["output"]["url"]
    whole = box.fetch(url)
    etag = whole.headers["ETag"]
    assert len(whole.body) == 100000 and etag.startswith('"') and whole.headers["Accept-Ranges"] == "bytes"
    for asked, first, last in (("0-0", 0, 0), ("5000-", 5000, 99999), ("-10", 99990, 99999), ("99999-1000000", 99999, 99999)):
        part = box.fetch(url, {"Range": f"bytes={asked}", "If-Range": etag})
        assert part.status == 206
        assert part.headers["Content-Range"] == f"bytes {first}-{last}/100000"
        assert part.headers["ETag"] == etag
        assert part.body == whole.body[first:last + 1]
    assert box.fetch(url, {"Range": "bytes=5000-", "If-Range": '"other"'}).status == 200
    assert box.fetch(url, {"Range": "bytes=0-1,4-5"}).status == 200
    past = box.fetch(url, {"Range": "bytes=100000-"})
    assert past.status == 416 and past.headers["Content-Range"] == "bytes */100000"
    head = box.fetch(url, {"Range": "bytes=0-0"}, method="HEAD")
    assert (head.status, head.headers["Content-Length"], head.body) == (200, "100000", b"")


def test_a_large_video_is_made_on_the_way(sandbox):
    box = sandbox("--duration-ms", 20, "--video-bytes", "1GiB")
    url = succeeded(box)["output"]["url"]
    part = box.fetch(url, {"Range": "bytes=1073741800-"})
    assert part.status == 206 and len(part.body) == 24
    assert box.fetch(url, method="HEAD").headers["Content-Length"] == str(2**30)


def test_expired_urls_are_refused_and_fresh_ones_work(sandbox, listener):
    box = sandbox("--duration-ms", 20, "--expire-urls", 1)
    found = succeeded(box, webhook=listener.url)
    harness.wait_until(lambda: listener.received, "the callback")
    dead = json.loads(listener.received[0][1])["output"]["url"]
    assert box.fetch(dead).status == 403
    assert box.fetch(dead.split("?")[0]).status == 403
    fresh = found["output"]["url"]
    assert box.fetch(fresh).status == 200
    assert box.fetch(fresh.replace("Expires=", "Expires=9")).status == 403


def test_a_url_from_a_status_expires_too(sandbox):
    box = sandbox("--duration-ms", 20, "--expire-urls", 1, "--url-lifetime-ms", 400)
    first = succeeded(box)
    assert box.fetch(first["output"]["url"]).status == 200
    harness.wait_until(lambda: box.fetch(first["output"]["url"]).status == 403, "the URL to expire")
    assert box.fetch(status(box, first["requestId"])["output"]["url"]).status == 200


def test_a_transfer_that_breaks_off_can_be_resumed(sandbox):
    box = sandbox("--duration-ms", 20, "--break-downloads", 1, "--video-bytes", 100000)
    url = succeeded(box)["output"]["url"]
    with pytest.raises(harness.http.client.IncompleteRead) as broken:
        box.fetch(url)
    rest = box.fetch(url, {"Range": f"bytes={len(broken.value.partial)}-"})
    assert rest.status == 206
    assert hashlib.sha256(broken.value.partial + rest.body).hexdigest() == box.tasks()[0]["video"]["sha256"]


def test_credits_run_out(sandbox):
    poor = sandbox("--credits", 80)
    poor.submit(), poor.submit()
    answer = poor.call("POST", GENERATIONS, {"model": "seedance-2.0", "prompt": "x"})
    assert (answer.status, answer.code) == (402, "insufficient_credits")
    poor.hook("behaviour", {"credits": None})
    poor.submit()


def test_the_port_file_and_a_wrong_command_line(sandbox, folder):
    box = sandbox("--port-file", folder / "port")
    assert int((folder / "port").read_text()) == box.port
    wrong = subprocess.run([harness.SANDBOX, "--lose", "2"], capture_output=True, check=False)
    assert wrong.returncode == 2
    nobody = subprocess.run([harness.SANDBOX, "--listen", "127.0.0.1:0", "--tls-cert", "/none", "--tls-key", "/none"],
                            capture_output=True, check=False)
    assert nobody.returncode == 1 and b"/none" in nobody.stderr
