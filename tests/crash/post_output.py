"""What came to the receiver of a webhook sink (far_ends.py)."""
import far_ends
import origin
from runs import Run, Runs


class PostOutput:
    name = "app"

    def __init__(self, ends):
        self.ends = ends
        self.runs = Runs()
        self.told = set()  # ids of which a post was taken, at the last check
        self.odd = []  # posts that no receiver would believe
        self.seen = 0

    def sink(self):
        return {"name": self.name, "type": "webhook", "url": f"http://127.0.0.1:{self.ends.port}{far_ends.HOOK}",
                "secret": far_ends.HOOK_SECRET, "concurrency": 16, "retry": {"min_delay": "100ms", "max_delay": "1s"}}

    def make(self):
        pass

    def stop(self):
        pass

    def doubt(self, began, ended):
        self.runs.doubt(began, ended)

    def note(self, event):
        well = 200 <= event["status"] < 300
        self.runs.of[event["id"]].append(Run(event["delivery"], event["attempt"], event["at"], well))
        if not event["genuine"]:
            self.odd.append(("unsound", event["id"], "a post with a wrong signature"))
        if event["sha256"] != origin.sha256_of(event["id"]):
            self.odd.append(("wrong", event["id"], f"a post told the hash {event['sha256']}"))

    def refresh(self):
        self.ends.refresh()
        for event in self.ends.events[self.seen:]:
            if event["kind"] == "post":
                self.note(event)
        self.seen = len(self.ends.events)

    def has(self, entry):
        if not self.runs.ended_well(entry.request_id):
            self.refresh()
        return self.runs.ended_well(entry.request_id)

    def was_right(self, entry):
        return entry.request_id in self.told

    def check(self, entries, findings, afresh=False):
        self.refresh()
        self.runs.check(entries, findings)
        for kind, request_id, why in self.odd:
            findings.add(kind, request_id, why)
        self.told = {request_id for request_id in self.runs.of if self.runs.ended_well(request_id)}

    def left_over(self):
        return []

    def rows(self):
        return self.runs.rows("webhook posts")
