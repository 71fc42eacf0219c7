"""Attackers, each a process of its own: `attackers.py KIND PORT CONNECTIONS SECONDS` keeps that many connections at it, and
opens new ones as they are closed. Their addresses are 127.0.1.1 to 127.0.1.250 in turn; they do nothing but harm."""
import contextlib
import itertools
import os
import selectors
import socket
import ssl
import struct
import sys
import time

HOOK = "/hooks/seedance"
AT_ONCE = 200  # connections that are begun before the others are looked at
PIECE = 16 * 1024


def client_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


CONTEXT = client_context()
addresses = (f"127.0.1.{n}" for n in itertools.cycle(range(1, 251)))


def post(*fields):
    return "\r\n".join([f"POST {HOOK} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode()


def client_hello():
    """The first bytes of a handshake, as a client of Python's would send them."""
    outgoing = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        CONTEXT.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost").do_handshake()
    return outgoing.read()


class Connection:
    """Speaks TLS unless `plain`, and sends `first` once, then `then` for ever."""

    def __init__(self, port, first, then=b"", plain=False):
        self.first, self.then = first, then
        self.socket = socket.socket()
        self.socket.bind((next(addresses), 0))
        self.socket.setblocking(False)
        # No orderly end, that no port stays taken.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.connect_ex(("127.0.0.1", port))
        self.shaken = plain
        if not plain:
            self.socket = CONTEXT.wrap_socket(self.socket, do_handshake_on_connect=False)

    def go_on(self):
        """False once it is over; else what it waits for."""
        try:
            if not self.shaken:
                self.socket.do_handshake()
                self.shaken = True
            while self.first:
                self.first = self.first[self.socket.send(self.first):]
                self.first = self.first or self.then
            return selectors.EVENT_READ if self.socket.recv(PIECE) else False
        except (ssl.SSLWantReadError, BlockingIOError):
            return selectors.EVENT_READ | (selectors.EVENT_WRITE if self.first and self.shaken else 0)
        except ssl.SSLWantWriteError:
            return selectors.EVENT_READ | selectors.EVENT_WRITE
        except OSError:
            return False


def hold(make, count, end):
    """Keeps `count` connections at it; how many there were in all."""
    watched = selectors.DefaultSelector()
    begun = 0
    while time.monotonic() < end:
        for _ in range(min(AT_ONCE, count - len(watched.get_map()))):
            with contextlib.suppress(OSError):
                connection = make(begun)
                watched.register(connection.socket, selectors.EVENT_READ | selectors.EVENT_WRITE, connection)
                begun += 1
        for key, _ in watched.select(0.1):
            wanted = key.data.go_on()
            if wanted:
                watched.modify(key.fileobj, wanted, key.data)
            else:
                watched.unregister(key.fileobj)
                key.fileobj.close()
    return begun


def flood(port, end):
    """Connects and is gone, as fast as it can."""
    begun = 0
    while time.monotonic() < end:
        with socket.socket() as s, contextlib.suppress(OSError):
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.bind((next(addresses), 0))
            s.connect(("127.0.0.1", port))
            begun += 1
    return begun


def kinds(port):
    hello = client_hello()
    chunk = b"4000\r\n" + bytes(0x4000) + b"\r\n"
    wrong = post("Content-Length: 65000", "x-seedance-signature: " + "0" * 64) + bytes(65000)
    return {
        "handshakes": lambda n: Connection(port, hello[:100] if n % 2 else b"", plain=True),
        "hellos": lambda n: Connection(port, hello, plain=True),
        "endless": lambda n: Connection(port, post("Transfer-Encoding: chunked"), chunk),
        "large": lambda n: Connection(port, post("Content-Length: 10485760"), bytes(PIECE)),
        "crowd": lambda n: Connection(port, post("Content-Length: 1000")[:-2 - n % 20]),
        "forged": lambda n: Connection(port, wrong, wrong),
    }


def main():
    kind, port, count, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    os.nice(19)  # they would have machines of their own
    end = time.monotonic() + seconds
    print(flood(port, end) if kind == "flood" else hold(kinds(port)[kind], count, end))


if __name__ == "__main__":
    main()
