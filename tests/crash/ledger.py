"""What was sent and what was answered: the word that the daemon is held to.

An id counts as acknowledged only once a whole 2xx answer was read that says so. One that got none is sent again, as
upstream does, until it is given up; it may be known to the daemon or not.
"""
import collections
import dataclasses
import random
import threading
import time

SHARE_FAILED = 0.03     # of new ids: upstream's word is `failed`, and no file must come of it
SHARE_AGAIN = 0.5       # of posts, while there are ids to send again
SHARE_DUPLICATE = 0.1   # of posts: for an id that was acknowledged
SHARE_GIVEN_UP = 0.1    # of posts without a 2xx


@dataclasses.dataclass
class Entry:
    request_id: str
    status: str
    cycle: int  # in which it was sent first
    acknowledged: bool = False
    confirmed: bool = False  # a later life of the daemon had it done, and its output had outlived the life before

    @property
    def wants_video(self):
        return self.status == "succeeded"


class Ledger:
    def __init__(self, seed):
        self.entries = {}
        self.random = random.Random(f"ledger {seed}")
        self.lock = threading.Lock()
        self.cycle = 0
        self.posts = collections.Counter()
        self._again = collections.deque()
        self._acknowledged = []
        self._first_answers = []  # of the present cycle: entry, when it was sent, when its answer had been read

    def begin_cycle(self, number):
        self.cycle = number
        self._first_answers = []

    def next(self):
        """What to post. Unless it is acknowledged already it is the caller's alone until `settle` or `fail`."""
        with self.lock:
            draw = self.random.random()
            if self._again and draw < SHARE_AGAIN:
                self.posts["again"] += 1
                return self._again.popleft()
            if self._acknowledged and draw > 1 - SHARE_DUPLICATE:
                self.posts["duplicates"] += 1
                return self.random.choice(self._acknowledged)
            status = "failed" if self.random.random() < SHARE_FAILED else "succeeded"
            entry = Entry(f"req_{self.cycle:05d}_{len(self.entries):07d}", status, self.cycle)
            self.entries[entry.request_id] = entry
            self.posts["new"] += 1
            return entry

    def settle(self, entry, sent_at):
        """A whole 2xx was read."""
        with self.lock:
            self.posts["2xx"] += 1
            if not entry.acknowledged:
                entry.acknowledged = True
                self._acknowledged.append(entry)
                self._first_answers.append((entry, sent_at, time.monotonic()))

    def fail(self, entry):
        """No 2xx came. What the daemon knows is unknown."""
        with self.lock:
            self.posts["no 2xx"] += 1
            if not entry.acknowledged and self.random.random() >= SHARE_GIVEN_UP:
                self._again.append(entry)

    def doubt(self, began, ended):
        """A 2xx proves nothing that was under way between those moments of the present cycle: it is taken for none."""
        with self.lock:
            doubtful = [e for e, sent_at, read_at in self._first_answers if read_at >= began and sent_at <= ended]
            for entry in doubtful:
                entry.acknowledged = False
                self._acknowledged.remove(entry)
                self._again.append(entry)
            self.posts["doubtful"] += len(doubtful)

    def acknowledged(self):
        with self.lock:
            return list(self._acknowledged)
