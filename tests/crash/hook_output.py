"""What an exec sink's hook (hook.sh) wrote into its ledger: that it ran to its end, and that it was told when it ran again.

The ledger lies on a disk that lives on; its lines stand in the order in which they were written.
"""
import pathlib
import time

from runs import Run, RunOutput

HOOK = pathlib.Path(__file__).with_name("hook.sh")


def seconds_up():
    """The clock of the ledger."""
    with open("/proc/uptime", encoding="ascii") as text:
        return float(text.read().split()[0])


class HookOutput(RunOutput):
    name, rows_of = "hook", "hook runs"

    def __init__(self, folder):
        super().__init__()
        self.ledger = folder / "hooks"
        self.read = 0

    def sink(self):
        return {"name": self.name, "type": "exec", "command": ["/bin/sh", str(HOOK), str(self.ledger)], "concurrency": 16,
                "retry": {"min_delay": "100ms", "max_delay": "1s"}}

    def make(self):
        self.ledger.touch()

    def doubt(self, began, ended):
        ahead = seconds_up() - time.monotonic()
        super().doubt(began + ahead - 0.02, ended + ahead + 0.02)  # the ledger tells hundredths

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
            self.odd.append(("wrong", request_id, f"the hook's attempt {attempt} was given a file with another hash"))
        else:
            run = next(run for run in reversed(self.runs.of[request_id]) if run.attempt == int(attempt))
            run.well = True
