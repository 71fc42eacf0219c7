"""What an s3 sink made in its bucket (far_ends.py): one right object of each id, which was put there once."""
import collections

import far_ends
import origin


class ObjectOutput:
    name = "bucket"

    def __init__(self, ends):
        self.ends = ends
        self.objects = collections.defaultdict(list)  # by key: what became visible under it
        self.right = set()  # keys, at the last check
        self.unsound = []
        self.spans = []
        self.seen = 0

    def sink(self):
        return {"name": self.name, "type": "s3", "endpoint": f"http://127.0.0.1:{self.ends.port}", "bucket": far_ends.BUCKET,
                "region": far_ends.REGION, "multipart_threshold": "5MiB", "part_size": "5MiB",
                "credentials": {"access_key_id": far_ends.ACCESS_KEY, "secret_access_key": far_ends.SECRET_KEY},
                "concurrency": 16, "retry": {"min_delay": "100ms", "max_delay": "1s"}}

    def make(self):
        pass

    def stop(self):
        self.ends.stop()

    def doubt(self, began, ended):
        """What the daemon wrote down between may be lost, whatever it was told."""
        self.spans.append((began, ended))

    def note(self, event):
        if event["kind"] == "object":
            self.objects[event["key"]].append(event)
        elif event["kind"] == "unsound":
            self.unsound.append((event["about"], event["why"]))

    def refresh(self):
        self.ends.refresh()
        for event in self.ends.events[self.seen:]:
            self.note(event)
        self.seen = len(self.ends.events)

    @staticmethod
    def _is_right(request_id, made):
        return (made["size"], made["sha256"]) == (origin.size_of(request_id), origin.sha256_of(request_id))

    def has(self, entry):
        key = f"{entry.request_id}.mp4"
        if key not in self.objects:
            self.refresh()
        return key in self.objects

    def was_right(self, entry):
        return f"{entry.request_id}.mp4" in self.right

    def check(self, entries, findings, afresh=False):
        self.refresh()
        for about, why in self.unsound:
            findings.add("unsound", about, why)
        for key, made in self.objects.items():
            if afresh or key not in self.right or len(made) > 1:
                self._check_object(key, made, entries, findings)

    def _check_object(self, key, made, entries, findings):
        request_id, _, ending = key.rpartition(".")
        entry = entries.get(request_id)
        self.right.discard(key)
        if entry is None or ending != "mp4" or not entry.wants_video:
            findings.add("stray", key, "an object that nobody asked for")
        elif not all(self._is_right(request_id, each) for each in made):
            findings.add("wrong", key, f"{[each['size'] for each in made]} bytes, of {origin.size_of(request_id)}")
        else:
            self.right.add(key)
        if len(made) > 1 and not any(began <= made[0]["at"] <= ended for began, ended in self.spans):
            findings.add("repeated", key, f"put {len(made)} times")

    def left_over(self):
        self.refresh()
        return [f"upload of {key}" for key in self.ends.uploads]

    def rows(self):
        in_parts = sum(made[0]["parts"] > 0 for made in self.objects.values())
        yield f"right objects in the {self.name}", len(self.right), f"{in_parts} of them in parts"
