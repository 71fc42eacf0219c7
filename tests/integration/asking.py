"""A daemon whose source has an API: its settings, what it was told to track, what it asked, and its gateway."""
import contextlib
import http.client
import json
import sqlite3

import harness
from harness import HOOK
from upstream import GENERATIONS


def asking(box, first_after="300ms", **poll):
    """Settings of a daemon whose source has an API."""
    poll = {"first_after": first_after, "max_interval": "1s", "requests_per_minute": 6000, **poll}
    source = {"name": "main", "path": HOOK, "secrets": [harness.SECRET],
              "api": {"base_url": box.base_url, "key": harness.API_KEY}}
    return {"sources": [source], "poll": poll}


def track(d, *ids, **fields):
    answer = d.api("POST", "/v1/tasks", {"source": "main", "requestIds": list(ids), **fields})
    assert answer.status == 200, answer.body
    return answer.json


def kinds(task):
    return [e["kind"] for e in task["events"]]


def asked(box, request_id=None):
    query = "calls?kind=status&limit=100000" + (f"&task={request_id}" if request_id else "")
    return box.hook(query)["calls"]


def degraded(d):
    return d.api("GET", "/readyz").json["degraded"]


def lost(d):
    """The events `lost` in the daemon's store."""
    with contextlib.closing(sqlite3.connect(d.settings["store"]["path"], timeout=harness.PATIENCE)) as store:
        return [detail for (detail,) in store.execute("SELECT detail FROM events WHERE kind = 'lost' ORDER BY id")]


class Gateway:
    """Where a daemon's gateway is, and what an app asks there. Made before the daemon, whose settings it completes."""

    def __init__(self):
        self.port, self.hooks_port = harness.free_port(), harness.free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"

    @property
    def hook_url(self):
        return f"https://127.0.0.1:{self.hooks_port}{HOOK}"

    def options(self, settings, callback_url=True, **more):
        """What to start the daemon with, also again: its ports stay."""
        settings["gateway"] = {"address": f"127.0.0.1:{self.port}", **more}
        for source in settings["sources"]:
            if callback_url:
                source["callback_url"] = f"https://127.0.0.1:{self.hooks_port}{source['path']}"
        return {"settings": settings, "port": self.hooks_port}

    def call(self, method, target, document=None, headers=None, timeout=None):
        body = document if document is None or isinstance(document, (bytes, str)) else json.dumps(document)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout or harness.PATIENCE)
        return harness.exchange(connection, method, target, body, headers)

    def post(self, headers=None, base="", timeout=None, **fields):
        """A submission's answer."""
        document = {"model": "seedance-2.0", "prompt": "A river through an autumn forest", **fields}
        return self.call("POST", base + GENERATIONS, document, headers, timeout)

    def submit(self, **fields):
        answer = self.post(**fields)
        assert answer.status == 200, answer.body
        return answer.json["requestId"]
