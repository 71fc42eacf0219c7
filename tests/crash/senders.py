"""The upstream: many keep-alive HTTPS connections that post callbacks and write the answers into the ledger."""
import http.client
import json
import random
import ssl
import threading
import time

import harness

PAUSE = 0.25        # seconds on average between a sender's posts
PAUSE_REFUSED = 0.05


class Senders:
    """Post from `start` to `stop`, through whatever happens to the daemon meanwhile."""

    def __init__(self, count, place, ledger, findings):
        self.place, self.ledger, self.findings = place, ledger, findings
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._send, daemon=True) for _ in range(count)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def stop(self):
        self.over.set()
        for thread in self.threads:
            if thread.ident:
                thread.join()

    def _send(self):
        connection = http.client.HTTPSConnection("127.0.0.1", self.place.port, timeout=harness.PATIENCE,
                                                 context=self.place.client_context)
        self.over.wait(random.uniform(0, PAUSE))
        while not self.over.is_set():
            entry = self.ledger.next()
            try:
                reached = self._post(connection, entry)
            except (OSError, http.client.HTTPException, ssl.SSLError):
                connection.close()
                self.ledger.fail(entry)
                reached = False
            self.over.wait(random.expovariate(1 / (PAUSE if reached else PAUSE_REFUSED)))
        connection.close()

    def _post(self, connection, entry):
        body = json.dumps(harness.callback(entry.request_id, entry.status, self.place.origin.url(entry.request_id)))
        sent_at = time.monotonic()
        connection.request("POST", harness.HOOK, body=body.encode(), headers={
            "Content-Type": "application/json", "x-seedance-signature": harness.sign(body)})
        answer = harness.Answer(connection.getresponse())
        if answer.status == 200 and self._says_yes(answer, entry):
            self.ledger.settle(entry, sent_at)
            return True
        if answer.status != 503:
            self.findings.add("answers", entry.request_id, f"{answer.status} {answer.body[:200]!r}")
        self.ledger.fail(entry)
        return True

    def _says_yes(self, answer, entry):
        try:
            says = answer.json
            yes = says["success"] is True and says["requestId"] == entry.request_id
            duplicate = says["duplicate"]
        except (ValueError, KeyError, TypeError):
            return False
        if yes and entry.acknowledged and not duplicate:
            self.findings.add("lost", entry.request_id, "acknowledged, and taken for new when it came again")
        return yes
