"""Cycles: a life of the daemon under load, its end at a random moment, and the checks while it is dead.

How a life ends is an *ending*: an object with
    moments       weights of the moments at which it strikes
    strike(life)  ends that life while callbacks go on being sent; returns when the span in which a 2xx proves
                  nothing began and ended, or None
    recover()     before the next life, once nobody sends any more
"""
import collections
import contextlib
import http.client
import random
import signal
import subprocess
import time

import checks
import harness
from findings import Findings
from ledger import Ledger
from senders import Senders


class Kill:
    """The process dies. What it has written lives on in the page cache."""

    moments = {"start-up": 30, "flow": 45, "stop": 25}

    def strike(self, life):
        life.kill()

    def recover(self):
        pass


class Cycles:
    def __init__(self, place, ending, senders, seed):
        self.place, self.ending, self.count_of_senders = place, ending, senders
        self.random = random.Random(f"cycles {seed}")
        self.ledger, self.findings = Ledger(seed), Findings()
        self.cycles = 0
        self.strikes = collections.Counter()
        self.stopped_first = 0  # lives that had ended well before the strike
        self.heard_afterwards = 0  # 2xx that were read once the strike had begun
        self.doubtful = None  # the span in which a 2xx of this cycle proves nothing
        self.starts = [0.1]  # seconds until ready

    def run_one(self):
        self.cycles += 1
        self.ledger.begin_cycle(self.cycles)
        self.doubtful = None
        moment = self.random.choices(list(self.ending.moments), self.ending.moments.values())[0]
        began = time.monotonic()
        life = self.place.start()
        senders = Senders(self.count_of_senders, self.place, self.ledger, self.findings)
        try:
            if moment == "start-up":
                senders.start()
                time.sleep(self._moment_of_start())
                self._strike(life, moment)
            elif self._ready(life, began):
                with self._alive(life):
                    checks.check_restart(life, self.place, self.ledger, self.findings)
                    senders.start()
                    self._live_until(moment, life, senders)
                self._strike(life, moment)
        finally:
            life.kill()
            senders.stop()
        if self.doubtful:
            self.ledger.doubt(*self.doubtful)
            for output in self.place.outputs:
                output.doubt(self.doubtful[0], time.monotonic())
        self.ending.recover()
        self.check_outputs()

    @contextlib.contextmanager
    def _alive(self, life):
        """Within, the daemon is there to be asked."""
        try:
            yield
        except (OSError, http.client.HTTPException) as why:
            self.findings.add("ends", f"cycle {self.cycles}", f"it does not answer: {why!r}\n{life.logs()}")

    def _moment_of_start(self):
        """Often within the first milliseconds, else up to a little after the daemon is usually ready."""
        usual = sorted(self.starts)[len(self.starts) // 2]
        return self.random.uniform(0, 0.01 if self.random.random() < 0.3 else usual * 1.2)

    def _ready(self, life, began):
        try:
            life.ready()
        except AssertionError as why:
            self.findings.add("restarts", f"cycle {self.cycles}", why)
            return False
        self.starts.append(time.monotonic() - began)
        return True

    def _live_until(self, moment, life, senders):
        if moment == "flow":
            time.sleep(self.random.uniform(0.1, 1.2))
        elif moment == "stop":
            time.sleep(self.random.uniform(0.2, 0.8))
            life.signal(signal.SIGTERM)
            time.sleep(self.random.uniform(0, 0.5))
        elif moment == "rest":
            time.sleep(self.random.uniform(0.2, 0.6))
            senders.stop()
            checks.wait_for_rest(life, 2)

    def _strike(self, life, moment):
        self.strikes[moment] += 1
        if moment != "stop" and not life.running:
            life.wait()
            self.findings.add("ends", f"cycle {self.cycles}", f"{life.process.returncode}\n{life.logs()}")
        elif not life.running:
            self._check_stop(life)
            self.stopped_first += 1
        heard = self.ledger.posts["2xx"]
        self.doubtful = self.ending.strike(life)
        self.heard_afterwards += self.ledger.posts["2xx"] - heard

    def _check_stop(self, life):
        if life.wait() != 0:
            self.findings.add("ends", f"cycle {self.cycles}",
                              f"{life.process.returncode} after SIGTERM\n{life.logs()}")

    def check_outputs(self, afresh=False):
        for output in self.place.outputs:
            output.check(self.ledger.entries, self.findings, afresh)

    def finish(self):
        """A last life, in peace: everything that was begun comes to its end."""
        began = time.monotonic()
        life = self.place.start()
        if not self._ready(life, began):
            return
        with self._alive(life):
            if not checks.wait_for_rest(life):
                print("  the daemon does not come to rest", flush=True)
            checks.check_end(life, self.place, self.ledger, self.findings)
        try:
            harness.wait_until(lambda: not self.place.left_over(), "a clean spool", 5, 0.1)
        except AssertionError:
            for name in self.place.left_over():
                self.findings.add("left", name, "nothing needs it")
        life.signal(signal.SIGTERM)
        try:
            self._check_stop(life)
        except subprocess.TimeoutExpired:
            self.findings.add("ends", "the last life", f"did not stop\n{life.logs()}")
            life.kill()
        self.check_outputs(afresh=True)
