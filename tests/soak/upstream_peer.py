"""What stands around the daemon in a soak: the API, the place that videos come from, and a webhook's receiver, in one
process of its own. One answer in a hundred goes wrong: it is an error, makes no sense, comes half or not at all.

    python3 upstream_peer.py --certificate FILE --key FILE --faults SHARE --seed N

prints {"port": N}, serves until its standard input ends, and then prints what it did.
"""
import argparse
import asyncio
import collections
import contextlib
import json
import pathlib
import random
import signal
import ssl
import struct
import subprocess
import sys

API = "/api/open/v1/video/generations/"


def video(request_id):
    def box(kind, payload):
        return struct.pack(">I4s", 8 + len(payload), kind) + payload

    return box(b"ftyp", b"isom\x00\x00\x02\x00") + box(b"moov", box(b"free", b"")) + box(b"mdat", request_id.encode() * 4)


class Server:
    def __init__(self, faults, seed):
        self.faults, self.draw = faults, random.Random(seed)
        self.counts = collections.Counter()
        self.received = 0
        self.port = None

    async def handle(self, reader, writer):
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, TimeoutError,
                                 asyncio.CancelledError):
            while await self._answer_one(reader, writer):
                pass
        writer.close()

    async def _answer_one(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        fields = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
        await reader.readexactly(int(fields.get("content-length", 0)))
        method, target, _ = head.split(" ", 2)
        what, status, body = self._answer_to(method, target)
        self.counts[what] += 1
        if self.draw.random() >= self.faults:
            self.received += what == "post"
            return self._send(writer, status, body)
        fault = self.draw.choice(["error", "nonsense", "half", "none"])
        self.counts[f"{what}: {fault}"] += 1
        if fault == "error":
            return self._send(writer, 503, b"out of order")
        if fault == "nonsense" and what != "post":
            return self._send(writer, 200, b"<html>")
        if fault == "half":
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body) + 100}\r\n\r\n".encode() + body[:len(body) // 2])
            await writer.drain()
        writer.transport.abort()
        return False

    def _answer_to(self, method, target):
        if target.startswith("/v/"):
            return "video", 200, video(target[3:-4])
        if target.startswith(API):
            request_id = target[len(API):]
            return "status", 200, json.dumps({
                "success": True, "requestId": request_id, "status": "succeeded", "model": "soak", "prompt": "-", "error": None,
                "output": {"type": "video", "url": f"https://127.0.0.1:{self.port}/v/{request_id}.mp4"}}).encode()
        if method == "POST":
            return "post", 204, b""
        return "other", 404, b""

    @staticmethod
    def _send(writer, status, body):
        writer.write(f"HTTP/1.1 {status} -\r\nContent-Length: {len(body)}\r\nContent-Type: video/mp4\r\n\r\n".encode() + body)
        return True


class Peer:
    """The process."""

    def __init__(self, certificate, key, faults, seed):
        self.process = subprocess.Popen(
            [sys.executable, str(pathlib.Path(__file__)), "--certificate", certificate, "--key", key, "--faults", str(faults),
             "--seed", str(seed)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.port = json.loads(self.process.stdout.readline())["port"]
        self.url = f"https://127.0.0.1:{self.port}"

    def stop(self):
        """What it did, by kind."""
        self.process.stdin.close()
        done = json.loads(self.process.stdout.readline())
        self.process.wait(10)
        self.process.stdout.close()
        return done


async def serve(arguments):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(arguments.certificate, arguments.key)
    peer = Server(arguments.faults, arguments.seed)
    server = await asyncio.start_server(peer.handle, "127.0.0.1", 0, ssl=context, backlog=500)
    peer.port = server.sockets[0].getsockname()[1]
    print(json.dumps({"port": peer.port}), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    print(json.dumps(peer.counts), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--certificate", required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--faults", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's is for whoever started this
    asyncio.run(serve(parser.parse_args()))
