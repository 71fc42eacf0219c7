"""A receiver of the webhook sink's posts, which verifies their signatures by itself."""
import base64
import contextlib
import hashlib
import hmac
import http.server
import json
import socket
import ssl
import struct
import threading
import time

import harness

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode()


def signature(key, delivery, timestamp, body):
    content = delivery.encode() + b"." + timestamp.encode() + b"." + body
    return "v1," + base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


class Post:
    def __init__(self, handler, body):
        self.at, self.method, self.target = time.time(), handler.command, handler.path
        self.headers, self.body = handler.headers, body
        self.id = self.headers["webhook-id"]

    @property
    def document(self):
        return json.loads(self.body)

    def is_signed_with(self, secret):
        key = base64.b64decode(secret.removeprefix("whsec_")) if secret.startswith("whsec_") else secret.encode()
        timestamp = self.headers["webhook-timestamp"]
        right = signature(key, self.id, timestamp, self.body)
        return right in self.headers["webhook-signature"].split(" ") and abs(int(timestamp) - self.at) < 60


def status(code, body="", **headers):
    def answer(handler, _):
        handler.send_response(code)
        for name, value in {"Content-Length": len(body), **headers}.items():
            handler.send_header(name.replace("_", "-"), str(value))
        handler.end_headers()
        handler.wfile.write(body.encode())

    return answer


def cut(handler, _):
    """Ends the connection with a reset, without an answer."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True


def late(seconds):
    def answer(handler, post):
        handler.server.closing.wait(seconds)
        status(204)(handler, post)

    return answer


def echo(handler, post):
    """An error that repeats the whole request."""
    said = " ".join(f"{name}: {value}" for name, value in post.headers.items() if name.lower() in ("authorization", "x-short"))
    status(500, said)(handler, post)


class Receiver(http.server.ThreadingHTTPServer):
    """Keeps what is posted, and answers with the next of `answers`, then always with 204."""
    daemon_threads = True

    def __init__(self, identity=None):
        super().__init__(("127.0.0.1", 0), Handler)
        self.posts, self.answers, self.others = [], [], []
        self.closing = threading.Event()
        self.scheme = "https" if identity else "http"
        if identity:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*identity)
            self.socket = context.wrap_socket(self.socket, server_side=True)

    def handle_error(self, request, client_address):
        pass  # a peer that breaks off is none of ours

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.server_port}/videos?token=t0ken-of-the-url"

    def sink(self, name="app", **more):
        return {"name": name, "type": "webhook", "url": self.url, "secret": SECRET,
                "retry": {"min_delay": "100ms", "max_delay": "200ms"}, **more}

    def wait_for(self, count):
        harness.wait_until(lambda: len(self.posts) >= count, f"{count} posts")
        return list(self.posts)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        post = Post(self, self.rfile.read(int(self.headers["Content-Length"])))
        self.server.posts.append(post)
        (self.server.answers.pop(0) if self.server.answers else status(204))(self, post)

    def do_HEAD(self):
        self.server.others.append(Post(self, b""))
        status(405)(self, None)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def receiving(identity=None):
    server = Receiver(identity)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()
