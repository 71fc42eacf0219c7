"""Stands between the daemon and an S3 server: passes all on as it is, writes down what was asked, can hold parts back."""
import collections
import contextlib
import http.client
import http.server
import threading
import urllib.parse

import harness
from s3_service import Request

PIECE = 1 << 16
HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding", "expect")

# `status` is None when the answer did not come, or not all of the request.
Passed = collections.namedtuple("Passed", "operation key part upload headers size status")


class Proxy:
    def __init__(self, endpoint):
        self.upstream = urllib.parse.urlsplit(endpoint).netloc
        self.passed = []
        self._lock = threading.Condition()
        self._let_through, self._held = None, 0
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", harness.free_port()), self._handler())
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self):
        self.open()
        self._server.shutdown()
        self._server.server_close()

    def of(self, operation, key=None):
        return [p for p in list(self.passed) if p.operation == operation and key in (None, p.key)]

    def let_through(self, parts):
        """Only so many parts more; the others wait, unread, until open()."""
        with self._lock:
            self._let_through = parts

    def open(self):
        with self._lock:
            self._let_through = None
            self._lock.notify_all()

    @property
    def held(self):
        """How many parts wait."""
        return self._held

    def _wait_for_turn(self, request):
        if request.operation != "UploadPart":
            return
        with self._lock:
            self._held += 1
            self._lock.wait_for(lambda: self._let_through != 0)
            self._held -= 1
            if self._let_through is not None:
                self._let_through -= 1

    def _pass_on(self, handler):
        request = Request(handler.command, handler.path, handler.headers.items())
        size, status = int(request.header("content-length", 0)), None
        try:
            self._wait_for_turn(request)
            with contextlib.closing(http.client.HTTPConnection(self.upstream, timeout=harness.PATIENCE)) as upstream:
                self._send(request, handler, size, upstream)
                answer = upstream.getresponse()
                status = self._answer(request, handler, answer)
        except (OSError, http.client.HTTPException):
            handler.close_connection = True
        finally:
            self.passed.append(Passed(request.operation, request.key, request.part, request.query.get("uploadId"),
                                      dict(request.headers), size, status))

    @staticmethod
    def _send(request, handler, size, upstream):
        upstream.putrequest(request.method, request.target, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers:
            if name not in HOP_BY_HOP:
                upstream.putheader(name, value)
        upstream.endheaders()
        while size:
            piece = handler.rfile.read1(min(size, PIECE))
            if not piece:
                raise ConnectionError("the client stopped within its body")
            upstream.send(piece)
            size -= len(piece)

    @staticmethod
    def _answer(request, handler, answer):
        body = answer.read()
        handler.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in (*HOP_BY_HOP, "content-length"):
                handler.send_header(name, value)
        length = answer.getheader("Content-Length") if request.method == "HEAD" else len(body)
        if length is not None and answer.status != 204:
            handler.send_header("Content-Length", str(length))
        handler.end_headers()
        handler.wfile.write(body)
        handler.wfile.flush()
        return answer.status

    def _handler(proxy):  # pylint: disable=no-self-argument
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                proxy._pass_on(self)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

            def log_message(self, *_):
                pass

        return Handler


@contextlib.contextmanager
def before(server):
    """A proxy in front of one of s3_servers.py."""
    proxy = Proxy(server.endpoint)
    try:
        yield proxy
    finally:
        proxy.stop()
