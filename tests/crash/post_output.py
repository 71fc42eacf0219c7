"""What came to the receiver of a webhook sink (far_ends.py)."""
import far_ends
import origin
from runs import Run, RunOutput


class PostOutput(RunOutput):
    name, rows_of = "app", "webhook posts"

    def __init__(self, ends):
        super().__init__()
        self.ends = ends
        self.seen = 0

    def sink(self):
        return {"name": self.name, "type": "webhook", "url": f"http://127.0.0.1:{self.ends.port}{far_ends.HOOK}",
                "secret": far_ends.HOOK_SECRET, "concurrency": 16, "retry": {"min_delay": "100ms", "max_delay": "1s"}}

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
