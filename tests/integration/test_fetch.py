"""The daemon against a video server that does everything wrong."""
import hashlib
import http.server
import re
import socket
import ssl
import struct
import threading
import time

import pytest

import harness


def film(size=200_000, fill=b"seedhook "):
    """A file whose boxes add up."""
    ftyp = struct.pack(">I4s4sI4s", 20, b"ftyp", b"isom", 0, b"isom")
    moov = struct.pack(">I4s", 16, b"moov") + struct.pack(">I4s", 8, b"free")
    rest = size - len(ftyp) - len(moov)
    mdat = struct.pack(">I4s", rest, b"mdat") + (fill * (rest // len(fill) + 1))[:rest - 8]
    return ftyp + moov + mdat


FILM = film()


class Request:
    def __init__(self, handler, count):
        self.handler, self.count = handler, count  # the count of requests for this path, from 1
        self.range = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
        self.first = int(self.range[1]) if self.range else 0

    def head(self, status, length=None, kind="video/mp4", **fields):
        h = self.handler
        h.send_response(status)
        if length is not None:
            h.send_header("Content-Length", str(length))
        if kind:
            h.send_header("Content-Type", kind)
        for name, value in fields.items():
            h.send_header(name.replace("_", "-"), value)
        h.end_headers()

    def write(self, data):
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def hang_up(self):
        h = self.handler
        h.close_connection = True
        h.wfile.flush()
        # Without close_notify, as when a machine goes away.
        h.request.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def videos(authority):
    """An HTTPS server: `videos.at(path, function)` says how a path behaves; `videos.requests` is what came in."""
    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

        def at(self, path, behaviour):
            self.behaviours[path] = behaviour
            return f"https://127.0.0.1:{self.server_port}{path}"

        def handle_error(self, request, client_address):
            pass

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            with server.lock:
                server.requests.append((self.path, self.headers))
                count = sum(path == self.path for path, _ in server.requests)
            server.behaviours[self.path](Request(self, count))

        def log_message(self, *_):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    server.behaviours, server.requests, server.lock = {}, [], threading.Lock()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("videos"))
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def deliver(daemon, request_id, url):
    answer = daemon.post(harness.callback(request_id, url=url))
    assert answer.status == 200, answer.body


def file_of(daemon, request_id):
    return daemon.videos / f"{request_id}.mp4"


def events(daemon, request_id):
    return " | ".join(f"{e['kind']}: {e['detail']}" for e in daemon.task(request_id).json["events"])


def wait_for_event(daemon, request_id, pattern):
    return harness.wait_until(lambda: re.search(pattern, events(daemon, request_id)),
                              f"an event like {pattern} of {request_id}; there are: {events(daemon, request_id)}")


def assert_nothing_delivered(daemon):
    assert [p for p in daemon.videos.rglob("*") if p.is_file()] == []


def whole(r):
    r.head(200, len(FILM), ETag='"f"')
    r.write(FILM)


def test_a_video_arrives_whole(daemon, videos):
    d = daemon()
    deliver(d, "req_whole", videos.at("/whole.mp4", whole))
    assert d.finished("req_whole")["stage"] == "done"
    assert file_of(d, "req_whole").read_bytes() == FILM


def test_a_chunked_video_arrives_whole(daemon, videos):
    def chunked(r):
        r.head(200, Transfer_Encoding="chunked")
        for at in range(0, len(FILM), 7001):
            piece = FILM[at:at + 7001]
            r.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        r.write(b"0\r\n\r\n")

    d = daemon()
    deliver(d, "req_chunked", videos.at("/chunked.mp4", chunked))
    assert d.finished("req_chunked")["stage"] == "done"
    assert harness.sha256_file(file_of(d, "req_chunked")) == hashlib.sha256(FILM).hexdigest()


def test_a_cut_transfer_is_resumed_where_it_stopped(daemon, videos):
    def cut(r):
        if r.count == 1:
            r.head(200, len(FILM), ETag='"f"', Accept_Ranges="bytes")
            r.write(FILM[:90_000])
            r.hang_up()
        elif r.range:
            rest = FILM[r.first:]
            r.head(206, len(rest), ETag='"f"', Content_Range=f"bytes {r.first}-{len(FILM) - 1}/{len(FILM)}")
            r.write(rest)
        else:
            whole(r)

    d = daemon()
    deliver(d, "req_cut", videos.at("/cut.mp4", cut))
    assert d.finished("req_cut")["stage"] == "done"
    assert file_of(d, "req_cut").read_bytes() == FILM
    ranged = [headers for _, headers in videos.requests if "Range" in headers]
    assert ranged, "the transfer began anew instead of going on"
    assert all(headers["If-Range"] == '"f"' for headers in ranged)


def test_a_file_that_changed_meanwhile_is_fetched_anew(daemon, videos):
    new = film(150_000, b"another film ")

    def changed(r):
        if r.count == 1:
            r.head(200, len(FILM), ETag='"old"', Accept_Ranges="bytes")
            r.write(FILM[:90_000])
            r.hang_up()
        else:  # If-Range does not hold any more
            r.head(200, len(new), ETag='"new"')
            r.write(new)

    d = daemon()
    deliver(d, "req_changed", videos.at("/changed.mp4", changed))
    assert d.finished("req_changed")["stage"] == "done"
    assert file_of(d, "req_changed").read_bytes() == new


def test_a_range_answered_with_the_wrong_part_never_makes_a_file(daemon, videos):
    def wrong_part(r):
        if r.count == 1:
            r.head(200, len(FILM), ETag='"f"', Accept_Ranges="bytes")
            r.write(FILM[:90_000])
            r.hang_up()
        elif r.range and r.count < 4:
            r.head(206, len(FILM) - 1000, ETag='"f"', Content_Range=f"bytes 1000-{len(FILM) - 1}/{len(FILM)}")
            r.write(FILM[1000:])
        else:
            whole(r)

    d = daemon()
    deliver(d, "req_part", videos.at("/part.mp4", wrong_part))
    assert d.finished("req_part")["stage"] == "done"
    assert file_of(d, "req_part").read_bytes() == FILM


@pytest.mark.parametrize("name,answer", [
    ("page", lambda r: (r.head(200, 26, "text/html"), r.write(b"<html>Please log in</html>"))),
    ("page_as_video", lambda r: (r.head(200, 26), r.write(b"<html>Please log in</html>"))),
    ("empty", lambda r: r.head(200, 0)),
    ("short", lambda r: (r.head(200, 100_000), r.write(FILM[:100_000]))),
    ("no_moov", lambda r: (r.head(200, 28), r.write(FILM[:20] + struct.pack(">I4s", 8, b"mdat")))),
    ("tail", lambda r: (r.head(200, len(FILM) + 3), r.write(FILM + b"abc"))),
])
def test_what_is_no_whole_video_is_never_delivered(daemon, videos, name, answer):
    d = daemon()
    deliver(d, f"req_{name}", videos.at(f"/{name}.mp4", answer))
    wait_for_event(d, f"req_{name}", r"retry")
    assert_nothing_delivered(d)
    assert d.post(harness.callback("req_after", url=videos.at("/after.mp4", whole))).status == 200
    assert d.finished("req_after")["stage"] == "done"


@pytest.mark.parametrize("status,page", [(404, b"not here\n"), (200, b"<html>We are back soon</html>"), (200, FILM[:1000])])
def test_a_page_first_and_the_video_later_is_delivered(daemon, videos, status, page):
    def late(r):
        if r.count == 1:
            r.head(status, len(page), "text/plain")
            r.write(page)
        else:
            whole(r)

    d = daemon()
    deliver(d, "req_late", videos.at("/late.mp4", late))
    assert d.finished("req_late")["stage"] == "done"
    assert file_of(d, "req_late").read_bytes() == FILM


def test_redirects_are_followed_within_reason(daemon, videos):
    d = daemon()
    videos.at("/b.mp4", whole)
    deliver(d, "req_redirected", videos.at("/a.mp4", lambda r: r.head(302, 0, Location="/b.mp4")))
    assert d.finished("req_redirected")["stage"] == "done"
    deliver(d, "req_round", videos.at("/round.mp4", lambda r: r.head(302, 0, Location="/round.mp4")))
    wait_for_event(d, "req_round", r"(retry|blocked|rejected)")
    assert sum(path == "/round.mp4" for path, _ in videos.requests) <= 6 * 12
    assert not file_of(d, "req_round").exists()


@pytest.mark.parametrize("where", ["http://127.0.0.1:{port}/plain.mp4", "https://10.0.0.1/x.mp4", "https://[::1]:{port}/x.mp4",
                                   "file:///etc/passwd", "https://169.254.169.254/latest/meta-data", "https://0.0.0.0:{port}/x",
                                   "https://[::ffff:10.0.0.1]/x.mp4"])
def test_redirects_to_forbidden_places_are_refused(daemon, videos, where):
    with socket.socket() as trap:
        trap.bind(("127.0.0.1", 0))
        trap.listen()
        trap.settimeout(0.3)
        location = where.format(port=trap.getsockname()[1])
        d = daemon()
        deliver(d, "req_lured", videos.at("/lure.mp4", lambda r: r.head(302, 0, Location=location)))
        wait_for_event(d, "req_lured", r"(retry|blocked|rejected)")
        with pytest.raises(TimeoutError):
            trap.accept()
    assert_nothing_delivered(d)


def test_private_addresses_are_refused_unless_allowed(daemon, videos):
    d = daemon(settings={"fetch": {}})
    url = videos.at("/private.mp4", whole)
    deliver(d, "req_private", url)
    deliver(d, "req_name", url.replace("127.0.0.1", "localhost"))
    for request_id in ("req_private", "req_name"):
        wait_for_event(d, request_id, r"(retry|blocked|rejected)")
    assert videos.requests == []
    assert_nothing_delivered(d)


def test_hosts_outside_the_allowlist_are_refused(daemon, videos):
    d = daemon(settings={"fetch": {"allow_cidrs": ["127.0.0.0/8"], "allow_hosts": ["localhost"]}})
    url = videos.at("/host.mp4", whole)
    deliver(d, "req_out", url)
    wait_for_event(d, "req_out", r"(retry|blocked|rejected)")
    assert videos.requests == []
    deliver(d, "req_in", url.replace("127.0.0.1", "localhost"))
    assert d.finished("req_in")["stage"] == "done"


def test_a_certificate_that_is_not_trusted_is_refused(daemon, videos, folder):
    stranger_folder = folder / "stranger"
    stranger_folder.mkdir()
    stranger = harness.Authority(stranger_folder)
    d = daemon(settings={"outbound": {"ca_file": stranger.ca, "proxy": "none"}})
    deliver(d, "req_stranger", videos.at("/stranger.mp4", whole))
    wait_for_event(d, "req_stranger", r"(retry|blocked|rejected)")
    assert videos.requests == []


def test_a_video_over_the_limit_is_not_taken(daemon, videos):
    d = daemon(settings={"fetch": {"allow_cidrs": ["127.0.0.0/8"], "max_bytes": "100KiB"}})
    deliver(d, "req_large", videos.at("/large.mp4", whole))

    def endless(r):
        r.head(200, Transfer_Encoding="chunked")
        head = FILM[:36] + struct.pack(">I4s", 0, b"mdat")
        r.write(b"%x\r\n%s\r\n" % (len(head), head))
        for _ in range(2000):
            r.write(b"1000\r\n" + b"x" * 4096 + b"\r\n")

    deliver(d, "req_endless", videos.at("/endless.mp4", endless))
    for request_id in ("req_large", "req_endless"):
        wait_for_event(d, request_id, r"(retry|blocked|rejected)")
    assert_nothing_delivered(d)
    assert sum(p.stat().st_size for p in (d.folder / "spool").rglob("*") if p.is_file()) <= 2 * 100 * 1024


def test_a_silent_server_is_given_up_and_asked_again(daemon, videos):
    def silent(r):
        r.head(200, len(FILM), ETag='"f"', Accept_Ranges="bytes")
        r.write(FILM[:50_000])
        if r.count == 1:
            time.sleep(3)
        else:
            r.write(FILM[50_000:])

    d = daemon(settings={"fetch": {"allow_cidrs": ["127.0.0.0/8"], "idle_timeout": "500ms"}})
    deliver(d, "req_silent", videos.at("/silent.mp4", silent))
    harness.wait_until(lambda: len(videos.requests) > 1, "a second attempt")


def test_a_slow_video_does_not_hold_up_others(daemon, videos):
    go_on = threading.Event()

    def slow(r):
        r.head(200, len(FILM))
        r.write(FILM[:100])
        go_on.wait(harness.PATIENCE)
        r.write(FILM[100:])

    d = daemon()
    for n in range(3):
        deliver(d, f"req_slow{n}", videos.at(f"/slow{n}.mp4", slow))
    deliver(d, "req_quick", videos.at("/quick.mp4", whole))
    assert d.finished("req_quick")["stage"] == "done"
    go_on.set()
    for n in range(3):
        assert d.finished(f"req_slow{n}")["stage"] == "done"
