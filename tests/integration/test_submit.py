"""submit, track, cancel and models through the real daemon to the sandbox."""
import json
import subprocess
import threading

import pytest

import harness
from asking import asked, asking, kinds, lost


@pytest.fixture
def behind(sandbox, daemon, gateway):
    """A daemon in front of a sandbox that was started with flags."""

    def start(*flags, **poll):
        box = sandbox(*flags)
        return box, daemon(**gateway.options(asking(box, **poll)))

    return start


def test_submit_waits_and_prints_the_files_place(behind):
    box, d = behind("--duration-ms", 700)
    ran = d.command("submit", "A river through an autumn forest", "--duration", "5", "--metadata", "projectId=p1", "--wait")
    assert ran.returncode == 0, ran.stderr
    request_id, place = ran.stdout.splitlines()
    file = d.videos / f"{request_id}.mp4"
    assert place.split() == ["library", str(file)]
    assert harness.sha256_file(file) == box.task(request_id)["video"]["sha256"]
    sent = json.loads(box.hook("submissions")["submissions"][0]["body"])
    assert (sent["prompt"], sent["duration"], sent["metadata"], sent["webhookUrl"]) == (
        "A river through an autumn forest", 5, {"projectId": "p1"}, d.hook_url)
    assert d.task(request_id).json["metadata"] == {"projectId": "p1"}


def test_a_submission_in_hand_at_a_stop_is_answered(sandbox, daemon, gateway):
    box = sandbox("--slow", 1, "--slow-ms", 3000, "--faults-on", "submit", "--duration-ms", 60000)
    options = gateway.options(asking(box, first_after="1m"))
    d = daemon(**options)
    ran = []
    submitting = threading.Thread(target=lambda: ran.append(d.command("submit", "x")))
    submitting.start()
    harness.wait_until(box.tasks, "upstream to have the task")
    d.stop()
    submitting.join()
    assert ran[0].returncode == 0, ran[0].stderr
    d = daemon(**options)
    assert d.task(ran[0].stdout.strip()).json["stage"] == "waiting" and lost(d) == []


def test_submit_waits_also_when_the_callback_is_lost(behind):
    _, d = behind("--duration-ms", 500, "--lose", 1)
    ran = d.command("submit", "x", "--wait", "--json")
    assert ran.returncode == 0, ran.stderr
    submitted, task = map(json.loads, ran.stdout.splitlines())
    assert (task["requestId"], task["stage"], task["settledBy"]) == (submitted["requestId"], "done", "poll")


def test_submit_fails_when_the_task_does(behind):
    box, d = behind("--duration-ms", 300, "--fail", 1)
    ran = d.command("submit", "x", "--wait")
    request_id = ran.stdout.strip()
    error = d.finished(request_id)["error"]
    assert ran.returncode == 1 and f"seedhook: {request_id}: failed ({error['code']}: {error['message']})\n" in ran.stderr
    assert box.task(request_id)["status"] == "failed"


def test_a_wait_ends_when_somebody_cancels_the_task(behind):
    box, d = behind("--duration-ms", 60000, first_after="1m")
    waiting = subprocess.Popen([harness.SEEDHOOK, "submit", "-c", str(d.config_file), "x", "--wait"], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    request_id = waiting.stdout.readline().strip()
    assert d.command("cancel", request_id).returncode == 0
    _, said = waiting.communicate(timeout=harness.PATIENCE)
    assert waiting.returncode == 1 and f"seedhook: {request_id}: cancelled\n" in said
    assert box.task(request_id)["status"] == "cancelled"
    task = d.task(request_id).json
    assert (task["status"], task["stage"]) == ("cancelled", "done")
    assert kinds(task).count("cancel") == 1 and kinds(task).count("settled") == 1
    again = d.command("cancel", request_id)
    assert again.returncode == 1 and "already_settled" in again.stderr


def test_a_cancellation_ends_right_when_its_callback_is_lost(behind):
    _, d = behind("--duration-ms", 60000, "--lose", 1, first_after="5m")
    request_id = d.command("submit", "x").stdout.strip()
    assert d.command("cancel", request_id).returncode == 0
    assert d.command("show", request_id, "--wait", "20s").returncode == 0
    assert (d.task(request_id).json["status"], d.task(request_id).json["settledBy"]) == ("cancelled", "poll")


def test_what_upstream_finished_unheard_cannot_be_cancelled_and_arrives(behind):
    box, d = behind("--duration-ms", 60000, first_after="5m")
    request_id = d.command("submit", "x").stdout.strip()
    box.hook(f"tasks/{request_id}/settle", {"callback": False})
    ran = d.command("cancel", request_id)
    assert ran.returncode == 1 and "The task has already ended" in ran.stderr
    assert (d.finished(request_id)["status"], d.task(request_id).json["settledBy"]) == ("succeeded", "poll")


def test_submit_tells_upstreams_refusal(behind):
    box, d = behind("--credits", 1)
    ran = d.command("submit", "x", "--wait")
    assert (ran.returncode, ran.stdout) == (1, "") and "insufficient_credits" in ran.stderr
    box.hook("api", {"state": "refusing"})
    ran = d.command("submit", "x", "--wait")
    assert (ran.returncode, ran.stdout) == (1, "") and "upstream_failed" in ran.stderr
    assert d.tasks() == []


def test_models_are_upstreams(behind):
    box, d = behind()
    assert json.loads(d.command("models", "--json").stdout) == box.call("GET", "/api/open/v1/models").json
    lines = d.command("models").stdout.splitlines()
    assert lines[1].split()[0] == "seedance-2.0" and len(lines) == 4


def test_thousands_tracked_at_once_all_end(behind):
    box, d = behind("--duration-ms", 10, "--lose", 1, "--fail", 0.999, "--seed", 6, first_after="100ms",
                    requests_per_minute=60000)
    ids = [box.submit() for _ in range(3000)]
    ran = d.command("track", "--model", "seedance-2.0", stdin="\n".join(ids))
    assert (ran.returncode, ran.stdout) == (0, "3000 tracked, 0 known before\n")
    harness.wait_until(lambda: b'seedhook_tasks{stage="done"} 3000' in d.api("GET", "/metrics").body, "all to end", 60, 0.5)
    ends = {t["requestId"]: t["status"] for t in d.tasks()}
    assert ends == {t["requestId"]: t["status"] for t in box.hook("tasks?limit=100000")["tasks"]}
    assert len(asked(box)) < 1.2 * len(ids)
