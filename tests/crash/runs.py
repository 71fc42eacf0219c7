"""Deliveries of one sink as its other end saw them, and whether their order is as promised."""
import collections
import dataclasses


@dataclasses.dataclass
class Run:
    delivery: str  # its id
    attempt: int
    at: float  # when it was seen, on the clock of `doubt`
    well: bool = False  # it told the daemon that all is done


class Runs:
    """Of every request, in the order in which they began."""

    def __init__(self):
        self.of = collections.defaultdict(list)
        self.spans = []

    def doubt(self, began, ended):
        """What the daemon wrote down between may be lost, whatever it was told."""
        self.spans.append((began, ended))

    def doubtful(self, moment):
        return any(began <= moment <= ended for began, ended in self.spans)

    def ended_well(self, request_id):
        return any(run.well for run in self.of.get(request_id, ()))

    def check(self, entries, findings):
        for request_id, runs in self.of.items():
            entry = entries.get(request_id)
            if entry is None or not entry.wants_video:
                findings.add("stray", request_id, "delivered, and nobody asked for it")
            for earlier, later in zip(runs, runs[1:]):
                if later.delivery != earlier.delivery:
                    findings.add("identity", request_id, f"{earlier.delivery} became {later.delivery}")
                if later.attempt <= earlier.attempt and not self.doubtful(earlier.at):
                    findings.add("unnumbered", request_id, f"attempt {later.attempt} after attempt {earlier.attempt}")

    def rows(self, what):
        again = sum(len(runs) > 1 for runs in self.of.values())
        after = sum(any(run.well for run in runs[:-1]) for runs in self.of.values())
        yield what, sum(map(len, self.of.values())), f"for {len(self.of)} ids; {again} more than once, {after} of them " \
                                                     "after one that ended well"


class RunOutput:
    """A sink whose other end sees runs. Its heirs say `name`, `rows_of`, `sink` and `refresh`, which takes in what is new."""

    def __init__(self):
        self.runs = Runs()
        self.told = set()  # ids of which a run ended well, at the last check
        self.odd = []  # (kind, id, why) of runs that were not as they must be

    def make(self):
        pass

    def stop(self):
        pass

    def doubt(self, began, ended):
        self.runs.doubt(began, ended)

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
        return self.runs.rows(self.rows_of)
