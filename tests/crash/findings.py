"""What was not as promised: counted by kind, told once for each subject."""
import threading

MOST_TOLD = 10  # of each kind

KINDS = {
    "lost": "acknowledged and lost",
    "wrong": "wrong files",
    "partial": "partial files",
    "second": "second files of an id",
    "repeated": "objects put a second time",
    "identity": "deliveries whose id changed",
    "unnumbered": "runs that took themselves for earlier ones",
    "unsound": "requests no peer would take",
    "stray": "other things in the output",
    "twice": "delivered twice",
    "unfinished": "stuck or unfinished tasks",
    "left": "left in spool, staging or bucket",
    "answers": "answers not as promised",
    "ends": "ended by itself, or not well",
    "restarts": "restarts that did not become ready",
}


class Findings:
    def __init__(self):
        self.subjects = {kind: set() for kind in KINDS}
        self.lock = threading.Lock()  # senders tell too

    def add(self, kind, subject, seen):
        with self.lock:
            known = self.subjects[kind]
            if subject in known:
                return
            known.add(subject)
            if len(known) <= MOST_TOLD:
                print(f"  ✗ {KINDS[kind]}: {subject}: {seen}", flush=True)
            elif len(known) == MOST_TOLD + 1:
                print(f"  ✗ {KINDS[kind]}: …", flush=True)

    def rows(self):
        return [(what, len(self.subjects[kind])) for kind, what in KINDS.items()]

    @property
    def total(self):
        return sum(len(subjects) for subjects in self.subjects.values())
