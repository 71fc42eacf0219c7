"""What tests ask of the sandbox in the API's own words, and a place for its callbacks to go."""
import contextlib
import http.server

import harness

GENERATIONS = "/api/open/v1/video/generations"


class Listener(http.server.ThreadingHTTPServer):
    """A plain HTTP server that keeps the callbacks it gets, and answers with the statuses in `answers`, then 200."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.received, self.answers = [], []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/hook"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.answers.pop(0) if self.server.answers else 200
        self.server.received.append((dict(self.headers.items()), body))
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def listening():
    with harness.serving(Listener()) as server:
        yield server


def status(sandbox, request_id):
    answer = sandbox.call("GET", f"{GENERATIONS}/{request_id}")
    assert answer.status == 200, answer.body
    return answer.json


def settled(sandbox, request_id):
    def look():
        found = status(sandbox, request_id)
        return found["status"] in ("succeeded", "failed", "cancelled") and found

    return harness.wait_until(look, f"{request_id} to settle")


def succeeded(sandbox, **fields):
    found = settled(sandbox, sandbox.submit(**fields))
    assert found["status"] == "succeeded"
    return found
