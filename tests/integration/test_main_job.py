"""The main job through the real programs: a signed callback becomes a file, once."""
import hashlib
import json
import re

import harness
from harness import callback, sign


def submit_ten(box, d):
    return [box.submit(d.hook_url, metadata={"n": str(n)}) for n in range(10)]


def files_below(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_ten_tasks_become_ten_right_files(sandbox, daemon):
    d = daemon()
    box = sandbox("--duration-ms", 400, "--seed", 3, "--duplicate", 0.5, "--break-downloads", 0.3)
    ids = submit_ten(box, d)
    for request_id in ids:
        task = d.finished(request_id)
        assert (task["stage"], task["status"], task["settledBy"]) == ("done", "succeeded", "callback")
        truth = box.task(request_id)["video"]
        content = (d.videos / f"{request_id}.mp4").read_bytes()
        assert hashlib.sha256(content).hexdigest() == truth["sha256"] == task["video"]["sha256"]
        assert len(content) == truth["size"] == task["video"]["size"]
        assert [x["state"] for x in task["deliveries"]] == ["done"]
    harness.wait_until(lambda: all(len(t["callbacks"]) == 1 + t["plan"]["twice"] for t in box.tasks()), "the duplicates")
    answers = [json.loads(c["answer"]) for t in box.tasks() for c in t["callbacks"]]
    assert [a["duplicate"] for a in answers].count(False) == 10
    assert [a["duplicate"] for a in answers].count(True) >= 1
    assert files_below(d.videos) == sorted(f"{i}.mp4" for i in ids)
    assert {t["requestId"] for t in d.tasks()} == set(ids)
    harness.wait_until(lambda: not list((d.folder / "spool").rglob("*.mp4")), "the spool to be cleared", 15)


def test_a_forged_callback_leaves_no_trace(sandbox, daemon):
    d = daemon()
    box = sandbox("--duration-ms", 100)
    request_id = box.submit()
    answer = box.call("POST", "/sandbox/forge", {"requestId": request_id, "webhookUrl": d.hook_url}).json
    assert answer["status"] == 401 and json.loads(answer["answer"])["error"]["code"] == "unauthorized"
    assert d.task(request_id).status == 404
    assert d.tasks() == [] and files_below(d.videos) == []


def test_a_callback_sent_again_delivers_nothing_again(sandbox, daemon):
    d = daemon()
    box = sandbox("--duration-ms", 50)
    request_id = box.submit(d.hook_url)
    d.finished(request_id)
    written = (d.videos / f"{request_id}.mp4").stat()
    transfers = box.task(request_id)["video"]["transfers"]
    again = box.call("POST", f"/sandbox/tasks/{request_id}/callback").json
    assert again["status"] == 200 and json.loads(again["answer"])["duplicate"] is True
    assert d.finished(request_id)["deliveries"][0]["attempts"] == 1
    now = (d.videos / f"{request_id}.mp4").stat()
    assert (now.st_ino, now.st_mtime_ns) == (written.st_ino, written.st_mtime_ns)
    assert box.task(request_id)["video"]["transfers"] == transfers


def test_failed_and_cancelled_tasks_are_done_without_a_file(sandbox, daemon):
    d = daemon()
    for flag, status in (("--fail", "failed"), ("--cancelled", "cancelled")):
        box = sandbox("--duration-ms", 50, flag, 1, "--seed", 21 if status == "failed" else 22)
        task = d.finished(box.submit(d.hook_url))
        assert (task["stage"], task["status"], task["deliveries"]) == ("done", status, [])
        assert (task["error"] or {}).get("code", "") == ("generation_failed" if status == "failed" else "")
    assert files_below(d.videos) == []


def directory_sink(d, name, **more):
    (d / name).mkdir()
    return {"name": name, "type": "directory", "path": str(d / name), **more}


def test_sinks_choose_name_and_document_what_they_get(sandbox, folder, daemon):
    sinks = [
        directory_sink(folder, "dated", file="{source}/{date}/{requestId}-{metadata.project}.{ext}", manifest=True, mode="0600"),
        directory_sink(folder, "failures", on=["failed"], file="{requestId}.{ext}", manifest=True),
        directory_sink(folder, "by_sum", file="{sha256}.{ext}"),
    ]
    d = daemon(settings={"sinks": sinks})
    box = sandbox("--duration-ms", 50)
    request_id = box.submit(d.hook_url)
    task = d.finished(request_id)
    assert sorted(x["sink"] for x in task["deliveries"]) == ["by_sum", "dated"]
    names = files_below(folder / "dated")
    assert len(names) == 2
    film = next(n for n in names if n.endswith(".mp4"))
    assert re.fullmatch(rf"main/\d{{4}}-\d\d-\d\d/{request_id}-_\.mp4", film)
    assert (folder / "dated" / film).stat().st_mode & 0o777 == 0o600
    assert files_below(folder / "by_sum") == [f"{task['video']['sha256']}.mp4"]
    assert files_below(folder / "failures") == []
    document = json.loads(next((folder / "dated" / n).read_text() for n in names if not n.endswith(".mp4")))
    assert document["requestId"] == request_id and document["sink"] == "dated" and document["status"] == "succeeded"
    assert document["video"]["sha256"] == task["video"]["sha256"]
    assert document["settledBy"] == "callback" and document["attempt"] == 1 and document["error"] is None


def test_one_sinks_trouble_does_not_touch_another(sandbox, folder, daemon):
    bad = directory_sink(folder, "bad", file="{requestId}.{ext}", retry={"min_delay": "100ms", "max_delay": "200ms"})
    good = directory_sink(folder, "good", file="{requestId}.{ext}")
    (folder / "bad").rmdir()
    (folder / "bad").write_text("a file where a folder should be")
    d = daemon(settings={"sinks": [bad, good]})
    box = sandbox("--duration-ms", 50)
    request_id = box.submit(d.hook_url)
    harness.wait_until(lambda: files_below(folder / "good") == [f"{request_id}.mp4"], "the good sink")
    assert d.task(request_id).json["stage"] == "delivering" or d.task(request_id).json["stage"] == "stuck"
    (folder / "bad").unlink()
    (folder / "bad").mkdir()
    assert d.finished(request_id)["stage"] in ("done", "stuck")
    if d.task(request_id).json["stage"] == "stuck":
        assert d.api("POST", f"/v1/tasks/{request_id}/redeliver", {"sink": "bad"}).status == 200
        harness.wait_until(lambda: d.task(request_id).json["stage"] == "done", "the redelivery")
    assert files_below(folder / "bad") == [f"{request_id}.mp4"]


# -- what people use


def test_a_person_can_look_at_tasks_and_redeliver(sandbox, daemon):
    d = daemon()
    box = sandbox("--duration-ms", 50, "--seed", 31)
    ids = [box.submit(d.hook_url) for _ in range(3)]
    for request_id in ids:
        d.finished(request_id)
    table = d.command("tasks")
    assert table.returncode == 0
    assert all(request_id in table.stdout for request_id in ids)
    listed = json.loads(d.command("tasks", "--json").stdout)
    assert {t["requestId"] for t in listed["tasks"]} == set(ids)
    shown = d.command("show", ids[0])
    assert shown.returncode == 0 and ids[0] in shown.stdout and "library" in shown.stdout
    assert json.loads(d.command("show", ids[0], "--json").stdout)["requestId"] == ids[0]
    assert d.command("show", "req_unknown").returncode == 1
    film = d.videos / f"{ids[0]}.mp4"
    film.unlink()
    assert d.command("redeliver", ids[0]).returncode == 0
    harness.wait_until(film.exists, "the file to be delivered again")
    assert harness.sha256_file(film) == box.task(ids[0])["video"]["sha256"]
    assert d.command("redeliver", "req_unknown").returncode == 1


def test_a_signature_made_by_hand_is_good(daemon):
    d = daemon()
    body = json.dumps(callback("req_by_hand", "failed"))
    signed = d.command("sign", stdin=body)
    assert signed.returncode == 0
    assert sign(body) in signed.stdout
    name, value = signed.stdout.strip().split(":", 1)
    assert d.post(body, {name: value.strip()}).status == 200


def test_the_configuration_can_be_checked(daemon):
    checked = daemon().command("check")
    assert checked.returncode == 0
    assert harness.SECRET not in checked.stdout + checked.stderr


def test_a_task_can_be_waited_for(sandbox, daemon):
    d = daemon()
    box = sandbox("--duration-ms", 700, "--spread", 0)
    request_id = box.submit(d.hook_url)
    harness.wait_until(lambda: d.task(request_id).status == 200, "the callback")
    assert d.task(request_id, wait="20s").json["stage"] == "done"


def test_health_metrics_and_pages(sandbox, daemon):
    d = daemon()
    box = sandbox("--duration-ms", 50)
    ids = submit_ten(box, d)
    for request_id in ids:
        d.finished(request_id)
    assert d.api("GET", "/healthz").status == 200
    assert d.api("GET", "/readyz").json["degraded"] == []
    metrics = d.api("GET", "/metrics").body.decode()
    assert re.search(r'seedhook_settled_total\{[^}]*by="callback"[^}]*\} 10\b', metrics)
    assert re.search(r'seedhook_deliveries_total\{[^}]*sink="library"[^}]*\} 10\b', metrics)
    seen, cursor = [], ""
    while cursor is not None:
        page = d.api("GET", "/v1/tasks?limit=3" + (f"&cursor={cursor}" if cursor else "")).json
        assert len(page["tasks"]) <= 3
        seen += [t["requestId"] for t in page["tasks"]]
        cursor = page["next"]
    assert len(seen) == 10 and set(seen) == set(ids)
    assert d.tasks("&stage=done") and not d.tasks("&stage=stuck") and d.tasks("&status=succeeded")
    assert d.api("GET", "/v1/tasks?stage=nonsense").status == 400
    assert d.api("GET", "/v1/tasks/req_unknown").status == 404
    assert d.api("DELETE", "/v1/tasks").status == 405
