"""What a living daemon says, held against the ledger and the outputs. The disk itself is the outputs' to check."""
import contextlib
import json
import time
import urllib.parse

import harness

ACTIVE = ("waiting", "fetching", "delivering")
PATIENCE = 300  # without any progress: a video that breaks again and again is asked for with growing pauses


class Control:
    """The control API on one connection that is kept: a run ends with tens of thousands of questions."""

    def __init__(self, life):
        self.connection = harness.UnixConnection(life.control, harness.PATIENCE)

    def ask(self, target):
        self.connection.request("GET", target)
        return harness.Answer(self.connection.getresponse())

    def pages(self):
        """Tasks, newest first."""
        cursor = ""
        while True:
            page = self.ask(f"/v1/tasks?limit=200{cursor}").json
            yield from page["tasks"]
            if page["next"] is None:
                return
            cursor = "&cursor=" + urllib.parse.quote(page["next"])

    def task(self, request_id):
        """None when the daemon does not know it."""
        answer = self.ask(f"/v1/tasks/{urllib.parse.quote(request_id)}")
        return None if answer.status == 404 else answer.json

    @property
    def progress(self):
        """Another with every task that comes a stage further, and with every delivery."""
        summary = self.ask("/v1/summary").json
        return summary["tasks"], [sink["delivered"] for sink in summary["sinks"]]

    @property
    def at_rest(self):
        return not any(self.ask(f"/v1/tasks?limit=1&stage={stage}").json["tasks"] for stage in ACTIVE)


@contextlib.contextmanager
def control(life):
    c = Control(life)
    try:
        yield c
    finally:
        c.connection.close()


def check_restart(life, place, ledger, findings):
    """What was acknowledged is known to the new life, and what it takes for done is where it should be."""
    still_open = {e.request_id: e for e in ledger.acknowledged() if not e.confirmed}
    with control(life) as c:
        for task in c.pages():
            if not still_open:
                break
            entry = still_open.pop(task["requestId"], None)
            if entry is None or task["stage"] != "done":
                continue
            check_outputs_have(entry, place, findings)
            entry.confirmed = not entry.wants_video or all(output.was_right(entry) for output in place.outputs)
    for entry in still_open.values():
        findings.add("lost", entry.request_id, f"acknowledged in or after cycle {entry.cycle}, and unknown")
        entry.confirmed = True  # told; not looked for again


def check_outputs_have(entry, place, findings):
    """Of a task that is done."""
    missing = [output.name for output in place.outputs if entry.wants_video and not output.has(entry)]
    if missing:
        findings.add("lost", entry.request_id, f"done, and nothing came to {', '.join(missing)}")


def wait_for_rest(life, limit=None):
    """Until the daemon has nothing more to do but clearing up. False when it goes on for longer than `limit`, or, without
    one, when it comes no further."""
    with control(life) as c:
        end, seen = time.monotonic() + (limit or PATIENCE), None
        while not c.at_rest:
            now = c.progress
            if limit is None and now != seen:
                end, seen = time.monotonic() + PATIENCE, now
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
    return True


def check_end(life, place, ledger, findings):
    """Every task, once nothing is left to do."""
    with control(life) as c:
        for entry in ledger.entries.values():
            task = c.task(entry.request_id)
            if task is None:
                if entry.acknowledged:
                    findings.add("lost", entry.request_id, f"acknowledged in or after cycle {entry.cycle}, and unknown")
            else:
                _check_task(entry, task, place, findings)
        foreign = {task["requestId"] for task in c.pages()} - ledger.entries.keys()
    for request_id in foreign:
        findings.add("stray", request_id, "a task that nobody sent")


def _check_task(entry, task, place, findings):
    if (task["stage"], task["status"]) != ("done", entry.status):
        history = [f"{e['kind']} {e['detail']}" for e in task["events"][-4:]]
        findings.add("unfinished", entry.request_id, json.dumps([task["stage"], task["status"], *history]))
        return
    wanted = len(place.outputs) if entry.wants_video else 0
    delivered = [e["detail"] for e in task["events"] if e["kind"] == "delivered"]
    states = [d["state"] for d in task["deliveries"]]
    if len(delivered) > wanted or len(states) > wanted:
        findings.add("twice", entry.request_id, json.dumps(delivered))
    elif len(delivered) < wanted or states != ["done"] * wanted:
        findings.add("unfinished", entry.request_id, f"done, with the deliveries {states} and events {delivered}")
    check_outputs_have(entry, place, findings)
