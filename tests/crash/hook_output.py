"""What an exec sink's hook (hook.sh) wrote into its ledger: that it ran to its end, and that it was told when it ran again.

The ledger lies on a disk that lives on; its lines stand in the order in which they were written.
"""
import pathlib
import time

from runs import Run, Runs

HOOK = pathlib.Path(__file__).with_name("hook.sh")


def seconds_up():
    """The clock of the ledger."""
    with open("/proc/uptime", encoding="ascii") as text:
        return float(text.read().split()[0])


class HookOutput:
    name = "hook"

    def __init__(self, folder):
        self.ledger = folder / "hooks"
        self.runs = Runs()
        self.told = set()  # ids whose hook has ended well, at the last check
        self.wrong = []
        self.read = 0

    def sink(self):
        return {"name": self.name, "type": "exec", "command": ["/bin/sh", str(HOOK), str(self.ledger)], "concurrency": 16,
                "retry": {"min_delay": "100ms", "max_delay": "1s"}}

    def make(self):
        self.ledger.touch()

    def stop(self):
        pass

    def doubt(self, began, ended):
        ahead = seconds_up() - time.monotonic()
        self.runs.doubt(began + ahead - 0.02, ended + ahead + 0.02)  # the ledger tells hundredths

    def refresh(self):
        with open(self.ledger, encoding="ascii") as text:
            text.seek(self.read)
            for line in text:
                self.note(line)
            self.read = text.tell()

    def note(self, line):
        word, request_id, delivery, attempt, at = line.split()
        if word == "began":
            self.runs.of[request_id].append(Run(delivery, int(attempt), float(at)))
        elif word == "wrong":
            self.wrong.append((request_id, attempt))
        else:
            run = next(run for run in reversed(self.runs.of[request_id]) if run.attempt == int(attempt))
            run.well = True

    def has(self, entry):
        if not self.runs.ended_well(entry.request_id):
            self.refresh()
        return self.runs.ended_well(entry.request_id)

    def was_right(self, entry):
        return entry.request_id in self.told

    def check(self, entries, findings, afresh=False):
        self.refresh()
        self.runs.check(entries, findings)
        for request_id, attempt in self.wrong:
            findings.add("wrong", request_id, f"the hook's attempt {attempt} was given a file with another hash")
        self.told = {request_id for request_id in self.runs.of if self.runs.ended_well(request_id)}

    def left_over(self):
        return []

    def rows(self):
        return self.runs.rows("hook runs")
