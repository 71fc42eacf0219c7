"""Callbacks at a steady rate over keep-alive connections: each of a new task, one in a hundred with a wrong signature."""
import collections
import http.client
import json
import random
import threading
import time

import harness

KINDS = {"video": 0.1, "posted": 0.1, "plain": 0.8}  # succeeded; failed and told to a webhook; failed


class Senders:
    def __init__(self, daemon, peer, rate, faults, seed, threads=8):
        self.daemon, self.peer, self.faults, self.seed = daemon, peer, faults, seed
        self.pause = threads / rate
        self.over = threading.Event()
        self.lock = threading.Lock()
        self.accepted = collections.Counter()  # by kind
        self.answers = collections.Counter()   # of genuine and of forged ones: ("genuine", 200)
        self.threads = [threading.Thread(target=self._send, args=(n,), daemon=True) for n in range(threads)]

    def start(self):
        self.began = time.monotonic()
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.over.set()
        for thread in self.threads:
            thread.join()
        self.seconds = time.monotonic() - self.began

    def total(self):
        with self.lock:
            return sum(self.answers.values())

    def _connection(self):
        return http.client.HTTPSConnection("127.0.0.1", self.daemon.port, timeout=harness.PATIENCE,
                                           context=self.daemon.authority.client_context())

    def _send(self, number):
        draw = random.Random(f"{self.seed}:{number}")
        connection = self._connection()
        due = time.monotonic() + self.pause * draw.random()
        for count in range(10**9):
            # One that is late catches up: the rate is that of the whole run.
            if self.over.wait(max(0, due - time.monotonic())):
                break
            due += self.pause
            kind, = draw.choices(list(KINDS), KINDS.values())
            forged = draw.random() < self.faults
            status = self._answer(connection, f"s{number}-{count}", kind, forged)
            with self.lock:
                self.answers["forged" if forged else "genuine", status] += 1
                self.accepted[kind] += status == 200
        connection.close()

    def _answer(self, connection, *what):
        """The status, or what went wrong. A connection that was closed between two requests is no fault: once more."""
        for last in (False, True):
            try:
                return self._post(connection, *what)
            except (OSError, http.client.HTTPException) as failure:
                connection.close()
                if last:
                    return type(failure).__name__

    def _post(self, connection, request_id, kind, forged):
        if kind == "video":
            document = harness.callback(request_id, url=f"{self.peer.url}/v/{request_id}.mp4")
        else:
            document = harness.callback(request_id, "failed", model=kind)
        body = json.dumps(document)
        signature = harness.sign(body, "somebody else's" if forged else harness.SECRET)
        connection.request("POST", harness.HOOK, body=body.encode(), headers={
            "Content-Type": "application/json", "x-seedance-signature": signature})
        return harness.Answer(connection.getresponse()).status
