"""How requests are framed, and how they must not be: nothing a careful peer never sends may reach a handler (SPEC §2)."""
import json
import re
import socket
import time

import pytest

import harness
from harness import HOOK, callback, sign
from receiving import accepted, nothing_stored_but_what_was_accepted, receiver  # noqa: F401  pylint: disable=unused-import

BODY = json.dumps(callback("req_forged"))
GOOD = sign(BODY)


def framed(lines, body=BODY, signature=GOOD):
    head = b"\r\n".join(lines) + b"\r\nx-seedance-signature: " + signature.encode() + b"\r\n\r\n"
    return head + (body.encode() if isinstance(body, str) else body)


START = f"POST {HOOK} HTTP/1.1".encode()
LENGTH = f"Content-Length: {len(BODY)}".encode()
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY.encode())


@pytest.mark.parametrize("request_bytes", [
    framed([START, b"Host: localhost", LENGTH, b"Transfer-Encoding: chunked"], CHUNKED),
    framed([START, b"Host: localhost", b"Transfer-Encoding: chunked", LENGTH], CHUNKED),
    framed([START, b"Host: localhost", LENGTH, b"Transfer-Encoding: identity"]),
    framed([START, b"Host: localhost", b"Transfer-Encoding: identity"], CHUNKED),
    framed([START, b"Host: localhost", b"Transfer-Encoding: gzip, chunked"], CHUNKED),
    framed([START, b"Host: localhost", b"Transfer-Encoding: chunked, chunked"], CHUNKED),
    framed([START, b"Host: localhost", b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"], CHUNKED),
    framed([START, b"Host: localhost", b"Transfer-Encoding: ,chunked"], CHUNKED),
    framed([START, b"Host: localhost", b"Transfer-Encoding: xchunked"], CHUNKED),
    framed([START, b"Host: localhost", b"Transfer-Encoding:"], CHUNKED),
    framed([START, b"Host: localhost", b"Transfer-Encoding: \x0bchunked"], CHUNKED),
    framed([START, b"Host: localhost", b"Transfer-Encoding : chunked"], CHUNKED),
    framed([START.replace(b"1.1", b"1.0"), b"Host: localhost", b"Transfer-Encoding: chunked"], CHUNKED),
    framed([START, b"Host: localhost", LENGTH, LENGTH]),
    framed([START, b"Host: localhost", LENGTH, b"Content-Length: 5"]),
    framed([START, b"Host: localhost", b"Content-Length: %d, %d" % (len(BODY), len(BODY))]),
    framed([START, b"Host: localhost", b"Content-Length: +%d" % len(BODY)]),
    framed([START, b"Host: localhost", b"Content-Length: -1"]),
    framed([START, b"Host: localhost", b"Content-Length: 0x10"]),
    framed([START, b"Host: localhost", b"Content-Length:"]),
    framed([START, b"Host: localhost", b"Content-Length: 99999999999999999999999"]),
    framed([START, b"Host: localhost", b"Content-Length : %d" % len(BODY)]),
    framed([START, LENGTH]),
    framed([START, b"Host: localhost", b"Host: localhost", LENGTH]),
    framed([START, b"Host: localhost", b"Host: evil.example", LENGTH]),
    framed([START, b"Host: bad host", LENGTH]),
    framed([START, b"Host: a/b", LENGTH]),
    framed([START, b"Host: user@localhost", LENGTH]),
    framed([f"POST https://localhost{HOOK} HTTP/1.1".encode(), b"Host: localhost", LENGTH]),
    framed([b"POST localhost:443 HTTP/1.1", b"Host: localhost", LENGTH]),
    framed([b"CONNECT localhost:443 HTTP/1.1", b"Host: localhost", LENGTH]),
    framed([b"OPTIONS * HTTP/1.1", b"Host: localhost"], b""),
    framed([f"POST {HOOK}#x HTTP/1.1".encode(), b"Host: localhost", LENGTH]),
    framed([f"POST {HOOK}\x7f HTTP/1.1".encode(), b"Host: localhost", LENGTH]),
    framed([f"POST {HOOK} HTTP/1.1 x".encode(), b"Host: localhost", LENGTH]),
    framed([START, b"Host: localhost", b"X-Folded: a", b" b", LENGTH]),
    framed([START, b"Host: localhost", b"X-Folded: a", b"\tb", LENGTH]),
    framed([START, b" Host: localhost", b"Host: localhost", LENGTH]),
    framed([START, b"Host: localhost", b"no colon here", LENGTH]),
    framed([START, b"Host: localhost", b": no name", LENGTH]),
    framed([START, b"Host: localhost", b"X-Nul: a\x00b", LENGTH]),
    framed([START, b"Host: localhost", b"X-CR: a\rb", LENGTH]),
    framed([START.replace(b"1.1", b"2.0"), b"Host: localhost", LENGTH]),
    framed([START.replace(b"1.1", b"1.2"), b"Host: localhost", LENGTH]),
    framed([START.replace(b"HTTP", b"http"), b"Host: localhost", LENGTH]),
    framed([START, b"Host: localhost", b"Transfer-Encoding: chunked"], b"zz\r\n" + BODY.encode() + b"\r\n0\r\n\r\n"),
    framed([START, b"Host: localhost", b"Transfer-Encoding: chunked"], b"-1\r\n" + BODY.encode() + b"\r\n0\r\n\r\n"),
    framed([START, b"Host: localhost", b"Transfer-Encoding: chunked"], b"fffffffffffffffff\r\nx\r\n0\r\n\r\n"),
    framed([START, b"Host: localhost", b"Transfer-Encoding: chunked"], b"1\r\nxy\r\n0\r\n\r\n"),
    framed([START, b"Host: localhost", b"X-Long: " + b"a" * 20000, LENGTH]),
    framed([START, b"Host: localhost"] + [b"X-%d: y" % n for n in range(3000)] + [LENGTH]),
    b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\x00" * 100, b"GET\r\n\r\n",
    b"SSH-2.0-OpenSSH_9.2\r\n", b"A" * 100_000,
], ids=lambda b: repr(b[:110])[2:-1].replace("POST /hooks/seedance HTTP/1.1", "…").replace("Host: localhost", "…"))
def test_framing_that_a_careful_peer_never_sends_ends_the_connection(receiver, request_bytes):
    """One error, no more: what follows on the same connection must not be read as another request."""
    answer = receiver.raw(request_bytes + SMUGGLED)
    assert len(re.findall(rb"HTTP/1\.1 \d{3} ", answer)) <= 1
    if answer:
        status = answer.split(b" ", 2)[1]
        assert status in (b"400", b"413", b"431", b"405", b"505"), answer[:200]
        assert b"connection: close" in answer.lower()


def test_a_chunked_callback_is_good_and_extensions_and_trailers_are_ignored(receiver, accepted):
    body = json.dumps(callback("req_chunked", "failed")).encode()
    pieces = b"5;ext=\"x\"\r\n" + body[:5] + b"\r\n%x\r\n" % (len(body) - 5) + body[5:] + b"\r\n0\r\nx-seedance-signature: 00\r\n\r\n"
    data = framed([START, b"Host: localhost", b"Transfer-Encoding: chunked", b"Connection: close"], pieces, sign(body))
    assert receiver.raw(data).startswith(b"HTTP/1.1 200 ")
    accepted("req_chunked")


def test_pipelined_callbacks_are_answered_in_order(receiver, accepted):
    data = b""
    for n in range(5):
        body = json.dumps(callback(f"req_pipe_{n}", "failed"))
        close = [b"Connection: close"] if n == 4 else []
        data += framed([START, b"Host: localhost", b"Content-Length: %d" % len(body)] + close, body, sign(body))
        accepted(f"req_pipe_{n}")
    answer = receiver.raw(data).decode()
    assert answer.count("HTTP/1.1 200 ") == 5
    positions = [answer.index(f'"req_pipe_{n}"') for n in range(5)]
    assert positions == sorted(positions)


def test_a_body_in_drops_is_taken(receiver, accepted):
    body = json.dumps(callback("req_drops", "failed"))
    data = framed([START, b"Host: localhost", b"Content-Length: %d" % len(body), b"Connection: close"], body, sign(body))
    with receiver.tls_socket() as s:
        for at in range(0, len(data), 29):
            s.sendall(data[at:at + 29])
            time.sleep(0.002)
        assert harness.read_all(s).startswith(b"HTTP/1.1 200 ")
    accepted("req_drops")


def test_a_body_that_ends_early_is_nothing(receiver):
    data = framed([START, b"Host: localhost", LENGTH])[:-5]
    with receiver.tls_socket() as s:
        s.sendall(data)
        s.shutdown(socket.SHUT_RDWR)


def test_a_head_that_never_ends_is_cut_off(receiver):
    with receiver.tls_socket() as s:
        s.sendall(START + b"\r\nHost: loc")
        begin = time.monotonic()
        harness.read_all(s)
        assert time.monotonic() - begin < harness.PATIENCE / 2


def test_a_peer_that_speaks_no_tls_gets_nothing(receiver):
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=harness.PATIENCE) as s:
        s.sendall(framed([START, b"Host: localhost", LENGTH]))
        assert b"200" not in harness.read_all(s)


def test_a_unix_socket_takes_callbacks_too(receiver, accepted):
    body = json.dumps(callback("req_unix", "failed"))
    connection = harness.UnixConnection(f"{receiver.folder}/hooks.sock", harness.PATIENCE)
    answer = harness.exchange(connection, "POST", HOOK, body, {"x-seedance-signature": sign(body)})
    assert answer.status == 200
    accepted("req_unix")
