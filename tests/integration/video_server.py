"""Serves videos of any size over TLS, made while they are sent: what is in one follows from its name and size alone."""
import contextlib
import hashlib
import http.server
import re
import ssl
import struct

import harness

PIECE = 1 << 20


def box(kind, payload):
    return struct.pack(">I4s", 8 + len(payload), kind) + payload


HEAD = box(b"ftyp", b"isom\x00\x00\x00\x00") + box(b"moov", box(b"free", b""))
SMALLEST = len(HEAD) + 9  # and an `mdat` with a byte in it


def film(name, size):
    """A file whose boxes add up, in pieces; no two pieces of it, or of two films, are alike."""
    yield HEAD + struct.pack(">I4s", size - len(HEAD), b"mdat")
    left, filling = size - len(HEAD) - 8, bytes(PIECE - 32)
    for n in range(left // PIECE + 1):
        piece = hashlib.sha256(f"{name}:{n}".encode()).digest() + filling
        yield piece[:left]
        left -= min(left, PIECE)


def sha256_of(name, size):
    digest = hashlib.sha256()
    for piece in film(name, size):
        digest.update(piece)
    return digest.hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        match = re.fullmatch(r"/(.+)/(\d+)\.mp4", self.path)
        name, size = match[1], int(match[2])
        self.send_response(200)
        self.send_header("Content-Length", str(size))
        self.send_header("Content-Type", "video/mp4")
        self.end_headers()
        for piece in film(name, size):
            self.wfile.write(piece)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def url(self, name, size):
        return f"https://127.0.0.1:{self.server_port}/{name}/{size}.mp4"

    def handle_error(self, request, client_address):
        pass


@contextlib.contextmanager
def serving(authority):
    server = Server(("127.0.0.1", harness.free_port()), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("videos"))
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    with harness.serving(server):
        yield server
