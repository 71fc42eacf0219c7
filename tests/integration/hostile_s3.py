"""An S3 server that misbehaves by a chosen share of its exchanges, from a seed, and knows what it holds all the same.

It checks signatures and payload hashes by itself; what a client did that no client of S3 may do is in `violations`.
"""
import collections
import contextlib
import datetime
import hashlib
import http.server
import random
import socket
import ssl
import struct
import threading
import time
import traceback

import harness
import s3_faults
import s3_signature
from s3_service import Answer, Request, Service, error_document
from s3_signature import Refused

ACCESS_KEY, SECRET_KEY, REGION = "AKIAHOSTILE", "hostile/secret+key", "us-east-1"
# A client may get into these without being wrong: after faults that say that the clock, or the region, is another.
LED_ASTRAY = ("RequestTimeTooSkewed", "AuthorizationHeaderMalformed")

# One request that was answered, or was not.
Seen = collections.namedtuple("Seen", "operation key part upload headers size whole fault status")


class Exchange:
    """A request and its answer, and all that a fault may do with them."""

    def __init__(self, server, handler):
        self.server, self.handler = server, handler
        self.request = Request(handler.command, handler.path, handler.headers.items())
        self.length = int(self.request.header("content-length", 0))
        self.unread = self.length
        self.chance = server.chance_for(self.request)
        self.fault, self.status, self.answer, self.etag, self.noted = None, None, None, None, False

    def read(self, limit=None):
        """The body, or as much more of it. Raises ConnectionError when the client stops before."""
        wanted = self.unread if limit is None else min(limit, self.unread)
        body = self.handler.rfile.read(wanted)
        self.unread -= len(body)
        self.request.body += body
        if len(body) < wanted:
            raise ConnectionError("the client stopped within its body")

    def execute(self):
        """What was asked for, once; the answer to it."""
        if not self.answer:
            self.read()
            self.answer = self.server.honest_answer(self.request)
            if self.etag and self.answer.status == 200:
                self.server.retag(self.request, self.etag)
                self.answer.headers["ETag"] = f'"{self.etag}"'
        return self.answer

    def retag(self, etag):
        """The object or part is to have this ETag."""
        self.etag = etag

    def raw(self, answer):
        self.status = answer.status
        length = len(answer.body) if answer.length is None else answer.length
        lines = [f"HTTP/1.1 {answer.status} Whatever", *(f"{name}: {value}" for name, value in answer.headers.items())]
        lines += [f"Content-Length: {length}"] if answer.status != 204 and length >= 0 else []
        lines += [] if "Date" in answer.headers else [f"Date: {self.handler.date_time_string(time.time() + self.server.ahead)}"]
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        return head + (b"" if self.request.method == "HEAD" else answer.body)

    def send(self, answer):
        if self.unread and not self.answer:
            self.read()
        self.write(self.raw(answer))

    def write(self, data):
        self.note()
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def write_chunks(self, pieces, pause):
        """200, with a body whose length nobody tells before."""
        self.read()
        self.status = 200
        self.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in pieces:
            self.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            time.sleep(pause)
        self.write(b"0\r\n\r\n")

    def hang_up(self):
        """At once and for good, without a word of TLS; what is still under way is sometimes lost."""
        connection = self.handler.connection
        self.handler.close_connection = True
        if self.chance.random() < 0.5:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def note(self):
        """Among the server's requests, once: before the client can know the answer."""
        if not self.noted:
            r, self.noted = self.request, True
            self.server.requests.append(Seen(r.operation, r.key, r.part, r.query.get("uploadId"), dict(r.headers),
                                             self.length, not self.unread, self.fault, self.status))


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # clients come and go

    def shutdown_request(self, request):
        self.close_request(request)


class HostileS3:
    """Serves until stop(), or to the end of a `with`.

    `share`: of the exchanges that go wrong; never more than `in_a_row` of those about one key, and never more than
    `in_all` of them. `only`: which faults there may be, their names as a function of the request; all when left out. With an
    authority it speaks TLS. `page`: entries of a listing in one answer.
    """

    def __init__(self, folder, authority=None, seed=1, share=0.0, in_a_row=3, in_all=1000, only=None, buckets=("videos",),
                 page=1000):
        self.service = Service(folder, buckets, page)
        self.seed, self.share, self.only = seed, share, only
        self.in_a_row, self.in_all = in_a_row, in_all
        self.keys = {ACCESS_KEY: (SECRET_KEY, None)}
        self.requests, self.violations = [], []
        self.mistakes = []  # of this server itself
        self.ahead = 0  # seconds that its clock is fast
        self.lock = threading.Lock()
        self._times = collections.Counter()  # of requests, by what they ask for
        self._row, self._all = collections.Counter(), collections.Counter()  # of faults, by key
        self._server = Server(("127.0.0.1", harness.free_port()), self._handler())
        self.endpoint = f"{'https' if authority else 'http'}://127.0.0.1:{self._server.server_port}"
        if authority:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*authority.issue("hostile-s3"))
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True,
                                                      do_handshake_on_connect=False)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05},
                                        daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def calm(self):
        """No more faults from here on."""
        self.share = 0.0

    def faults(self):
        """How often each happened."""
        return collections.Counter(seen.fault for seen in list(self.requests) if seen.fault)

    def of(self, operation, key=None):
        """The requests for this operation, in the order of their answers."""
        return [seen for seen in list(self.requests) if seen.operation == operation and key in (None, seen.key)]

    # -- what an exchange needs

    def chance_for(self, request):
        """The same for the n-th such request of every run, however they interleave."""
        what = (request.operation, request.about, request.part)
        with self.lock:
            self._times[what] += 1
            return random.Random(f"{self.seed} {what} {self._times[what]}")

    def honest_answer(self, request):
        try:
            self._check(request)
            return self.service.run(request)
        except Refused as refused:
            more = {} if request.method == "HEAD" else {"Content-Type": "application/xml"}
            if refused.code == "AuthorizationHeaderMalformed":
                more["x-amz-bucket-region"] = REGION  # all that an answer to HEAD can say of it
            return Answer(refused.status, more, error_document(refused.code, refused.message, **refused.more))

    def without_checks(self, request):
        with contextlib.suppress(Refused):
            self.service.run(request)

    def retag(self, request, etag):
        with self.service.lock:
            if request.operation == "UploadPart":
                self.service.uploads[request.query["uploadId"]].parts[request.part].etag = etag
            else:
                self.service.objects[request.bucket][request.key].etag = etag

    # -- inside

    def _check(self, request):
        try:
            if "transfer-encoding" in dict(request.headers) or not request.header("content-length", "0").isdigit():
                raise Refused(411, "MissingContentLength", "the length must be told")
            if request.header("content-length") is None and request.operation in s3_faults.BODIES:
                raise Refused(411, "MissingContentLength", "the length must be told")
            if "aws-chunked" in request.header("content-encoding", ""):
                raise Refused(501, "NotImplemented", "aws-chunked")
            now = datetime.datetime.fromtimestamp(time.time() + self.ahead, datetime.timezone.utc)
            s3_signature.check(request.method, request.target, request.headers, self.keys, REGION, now)
            said = request.header("x-amz-content-sha256")
            if said not in (s3_signature.UNSIGNED, hashlib.sha256(request.body).hexdigest()):
                raise Refused(400, "XAmzContentSHA256Mismatch", "the body is another than was signed")
        except Refused as refused:
            if refused.code not in LED_ASTRAY:
                self.violations.append(f"{request.method} {request.target}: {refused}")
            raise

    def _choose(self, exchange):
        """A fault or None."""
        request, chance = exchange.request, exchange.chance
        allowed = self.only(request) if self.only else s3_faults.FAULTS
        able = [f for f in s3_faults.possible(request.operation) if f.__name__ in allowed]
        if not able:
            return None
        about = request.about
        with self.lock:
            if chance.random() < self.share and self._row[about] < self.in_a_row and self._all[about] < self.in_all:
                self._row[about] += 1
                self._all[about] += 1
                return chance.choice(able)
            self._row[about] = 0
            return None

    def _exchange(self, handler):
        exchange = Exchange(self, handler)
        fault = self._choose(exchange)
        exchange.fault = fault and fault.__name__
        try:
            if fault:
                fault(exchange)
            else:
                exchange.send(exchange.execute())
            if exchange.unread or exchange.request.header("transfer-encoding"):
                handler.close_connection = True
        except OSError:
            handler.close_connection = True
        except Exception:  # pylint: disable=broad-except
            self.mistakes.append(traceback.format_exc())
            raise
        finally:
            exchange.note()

    def _handler(hostile):  # pylint: disable=no-self-argument
        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 120

            def answer(self):
                hostile._exchange(self)

            do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = answer

            def log_message(self, *_):
                pass

        return Handler
