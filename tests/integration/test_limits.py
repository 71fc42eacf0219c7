"""Limits on what one peer may cost, by the real daemon over TLS: its places, its wrong signatures, its bodies, its patience,
and whom a proxy says it speaks for. Peers differ by their loopback address, or by what a trusted proxy says."""
import contextlib
import json
import signal
import socket
import struct
import time

import pytest

import harness
from harness import HOOK, PATIENCE, callback, sign, wait_until

SHARE = 8  # connections of one address
FORGERIES = 5  # wrong signatures a minute of one address
PROXY = "127.0.0.1"  # the only one who is trusted


def limited(folder, authority, limits=None, wrapper=()):
    """A daemon with a TLS listener, one behind the PROXY protocol, and a unix socket."""
    port, proxied = harness.free_port(), harness.free_port()
    tls = {"certificate": str(folder / "server.pem"), "key": str(folder / "server.key")}
    settings = {
        "listeners": [{"address": f"127.0.0.1:{port}", "tls": tls},
                      {"address": f"127.0.0.1:{proxied}", "tls": tls, "proxy_protocol": True},
                      {"address": f"unix:{folder}/hooks.sock"}],
        "fetch": {"allow_hosts": ["videos.invalid"]},
        "limits": {"connections_per_address": SHARE, "failed_signatures_per_minute": FORGERIES,
                   "trusted_proxies": [PROXY, "unix"], **(limits or {})},
    }
    program = harness.Daemon(folder, authority, settings=settings, port=port, wrapper=wrapper)
    program.proxied = proxied
    return program


@contextlib.contextmanager
def running(authority, *arguments, **named):
    with harness.workplace() as folder:
        program = limited(folder, authority, *arguments, **named)
        try:
            yield program.ready()
            program.stop()
        finally:
            if not program.log.closed:
                program.kill()


@pytest.fixture
def daemon(authority):
    with running(authority) as program:
        yield program


def header_of(client, port=4711):
    """The PROXY protocol's header for a connection of that client."""
    v6 = ":" in client
    family = socket.AF_INET6 if v6 else socket.AF_INET
    addresses = socket.inet_pton(family, client) + socket.inet_pton(family, "2001:db8::1" if v6 else "10.0.0.1")
    rest = addresses + struct.pack("!HH", port, 443)
    return b"\r\n\r\n\0\r\nQUIT\n\x21" + (b"\x21" if v6 else b"\x11") + struct.pack("!H", len(rest)) + rest


def connect(daemon, source, header=None):
    """A TLS connection from that loopback address; behind the PROXY protocol when there is a header."""
    plain = socket.create_connection(("127.0.0.1", daemon.port if header is None else daemon.proxied), timeout=PATIENCE,
                                     source_address=(source, 0))
    try:
        if header:
            plain.sendall(header)
        return daemon.authority.client_context().wrap_socket(plain, server_hostname="localhost")
    except OSError:
        plain.close()
        raise


def request(body, signature=None, fields=(), length=None):
    head = [f"POST {HOOK} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body) if length is None else length}",
            f"x-seedance-signature: {signature or sign(body)}", *fields]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def answer(connection):
    """(status, headers in lower case) of one answer."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        if not piece:
            return None, ""
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    text = head.decode().lower()
    length = int(text.split("content-length: ")[1].split("\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)
    return int(text.split()[1]), text


def ask(daemon, source, *arguments, header=None, **named):
    """The answer to one request on a connection of its own."""
    with connect(daemon, source, header) as connection:
        connection.sendall(request(*arguments, **named))
        return answer(connection)


def genuine(name):
    return json.dumps(callback(f"req_{name}", "failed")).encode()


def refused(daemon, reason):
    line = f'seedhook_connections_refused_total{{reason="{reason}"}} '
    text = daemon.api("GET", "/metrics").body.decode()
    return int(float(text.split(line)[1].split("\n")[0])) if line in text else 0


def is_turned_away(daemon, source, header=None):
    try:
        with connect(daemon, source, header) as connection:
            connection.sendall(request(genuine("turned_away")))
            return answer(connection)[0] is None
    except OSError:
        return True


def peers_in_log(daemon):
    lines = [json.loads(line) for line in daemon.log_file.read_text().splitlines() if line.startswith("{")]
    return [line["peer"] for line in lines if "peer" in line]


def test_one_address_takes_its_share_of_connections_and_no_more(daemon):
    with contextlib.ExitStack() as held:
        for _ in range(SHARE):
            held.enter_context(connect(daemon, "127.0.0.2")).sendall(b"POST ")
        assert is_turned_away(daemon, "127.0.0.2")
        assert refused(daemon, "address") == 1
        assert ask(daemon, "127.0.0.3", genuine("other"))[0] == 200
        for n in range(2 * SHARE):  # the proxy is nobody's address
            held.enter_context(connect(daemon, PROXY))
        open_now = f"\nseedhook_connections {3 * SHARE}\n"
        wait_until(lambda: open_now in daemon.api("GET", "/metrics").body.decode(), "the gauge of open connections")
    wait_until(lambda: not is_turned_away(daemon, "127.0.0.2"), "the places to be given back")


def test_clients_behind_the_proxy_protocol_each_have_their_share(daemon):
    with contextlib.ExitStack() as held:
        for n in range(SHARE):  # of one IPv6 site
            held.enter_context(connect(daemon, PROXY, header_of(f"2001:db8:7:7::{n}")))
        assert is_turned_away(daemon, PROXY, header_of("2001:db8:7:7:ffff::1"))
        assert ask(daemon, PROXY, genuine("v6"), header=header_of("2001:db8:7:8::1"))[0] == 200
        assert ask(daemon, PROXY, genuine("v4"), header=header_of("203.0.113.9"))[0] == 200
    wait_until(lambda: {"[2001:db8:7:8::1]:4711", "203.0.113.9:4711"} <= set(peers_in_log(daemon)), "the clients in the log")


def test_a_proxied_listener_takes_proxies_with_a_header_and_nobody_else(daemon):
    assert is_turned_away(daemon, "127.0.0.2", header_of("203.0.113.9"))
    assert is_turned_away(daemon, PROXY, b"PROXY TCP4 203.0.113.9 10.0.0.1 4711 443\r\n")
    assert is_turned_away(daemon, PROXY, b"\r\n\r\n\0\r\nQUIT\n\x22\x11\0\0")
    assert is_turned_away(daemon, PROXY, b"")  # TLS at once
    assert refused(daemon, "proxy") == 4
    health_check = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"
    assert ask(daemon, PROXY, genuine("health"), header=health_check)[0] == 200
    with_tlvs = header_of("203.0.113.9")[:14] + struct.pack("!H", 12 + 300) + header_of("203.0.113.9")[16:] + b"\x04" * 300
    assert ask(daemon, PROXY, genuine("tlvs"), header=with_tlvs)[0] == 200


def test_doctor_does_not_try_a_proxied_listener(daemon):
    checks = {c["name"]: c for c in json.loads(daemon.command("doctor", "--json").stdout)["checks"]}
    assert checks[f"callback main at 127.0.0.1:{daemon.port}"]["result"] == "ok"
    assert checks[f"callback main at 127.0.0.1:{daemon.proxied}"]["result"] == "warn"
    assert refused(daemon, "proxy") == 0


def fail(daemon, source, times=FORGERIES, **named):
    return [ask(daemon, source, b"{}", "0" * 64, **named)[0] for _ in range(times)]


def test_who_signs_wrong_too_often_is_refused_before_the_body_and_nobody_else(daemon):
    assert fail(daemon, "127.0.0.2") == [401] * FORGERIES
    with connect(daemon, "127.0.0.2") as connection:
        connection.sendall(request(b"", "0" * 64, length=60000))  # no byte of the body
        status, head = answer(connection)
        assert status == 429
        assert 1 <= int(head.split("retry-after: ")[1].split("\r\n")[0]) <= 60
        assert "connection: close" in head
    assert ask(daemon, "127.0.0.2", genuine("late"))[0] == 429
    assert ask(daemon, "127.0.0.3", genuine("other"))[0] == 200
    assert 'result="limited",source="main"} 2' in daemon.api("GET", "/metrics").body.decode()
    assert daemon.tasks() != [] and {t["requestId"] for t in daemon.tasks()} == {"req_other"}


def test_a_reload_forgives_what_our_own_wrong_secret_has_done(daemon):
    daemon.settings["sources"][0]["secrets"] = ["whsec_mistyped"]
    daemon.write_config()
    daemon.signal(signal.SIGHUP)
    wait_until(lambda: ask(daemon, "127.0.0.4", genuine("x"))[0] == 401, "the reload")
    assert [ask(daemon, "127.0.0.2", genuine("x"))[0] for _ in range(FORGERIES + 1)] == [401] * FORGERIES + [429]
    daemon.settings["sources"][0]["secrets"] = [harness.SECRET]
    daemon.write_config()
    daemon.signal(signal.SIGHUP)
    wait_until(lambda: ask(daemon, "127.0.0.2", genuine("x"))[0] == 200, "the reload")


def test_what_an_untrusted_peer_says_of_its_client_counts_for_nothing(daemon):
    statuses = [ask(daemon, "127.0.0.2", b"{}", "0" * 64, fields=[f"X-Forwarded-For: 203.0.113.{n}"])[0]
                for n in range(FORGERIES + 1)]
    assert statuses == [401] * FORGERIES + [429], "it evades the limit"
    assert ask(daemon, PROXY, genuine("real"), fields=["X-Forwarded-For: 203.0.113.1"])[0] == 200, "it blames another"
    wait_until(lambda: "203.0.113.1" in peers_in_log(daemon), "the trusted one's client in the log")
    assert "203.0.113.2" not in peers_in_log(daemon)


def test_clients_behind_x_forwarded_for_are_told_apart(daemon):
    evil, good = "X-Forwarded-For: 198.51.100.1, 203.0.113.66", "X-Forwarded-For: 203.0.113.66, 203.0.113.7, 127.0.0.1"
    assert fail(daemon, PROXY, FORGERIES + 1, fields=[evil]) == [401] * FORGERIES + [429]
    assert ask(daemon, PROXY, genuine("good"), fields=[good])[0] == 200
    assert ask(daemon, PROXY, genuine("bare"))[0] == 200
    connection = harness.UnixConnection(f"{daemon.folder}/hooks.sock", PATIENCE)
    headers = {"x-seedance-signature": sign(genuine("unix")), "X-Forwarded-For": "203.0.113.66"}
    assert harness.exchange(connection, "POST", HOOK, genuine("unix"), headers).status == 429


def test_a_body_of_ten_mebibytes_is_refused_and_its_sender_reads_why(daemon):
    body = b"x" * (10 << 20)
    status, head = ask(daemon, "127.0.0.2", body, "0" * 64)
    assert status == 413 and "connection: close" in head
    with connect(daemon, "127.0.0.2") as connection:
        connection.sendall(request(b"", "0" * 64, ["Expect: 100-continue"], length=len(body)))
        assert answer(connection)[0] == 413


def test_an_endless_body_is_cut_off_at_the_limit(daemon):
    with connect(daemon, "127.0.0.2") as connection:
        connection.sendall(b"\r\n".join([f"POST {HOOK} HTTP/1.1".encode(), b"Host: localhost",
                                          b"Transfer-Encoding: chunked", b"", b""]))
        sent, begin = 0, time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - begin < PATIENCE:
                connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
                sent += 0x10000
        assert time.monotonic() - begin < PATIENCE / 2
        assert sent < 128 << 20
    with connect(daemon, "127.0.0.2") as connection:
        connection.sendall(b"\r\n".join([f"POST {HOOK} HTTP/1.1".encode(), b"Host: localhost",
                                          b"Transfer-Encoding: chunked", b"", b""]))
        connection.sendall((b"8000\r\n" + b"x" * 0x8000 + b"\r\n") * 3)
        assert answer(connection)[0] == 413


def test_slow_and_idle_connections_make_room_for_who_comes_to_send(authority):
    most = 20
    with running(authority, {"connections": most, "connections_per_address": "auto"}) as daemon, \
            contextlib.ExitStack() as held:
        for n in range(most):
            slow = held.enter_context(connect(daemon, f"127.0.0.{2 + n % 7}"))
            slow.sendall(f"POST {HOOK} HTTP/1.1\r\nHost: loc".encode() if n % 2 else
                         request(b"", "0" * 64, length=1000) + b"{")
        time.sleep(2.1)  # who takes longer is slow
        for n in range(most + 5):
            begin = time.monotonic()
            sender = held.enter_context(connect(daemon, "127.0.0.1"))
            sender.sendall(request(genuine(f"crowd_{n}")))
            assert answer(sender)[0] == 200
            assert time.monotonic() - begin < PATIENCE / 10
        assert refused(daemon, "overload") >= most
        assert len(daemon.tasks()) == most + 5


def test_few_descriptors_mean_fewer_connections_and_a_store_that_works(authority):
    with running(authority, {"connections_per_address": "auto"}, wrapper=["prlimit", "--nofile=256:256"]) as daemon:
        warning = "fewer connections than limits.connections"
        wait_until(lambda: warning in daemon.log_file.read_text(), "the warning")
        with contextlib.ExitStack() as held:
            for n in range(300):
                held.enter_context(socket.create_connection(("127.0.0.1", daemon.port), timeout=PATIENCE))
            for n in range(20):
                assert ask(daemon, "127.0.0.1", genuine(f"few_{n}"))[0] == 200
            assert daemon.api("GET", "/readyz").status == 200
        assert len(daemon.tasks()) == 20


def test_a_body_that_drips_is_cut_off_after_the_head_timeout(authority):
    with running(authority, {"header_timeout": "500ms"}) as daemon, connect(daemon, "127.0.0.2") as connection:
        connection.sendall(request(b"", "0" * 64, length=60000))
        connection.settimeout(0.2)
        begin, received = time.monotonic(), b""
        while not received and time.monotonic() - begin < PATIENCE:
            with contextlib.suppress(TimeoutError):
                connection.sendall(b"xxxx")
                received = connection.recv(1000)
        assert received.startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - begin < PATIENCE / 2
