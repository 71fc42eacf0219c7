"""The strings that tests pull while the sandbox runs, and what it tells of what it was asked."""
import json
import socket
import time

import pytest

import harness
from upstream import GENERATIONS, settled, status


def test_behaviour_changes_while_it_runs(sandbox):
    box = sandbox("--duration-ms", 20, "--lose", 0.25)
    before = box.hook("behaviour")
    assert (before["lose"], before["fail"], before["credits"]) == (0.25, 0, None)
    after = box.hook("behaviour", {"fail": 1, "duration-ms": 0})
    assert after == {**before, "fail": 1, "duration-ms": 0}
    assert settled(box, box.submit())["status"] == "failed"


@pytest.mark.parametrize("hook, body", [("behaviour", {"nonsense": 1}), ("behaviour", {"lose": 2}), ("behaviour", b"{"),
                                        ("api", {"state": "sideways"}), ("api", {}), ("key", {}), ("key", {"revoked": 1}),
                                        ("hold", {}), ("hold", {"held": "yes"}), ("forge", {}),
                                        ("forge", {"requestId": 1})])
def test_a_wrong_body_is_refused(sandbox, hook, body):
    box = sandbox()
    before = box.hook("behaviour")
    answer = box.call("POST", f"/sandbox/{hook}", body)
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert box.hook("behaviour") == before


def test_the_api_is_unavailable_and_up_again(sandbox):
    box = sandbox()
    assert box.hook("api") == {"state": "up"}
    assert box.hook("api", {"state": "unavailable"}) == {"state": "unavailable"}
    assert box.call("GET", "/api/open/v1/models").status == 503
    assert box.call("POST", GENERATIONS, {}).status == 503
    assert box.hook("api", {"state": "up"}) == {"state": "up"}
    box.submit()
    assert [c["status"] for c in box.hook("calls")["calls"]] == [503, 503, 200]


def test_the_api_refuses_connections_and_is_up_again(sandbox):
    box = sandbox("--duration-ms", 60000)
    request_id = box.submit()
    with socket.create_connection(("127.0.0.1", box.port)) as idle:
        assert box.hook("api", {"state": "refusing"}) == {"state": "refusing"}
        idle.settimeout(harness.PATIENCE)
        assert harness.read_all(idle) == b""
    for _ in range(3):
        with pytest.raises(ConnectionRefusedError):
            box.submit()
    assert box.task(request_id)["requestId"] == request_id  # the hooks are still there
    assert box.hook("api", {"state": "refusing"}) == {"state": "refusing"}
    assert box.hook("api", {"state": "up"}) == {"state": "up"}
    status(box, request_id)


def test_refusing_breaks_off_what_hangs(sandbox):
    box = sandbox("--hang", 1)
    connection = box.connection()
    connection.request("GET", "/api/open/v1/models")
    harness.wait_until(lambda: box.hook("calls")["calls"], "the call")
    box.hook("api", {"state": "refusing"})
    with pytest.raises(OSError):
        connection.getresponse()
    connection.close()


def test_without_an_address_of_their_own_hooks_are_beside_the_api(folder, started):
    program = started(harness.Program("sandbox", [harness.SANDBOX], folder))
    line = json.loads(program.process.stdout.readline())
    assert line["hooksUrl"] == line["baseUrl"]

    def set_state(state):
        connection = harness.http.client.HTTPConnection("127.0.0.1", line["port"], timeout=harness.PATIENCE)
        return harness.exchange(connection, "POST", "/sandbox/api", json.dumps({"state": state}))

    answer = set_state("refusing")
    assert (answer.status, answer.code) == (409, "no_other_door")
    assert set_state("unavailable").json == {"state": "unavailable"}
    assert set_state("up").json == {"state": "up"}


def test_calls_are_listed_by_kind_and_task(sandbox):
    box = sandbox("--duration-ms", 60000)
    begin = time.time() * 1000
    first, second = box.submit(), box.submit()
    for _ in range(3):
        status(box, first)
    status(box, second)
    box.call("POST", f"{GENERATIONS}/{second}/cancel")
    box.call("GET", f"{GENERATIONS}/req_none")
    box.call("GET", "/api/open/v1/models")
    log = box.hook("calls")
    assert log["counts"] == {"submit": 2, "status": 5, "cancel": 1, "models": 1}
    assert [c["requestId"] for c in log["calls"]][:3] == [first, second, first]
    times = [c["atMs"] for c in log["calls"]]
    assert times == sorted(times) and begin - 1 <= times[0] <= times[-1] <= time.time() * 1000 + 1
    polls = box.hook(f"calls?kind=status&task={first}")["calls"]
    assert len(polls) == 3 and {p["status"] for p in polls} == {200}
    assert box.task(first)["statusCalls"] == 3
    assert [c["status"] for c in box.hook("calls?task=req_none")["calls"]] == [404]
    assert len(box.hook(f"calls?from={log['calls'][4]['number']}&limit=2")["calls"]) == 2
    assert box.call("GET", "/sandbox/calls?kind=poll").status == 400
    assert box.hook("calls", method="DELETE") == {}
    assert box.hook("calls") == {"counts": {"submit": 0, "status": 0, "cancel": 0, "models": 0}, "calls": []}


def test_submissions_are_shown_as_they_came(sandbox):
    box = sandbox("--default-webhook", "http://127.0.0.1:1/default")
    document = '{"prompt": "x",  "model": "seedance-2.0", "metadata": {"a": [1]}, "webhookUrl": "http://127.0.0.1:1/h"}'
    accepted = box.call("POST", GENERATIONS, document, {"X-Trace": "7"}).json["requestId"]
    box.call("POST", GENERATIONS, "{")
    kept = box.hook("submissions")["submissions"]
    assert [(s["requestId"], s["status"]) for s in kept] == [(accepted, 200), (None, 400)]
    assert kept[0]["body"] == document
    assert ["X-Trace", "7"] in kept[0]["headers"]
    assert ["Authorization", f"Bearer {box.key}"] in kept[0]["headers"]
    task = box.task(accepted)
    assert (task["webhookUrl"], task["metadata"]) == ("http://127.0.0.1:1/h", {"a": [1]})


def test_a_held_task_settles_when_let_go(sandbox, listener):
    box = sandbox("--duration-ms", 50)
    assert box.hook("hold", {"held": True}) == {"held": True}
    first, second = box.submit(listener.url), box.submit(listener.url)
    harness.wait_until(lambda: status(box, second)["status"] == "processing", "the second to be under way")
    time.sleep(0.2)
    assert box.hook(f"tasks/{first}/hold", {"held": True})["held"] is True
    box.hook("hold", {"held": False})
    assert settled(box, second)["status"] == "succeeded"
    time.sleep(0.1)
    assert status(box, first)["status"] == "processing"
    box.hook(f"tasks/{first}/hold", {"held": False})
    assert settled(box, first)["status"] == "succeeded"
    harness.wait_until(lambda: len(listener.received) == 2, "the callbacks")
    assert box.call("POST", f"/sandbox/tasks/{first}/hold", {"held": True}).code == "settled"


def test_a_held_task_can_be_cancelled(sandbox, listener):
    box = sandbox("--duration-ms", 20)
    box.hook("hold", {"held": True})
    request_id = box.submit(listener.url)
    assert box.call("POST", f"{GENERATIONS}/{request_id}/cancel").status == 200
    box.hook("hold", {"held": False})
    harness.wait_until(lambda: listener.received, "the callback")
    assert json.loads(listener.received[0][1])["status"] == "cancelled"
    assert status(box, request_id)["status"] == "cancelled"


def test_a_task_settles_now_as_told(sandbox, listener):
    box = sandbox("--duration-ms", 60000, "--lose", 1)
    planned, failed, silent = (box.submit(listener.url) for _ in range(3))
    assert box.hook(f"tasks/{planned}/settle", {})["status"] == "succeeded"
    assert box.hook(f"tasks/{failed}/settle", {"status": "failed", "callback": True})["status"] == "failed"
    box.hook("behaviour", {"lose": 0})
    box.hook(f"tasks/{silent}/settle", {"status": "cancelled", "callback": False})
    harness.wait_until(lambda: listener.received, "the callback")
    time.sleep(0.1)
    assert [json.loads(body)["requestId"] for _, body in listener.received] == [failed]
    assert [status(box, i)["status"] for i in (planned, failed, silent)] == ["succeeded", "failed", "cancelled"]
    assert box.fetch(status(box, planned)["output"]["url"]).status == 200
    assert box.call("POST", f"/sandbox/tasks/{planned}/settle").code == "settled"
    assert box.call("POST", "/sandbox/tasks/req_none/settle").code == "not_found"
    other = box.submit()
    assert box.call("POST", f"/sandbox/tasks/{other}/settle", {"status": "queued"}).status == 400


def test_urls_expire_on_demand(sandbox):
    box = sandbox("--duration-ms", 20)
    request_id = box.submit()
    url = settled(box, request_id)["output"]["url"]
    assert box.fetch(url).status == 200
    box.hook(f"tasks/{request_id}/expire-urls", {})
    assert box.fetch(url).status == 403
    fresh = status(box, request_id)["output"]["url"]
    assert box.fetch(fresh).status == 200
    box.hook(f"tasks/{request_id}/expire-urls", {})
    assert box.fetch(fresh).status == 403
