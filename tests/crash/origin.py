"""A place where videos come from, for the crash tests: what a video holds follows from its id, so anyone can tell a right one.

Some videos come slowly and some connections break half way, chosen by the id and the attempt, so that a daemon is
caught in the middle of transfers and has to resume them. Nothing here is seedhook's: its word stands against ours.

    python3 origin.py --certificate FILE --key FILE     prints {"port": N} and serves until its standard input ends
"""
import argparse
import asyncio
import contextlib
import hashlib
import json
import pathlib
import re
import signal
import ssl
import struct
import subprocess
import sys

SMALL, LARGE = 2_000, 1_500_000
HUGE = 5 << 20  # from there on S3 sinks may upload in parts, the first of which is as large


def draw(request_id, purpose):
    """A number from 0 to 2³²-1 that follows from both."""
    return int.from_bytes(hashlib.sha256(f"{purpose}:{request_id}".encode()).digest()[:4], "big")


def size_of(request_id):
    """Most are small; one in twelve is large enough to be caught in flight, and one in eighty is huge."""
    if draw(request_id, "huge") % 80 == 0:
        return HUGE + LARGE // 2 + draw(request_id, "size") % (LARGE // 2)
    if draw(request_id, "large") % 12 == 0:
        return LARGE // 2 + draw(request_id, "size") % (LARGE // 2)
    return SMALL + draw(request_id, "size") % 30_000


def content(request_id):
    """The whole file: `ftyp`, `moov` and an `mdat` that no other id has."""
    def box(kind, payload):
        return struct.pack(">I4s", 8 + len(payload), kind) + payload

    head = box(b"ftyp", b"isom\x00\x00\x02\x00isomiso2") + box(b"moov", bytes(100))
    block = hashlib.sha256(request_id.encode()).digest() * 64
    length = size_of(request_id) - len(head) - 8
    return head + box(b"mdat", (block * (length // len(block) + 1))[:length])


def sha256_of(request_id):
    return hashlib.sha256(content(request_id)).hexdigest()


def mood(request_id, attempt):
    """How the id's n-th transfer goes: `breaks` half way (only early ones: the pauses grow), comes `slow`ly, or is `quick`."""
    drawn = draw(request_id, f"mood{attempt}") % 10
    return "breaks" if drawn < 2 and attempt < 3 else "slow" if drawn < 5 else "quick"


class Server:
    def __init__(self):
        self.transfers = {}  # by id: requests that were answered with content

    async def handle(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, TimeoutError,
                                 asyncio.CancelledError):  # the last: what is under way when the server stops
            while await self._answer_one(reader, writer):
                pass
        writer.close()

    async def _answer_one(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        target = head.split(" ", 2)[1]
        if target == "/transfers":
            self._send(writer, "200 OK", json.dumps(self.transfers).encode())
            return True
        match = re.fullmatch(r"/v/([^/?]+)\.mp4", target)
        if not match:
            self._send(writer, "404 Not Found", b"")
            return True
        return await self._send_video(head, match[1], writer)

    @staticmethod
    def _send(writer, status, body, more=""):
        writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{more}\r\n".encode() + body)

    async def _send_video(self, head, request_id, writer):
        attempt = self.transfers[request_id] = self.transfers.get(request_id, 0) + 1
        whole = content(request_id)
        etag = f'"{hashlib.sha256(whole).hexdigest()[:16]}"'
        first = 0
        wanted = re.search(r"(?im)^range: bytes=(\d+)-\s*$", head)
        unchanged = re.search(r"(?im)^if-range: (.*?)\s*$", head)
        if wanted and int(wanted[1]) < len(whole) and (not unchanged or unchanged[1] == etag):
            first = int(wanted[1])
        rest = whole[first:]
        more = f"Content-Type: video/mp4\r\nETag: {etag}\r\nAccept-Ranges: bytes\r\n"
        status = "200 OK"
        if first:
            status = "206 Partial Content"
            more += f"Content-Range: bytes {first}-{len(whole) - 1}/{len(whole)}\r\n"
        manner = mood(request_id, attempt)
        if manner == "breaks":
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(rest)}\r\n{more}\r\n".encode() + rest[:len(rest) // 2])
            await writer.drain()
            writer.transport.abort()
            return False
        if manner == "slow":  # in eight pieces over a third of a second
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(rest)}\r\n{more}\r\n".encode())
            step = len(rest) // 8 + 1
            for at in range(0, len(rest), step):
                writer.write(rest[at:at + step])
                await writer.drain()
                await asyncio.sleep(0.04)
            return True
        self._send(writer, status, rest, more)
        await writer.drain()
        return True


class Origin:
    """The server as a process of its own, so that it shares no interpreter with the senders."""

    def __init__(self, certificate, key):
        self.process = subprocess.Popen([sys.executable, str(pathlib.Path(__file__)), "--certificate", certificate,
                                         "--key", key], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = json.loads(self.process.stdout.readline())["port"]

    def url(self, request_id):
        return f"https://127.0.0.1:{self.port}/v/{request_id}.mp4"

    def stop(self):
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()


async def serve(arguments):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(arguments.certificate, arguments.key)
    server = await asyncio.start_server(Server().handle, "127.0.0.1", 0, ssl=context, backlog=500)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--key", required=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's is for whoever started this
    asyncio.run(serve(parser.parse_args()))
